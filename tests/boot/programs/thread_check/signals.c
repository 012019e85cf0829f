// SPDX-License-Identifier: MIT
// Whom a signal reaches.
#include "check.h"

static atomic_uint handled, handler_tid;

static void note_thread(int number)
{
    (void)number;
    handler_tid = (unsigned)CALL1(CALL_GETTID, 0);
    announce(&handled);
}

static void handler_set(int number, int flags)
{
    struct sigaction action = {.sa_handler = note_thread, .sa_flags = flags};
    CHECK(sigaction(number, &action, NULL) == 0);
}

static long mask_change(int how, int number)
{
    uint64_t set = 1ull << (number - 1);
    return CALL4(CALL_SIGMASK, how, &set, NULL, 8);
}

// Argument 0: a wait that the signal ends; 1: one that goes on.
static void wait_interrupted(struct thread *self)
{
    long result = futex_wait(&finished, 0);
    CHECK(result == (self->argument ? 0 : -EINTR));
}

void a_signal_reaches_the_thread_it_is_for(void)
{
    for (int restarts = 0; restarts < 2; restarts++) {
        handled = finished = 0;
        handler_set(SIGUSR1, restarts ? SA_RESTART : 0);
        for (int i = 0; i < 4; i++)
            CHECK(thread_start(&threads[i], wait_interrupted, restarts) > 0);
        await_sleepers(&finished, 4);
        for (unsigned i = 0; i < 4; i++) {
            unsigned tid = threads[i].tid;
            CHECK(CALL3(CALL_TGKILL, getpid(), tid, SIGUSR1) == 0);
            await(&handled, i + 1);
            CHECK(handler_tid == tid);
        }
        if (restarts) {
            await_sleepers(&finished, 4);
            CHECK(futex_wake(&finished, 100) == 4);
        }
        join_all(4);
    }
    CHECK(CALL3(CALL_TGKILL, getpid(), threads[0].parent_tid, SIGUSR1) == -ESRCH);
    CHECK(CALL3(CALL_TGKILL, getpid() + 1, CALL1(CALL_GETTID, 0), SIGUSR1) == -ESRCH);
    CHECK(CALL2(CALL_TKILL, 0, SIGUSR1) == -EINVAL);
    CHECK(CALL2(CALL_TKILL, CALL1(CALL_GETTID, 0), 100) == -EINVAL);
    CHECK(CALL2(CALL_TKILL, CALL1(CALL_GETTID, 0), 0) == 0);
}

// Blocks all but the signal of its argument, and says what was pending for it alone.
static void block_and_wait(struct thread *self)
{
    uint64_t all = ~0ull, pending = 0;
    CHECK(CALL4(CALL_SIGMASK, SIG_SETMASK, &all, NULL, 8) == 0);
    if (self->argument)
        CHECK(mask_change(SIG_UNBLOCK, (int)self->argument) == 0);
    announce(&ready);
    while (finished == 0)
        futex_wait(&finished, 0);
    CHECK(CALL2(CALL_SIGPENDING, &pending, 8) == 0);
    CHECK(((pending >> (SIGUSR2 - 1)) & 1) == (self->argument == SIGUSR1));
}

void a_signal_of_the_process_goes_to_who_does_not_block_it(void)
{
    handled = ready = finished = 0;
    handler_set(SIGUSR1, 0);
    handler_set(SIGUSR2, 0);
    CHECK(mask_change(SIG_BLOCK, SIGUSR1) == 0);
    CHECK(thread_start(&threads[0], block_and_wait, 0) > 0);
    CHECK(thread_start(&threads[1], block_and_wait, SIGUSR1) > 0);
    await(&ready, 2);
    for (unsigned i = 0; i < 20; i++) {
        kill(getpid(), SIGUSR1);
        await(&handled, i + 1);
        CHECK(handler_tid == threads[1].parent_tid);
    }
    // One for a thread that blocks it stays with that.
    CHECK(CALL3(CALL_TGKILL, getpid(), threads[1].tid, SIGUSR2) == 0);
    finished = 1;
    futex_wake(&finished, 100);
    join_all(2);
    // Blocked by all, it waits for the first that unblocks it.
    kill(getpid(), SIGUSR1);
    CHECK(handled == 20);
    CHECK(mask_change(SIG_UNBLOCK, SIGUSR1) == 0);
    CHECK(handled == 21 && handler_tid == (unsigned)getpid());
}
