// SPDX-License-Identifier: MIT
// Cancellation: at each kind of cancellation point, before it and in it; deferred, disabled, and
// anywhere.
#include <poll.h>
#include <semaphore.h>
#include <signal.h>
#include "check.h"

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t condition = PTHREAD_COND_INITIALIZER;
static sem_t semaphore;
static int ends[2];
static pthread_t sleeper;
static atomic_int is_there, cleaned, go;
static volatile int progress;

static void in_read(void)
{
    char byte;
    read(ends[0], &byte, 1);
}

static void in_sleep(void)
{
    const struct timespec long_time = {.tv_sec = 1000};
    nanosleep(&long_time, NULL);
}

static void in_poll(void)
{
    struct pollfd file = {.fd = ends[0], .events = POLLIN};
    poll(&file, 1, 1000000);
}

static void in_pause(void)
{
    pause();
}

static void in_semaphore(void)
{
    sem_wait(&semaphore);
}

static void in_join(void)
{
    pthread_join(sleeper, NULL);
}

static void unlock(void *argument)
{
    // The mutex is the caller's again in a handler.
    CHECK(pthread_mutex_trylock(argument) == EBUSY);
    CHECK(pthread_mutex_unlock(argument) == 0);
}

static void in_condition(void)
{
    pthread_mutex_lock(&mutex);
    pthread_cleanup_push(unlock, &mutex);
    for (;;)
        pthread_cond_wait(&condition, &mutex);
    pthread_cleanup_pop(1);
}

static void count_cleaned(void *argument)
{
    (void)argument;
    cleaned++;
}

static void *wait_in(void *argument)
{
    void (*function)(void) = (void (*)(void))argument;
    pthread_cleanup_push(count_cleaned, NULL);
    is_there = 1;
    for (;;)
        function();
    pthread_cleanup_pop(0);
    return NULL;
}

// Not at once and at once: in the call, or on the way to it.
static void cancel_in(void (*function)(void), long ms)
{
    pthread_t thread;
    void *result = NULL;
    const struct timespec a_while = {.tv_nsec = ms * 1000000};
    is_there = cleaned = 0;
    CHECK(pthread_create(&thread, NULL, wait_in, (void *)function) == 0);
    await_value(&is_there, 1);
    if (ms)
        nanosleep(&a_while, NULL);
    CHECK(pthread_cancel(thread) == 0);
    CHECK(pthread_join(thread, &result) == 0 && result == PTHREAD_CANCELED);
    CHECK(cleaned == 1);
}

static void *sleep_for_ever(void *argument)
{
    for (;;)
        pause();
    return argument;
}

static void every_wait_is_a_point(void)
{
    static void (*const points[])(void) = {in_read,      in_sleep, in_poll,     in_pause,
                                           in_semaphore, in_join,  in_condition};
    CHECK(pipe(ends) == 0 && sem_init(&semaphore, 0, 0) == 0);
    CHECK(pthread_create(&sleeper, NULL, sleep_for_ever, NULL) == 0);
    for (size_t i = 0; i < sizeof points / sizeof *points; i++)
        for (long ms = 0; ms < 20; ms = ms ? 20 : 5)
            for (int round = 0; round < (ms ? 1 : 20); round++)
                cancel_in(points[i], ms);
    CHECK(pthread_mutex_trylock(&mutex) == 0 && pthread_mutex_unlock(&mutex) == 0);
    CHECK(pthread_cancel(sleeper) == 0 && pthread_join(sleeper, NULL) == 0);
    close(ends[0]);
    close(ends[1]);
}

// ---- Not now ----

static void *refuse_for_a_while(void *argument)
{
    int old, ms = 0;
    CHECK(pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &old) == 0);
    CHECK(old == PTHREAD_CANCEL_ENABLE);
    is_there = 1;
    await_value(&go, 1);
    for (; ms < 3; ms++) {
        const struct timespec short_time = {.tv_nsec = 1000000};
        nanosleep(&short_time, NULL); // no point now
    }
    progress = ms;
    pthread_testcancel();
    CHECK(pthread_setcancelstate(PTHREAD_CANCEL_ENABLE, NULL) == 0); // none either
    progress++;
    pthread_testcancel();
    progress = -1;
    return argument;
}

static void a_thread_may_put_it_off(void)
{
    pthread_t thread;
    void *result;
    is_there = go = progress = 0;
    CHECK(pthread_create(&thread, NULL, refuse_for_a_while, NULL) == 0);
    await_value(&is_there, 1);
    CHECK(pthread_cancel(thread) == 0);
    go = 1;
    CHECK(pthread_join(thread, &result) == 0 && result == PTHREAD_CANCELED && progress == 4);
}

// ---- Nothing that was done is lost ----

static atomic_int received;

static void *receive(void *argument)
{
    char byte;
    while (read(ends[0], &byte, 1) == 1)
        received++;
    return argument;
}

// A byte is read and counted, or still in the pipe.
static void what_was_read_was_not_cancelled(void)
{
    for (int round = 0; round < 100; round++) {
        pthread_t thread;
        struct pollfd file = {.events = POLLIN};
        CHECK(pipe(ends) == 0);
        received = 0;
        CHECK(pthread_create(&thread, NULL, receive, NULL) == 0);
        if (round % 2)
            sched_yield();
        CHECK(write(ends[1], "1", 1) == 1);
        CHECK(pthread_cancel(thread) == 0 && pthread_join(thread, NULL) == 0);
        file.fd = ends[0];
        int rest = poll(&file, 1, 0);
        CHECK(received + rest == 1);
        close(ends[0]);
        close(ends[1]);
    }
}

// ---- Anywhere ----

static void *compute(void *argument)
{
    CHECK(pthread_setcanceltype(PTHREAD_CANCEL_ASYNCHRONOUS, NULL) == 0);
    is_there = 1;
    for (;;)
        progress++;
    return argument;
}

static void who_computes_can_be_cancelled(void)
{
    pthread_t thread;
    void *result;
    is_there = 0;
    CHECK(pthread_create(&thread, NULL, compute, NULL) == 0);
    await_value(&is_there, 1);
    CHECK(pthread_cancel(thread) == 0);
    CHECK(pthread_join(thread, &result) == 0 && result == PTHREAD_CANCELED);
}

// ---- In a signal's handler that interrupts a point ----

static void stay_in_handler(int number)
{
    (void)number;
    is_there = 2;
    await_value(&go, 1);
}

static void *read_on(void *argument)
{
    is_there = 1;
    for (;;)
        in_read();
    return argument;
}

static void a_handler_does_not_hide_it(void)
{
    struct sigaction action = {.sa_handler = stay_in_handler, .sa_flags = SA_RESTART};
    pthread_t thread;
    void *result;
    CHECK(pipe(ends) == 0);
    sigaction(SIGUSR2, &action, NULL);
    is_there = go = 0;
    CHECK(pthread_create(&thread, NULL, read_on, NULL) == 0);
    await_value(&is_there, 1);
    CHECK(pthread_kill(thread, SIGUSR2) == 0);
    await_value(&is_there, 2);
    CHECK(pthread_cancel(thread) == 0);
    go = 1;
    CHECK(pthread_join(thread, &result) == 0 && result == PTHREAD_CANCELED);
    close(ends[0]);
    close(ends[1]);
}

void check_cancellation(void)
{
    every_wait_is_a_point();
    a_thread_may_put_it_off();
    what_was_read_was_not_cancelled();
    who_computes_can_be_cancelled();
    a_handler_does_not_hide_it();
}
