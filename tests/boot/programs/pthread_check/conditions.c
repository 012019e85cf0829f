// SPDX-License-Identifier: MIT
// Condition variables: a bounded queue, broadcasts, limits of time, and their end.
#include "check.h"

#define ITEMS     2000 // of each producer
#define ROOM      8
#define PRODUCERS 3
#define CONSUMERS 3

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t not_full = PTHREAD_COND_INITIALIZER, not_empty = PTHREAD_COND_INITIALIZER;
static long queue[ROOM], used, next_in, next_out, sum;
static int taken;

static void *produce(void *argument)
{
    for (long i = 0; i < ITEMS; i++) {
        pthread_mutex_lock(&mutex);
        while (used == ROOM)
            CHECK(pthread_cond_wait(&not_full, &mutex) == 0);
        queue[next_in++ % ROOM] = (long)argument * ITEMS + i;
        used++;
        pthread_cond_signal(&not_empty);
        pthread_mutex_unlock(&mutex);
    }
    return NULL;
}

static void *consume(void *argument)
{
    pthread_mutex_lock(&mutex);
    while (taken < PRODUCERS * ITEMS) {
        if (used) {
            sum += queue[next_out++ % ROOM];
            used--;
            if (++taken == PRODUCERS * ITEMS)
                pthread_cond_broadcast(&not_empty); // the others wait for no more
            pthread_cond_signal(&not_full);
        } else {
            CHECK(pthread_cond_wait(&not_empty, &mutex) == 0);
        }
    }
    pthread_mutex_unlock(&mutex);
    return argument;
}

static void *produce_or_consume(void *argument)
{
    long number = (long)argument;
    return number < PRODUCERS ? produce(argument) : consume(argument);
}

static void nothing_is_lost_between_producers_and_consumers(void)
{
    const long count = PRODUCERS * ITEMS;
    used = next_in = next_out = sum = taken = 0;
    threads_run(PRODUCERS + CONSUMERS, produce_or_consume);
    CHECK(taken == count && used == 0 && sum == count * (count - 1) / 2);
}

// ---- Broadcast, and the end of a variable right after ----

struct start {
    pthread_mutex_t mutex;
    pthread_cond_t condition;
    int waiting, woken;
    bool is_open;
};

static void *wait_for_start(void *argument)
{
    struct start *start = argument;
    pthread_mutex_lock(&start->mutex);
    start->waiting++;
    while (!start->is_open)
        pthread_cond_wait(&start->condition, &start->mutex);
    start->woken++;
    pthread_mutex_unlock(&start->mutex);
    return NULL;
}

static void await_waiting(struct start *start, int count)
{
    for (bool is_done = false; !is_done; sched_yield()) {
        pthread_mutex_lock(&start->mutex);
        is_done = start->waiting == count;
        pthread_mutex_unlock(&start->mutex);
    }
}

static void a_broadcast_wakes_all(void)
{
    struct start start = {.mutex = PTHREAD_MUTEX_INITIALIZER,
                          .condition = PTHREAD_COND_INITIALIZER};
    pthread_t threads[6];
    for (int i = 0; i < 6; i++)
        CHECK(pthread_create(&threads[i], NULL, wait_for_start, &start) == 0);
    await_waiting(&start, 6);
    pthread_mutex_lock(&start.mutex);
    start.is_open = true;
    CHECK(pthread_cond_broadcast(&start.condition) == 0);
    pthread_mutex_unlock(&start.mutex);
    CHECK(pthread_cond_destroy(&start.condition) == 0); // returns when they have left it
    memset(&start.condition, 0xEE, sizeof start.condition);
    for (int i = 0; i < 6; i++)
        CHECK(pthread_join(threads[i], NULL) == 0);
    CHECK(start.woken == 6);
    for (size_t i = 0; i < sizeof start.condition; i++)
        CHECK(((unsigned char *)&start.condition)[i] == 0xEE);
}

// ---- Limits ----

static void waits_end_on_either_clock(void)
{
    static const clockid_t clocks[] = {CLOCK_REALTIME, CLOCK_MONOTONIC};
    for (int i = 0; i < 2; i++) {
        pthread_condattr_t attributes;
        pthread_cond_t condition;
        struct timespec now;
        pthread_condattr_init(&attributes);
        CHECK(pthread_condattr_setclock(&attributes, clocks[i]) == 0);
        CHECK(pthread_cond_init(&condition, &attributes) == 0);
        struct timespec until = time_after(clocks[i], 30);
        pthread_mutex_lock(&mutex);
        int result;
        do
            result = pthread_cond_timedwait(&condition, &mutex, &until);
        while (result == 0);
        CHECK(result == ETIMEDOUT);
        CHECK(pthread_mutex_trylock(&mutex) == EBUSY); // it is the caller's again
        clock_gettime(clocks[i], &now);
        CHECK(now.tv_sec > until.tv_sec ||
              (now.tv_sec == until.tv_sec && now.tv_nsec >= until.tv_nsec));
        until.tv_nsec = -1;
        CHECK(pthread_cond_timedwait(&condition, &mutex, &until) == EINVAL);
        pthread_mutex_unlock(&mutex);
        CHECK(pthread_cond_destroy(&condition) == 0);
    }
}

void check_conditions(void)
{
    nothing_is_lost_between_producers_and_consumers();
    a_broadcast_wakes_all();
    waits_end_on_either_clock();
}
