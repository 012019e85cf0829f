// SPDX-License-Identifier: MIT
// The core gives up: only for its own broken invariants.
#pragma once
#include <stdbool.h>
#include <stdint.h>

// Prints one `panic:` line and a symbolised backtrace, stops all harts, and ends the machine with
// a failing exit status (sifive_test), or halts where there is none.
__attribute__((noreturn, format(printf, 1, 2))) void panic(const char *format, ...);

// Whether a hart panics: its console output then takes no locks.
bool panic_is_on(void);
// Halts this hart if another one panics. Called when a hart is interrupted.
void panic_check(void);

// Prints PC (0: none) and the callers that the frame pointer FRAME leads to, on the current task's
// core stack, one a line.
void backtrace_print(uint64_t pc, uint64_t frame);

// Exit statuses of the machine that are the core's own; tools/qemu-run knows them.
#define PANIC_STATUS   101
#define NO_BOOT_STATUS 102 // nothing to run, or nothing that can; the last line says why

// Ends the machine with the given exit status (0..255), through sifive_test or SBI SRST.
__attribute__((noreturn)) void machine_power_off(uint32_t status);

// `function+0xoffset` of a core address, for panics and reports. Returns the function's name, or
// "?"; *offset receives the distance.
const char *symbol_find(uint64_t address, uint64_t *offset);
// The file's name and *line of a core address; NULL: not known.
const char *symbol_line(uint64_t address, uint64_t *line);

#ifdef DEBUG
#define assert(condition)                                                                          \
    ((condition) ? (void)0 : panic("%s:%d: assertion failed: %s", __FILE__, __LINE__, #condition))
#else
#define assert(condition) ((void)sizeof(condition))
#endif
