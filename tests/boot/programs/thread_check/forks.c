// SPDX-License-Identifier: MIT
// Threads that fork.
#include "check.h"

static atomic_uint forks;

static void fork_and_wait(struct thread *self)
{
    for (int i = 0; i < 10; i++) {
        long child = call(CALL_CLONE, SIGCHLD, 0, 0, 0, 0, 0);
        if (child == 0) { // alone: nobody else of the parent is here
            long group = CALL1(CALL_GETPID, 0), own = CALL1(CALL_GETTID, 0);
            CALL1(CALL_EXIT_GROUP, group == own ? (int)self->argument + 1 : 99);
        }
        int status = 0;
        CHECK(child > 0);
        CHECK(CALL4(CALL_WAIT4, child, &status, 0, 0) == child);
        CHECK(status == ((int)self->argument + 1) << 8);
        forks++;
    }
}

void threads_fork(void)
{
    forks = 0;
    start_all(4, fork_and_wait);
    join_all(4);
    CHECK(forks == 40);
}

// Writers check that none of their stores is lost while their pages are shared and copied again.
#define FIELD_PAGES 16

static volatile uint64_t *field; // of each writer a word in each page

static void write_and_look(struct thread *self)
{
    uint64_t round = 0;
    for (; !finished; round++) {
        for (int page = 0; page < FIELD_PAGES; page++) {
            volatile uint64_t *word = &field[page * 512 + self->argument * 8];
            if (*word != round) {
                check_failed(__FILE__, __LINE__);
                return;
            }
            *word = round + 1;
        }
    }
}

void no_store_is_lost_while_others_fork(void)
{
    field =
        mmap(NULL, FIELD_PAGES * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    finished = 0;
    start_all(3, write_and_look);
    for (int i = 0; i < 40; i++) {
        long child = call(CALL_CLONE, SIGCHLD, 0, 0, 0, 0, 0);
        if (child == 0)
            CALL1(CALL_EXIT_GROUP, 0);
        CHECK(child_status((pid_t)child) == 0);
    }
    finished = 1;
    join_all(3);
    munmap((void *)field, FIELD_PAGES * 4096);
}
