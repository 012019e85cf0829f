// SPDX-License-Identifier: MIT
// Threads, and how they wait for each other.
#include "check.h"

struct thread threads[THREADS_MAX];
const uint64_t *first_tp;
atomic_uint ready, finished;

// The function and its argument lie at the new stack's end.
__asm__(".globl check_clone\n"
        "check_clone: li a7, 220\n"
        "ecall\n"
        "bnez a0, 1f\n"
        "ld a1, 0(sp)\n"
        "ld a0, 8(sp)\n"
        "addi sp, sp, 16\n"
        "jalr a1\n"
        "li a0, 0\n"
        "li a7, 93\n"
        "ecall\n"
        "1: ret\n");

long thread_start(struct thread *thread, void (*function)(struct thread *), long argument)
{
    if (!thread->stack)
        thread->stack = malloc(STACK_BYTES);
    uint64_t *top = (uint64_t *)(thread->stack + STACK_BYTES) - 2;
    top[0] = (uint64_t)function;
    top[1] = (uint64_t)thread;
    thread->argument = argument;
    memcpy(thread->head, first_tp - 4, sizeof thread->head);
    return check_clone(THREAD_FLAGS | SET_TP | PARENT_SET | CHILD_CLEAR | CHILD_SET, top,
                       &thread->parent_tid, &thread->tid, &thread->tid);
}

static void thread_join(struct thread *thread)
{
    unsigned tid;
    while ((tid = thread->tid) != 0)
        futex(&thread->tid, WAIT, tid, NULL, NULL, 0); // the system's wake is not private
}

void start_all(int count, void (*function)(struct thread *))
{
    for (int i = 0; i < count; i++)
        CHECK(thread_start(&threads[i], function, i) > 0);
}

void join_all(int count)
{
    for (int i = 0; i < count; i++)
        thread_join(&threads[i]);
}

void lock(atomic_uint *word)
{
    unsigned expected = 0;
    if (atomic_compare_exchange_strong(word, &expected, 1))
        return;
    while (atomic_exchange(word, 2) != 0)
        futex_wait(word, 2);
}

void unlock(atomic_uint *word)
{
    if (atomic_exchange(word, 0) == 2)
        futex_wake(word, 1);
}

void await(atomic_uint *word, unsigned value)
{
    unsigned now;
    while ((now = *word) != value)
        futex_wait(word, now);
}

void announce(atomic_uint *word)
{
    (*word)++;
    futex_wake(word, INT32_MAX);
}

void pause_ms(long ms)
{
    struct timespec time = {ms / 1000, ms % 1000 * 1000000};
    nanosleep(&time, NULL);
}

int child_status(pid_t child)
{
    int status = -1;
    CHECK(waitpid(child, &status, 0) == child);
    return status;
}

void await_sleepers(atomic_uint *word, long count)
{
    while (futex(word, REQUEUE | PRIVATE, 0, (void *)100, word, 0) != count)
        CALL1(CALL_YIELD, 0);
}
