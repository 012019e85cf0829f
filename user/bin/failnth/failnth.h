// SPDX-License-Identifier: MIT
// The parts of `failnth`: what is done while a request fails, and how it is told.
#pragma once

#include <stdbool.h>
#include <stddef.h>

#define REASON_MAX 256
#define TRIES      50 /* of what may be busy, or on its way back to life, for a moment */

/* Between two tries. */
void pause_shortly(void);

/* Something that takes memory, RRefs, handles ... of the system, and can be done again and again.
   What it is done to stands in `service`, `from` (the image that serves it) and `to`. */
struct operation {
    const char *name;
    const char *service, *from, *to;
    /* Does it. False and a line of why not. */
    bool (*run)(const struct operation *operation, char *reason);
    /* Makes all as it was before a run() that went well; NULL: it is. False and why not. */
    bool (*undo)(const struct operation *operation, char *reason);
    const char *(*why_not)(void); /* why it cannot be done here; NULL, or it says NULL: it can */
    bool is_wrong;                /* done only when asked for: shows that the sweep notices */
};

extern const struct operation operations[];
extern const size_t operation_count;

/* The kinds of requests, as the system calls them; NULL behind the last. */
extern const char *const kinds[];

/* The Nth request of that kind from now on fails, and those after it, `times` in all, among those
   of this process and of what works for it. False: the system does not say so. */
bool failnth_arm(const char *kind, unsigned nth, unsigned times);
/* None does. Whether it was reached, and in LEFT how many requests were missing to it. False: the
   system does not say. */
bool failnth_disarm(bool *fired, unsigned *left);
