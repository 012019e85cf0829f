// SPDX-License-Identifier: MIT
// For fork.c.
#pragma once

/* In the child of a fork: no other thread holds a stream. */
void streams_after_fork(void);
