// SPDX-License-Identifier: MIT
#include "tests/fuzz/mutate.h"

#include <string.h>

enum { MOVED = 48 }; // words that move up where one is deleted, at most

static uint64_t random_state;

void mutate_seed(uint64_t seed)
{
    random_state = seed;
}

// splitmix64 (Steele, Lea, Flood 2014).
uint64_t mutate_random(void)
{
    uint64_t value = random_state += 0x9e3779b97f4a7c15u;
    value = (value ^ value >> 30) * 0xbf58476d1ce4e5b9u;
    value = (value ^ value >> 27) * 0x94d049bb133111ebu;
    return value ^ value >> 31;
}

size_t mutate_below(size_t limit)
{
    return (size_t)(mutate_random() % limit);
}

// Puts another register into one of the three places of an instruction.
static uint32_t register_change(uint32_t word)
{
    static const uint32_t named[] = {0, 1, 2, 3, 4, 25, 26};
    static const int fields[] = {7, 15, 20};
    int field = fields[mutate_below(3)];
    uint32_t other = mutate_below(4) ? named[mutate_below(7)] : (uint32_t)mutate_below(32);
    return (word & ~(31u << field)) | other << field;
}

size_t mutate_place(uint32_t *words, size_t count, size_t place)
{
    uint32_t *word = &words[place], kept;
    size_t behind = count - place - 1;
    switch (mutate_below(8)) {
    case 0:
    case 1:
    case 2:
        *word ^= 1u << mutate_below(32);
        return 1;
    case 3:
    case 4:
        *word = register_change(*word);
        return 1;
    case 5: // a word from elsewhere, or any
        *word = mutate_below(4) ? words[mutate_below(count)] : (uint32_t)mutate_random();
        return 1;
    case 6:
        if (!behind)
            return 1;
        kept = word[0];
        word[0] = word[1];
        word[1] = kept;
        return 2;
    default:
        behind = behind < MOVED ? behind : MOVED;
        memmove(word, word + 1, behind * 4);
        return behind + 1;
    }
}
