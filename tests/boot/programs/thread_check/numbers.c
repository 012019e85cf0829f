// SPDX-License-Identifier: MIT
// What the numbers of threads are, and which clones are refused.
#include "check.h"

static void note_numbers(struct thread *self)
{
    uint64_t tp;
    __asm__("mv %0, tp" : "=r"(tp));
    CHECK(tp == (uint64_t)&self->tid);
    CHECK(CALL1(CALL_GETPID, 0) == getpid());
    CHECK(CALL1(CALL_GETTID, 0) == (long)self->tid && self->tid == self->parent_tid);
}

void threads_have_numbers(void)
{
    CHECK(CALL1(CALL_GETTID, 0) == getpid());
    start_all(8, note_numbers);
    for (int i = 0; i < 8; i++)
        for (int k = 0; k < i; k++)
            CHECK(threads[i].parent_tid != threads[k].parent_tid);
    join_all(8);
    CHECK(threads[0].parent_tid != (unsigned)getpid());
}

void impossible_clones_are_refused(void)
{
    char *stack = malloc(STACK_BYTES) + STACK_BYTES;
    CHECK(check_clone(0x10000, stack, NULL, NULL, NULL) == -EINVAL);         // a thread alone
    CHECK(check_clone(0x10800, stack, NULL, NULL, NULL) == -EINVAL);         // without memory
    CHECK(check_clone(0x800 | SIGCHLD, stack, NULL, NULL, NULL) == -EINVAL); // handlers alone
}
