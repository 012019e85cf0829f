// SPDX-License-Identifier: MIT
// SHA-256 (FIPS 180-4).
#pragma once

#include <stddef.h>
#include <stdint.h>

struct sha256 {
    uint32_t hash[8];
    uint64_t total; /* bytes so far */
    unsigned char rest[64];
};

void sha256_begin(struct sha256 *sum);

void sha256_add(struct sha256 *sum, const void *bytes, size_t length);

/* Nothing may be added behind this. 64 hexadecimal digits and a NUL. */
void sha256_finish(struct sha256 *sum, char text[65]);
