// SPDX-License-Identifier: MIT
// The ChaCha20 block function (RFC 8439, 2.3): 16 words in, 16 words out that look random to who
// does not know the 8 words of key among them.
#pragma once
#include <stdint.h>

#define CHACHA_KEY_WORDS   8
#define CHACHA_BLOCK_WORDS 16
#define CHACHA_BLOCK_BYTES 64

// IN: the constants "expand 32-byte k", the key, the block's counter and the nonce, in this order.
void chacha_block(const uint32_t in[CHACHA_BLOCK_WORDS], uint32_t out[CHACHA_BLOCK_WORDS]);

// The first BLOCKS blocks under KEY, with a nonce of zero: a key is used for one stream only.
void chacha_stream(const uint32_t key[CHACHA_KEY_WORDS], uint64_t first, uint32_t *out,
                   uint32_t blocks);
