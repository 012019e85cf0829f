// SPDX-License-Identifier: MIT
// Locks for reading and writing, barriers, semaphores.
#include <semaphore.h>
#include "check.h"

// ---- Reading and writing ----

static pthread_rwlock_t lock = PTHREAD_RWLOCK_INITIALIZER;
static volatile long left, right; // equal whenever nobody writes
static atomic_int readers, writers;

static void read_both(void)
{
    CHECK(pthread_rwlock_rdlock(&lock) == 0);
    readers++;
    long seen = left;
    sched_yield();
    CHECK(!writers && seen == right);
    readers--;
    CHECK(pthread_rwlock_unlock(&lock) == 0);
}

static void write_both(void)
{
    CHECK(pthread_rwlock_wrlock(&lock) == 0);
    CHECK(++writers == 1 && !readers);
    left++;
    sched_yield();
    right++;
    writers--;
    CHECK(pthread_rwlock_unlock(&lock) == 0);
}

static void *read_and_write(void *argument)
{
    for (int i = 0; i < 300; i++)
        if ((long)argument < 5 && i % 50)
            read_both();
        else
            write_both();
    return NULL;
}

static void *expect_busy(void *argument)
{
    CHECK(pthread_rwlock_trywrlock(&lock) == EBUSY);
    CHECK(pthread_rwlock_tryrdlock(&lock) == (argument ? EBUSY : 0));
    if (!argument)
        CHECK(pthread_rwlock_unlock(&lock) == 0);
    struct timespec until = time_after(CLOCK_REALTIME, 10);
    CHECK(pthread_rwlock_timedwrlock(&lock, &until) == ETIMEDOUT);
    return NULL;
}

static pthread_barrier_t among_readers;

static void *read_together(void *argument)
{
    CHECK(pthread_rwlock_rdlock(&lock) == 0);
    pthread_barrier_wait(&among_readers); // until all of them have it
    CHECK(pthread_rwlock_unlock(&lock) == 0);
    return argument;
}

static void one_thread(void *(*function)(void *), void *argument)
{
    pthread_t thread;
    CHECK(pthread_create(&thread, NULL, function, argument) == 0);
    CHECK(pthread_join(thread, NULL) == 0);
}

void check_rwlocks(void)
{
    left = right = 0;
    threads_run(8, read_and_write);
    CHECK(left == right && left == 3 * 300 + 5 * 6);
    CHECK(pthread_barrier_init(&among_readers, NULL, 4) == 0);
    threads_run(4, read_together);
    CHECK(pthread_rwlock_rdlock(&lock) == 0 && pthread_rwlock_rdlock(&lock) == 0);
    one_thread(expect_busy, NULL);
    CHECK(pthread_rwlock_unlock(&lock) == 0 && pthread_rwlock_unlock(&lock) == 0);
    CHECK(pthread_rwlock_wrlock(&lock) == 0 && pthread_rwlock_wrlock(&lock) == EDEADLK);
    one_thread(expect_busy, &lock);
    CHECK(pthread_rwlock_unlock(&lock) == 0 && pthread_rwlock_destroy(&lock) == 0);
}

// ---- Barriers ----

#define PHASES  200
#define MEMBERS 5

static pthread_barrier_t barrier;
static atomic_int arrived[PHASES], serial;

static void *walk_phases(void *argument)
{
    for (int phase = 0; phase < PHASES; phase++) {
        arrived[phase]++;
        int result = pthread_barrier_wait(&barrier);
        CHECK(result == 0 || result == PTHREAD_BARRIER_SERIAL_THREAD);
        CHECK(arrived[phase] == MEMBERS); // nobody passes before all have come
        serial += result == PTHREAD_BARRIER_SERIAL_THREAD;
    }
    return argument;
}

static void *pass_once(void *argument)
{
    pthread_barrier_t *short_lived = argument;
    if (pthread_barrier_wait(short_lived) == PTHREAD_BARRIER_SERIAL_THREAD) {
        CHECK(pthread_barrier_destroy(short_lived) == 0);
        memset(short_lived, 0xEE, sizeof *short_lived);
    }
    return NULL;
}

void check_barriers(void)
{
    CHECK(pthread_barrier_init(&barrier, NULL, 0) == EINVAL);
    CHECK(pthread_barrier_init(&barrier, NULL, MEMBERS) == 0);
    serial = 0;
    memset(arrived, 0, sizeof arrived);
    threads_run(MEMBERS, walk_phases);
    CHECK(serial == PHASES); // one in each
    CHECK(pthread_barrier_destroy(&barrier) == 0);
    for (int round = 0; round < 50; round++) {
        pthread_barrier_t short_lived;
        pthread_t threads[3];
        pthread_barrier_init(&short_lived, NULL, 3);
        for (int i = 0; i < 3; i++)
            CHECK(pthread_create(&threads[i], NULL, pass_once, &short_lived) == 0);
        for (int i = 0; i < 3; i++)
            CHECK(pthread_join(threads[i], NULL) == 0);
        CHECK(*(unsigned char *)&short_lived == 0xEE);
    }
}

// ---- Semaphores ----

static sem_t free_places, filled_places;
static atomic_int inside, most_inside, exchanged;

static void *visit(void *argument)
{
    for (int i = 0; i < 500; i++) {
        CHECK(sem_wait(&free_places) == 0);
        int now = ++inside;
        if (now > most_inside)
            most_inside = now;
        sched_yield();
        inside--;
        CHECK(sem_post(&free_places) == 0);
    }
    return argument;
}

static void *ping_or_pong(void *argument)
{
    for (int i = 0; i < 1000; i++) {
        CHECK(sem_wait(argument ? &free_places : &filled_places) == 0);
        exchanged++;
        CHECK(sem_post(argument ? &filled_places : &free_places) == 0);
    }
    return NULL;
}

void check_semaphores(void)
{
    int value;
    struct timespec until = time_after(CLOCK_REALTIME, 20);
    CHECK(sem_init(&free_places, 0, (unsigned)SEM_VALUE_MAX + 1) == -1 && errno == EINVAL);
    CHECK(sem_init(&free_places, 0, 3) == 0);
    most_inside = 0;
    threads_run(8, visit);
    CHECK(most_inside >= 1 && most_inside <= 3);
    CHECK(sem_getvalue(&free_places, &value) == 0 && value == 3);
    CHECK(sem_init(&free_places, 0, 1) == 0 && sem_init(&filled_places, 0, 0) == 0);
    CHECK(sem_trywait(&filled_places) == -1 && errno == EAGAIN);
    CHECK(sem_timedwait(&filled_places, &until) == -1 && errno == ETIMEDOUT);
    exchanged = 0;
    threads_run(2, ping_or_pong);
    CHECK(exchanged == 2000);
    CHECK(sem_destroy(&free_places) == 0 && sem_destroy(&filled_places) == 0);
}
