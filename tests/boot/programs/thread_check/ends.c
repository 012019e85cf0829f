// SPDX-License-Identifier: MIT
// How threads end, stop, and are left by execve.
#include "check.h"

static void sleep_for_ever(struct thread *self)
{
    (void)self;
    announce(&ready);
    for (;;)
        futex_wait(&finished, 0);
}

static volatile long spins;

static void spin(struct thread *self)
{
    (void)self;
    announce(&ready);
    for (;;)
        spins++;
}

static void end_process(struct thread *self)
{
    CALL1(CALL_EXIT_GROUP, self->argument);
}

static void fault(struct thread *self)
{
    (void)self;
    *(volatile int *)8 = 1;
}

static void end_thread_late(struct thread *self)
{
    (void)self;
    pause_ms(30);
    CALL1(CALL_EXIT, 9);
}

// A child with three sleepers and one that runs, which ends by FUNCTION or else by a signal.
static pid_t busy_child(void (*function)(struct thread *), long argument)
{
    fflush(stdout);
    pid_t child = fork();
    if (child)
        return child;
    ready = finished = 0;
    for (int i = 0; i < 3; i++)
        thread_start(&threads[i], sleep_for_ever, 0);
    thread_start(&threads[3], spin, 0);
    await(&ready, 4);
    if (function)
        thread_start(&threads[4], function, argument);
    for (;;)
        futex_wait(&finished, 0);
}

void a_process_ends_with_all_its_threads(void)
{
    for (int i = 0; i < 10; i++) {
        CHECK(child_status(busy_child(end_process, 40 + i)) == (40 + i) << 8);
        CHECK((child_status(busy_child(fault, 0)) & 0x7F) == SIGSEGV);
        pid_t child = busy_child(NULL, 0);
        pause_ms(i * 3);
        kill(child, SIGKILL);
        CHECK(child_status(child) == SIGKILL);
    }
}

void the_first_thread_may_end_first(void)
{
    fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
        for (int i = 0; i < 4; i++)
            thread_start(&threads[i], end_thread_late, 0);
        CALL1(CALL_EXIT, 5);
    }
    CHECK(child_status(child) == 5 << 8);
}

static atomic_uint *shared_page(void)
{
    return mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
}

static atomic_uint *shown;

static void spin_shown(struct thread *self)
{
    for (;;)
        shown[self->argument]++;
}

// Whether nobody counted within MS milliseconds.
static int all_stand_still(long ms)
{
    unsigned before[3] = {shown[0], shown[1], shown[2]};
    pause_ms(ms);
    return shown[0] == before[0] && shown[1] == before[1] && shown[2] == before[2];
}

void all_threads_stop_and_go_on(void)
{
    shown = shared_page();
    fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
        for (int i = 0; i < 3; i++)
            thread_start(&threads[i], spin_shown, i);
        for (;;)
            pause_ms(1000);
    }
    while (!shown[0] || !shown[1] || !shown[2])
        CALL1(CALL_YIELD, 0);
    int status;
    for (int round = 0; round < 3; round++) {
        kill(child, SIGSTOP);
        CHECK(waitpid(child, &status, WUNTRACED) == child && WIFSTOPPED(status));
        // The parent is told of the first: the others follow when they get a hart, and that when
        // the host gives one. So long a rest none of them has that goes on.
        int rests = 0;
        for (int i = 0; i < 300 && rests < 15; i++)
            rests = all_stand_still(20) ? rests + 1 : 0;
        CHECK(rests == 15);
        unsigned before[3] = {shown[0], shown[1], shown[2]};
        kill(child, SIGCONT);
        for (int i = 0; i < 3; i++)
            while (shown[i] == before[i])
                CALL1(CALL_YIELD, 0);
    }
    kill(child, SIGSTOP);
    CHECK(waitpid(child, &status, WUNTRACED) == child);
    kill(child, SIGKILL);
    CHECK(child_status(child) == SIGKILL);
    munmap(shown, 4096);
}

char *own_path;

static void execute(struct thread *self)
{
    char *arguments[] = {own_path, "executed", NULL}, *environment[] = {NULL};
    (void)self;
    CALL3(CALL_EXECVE, own_path, arguments, environment);
    CALL1(CALL_EXIT_GROUP, 99);
}

static void execute_nothing(struct thread *self)
{
    char *arguments[] = {"x", NULL}, *environment[] = {NULL};
    (void)self;
    CHECK(CALL3(CALL_EXECVE, "/no/such", arguments, environment) == -ENOENT);
    CALL1(CALL_EXIT_GROUP, failures ? 1 : 7);
}

void execve_leaves_one_thread(void)
{
    for (int i = 0; i < 5; i++)
        CHECK(child_status(busy_child(execute, 0)) == 33 << 8);
    CHECK(child_status(busy_child(execute_nothing, 0)) == 7 << 8);
}

int executed(void)
{
    CHECK(CALL1(CALL_GETTID, 0) == getpid());
    return failures ? 1 : 33;
}
