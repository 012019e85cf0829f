// SPDX-License-Identifier: MIT
// sha256sum: the SHA-256 checksum of files (FIPS 180-4).
#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>
#include "progress.h"
#include "tool.h"

static const uint32_t round_constants[64] = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
};

static uint32_t rotate(uint32_t value, int bits)
{
    return value >> bits | value << (32 - bits);
}

static void block_hash(uint32_t hash[8], const unsigned char *block)
{
    uint32_t w[64], v[8];
    for (int i = 0; i < 16; i++)
        w[i] = (uint32_t)block[4 * i] << 24 | (uint32_t)block[4 * i + 1] << 16 |
               (uint32_t)block[4 * i + 2] << 8 | block[4 * i + 3];
    for (int i = 16; i < 64; i++)
        w[i] = w[i - 16] + w[i - 7] +
               (rotate(w[i - 15], 7) ^ rotate(w[i - 15], 18) ^ w[i - 15] >> 3) +
               (rotate(w[i - 2], 17) ^ rotate(w[i - 2], 19) ^ w[i - 2] >> 10);
    memcpy(v, hash, sizeof v);
    for (int i = 0; i < 64; i++) {
        uint32_t first = v[7] + (rotate(v[4], 6) ^ rotate(v[4], 11) ^ rotate(v[4], 25)) +
                         ((v[4] & v[5]) ^ (~v[4] & v[6])) + round_constants[i] + w[i];
        uint32_t second = (rotate(v[0], 2) ^ rotate(v[0], 13) ^ rotate(v[0], 22)) +
                          ((v[0] & v[1]) ^ (v[0] & v[2]) ^ (v[1] & v[2]));
        memmove(v + 1, v, 7 * sizeof *v);
        v[4] += first;
        v[0] = first + second;
    }
    for (int i = 0; i < 8; i++)
        hash[i] += v[i];
}

/* The last bytes, a one bit, zeros, and the length in bits as the last 8 bytes of a block. */
static void hash_finish(uint32_t hash[8], const unsigned char *rest, size_t length, uint64_t total)
{
    unsigned char last[128] = {0};
    size_t blocks = length + 9 > 64 ? 2 : 1;
    memcpy(last, rest, length);
    last[length] = 0x80;
    for (int i = 0; i < 8; i++)
        last[blocks * 64 - 1 - (size_t)i] = (unsigned char)(total * 8 >> 8 * i);
    for (size_t i = 0; i < blocks; i++)
        block_hash(hash, last + 64 * i);
}

static void file_hash(int file, const char *path)
{
    static unsigned char buffer[65536];
    uint32_t hash[8] = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                        0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
    uint64_t total = 0;
    size_t filled = 0;
    ssize_t length = 1;
    progress_begin_file(path, file);
    while (length != 0) {
        length = read(file, buffer + filled, sizeof buffer - filled);
        if (length < 0 && errno == EINTR)
            continue;
        if (length < 0)
            break;
        progress_add((uint64_t)length);
        total += (size_t)length;
        filled += (size_t)length;
        size_t whole = filled / 64 * 64;
        for (size_t i = 0; i < whole; i += 64)
            block_hash(hash, buffer + i);
        memmove(buffer, buffer + whole, filled -= whole);
    }
    progress_end();
    if (length < 0) {
        tool_error(path);
        return;
    }
    hash_finish(hash, buffer, filled, total);
    for (int i = 0; i < 8; i++)
        printf("%08x", (unsigned)hash[i]);
    printf("  %s\n", path);
}

int main(int argc, char **argv)
{
    tool_begin("sha256sum", "[FILE]...");
    while (tool_option(argc, argv, "b") >= 0)
        ;
    tool_each_file(argc, argv, file_hash);
    return tool_status();
}
