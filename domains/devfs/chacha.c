// SPDX-License-Identifier: MIT
#include "chacha.h"

#include <string.h>

#define ROUNDS 20

static uint32_t rotate(uint32_t word, int by)
{
    return word << by | word >> (32 - by);
}

static inline void quarter_round(uint32_t *a, uint32_t *b, uint32_t *c, uint32_t *d)
{
    *a += *b;
    *d = rotate(*d ^ *a, 16);
    *c += *d;
    *b = rotate(*b ^ *c, 12);
    *a += *b;
    *d = rotate(*d ^ *a, 8);
    *c += *d;
    *b = rotate(*b ^ *c, 7);
}

void chacha_block(const uint32_t in[CHACHA_BLOCK_WORDS], uint32_t out[CHACHA_BLOCK_WORDS])
{
    uint32_t x[CHACHA_BLOCK_WORDS];
    memcpy(x, in, sizeof x);
    for (int round = 0; round < ROUNDS; round += 2) {
        quarter_round(&x[0], &x[4], &x[8], &x[12]);
        quarter_round(&x[1], &x[5], &x[9], &x[13]);
        quarter_round(&x[2], &x[6], &x[10], &x[14]);
        quarter_round(&x[3], &x[7], &x[11], &x[15]);
        quarter_round(&x[0], &x[5], &x[10], &x[15]);
        quarter_round(&x[1], &x[6], &x[11], &x[12]);
        quarter_round(&x[2], &x[7], &x[8], &x[13]);
        quarter_round(&x[3], &x[4], &x[9], &x[14]);
    }
    for (int i = 0; i < CHACHA_BLOCK_WORDS; i++)
        out[i] = x[i] + in[i];
}

void chacha_stream(const uint32_t key[CHACHA_KEY_WORDS], uint64_t first, uint32_t *out,
                   uint32_t blocks)
{
    uint32_t in[CHACHA_BLOCK_WORDS] = {0x61707865, 0x3320646E, 0x79622D32, 0x6B206574};
    memcpy(&in[4], key, CHACHA_KEY_WORDS * sizeof *key);
    for (uint32_t i = 0; i < blocks; i++, out += CHACHA_BLOCK_WORDS) {
        in[12] = (uint32_t)(first + i);
        in[13] = (uint32_t)((first + i) >> 32);
        chacha_block(in, out);
    }
}
