// SPDX-License-Identifier: MIT
// SIGALRM at a given time. One thread of posix sleeps until the next alarm of all processes.
#pragma once
#include <stdint.h>

struct process;

// Makes the thread, and lets it begin. 0 or a negative errno.
int64_t alarm_prepare(void);
int64_t alarm_start(void);
// From now on it touches nothing: an update takes over.
void alarm_stop(void);

// AT: nanoseconds since boot, 0 for none; then again every EVERY, 0 for once.
void alarm_set(struct process *process, uint64_t at, uint64_t every);
