// SPDX-License-Identifier: MIT
// Mutexes of all kinds, spin locks, and what is done once.
#include <sys/mman.h>
#include "check.h"

#define ROUNDS 5000

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_spinlock_t spin;
static volatile long counter;

static void *count_with_mutex(void *argument)
{
    for (int i = 0; i < ROUNDS; i++) {
        pthread_mutex_lock(&mutex);
        counter++;
        pthread_mutex_unlock(&mutex);
    }
    return argument;
}

static void *count_with_trylock(void *argument)
{
    for (int i = 0; i < ROUNDS / 10; i++) {
        while (pthread_mutex_trylock(&mutex) != 0)
            sched_yield();
        counter++;
        pthread_mutex_unlock(&mutex);
    }
    return argument;
}

static void *count_with_spin(void *argument)
{
    for (int i = 0; i < ROUNDS; i++) {
        pthread_spin_lock(&spin);
        counter++;
        pthread_spin_unlock(&spin);
    }
    return argument;
}

static void locks_exclude(void)
{
    counter = 0;
    threads_run(8, count_with_mutex);
    CHECK(counter == 8 * ROUNDS);
    counter = 0;
    threads_run(4, count_with_trylock);
    CHECK(counter == 4 * (ROUNDS / 10));
    counter = 0;
    CHECK(pthread_spin_init(&spin, 0) == 0);
    threads_run(4, count_with_spin);
    CHECK(counter == 4 * ROUNDS);
    CHECK(pthread_spin_lock(&spin) == 0 && pthread_spin_trylock(&spin) == EBUSY);
    CHECK(pthread_spin_unlock(&spin) == 0 && pthread_spin_destroy(&spin) == 0);
}

// ---- Kinds ----

static pthread_mutex_t mutex_of(int type, int robust)
{
    pthread_mutexattr_t attributes;
    pthread_mutex_t made;
    int read;
    pthread_mutexattr_init(&attributes);
    CHECK(pthread_mutexattr_settype(&attributes, type) == 0);
    CHECK(pthread_mutexattr_gettype(&attributes, &read) == 0 && read == type);
    CHECK(pthread_mutexattr_setrobust(&attributes, robust) == 0);
    CHECK(pthread_mutex_init(&made, &attributes) == 0);
    pthread_mutexattr_destroy(&attributes);
    return made;
}

static void *expect_refusal(void *argument)
{
    pthread_mutex_t *lock = argument;
    CHECK(pthread_mutex_unlock(lock) == EPERM);
    CHECK(pthread_mutex_trylock(lock) == EBUSY);
    return NULL;
}

static void others_are_refused(pthread_mutex_t *lock)
{
    pthread_t thread;
    CHECK(pthread_create(&thread, NULL, expect_refusal, lock) == 0);
    CHECK(pthread_join(thread, NULL) == 0);
}

static void kinds_differ(void)
{
    pthread_mutex_t recursive = mutex_of(PTHREAD_MUTEX_RECURSIVE, PTHREAD_MUTEX_STALLED);
    pthread_mutex_t checked = mutex_of(PTHREAD_MUTEX_ERRORCHECK, PTHREAD_MUTEX_STALLED);
    for (int i = 0; i < 3; i++)
        CHECK(pthread_mutex_lock(&recursive) == 0);
    CHECK(pthread_mutex_trylock(&recursive) == 0);
    for (int i = 0; i < 3; i++)
        CHECK(pthread_mutex_unlock(&recursive) == 0);
    others_are_refused(&recursive); // once it is still locked
    CHECK(pthread_mutex_unlock(&recursive) == 0);
    CHECK(pthread_mutex_unlock(&recursive) == EPERM);
    CHECK(pthread_mutex_lock(&checked) == 0 && pthread_mutex_lock(&checked) == EDEADLK);
    others_are_refused(&checked);
    CHECK(pthread_mutex_destroy(&checked) == EBUSY);
    CHECK(pthread_mutex_unlock(&checked) == 0 && pthread_mutex_unlock(&checked) == EPERM);
    CHECK(pthread_mutex_destroy(&checked) == 0 && pthread_mutex_destroy(&recursive) == 0);
}

static void waits_have_a_limit(void)
{
    pthread_mutex_t checked = mutex_of(PTHREAD_MUTEX_NORMAL, PTHREAD_MUTEX_STALLED);
    CHECK(pthread_mutex_lock(&checked) == 0);
    struct timespec until = time_after(CLOCK_REALTIME, 30), now;
    CHECK(pthread_mutex_timedlock(&checked, &until) == ETIMEDOUT);
    clock_gettime(CLOCK_REALTIME, &now);
    CHECK(now.tv_sec > until.tv_sec ||
          (now.tv_sec == until.tv_sec && now.tv_nsec >= until.tv_nsec));
    until.tv_nsec = 1000000000;
    CHECK(pthread_mutex_timedlock(&checked, &until) == EINVAL);
    CHECK(pthread_mutex_unlock(&checked) == 0);
    CHECK(pthread_mutex_timedlock(&checked, &until) == 0); // no wait, so no look at the time
    CHECK(pthread_mutex_unlock(&checked) == 0);
}

// ---- Robust ----

static pthread_mutex_t robust[2];

static void *end_with_locks(void *argument)
{
    CHECK(pthread_mutex_lock(&robust[0]) == 0 && pthread_mutex_lock(&robust[1]) == 0);
    return argument;
}

static void *wait_for_robust(void *argument)
{
    atomic_int *begun = argument;
    ++*begun;
    int result = pthread_mutex_lock(&robust[1]);
    if (result == EOWNERDEAD)
        CHECK(pthread_mutex_consistent(&robust[1]) == 0);
    pthread_mutex_unlock(&robust[1]);
    return number_of(result);
}

static void a_dead_owner_is_told_of(void)
{
    pthread_t owner, waiters[3];
    atomic_int begun = 0;
    int dead = 0;
    for (int i = 0; i < 2; i++)
        robust[i] = mutex_of(PTHREAD_MUTEX_NORMAL, PTHREAD_MUTEX_ROBUST);
    CHECK(pthread_create(&owner, NULL, end_with_locks, NULL) == 0);
    CHECK(pthread_join(owner, NULL) == 0);
    for (int i = 0; i < 3; i++)
        CHECK(pthread_create(&waiters[i], NULL, wait_for_robust, &begun) == 0);
    for (int i = 0; i < 3; i++) {
        void *result;
        CHECK(pthread_join(waiters[i], &result) == 0);
        CHECK(!result || result == number_of(EOWNERDEAD));
        dead += result != NULL;
    }
    CHECK(dead == 1); // one of them was told, and has put it right
    CHECK(pthread_mutex_lock(&robust[0]) == EOWNERDEAD);
    CHECK(pthread_mutex_unlock(&robust[0]) == 0); // without that
    CHECK(pthread_mutex_lock(&robust[0]) == ENOTRECOVERABLE);
    CHECK(pthread_mutex_lock(&robust[1]) == 0);
    CHECK(pthread_mutex_consistent(&robust[1]) == EINVAL);
    CHECK(pthread_mutex_unlock(&robust[1]) == 0);
}

// ---- Between processes ----

struct shared {
    pthread_mutex_t mutex;
    long counter;
};

static void count_shared(struct shared *shared)
{
    for (int i = 0; i < ROUNDS / 5; i++) {
        CHECK(pthread_mutex_lock(&shared->mutex) == 0);
        long now = shared->counter;
        if (i % 100 == 0)
            sched_yield();
        shared->counter = now + 1;
        CHECK(pthread_mutex_unlock(&shared->mutex) == 0);
    }
}

static void processes_share_a_mutex(void)
{
    struct shared *shared =
        mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    pthread_mutexattr_t attributes;
    pid_t children[3];
    CHECK(shared != MAP_FAILED);
    pthread_mutexattr_init(&attributes);
    CHECK(pthread_mutexattr_setpshared(&attributes, PTHREAD_PROCESS_SHARED) == 0);
    CHECK(pthread_mutex_init(&shared->mutex, &attributes) == 0);
    fflush(stdout);
    for (int i = 0; i < 3; i++) {
        children[i] = fork();
        if (children[i] == 0) {
            count_shared(shared);
            _exit(0);
        }
    }
    for (int i = 0; i < 3; i++)
        CHECK(child_status(children[i]) == 0);
    CHECK(shared->counter == 3 * (ROUNDS / 5));
    munmap(shared, sizeof *shared);
}

// ---- Once ----

static pthread_once_t once = PTHREAD_ONCE_INIT;
static atomic_int inits;

static void init(void)
{
    for (int i = 0; i < 10; i++)
        sched_yield();
    inits++;
}

static void *call_init(void *argument)
{
    CHECK(pthread_once(&once, init) == 0);
    CHECK(inits == 1);
    return argument;
}

static void once_is_once(void)
{
    threads_run(8, call_init);
    CHECK(inits == 1);
}

void check_mutexes(void)
{
    locks_exclude();
    kinds_differ();
    waits_have_a_limit();
    a_dead_owner_is_told_of();
    processes_share_a_mutex();
    once_is_once();
}
