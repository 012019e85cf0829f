// SPDX-License-Identifier: MIT
// fail-nth: the Nth request for one kind of thing, and perhaps some after it, is refused as if
// there were none left, so that tests see what comes of it. docs/design.md, "The Nth request".
//
// One task arms it (kernel/inject.c). Counted are the requests of that task, of tasks that are made
// for it meanwhile, and of the core's own that carry out what it asks for. It disarms itself when
// it has fired. Who gives something out asks fail_now first: while nothing is armed, that is one
// comparison. Any context.
#pragma once
#include <stdbool.h>
#include <stdint.h>

enum fail_kind {
    FAIL_NONE,
    FAIL_PAGE,   // frames
    FAIL_OBJECT, // small objects of the core
    FAIL_RREF,
    FAIL_HANDLE,
    FAIL_EVENT,
    FAIL_SLOT, // and version records
    FAIL_THREAD,
    FAIL_STACK, // pages of stacks in slots, on first touch
};

#define FAIL_ALWAYS UINT32_MAX // task->fail_run of who works for everybody

extern uint32_t fail_armed; // enum fail_kind

// Is the request of the current task, of the armed kind, the one to refuse?
bool fail_count(void);

static inline bool fail_now(enum fail_kind kind)
{
    return __builtin_expect(__atomic_load_n(&fail_armed, __ATOMIC_RELAXED) == kind, 0) &&
           fail_count();
}

// The NTHth request for KIND from now on fails, and those after it, TIMES in all. FAIL_NONE:
// disarms. Only one is armed at a time.
void fail_arm(enum fail_kind kind, uint32_t nth, uint32_t times);
// How many requests of the armed kind are still to come before the one that fails; 0: it has
// failed.
uint32_t fail_left(void);
// What a task that the current one makes has as its fail_run.
uint32_t fail_inherit(void);
