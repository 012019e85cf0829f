// SPDX-License-Identifier: MIT
// What futex answers, and whom it wakes.
#include "check.h"

static uint64_t now_ns(clockid_t clock)
{
    struct timespec now;
    clock_gettime(clock, &now);
    return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

void errors_are_those_of_linux(void)
{
    atomic_uint word = 7, other = 0;
    struct timespec bad = {0, 1000000000};
    CHECK(futex_wait(&word, 8) == -EAGAIN);
    CHECK(futex((atomic_uint *)((char *)&word + 1), WAIT, 7, NULL, NULL, 0) == -EINVAL);
    CHECK(futex(&word, WAIT, 7, &bad, NULL, 0) == -EINVAL);
    CHECK(futex(&word, WAIT, 7, (void *)8, NULL, 0) == -EFAULT);
    CHECK(futex((atomic_uint *)8, WAIT, 7, NULL, NULL, 0) == -EFAULT);
    CHECK(futex(&word, WAIT_BITSET, 7, NULL, NULL, 0) == -EINVAL);
    CHECK(futex(&word, WAKE_BITSET, 7, NULL, NULL, 0) == -EINVAL);
    CHECK(futex(&word, 77, 7, NULL, NULL, 0) == -ENOSYS);
    CHECK(futex(&word, WAKE | REALTIME, 1, NULL, NULL, 0) == -ENOSYS);
    CHECK(futex(&word, COMPARE_REQUEUE, 1, (void *)1, &other, 8) == -EAGAIN);
    CHECK(futex(&word, REQUEUE, (unsigned)-1, (void *)1, &other, 0) == -EINVAL);
    CHECK(futex_wake(&word, 5) == 0);
}

void waits_end_in_time(void)
{
    atomic_uint word = 0;
    struct timespec relative = {0, 20000000};
    uint64_t before = now_ns(CLOCK_MONOTONIC);
    CHECK(futex(&word, WAIT | PRIVATE, 0, &relative, NULL, 0) == -ETIMEDOUT);
    uint64_t passed = now_ns(CLOCK_MONOTONIC) - before;
    CHECK(passed >= 20000000 && passed < 5000000000);
    for (int i = 0; i < 2; i++) {
        clockid_t clock = i ? CLOCK_REALTIME : CLOCK_MONOTONIC;
        uint64_t until = now_ns(clock) + 20000000;
        struct timespec absolute = {(time_t)(until / 1000000000), (long)(until % 1000000000)};
        CHECK(futex(&word, WAIT_BITSET | PRIVATE | (i ? REALTIME : 0), 0, &absolute, NULL,
                    UINT32_MAX) == -ETIMEDOUT);
        CHECK(now_ns(clock) >= until);
    }
    struct timespec past = {0, 0};
    CHECK(futex(&word, WAIT_BITSET | PRIVATE, 0, &past, NULL, UINT32_MAX) == -ETIMEDOUT);
}

// ---- Who is woken ----

static atomic_uint gate, second_gate, woken;
static unsigned order[THREADS_MAX];

static void sleep_at_gate(struct thread *self)
{
    long result = futex(&gate, WAIT_BITSET | PRIVATE, 0, NULL, NULL, 1u << self->argument);
    CHECK(result == 0);
    order[woken++] = (unsigned)self->argument;
    futex_wake(&woken, 1);
}

static void gate_fill(int count)
{
    gate = second_gate = woken = 0;
    for (int i = 0; i < count; i++) { // they come in this order
        CHECK(thread_start(&threads[i], sleep_at_gate, i) > 0);
        await_sleepers(&gate, i + 1);
    }
}

void as_many_are_woken_as_asked(void)
{
    gate_fill(6);
    CHECK(futex_wake(&gate, 2) == 2);
    await(&woken, 2);
    CHECK(futex(&gate, WAKE_BITSET | PRIVATE, 10, NULL, NULL, 1u << 5) == 1);
    await(&woken, 3);
    CHECK(order[2] == 5);
    CHECK(futex(&gate, WAKE_BITSET | PRIVATE, 10, NULL, NULL, 1u << 9) == 0);
    CHECK(futex_wake(&gate, 100) == 3);
    join_all(6);
}

void sleepers_move_to_another_word(void)
{
    gate_fill(6);
    CHECK(futex(&gate, COMPARE_REQUEUE | PRIVATE, 1, (void *)3, &second_gate, 0) == 4);
    await(&woken, 1);
    CHECK(futex_wake(&second_gate, 100) == 3);
    await(&woken, 4);
    CHECK(futex(&gate, REQUEUE | PRIVATE, 0, (void *)100, &second_gate, 0) == 2);
    CHECK(futex_wake(&gate, 100) == 0);
    CHECK(futex_wake(&second_gate, 100) == 2);
    join_all(6);
}

void processes_share_words(void)
{
    atomic_uint *shared =
        mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    CHECK(shared != MAP_FAILED);
    pid_t child = fork();
    if (child == 0) {
        for (unsigned i = 0; i < 200; i++) {
            while (shared[1024] != 2 * i + 1)
                futex(&shared[1024], WAIT, 2 * i, NULL, NULL, 0);
            shared[1024]++;
            futex(&shared[1024], WAKE, 1, NULL, NULL, 0);
        }
        _exit(0);
    }
    for (unsigned i = 0; i < 200; i++) {
        shared[1024]++;
        futex(&shared[1024], WAKE, 1, NULL, NULL, 0);
        while (shared[1024] != 2 * i + 2)
            futex(&shared[1024], WAIT, 2 * i + 1, NULL, NULL, 0);
    }
    CHECK(child_status(child) == 0);
    CHECK(munmap(shared, 8192) == 0);
}
