// SPDX-License-Identifier: MIT
// Threads: begun, ended, joined, detached; their stacks, signals and thread-local variables.
#include <signal.h>
#include "check.h"

static void *double_it(void *argument)
{
    return number_of(2 * (long)argument);
}

static void results_come_back(void)
{
    pthread_t threads[8];
    void *result;
    for (long i = 0; i < 8; i++)
        CHECK(pthread_create(&threads[i], NULL, double_it, number_of(i)) == 0);
    for (long i = 0; i < 8; i++) {
        CHECK(pthread_join(threads[i], &result) == 0);
        CHECK(result == number_of(2 * i));
    }
    CHECK(pthread_join(pthread_self(), NULL) == EDEADLK);
}

static void *exit_deep(void *argument)
{
    pthread_exit((char *)argument + 1);
}

static void pthread_exit_gives_a_result(void)
{
    pthread_t thread;
    void *result;
    CHECK(pthread_create(&thread, NULL, exit_deep, number_of(41)) == 0);
    CHECK(pthread_join(thread, &result) == 0 && result == number_of(42));
}

// ---- Detached ----

static atomic_int detached_ran;

static void *count_detached(void *argument)
{
    (void)argument;
    detached_ran++;
    return NULL;
}

// Many more than there is room for at a time: each must leave its place to another.
static void detached_threads_leave_nothing(void)
{
    pthread_attr_t attributes;
    pthread_t thread;
    int begun = 0;
    detached_ran = 0;
    pthread_attr_init(&attributes);
    CHECK(pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED) == 0);
    while (begun < 400) {
        int error = pthread_create(&thread, begun % 2 ? &attributes : NULL, count_detached, NULL);
        CHECK(error == 0 || error == EAGAIN);
        if (error) {
            sched_yield();
            continue;
        }
        if (begun++ % 2 == 0)
            CHECK(pthread_detach(thread) == 0);
    }
    await_value(&detached_ran, 400);
}

static int bye[2]; // a pipe

// ---- Stacks ----

static void *fill_stack(void *argument)
{
    volatile char bytes[700 * 1024];
    for (size_t i = 0; i < sizeof bytes; i += 4096)
        bytes[i] = 1;
    return (char *)argument + bytes[4096];
}

static void stacks_are_as_large_as_asked_for(void)
{
    pthread_attr_t attributes;
    pthread_t thread;
    size_t size;
    void *result;
    pthread_attr_init(&attributes);
    CHECK(pthread_attr_setstacksize(&attributes, 100) == EINVAL);
    CHECK(pthread_attr_setstacksize(&attributes, 1 << 20) == 0);
    CHECK(pthread_attr_getstacksize(&attributes, &size) == 0 && size == 1 << 20);
    CHECK(pthread_create(&thread, &attributes, fill_stack, number_of(1)) == 0);
    CHECK(pthread_join(thread, &result) == 0 && result == number_of(2));
}

static void *note_place(void *argument)
{
    *(uintptr_t *)argument = (uintptr_t)__builtin_frame_address(0);
    return NULL;
}

static void a_stack_may_be_the_callers(void)
{
    size_t size = 128 * 1024;
    char *stack = malloc(size);
    uintptr_t place = 0;
    pthread_attr_t attributes;
    pthread_t thread;
    pthread_attr_init(&attributes);
    CHECK(pthread_attr_setstack(&attributes, stack, size) == 0);
    CHECK(pthread_create(&thread, &attributes, note_place, &place) == 0);
    CHECK(pthread_join(thread, NULL) == 0);
    CHECK(place > (uintptr_t)stack && place <= (uintptr_t)stack + size);
    free(stack);
}

static void *overflow(void *argument)
{
    volatile char bytes[1024];
    bytes[0] = 1;
    return argument ? (char *)overflow(argument) + bytes[0] : NULL; // it never is NULL
}

static void *wait_for_ever(void *argument)
{
    for (;;)
        pause();
    return argument;
}

// A thread that crashes takes its process along, and nobody else.
static void a_stack_that_overflows_ends_the_process(void)
{
    pthread_t thread;
    fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
        for (int i = 0; i < 3; i++)
            pthread_create(&thread, NULL, wait_for_ever, NULL);
        pthread_create(&thread, NULL, overflow, bye);
        pthread_join(thread, NULL);
        _exit(0);
    }
    CHECK(child_status(child) == 128 + SIGSEGV);
}

// ---- The last one ----

static pthread_t first_thread;

static void *outlive_the_first(void *argument)
{
    CHECK(pthread_join(first_thread, NULL) == 0);
    return argument;
}

static void tell_bye(void)
{
    write(bye[1], "b", 1);
}

// The process ends with its last thread, as by exit(0).
static void the_last_thread_ends_the_process(void)
{
    pthread_t thread;
    char byte = 0;
    CHECK(pipe(bye) == 0);
    fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
        atexit(tell_bye);
        first_thread = pthread_self();
        pthread_create(&thread, NULL, outlive_the_first, NULL);
        pthread_exit(NULL);
    }
    CHECK(child_status(child) == 0);
    CHECK(read(bye[0], &byte, 1) == 1 && byte == 'b');
    close(bye[0]);
    close(bye[1]);
}

// ---- Thread-local variables ----

static __thread int local = 7;
static __thread int zeroes[100];
static _Thread_local _Alignas(64) char aligned[3] = {1, 2, 3};

static void *use_locals(void *argument)
{
    int number = (int)(long)argument;
    CHECK(local == 7 && zeroes[99] == 0 && aligned[2] == 3);
    CHECK((uintptr_t)aligned % 64 == 0);
    for (int i = 0; i < 200; i++) {
        local = zeroes[99] = number * 1000 + i;
        sched_yield();
        CHECK(local == number * 1000 + i && zeroes[99] == local);
    }
    aligned[2] = 9;
    return NULL;
}

static void variables_are_each_threads_own(void)
{
    CHECK((uintptr_t)aligned % 64 == 0 && aligned[0] == 1);
    local = 8;
    threads_run(8, use_locals);
    threads_run(8, use_locals); // in places that have been used
    CHECK(local == 8 && aligned[2] == 3);
    local = 7;
}

// ---- Signals ----

static atomic_int got_signals;
static __thread volatile int got_here;

static void note_signal(int number)
{
    (void)number;
    got_here++;
    got_signals++;
}

static void *take_signals(void *argument)
{
    sigset_t set, old;
    atomic_int *ready = argument;
    sigemptyset(&set);
    sigaddset(&set, SIGUSR1);
    CHECK(pthread_sigmask(SIG_BLOCK, &set, &old) == 0);
    *ready = 1;
    while (!got_here)
        sigsuspend(&old);
    return NULL;
}

static void a_signal_goes_to_one_thread(void)
{
    struct sigaction action = {.sa_handler = note_signal};
    pthread_t threads[4];
    atomic_int ready[4] = {0};
    got_signals = 0;
    sigaction(SIGUSR1, &action, NULL);
    for (int i = 0; i < 4; i++)
        CHECK(pthread_create(&threads[i], NULL, take_signals, &ready[i]) == 0);
    for (int i = 0; i < 4; i++) {
        await_value(&ready[i], 1);
        CHECK(pthread_kill(threads[i], SIGUSR1) == 0);
        CHECK(pthread_join(threads[i], NULL) == 0);
        CHECK(got_signals == i + 1);
    }
    CHECK(!got_here && raise(SIGUSR1) == 0 && got_here == 1);
    CHECK(pthread_kill(pthread_self(), 1000) == EINVAL);
}

void check_threads(void)
{
    results_come_back();
    pthread_exit_gives_a_result();
    detached_threads_leave_nothing();
    stacks_are_as_large_as_asked_for();
    a_stack_may_be_the_callers();
    a_stack_that_overflows_ends_the_process();
    the_last_thread_ends_the_process();
    variables_are_each_threads_own();
    a_signal_goes_to_one_thread();
}
