// SPDX-License-Identifier: MIT
// Forks of a program with threads.
#include <signal.h>
#include <sys/wait.h>
#include "check.h"

static atomic_int is_over;

static void *use_library(void *argument)
{
    while (!is_over) {
        void *block = malloc(500);
        FILE *file = fopen("/dev/null", "w");
        fprintf(file, "%p\n", block);
        setenv("FORK_CHECK", "1", 1);
        fclose(file);
        free(block);
    }
    return argument;
}

static void *answer(void *argument)
{
    return (char *)malloc(100) ? argument : NULL;
}

// The child has the heap, streams and threads of its own.
static void child_work(void)
{
    pthread_t thread;
    void *result = NULL;
    void *block = malloc(1000);
    FILE *file = fopen("/dev/null", "w");
    if (!block || !file || fprintf(file, "%d\n", 5) != 2 || !getenv("PATH"))
        _exit(1);
    if (pthread_create(&thread, NULL, answer, block) != 0 || pthread_join(thread, &result) != 0)
        _exit(2);
    exit(result == block ? 0 : 3);
}

static void children_find_the_library_whole(void)
{
    pthread_t threads[4];
    is_over = 0;
    for (int i = 0; i < 4; i++)
        CHECK(pthread_create(&threads[i], NULL, use_library, NULL) == 0);
    for (int i = 0; i < 40; i++) {
        fflush(stdout);
        pid_t child = fork();
        if (child == 0)
            child_work();
        CHECK(child > 0 && child_status(child) == 0);
    }
    is_over = 1;
    for (int i = 0; i < 4; i++)
        CHECK(pthread_join(threads[i], NULL) == 0);
}

// ---- From another thread than the first ----

static void *fork_here(void *argument)
{
    fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
        pthread_mutex_t checked;
        pthread_mutexattr_t attributes;
        pthread_mutexattr_init(&attributes);
        pthread_mutexattr_settype(&attributes, PTHREAD_MUTEX_ERRORCHECK);
        pthread_mutex_init(&checked, &attributes);
        bool is_right = pthread_mutex_lock(&checked) == 0 && pthread_mutex_unlock(&checked) == 0 &&
                        pthread_kill(pthread_self(), 0) == 0;
        if (!is_right)
            _exit(1);
        pthread_exit(NULL); // the only one: ends the process
    }
    CHECK(child_status(child) == 0);
    return argument;
}

// ---- Handlers ----

static char order[16];
static int order_length;

static void note_a(void)
{
    order[order_length++] = 'a';
}

static void note_b(void)
{
    order[order_length++] = 'b';
}

static void note_p(void)
{
    order[order_length++] = 'p';
}

static void note_c(void)
{
    order[order_length++] = 'c';
}

static void handlers_are_called_in_order(void)
{
    static bool is_installed;
    if (!is_installed) {
        CHECK(pthread_atfork(note_a, note_p, note_c) == 0);
        CHECK(pthread_atfork(note_b, note_p, note_c) == 0);
        CHECK(pthread_atfork(NULL, NULL, NULL) == 0);
        is_installed = true;
    }
    order_length = 0;
    memset(order, 0, sizeof order);
    fflush(stdout);
    pid_t child = fork();
    if (child == 0)
        _exit(strcmp(order, "bacc") != 0);
    CHECK(child_status(child) == 0);
    CHECK(strcmp(order, "bapp") == 0);
}

// ---- A crash ----

static void *crash(void *argument)
{
    *(volatile int *)argument = 1;
    return NULL;
}

static void *wait_for_ever(void *argument)
{
    for (;;)
        pause();
    return argument;
}

static void a_crash_ends_all_threads(void)
{
    fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
        pthread_t thread;
        for (int i = 0; i < 3; i++)
            pthread_create(&thread, NULL, wait_for_ever, NULL);
        pthread_create(&thread, NULL, crash, number_of(16));
        wait_for_ever(NULL);
    }
    CHECK(child_status(child) == 128 + SIGSEGV);
}

void check_forks(void)
{
    pthread_t thread;
    children_find_the_library_whole();
    CHECK(pthread_create(&thread, NULL, fork_here, NULL) == 0);
    CHECK(pthread_join(thread, NULL) == 0);
    handlers_are_called_in_order();
    a_crash_ends_all_threads();
}
