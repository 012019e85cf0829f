// SPDX-License-Identifier: MIT
#include "microcore/string.h"
#include <stdint.h>

// The compiler must not turn these loops into calls of themselves.
#pragma GCC optimize("no-tree-loop-distribute-patterns")

typedef uint64_t __attribute__((may_alias)) word;

#define WORD             sizeof(word)
#define ALIGNED(address) (((uint64_t)(address) & (WORD - 1)) == 0)

// All eight words are loaded before the first is stored, so that no store holds up a load.
static inline void line_copy(word *out, const word *in)
{
    word a = in[0], b = in[1], c = in[2], d = in[3];
    word e = in[4], f = in[5], g = in[6], h = in[7];
    out[0] = a, out[1] = b, out[2] = c, out[3] = d;
    out[4] = e, out[5] = f, out[6] = g, out[7] = h;
}

// Words from a source that lies otherwise than its aligned destination: each is put together from
// two aligned ones, of which the second lies wholly within the source. How many bytes are copied.
static size_t shifted_copy(word *out, const char *from, size_t bytes)
{
    const word *in = (const word *)(from - ((uint64_t)from & (WORD - 1)));
    uint64_t shift = 8 * ((uint64_t)from & (WORD - 1)), count = bytes / WORD - 1;
    word low = in[0];
#pragma GCC unroll 4
    for (uint64_t i = 0; i < count; i++) {
        word high = in[i + 1];
        out[i] = low >> shift | high << (64 - shift);
        low = high;
    }
    return count * WORD;
}

void *memcpy(void *destination, const void *source, size_t bytes)
{
    char *to = destination;
    const char *from = source;
    if (bytes >= 8 * WORD) {
        for (; !ALIGNED(to); bytes--)
            *to++ = *from++;
        if (!ALIGNED(from)) {
            size_t done = shifted_copy((word *)to, from, bytes);
            to += done, from += done, bytes -= done;
        }
    }
    if (ALIGNED((uint64_t)to | (uint64_t)from)) {
        for (; bytes >= 128 * WORD; bytes -= 128 * WORD, to += 128 * WORD, from += 128 * WORD)
#pragma GCC unroll 16 // the loop's own cost counts
            for (int line = 0; line < 16; line++)
                line_copy((word *)to + 8 * line, (const word *)from + 8 * line);
        if (!bytes)
            return destination; // whole pages, mostly
        for (; bytes >= 8 * WORD; bytes -= 8 * WORD, to += 8 * WORD, from += 8 * WORD)
            line_copy((word *)to, (const word *)from);
        for (; bytes >= WORD; bytes -= WORD, to += WORD, from += WORD)
            *(word *)to = *(const word *)from;
    }
    while (bytes--)
        *to++ = *from++;
    return destination;
}

void *memmove(void *destination, const void *source, size_t bytes)
{
    char *to = destination;
    const char *from = source;
    if ((uint64_t)to - (uint64_t)from >= bytes)
        return memcpy(destination, source, bytes);
    while (bytes--)
        to[bytes] = from[bytes];
    return destination;
}

void *memset(void *destination, int byte, size_t bytes)
{
    char *to = destination;
    word pattern = (uint8_t)byte * 0x0101010101010101u;
    for (; bytes && !ALIGNED(to); bytes--)
        *to++ = (char)byte;
    for (; bytes >= 8 * WORD; bytes -= 8 * WORD, to += 8 * WORD) {
        word *out = (word *)to;
        out[0] = pattern, out[1] = pattern, out[2] = pattern, out[3] = pattern;
        out[4] = pattern, out[5] = pattern, out[6] = pattern, out[7] = pattern;
    }
    for (; bytes >= WORD; bytes -= WORD, to += WORD)
        *(word *)to = pattern;
    while (bytes--)
        *to++ = (char)byte;
    return destination;
}

int memcmp(const void *left, const void *right, size_t bytes)
{
    const uint8_t *a = left, *b = right;
    for (size_t i = 0; i < bytes; i++)
        if (a[i] != b[i])
            return a[i] - b[i];
    return 0;
}

size_t strlen(const char *text)
{
    size_t length = 0;
    while (text[length])
        length++;
    return length;
}

size_t strnlen(const char *text, size_t limit)
{
    size_t length = 0;
    while (length < limit && text[length])
        length++;
    return length;
}

int strcmp(const char *left, const char *right)
{
    return strncmp(left, right, SIZE_MAX);
}

int strncmp(const char *left, const char *right, size_t limit)
{
    for (size_t i = 0; i < limit; i++)
        if (left[i] != right[i] || !left[i])
            return (uint8_t)left[i] - (uint8_t)right[i];
    return 0;
}

void string_copy(char *destination, const char *source, size_t size)
{
    size_t length = strnlen(source, size - 1);
    memcpy(destination, source, length);
    memset(destination + length, 0, size - length);
}
