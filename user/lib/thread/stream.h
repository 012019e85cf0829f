// SPDX-License-Identifier: MIT
// For fork.c, and for the locks that newlib makes for streams.
#pragma once

/* In the child of a fork: no other thread holds a stream. */
void streams_after_fork(void);

/* Ends the streams when the program ends: streams_finish(), once there may be any. By this way a
   program without streams ends without all that they bring along. */
extern void (*streams_end)(void);
void streams_finish(void);
