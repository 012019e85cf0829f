// SPDX-License-Identifier: MIT
// What happens when a program touches a page and there is no memory for it. Memory is promised when
// it is mapped and taken when it is touched, so there is nobody to give an error to: the process
// that holds the most is killed, and who needs the page waits for what that gives back.
#pragma once
#include <stdbool.h>
#include <stdint.h>

struct thread;

// Whether a fault at ADDRESS needs no signal: the page is there now, or another signal is to be
// dealt with first, or the thread has to leave posix. Ends a process, perhaps the caller's own, and
// sleeps, where the page cannot be had otherwise. Called with no lock held.
bool shortage_resolve(struct thread *thread, uint64_t cause, uint64_t address);

// The same for memory that a system call reaches, after -ENOMEM: true to try again.
bool shortage_relieve(struct thread *thread);

// A victim ends, and says so where its errors go. In its own thread, with no lock held.
void shortage_victim_ends(struct thread *thread);
