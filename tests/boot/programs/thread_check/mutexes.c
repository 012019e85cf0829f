// SPDX-License-Identifier: MIT
// Threads that keep each other out, or take turns.
#include "check.h"

#define ROUNDS 10000

static atomic_uint mutex, turn;
static volatile long counter;

static void count_up(struct thread *self)
{
    (void)self;
    for (int i = 0; i < ROUNDS; i++) {
        lock(&mutex);
        counter++;
        unlock(&mutex);
    }
}

void a_mutex_excludes(void)
{
    counter = 0;
    start_all(8, count_up);
    join_all(8);
    CHECK(counter == 8 * ROUNDS);
}

// Each passes the turn to the next: none may miss its wake.
static void take_turns(struct thread *self)
{
    for (unsigned i = 0; i < 500; i++) {
        unsigned mine = i * 4 + (unsigned)self->argument, now;
        while ((now = turn) != mine)
            futex_wait(&turn, now);
        announce(&turn);
    }
}

void no_wake_is_missed(void)
{
    turn = 0;
    start_all(4, take_turns);
    join_all(4);
    CHECK(turn == 2000);
}
