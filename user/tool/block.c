// SPDX-License-Identifier: MIT
#include "block.h"

#define UNIT_BYTES 512
#define UNIT_WORDS (UNIT_BYTES / 8)

struct header {
    uint64_t address, generation, checksum;
};
#define HEADER_WORDS (sizeof(struct header) / 8)

/* Noise from a 64-bit state (G. Marsaglia, "Xorshift RNGs", 2003). */
static uint64_t noise_next(uint64_t state)
{
    state ^= state << 13;
    state ^= state >> 7;
    return state ^ state << 17;
}

static uint64_t noise_start(const struct header *header, uint64_t seed)
{
    return ((header->address + 1) * 0x9e3779b97f4a7c15ull ^
            header->generation * 0xbf58476d1ce4e5b9ull ^ seed) |
           1;
}

static uint64_t checksum_of(const uint64_t *words)
{
    uint64_t sum = words[0] ^ words[1] * 31;
    for (size_t i = HEADER_WORDS; i < UNIT_WORDS; i++)
        sum = (sum << 7 | sum >> 57) + words[i];
    return sum;
}

void block_fill(void *bytes, size_t length, uint64_t address, uint32_t generation, uint64_t seed)
{
    for (size_t offset = 0; offset < length; offset += UNIT_BYTES) {
        uint64_t *words = (uint64_t *)((char *)bytes + offset);
        struct header *header = (struct header *)words;
        header->address = address + offset;
        header->generation = generation;
        uint64_t noise = noise_start(header, seed);
        for (size_t i = HEADER_WORDS; i < UNIT_WORDS; i++)
            words[i] = noise = noise_next(noise);
        header->checksum = checksum_of(words);
    }
}

bool block_check(const void *bytes, size_t length, uint64_t address, uint32_t generation,
                 uint64_t seed)
{
    for (size_t offset = 0; offset < length; offset += UNIT_BYTES) {
        const uint64_t *words = (const uint64_t *)((const char *)bytes + offset);
        const struct header *header = (const struct header *)words;
        if (header->address != address + offset || header->generation != generation ||
            words[HEADER_WORDS] != noise_next(noise_start(header, seed)) ||
            header->checksum != checksum_of(words))
            return false;
    }
    return true;
}
