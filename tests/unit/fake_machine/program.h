// SPDX-License-Identifier: MIT
// A program's memory for windows to show, on the host: an address space with a page table as the
// core has it, whose pages are there from the first touch on.
#pragma once
#include <stdbool.h>
#include <stdint.h>

struct space;

// Nothing of it has been touched; the calling thread runs in it.
void program_reset(void);
// Gives back its pages; none may be pinned.
void program_end(void);
struct space *program_space(void);
// The byte at an address; makes its page.
uint8_t *program_byte(uint64_t address);
// Takes a page away, as munmap does: the next touch finds another one. False: it is pinned, and
// lost.
bool program_unmap(uint64_t address);
// Whether the calling thread is the program's.
void program_runs(bool runs);
// From now on a touch of a page that is not there fails.
void program_seal(void);
uint64_t program_pins(void);  // of all its pages
uint64_t program_walks(void); // pins that were asked for so far
