// SPDX-License-Identifier: MIT
// A hostile domain is a table of attacks. It serves `empty` in the place of the service `null`: a
// read of N bytes from /dev/empty runs attack number N - 1. An attack that comes back fills the
// buffer with dots if it was contained, with `E` and a line in the log if it got what it must not
// get; behind the last attack, with `z`. One that is caught in the act is answered by the image
// before it.
#pragma once
#include <stdbool.h>
#include <stdint.h>
#include "kernel/abi/rpc.h"

struct attack {
    const char *name;
    // LENT: an RRef that the caller lent for this call. NUMBER: the attack's own. Returns 0 if it
    // was contained, else a number that tells what it got.
    int64_t (*run)(rref_t lent, uint64_t number);
    uint32_t times; // so many attacks are made of it
};

#define ATTACK(name) REPEAT(name, 1)
#define LIVES(name)  REPEAT(name, 1) // the test wants it to come back with a dot
#define REPEAT(name, times)                                                                        \
    {                                                                                              \
#name, name, times                                                                         \
    }

extern const struct attack attacks[];
extern const uint32_t attack_count; // rows of the table

// Which domain it is: four letters, the last of them 0. With the attack's number they are the first
// half of the mark that an attack leaves where it must not, which the host then looks for in all of
// the machine's memory (witness.py). No register ever holds both halves, nor does this image.
extern const uint32_t attack_mark;
#define ATTACK_MARK_END 0x7E57BEEFu

// What `pass` answers with: an attack may set it. 0: what it was given.
extern rref_t attack_answer;
// Called by `nothing`; NULL: it does nothing.
extern int64_t (*attack_nested)(void);

extern uint32_t attack_running; // number of the attack that runs

// Leaves the mark at an address: for wild stores. Memory that is to be copied from gets it at an
// odd one, so that the words that a copy moves never hold it whole.
static inline void attack_store(uint64_t address)
{
    volatile uint32_t *place = (volatile uint32_t *)(uintptr_t)address;
    place[0] = attack_mark | attack_running;
    place[1] = ATTACK_MARK_END;
}

static inline bool attack_is_stored(const volatile void *address)
{
    const volatile uint32_t *place = address;
    return place[0] == (attack_mark | attack_running) && place[1] == ATTACK_MARK_END;
}

// A generator of numbers that are the same in each run (splitmix64).
static inline uint64_t attack_random(uint64_t *state)
{
    uint64_t z = *state += 0x9E3779B97F4A7C15u;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
    return z ^ (z >> 31);
}

// An address of which the compiler knows nothing.
static inline uint64_t attack_hidden(uint64_t address)
{
    __asm__ volatile("" : "+r"(address));
    return address;
}
