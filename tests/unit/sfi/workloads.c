// SPDX-License-Identifier: MIT
#include "tests/unit/sfi/workloads.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static uint64_t random_state = 88172645463325252u;

static uint64_t random_next(void)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return random_state;
}

// FNV-1a over bytes: what each workload's result is boiled down to.
static uint64_t digest(uint64_t hash, const void *bytes, size_t length)
{
    const uint8_t *byte = bytes;
    for (size_t i = 0; i < length; i++)
        hash = (hash ^ byte[i]) * 1099511628211u;
    return hash;
}

#define SEED 14695981039346656037u

static uint8_t buffer_a[8192], buffer_b[8192];

static void buffers_fill(void)
{
    for (size_t i = 0; i < sizeof buffer_a; i++) {
        buffer_a[i] = (uint8_t)random_next();
        buffer_b[i] = (uint8_t)random_next();
    }
}

static uint64_t copies(void)
{
    uint64_t hash = SEED;
    for (int round = 0; round < 400; round++) {
        size_t from = random_next() % 4096, to = random_next() % 4096;
        size_t length = random_next() % (round % 4 ? 64 : 4096);
        switch (round % 5) {
        case 0:
            memcpy(buffer_a + to, buffer_b + from, length);
            break;
        case 1:
            memmove(buffer_a + to, buffer_a + from, length);
            break;
        case 2:
            memset(buffer_a + to, (int)from, length);
            break;
        case 3:
            memmove(buffer_a + (to & ~7u), buffer_a + (from & ~7u), length);
            break;
        default:
            memcpy(buffer_b + (to & ~7u), buffer_a + (from & ~7u), length);
        }
    }
    hash = digest(hash, buffer_a, sizeof buffer_a);
    return digest(hash, buffer_b, sizeof buffer_b);
}

static uint64_t crc(void)
{
    uint32_t table[256], sum = ~0u;
    for (uint32_t i = 0; i < 256; i++) {
        table[i] = i;
        for (int bit = 0; bit < 8; bit++)
            table[i] = table[i] >> 1 ^ (table[i] & 1 ? 0xedb88320u : 0);
    }
    for (size_t i = 0; i < sizeof buffer_a; i++)
        sum = sum >> 8 ^ table[(sum ^ buffer_a[i]) & 255];
    return ~sum;
}

static int compare_numbers(const void *left, const void *right)
{
    uint32_t a, b;
    memcpy(&a, left, sizeof a);
    memcpy(&b, right, sizeof b);
    return (a > b) - (a < b);
}

static uint64_t sorting(void)
{
    static uint32_t numbers[500];
    for (size_t i = 0; i < 500; i++)
        numbers[i] = (uint32_t)random_next();
    qsort(numbers, 500, sizeof numbers[0], compare_numbers);
    uint32_t key = numbers[123];
    uint32_t *found = bsearch(&key, numbers, 500, sizeof key, compare_numbers);
    return digest(SEED, numbers, sizeof numbers) + (uint64_t)(found - numbers);
}

struct node {
    struct node *next, *newer, *older;
    uint64_t key, value;
};

static struct node *buckets[64];

static uint64_t hash_table(void)
{
    uint64_t sum = 0;
    for (int i = 0; i < 2000; i++) {
        uint64_t key = random_next() % 300;
        struct node **link = &buckets[key % 64];
        while (*link && (*link)->key != key)
            link = &(*link)->next;
        if (!*link) {
            *link = calloc(1, sizeof **link);
            if (!*link)
                return 0;
            (*link)->key = key;
        }
        (*link)->value += (uint64_t)i;
        if (i % 7 == 0) {
            struct node *gone = *link;
            sum = sum * 31 + gone->value;
            *link = gone->next;
            free(gone);
        }
    }
    return sum;
}

static uint64_t lru_cache(void)
{
    static struct node nodes[16];
    struct node head = {.newer = &head, .older = &head};
    uint64_t hits = 0;
    for (int i = 0; i < 16; i++) {
        nodes[i] = (struct node){.key = ~0ull, .newer = &head, .older = head.older};
        head.older->newer = &nodes[i];
        head.older = &nodes[i];
    }
    for (int i = 0; i < 3000; i++) {
        uint64_t key = random_next() % 24;
        struct node *node = head.older;
        while (node != &head && node->key != key)
            node = node->older;
        if (node == &head) {
            node = head.newer;
            node->key = key;
        } else {
            hits += key + 1;
        }
        node->newer->older = node->older;
        node->older->newer = node->newer;
        *node = (struct node){.key = key, .newer = &head, .older = head.older};
        head.older->newer = node;
        head.older = node;
    }
    return hits;
}

static uint32_t rotate(uint32_t word, int count)
{
    return word >> count | word << (32 - count);
}

// clang-format off
static const uint32_t sha_constants[64] = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4,
    0xab1c5ed5, 0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe,
    0x9bdc06a7, 0xc19bf174, 0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f,
    0x4a7484aa, 0x5cb0a9dc, 0x76f988da, 0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7,
    0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967, 0x27b70a85, 0x2e1b2138, 0x4d2c6dfc,
    0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85, 0xa2bfe8a1, 0xa81a664b,
    0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070, 0x19a4c116,
    0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7,
    0xc67178f2,
};
// clang-format on

// The compression of one block (FIPS 180-4, 6.2.2): many values live at once.
static void sha_block(uint32_t state[8], const uint8_t *block)
{
    uint32_t w[64];
    for (int i = 0; i < 16; i++) {
        const uint8_t *byte = block + i * 4;
        w[i] = (uint32_t)byte[0] << 24 | (uint32_t)byte[1] << 16 | (uint32_t)byte[2] << 8 | byte[3];
    }
    for (int i = 16; i < 64; i++)
        w[i] = w[i - 16] + w[i - 7] +
               (rotate(w[i - 15], 7) ^ rotate(w[i - 15], 18) ^ w[i - 15] >> 3) +
               (rotate(w[i - 2], 17) ^ rotate(w[i - 2], 19) ^ w[i - 2] >> 10);
    uint32_t a = state[0], b = state[1], c = state[2], d = state[3];
    uint32_t e = state[4], f = state[5], g = state[6], h = state[7];
    for (int i = 0; i < 64; i++) {
        uint32_t t = h + (rotate(e, 6) ^ rotate(e, 11) ^ rotate(e, 25)) + ((e & f) ^ (~e & g)) +
                     sha_constants[i] + w[i];
        uint32_t u = (rotate(a, 2) ^ rotate(a, 13) ^ rotate(a, 22)) + ((a & b) ^ (a & c) ^ (b & c));
        h = g, g = f, f = e, e = d + t, d = c, c = b, b = a, a = t + u;
    }
    state[0] += a, state[1] += b, state[2] += c, state[3] += d;
    state[4] += e, state[5] += f, state[6] += g, state[7] += h;
}

// The digest's first word of SIZE bytes.
static uint64_t sha_of(const uint8_t *bytes, size_t size)
{
    uint32_t state[8] = {
        0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
        0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19,
    };
    uint8_t last[128] = {0};
    size_t whole = size / 64 * 64, rest = size - whole, padded = rest < 56 ? 64 : 128;
    for (size_t block = 0; block < whole; block += 64)
        sha_block(state, bytes + block);
    memcpy(last, bytes + whole, rest);
    last[rest] = 0x80;
    for (int i = 0; i < 8; i++)
        last[padded - 1 - i] = (uint8_t)((uint64_t)size * 8 >> 8 * i);
    for (size_t block = 0; block < padded; block += 64)
        sha_block(state, last + block);
    return (uint64_t)state[0] << 32 | state[1];
}

static uint64_t sha(void)
{
    if (sha_of((const uint8_t *)"abc", 3) != 0xba7816bf8f01cfea) // FIPS 180-4's example
        return 0;
    return sha_of(buffer_a, sizeof buffer_a) + sha_of(buffer_b, 1234) + sha_of(buffer_b, 63);
}

// Loads of single bytes into every register there is: gcc takes ra for data here.
static uint64_t byte_swaps(void)
{
    uint64_t words[12], sum = 0;
    for (size_t at = 0; at + sizeof words <= 2048; at += sizeof words) {
        for (int i = 0; i < 12; i++) {
            const uint8_t *p = buffer_a + at + i * 8;
            words[i] = (uint64_t)p[7] | (uint64_t)p[6] << 8 | (uint64_t)p[5] << 16 |
                       (uint64_t)p[4] << 24 | (uint64_t)p[3] << 32 | (uint64_t)p[2] << 40 |
                       (uint64_t)p[1] << 48 | (uint64_t)p[0] << 56;
        }
        uint64_t a = words[0], b = words[1], c = words[2], d = words[3], e = words[4], f = words[5];
        uint64_t g = words[6], h = words[7], i = words[8], j = words[9], k = words[10],
                 l = words[11];
        for (int round = 0; round < 4; round++) {
            uint64_t m = a ^ (l >> 3), n = b + (k << 5), o = c * 3 + j, p = d ^ (i >> 7);
            uint64_t q = e - h, r = f + (g >> 1), s = g ^ (f << 9), t = h + e;
            uint64_t u = i ^ d, v = j + c, w = k - b, x = l ^ a;
            a = b ^ m, b = c ^ n, c = d ^ o, d = e ^ p, e = f ^ q, f = g ^ r;
            g = h ^ s, h = i ^ t, i = j ^ u, j = k ^ v, k = l ^ w, l = a ^ x;
        }
        sum += digest(a ^ b ^ c ^ d ^ e ^ f, words, sizeof words) ^ g ^ h ^ i ^ j ^ k ^ l;
        sum ^= random_next();
    }
    return sum;
}

__attribute__((format(printf, 2, 3))) static int print(char *text, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    int n = vsnprintf(text, 20, format, arguments);
    va_end(arguments);
    return n;
}

static uint64_t printing(void)
{
    char text[200];
    uint64_t hash = SEED;
    for (int i = 0; i < 100; i++) {
        unsigned word = (unsigned)random_next(); // one by one: arguments have no order
        unsigned long long large = random_next();
        long long number = (long long)random_next();
        int n = snprintf(text, sizeof text, "%d|%08x|%-12s|%+5d|%#llx|%5.3s|%c|%zu|%%|%lld",
                         i * 7919, word, "left", i - 50, large, "truncated", 'a' + i % 26,
                         (size_t)i << 33, number);
        hash = digest(hash, text, (size_t)n);
        n = print(text, "%-6x|%s|%ld", word >> 12, "cut where it is full", (long)number);
        hash = digest(hash, text, strlen(text)) + (uint64_t)n;
        n = sprintf(text, "%03o %-4u %.*s", i, word % 1000, i % 5, "short");
        hash = digest(hash, text, (size_t)n);
    }
    int scanned = 0, count = sscanf("17 rest", "%d %199s", &scanned, text);
    hash = digest(hash, text, strlen(text)) + (uint64_t)(scanned * count);
    long parsed = strtol("-0x7fEDcba9 rest", NULL, 0);
    return digest(hash, &parsed, sizeof parsed) + (uint64_t)atoi("4711");
}

static jmp_buf escape;

static int dive(int depth)
{
    volatile char frame[100];
    memset((char *)frame, depth, sizeof frame);
    if (depth == 0)
        longjmp(escape, 42);
    return dive(depth - 1) + frame[depth % 100];
}

static uint64_t jumps(void)
{
    volatile uint64_t sum = 0;
    for (volatile int i = 0; i < 20; i++) {
        int value = setjmp(escape);
        if (value == 0)
            sum += (uint64_t)dive(i);
        else
            sum += (uint64_t)(value + i);
    }
    return sum;
}

static uint64_t ackermann(uint64_t m, uint64_t n)
{
    if (m == 0)
        return n + 1;
    return n == 0 ? ackermann(m - 1, 1) : ackermann(m - 1, ackermann(m, n - 1));
}

// Not a loop in disguise: each level has something to do when it comes back.
__attribute__((noinline)) static uint64_t descend(uint32_t depth, uint64_t value)
{
    if (depth == 0)
        return value;
    return descend(depth - 1, value * 3 + depth) ^ (value << (depth & 7));
}

static uint64_t recursion(void)
{
    return ackermann(2, 60) + descend(250, random_next());
}

static uint64_t atomics(void)
{
    static uint64_t counter;
    static uint32_t word = 5;
    static uint8_t flag;
    uint64_t sum = 0;
    for (uint64_t i = 0; i < 100; i++) {
        sum += __atomic_fetch_add(&counter, i, __ATOMIC_SEQ_CST);
        sum ^= __atomic_exchange_n(&word, (uint32_t)(sum & 0xff), __ATOMIC_ACQ_REL);
        uint64_t expected = i % 3 ? counter : 0;
        sum += __atomic_compare_exchange_n(&counter, &expected, counter + 3, false,
                                           __ATOMIC_SEQ_CST, __ATOMIC_RELAXED);
        sum += __atomic_fetch_or(&word, 0x100, __ATOMIC_RELAXED);
        sum += __atomic_fetch_xor(&word, 0xf0f0, __ATOMIC_RELEASE);
        __atomic_store_n(&flag, (uint8_t)i, __ATOMIC_RELEASE);
        sum += __atomic_load_n(&flag, __ATOMIC_ACQUIRE);
        __atomic_thread_fence(__ATOMIC_SEQ_CST);
    }
    return sum + counter;
}

static uint64_t varargs_sum(const char *kinds, ...)
{
    va_list arguments, copy;
    uint64_t sum = 0;
    va_start(arguments, kinds);
    va_copy(copy, arguments);
    for (const char *kind = kinds; *kind; kind++)
        sum = sum * 3 +
              (*kind == 'i' ? (uint64_t)va_arg(arguments, int) : va_arg(arguments, uint64_t));
    for (const char *kind = kinds; *kind; kind++)
        sum ^= *kind == 'i' ? (uint64_t)va_arg(copy, int) : va_arg(copy, uint64_t);
    va_end(copy);
    va_end(arguments);
    return sum;
}

static uint64_t varargs(void)
{
    return varargs_sum("iLiLiLiLiLiLiL", 1, (uint64_t)2 << 40, 3, (uint64_t)4, -5, (uint64_t)6, 7,
                       (uint64_t)8, 9, (uint64_t)10 << 50, 11, (uint64_t)12, -13, (uint64_t)14);
}

static uint64_t interpret(const uint8_t *code, size_t length)
{
    uint64_t a = 1, b = 2, steps = 0;
    for (size_t pc = 0; pc < length; pc++, steps++) {
        switch (code[pc] % 14) {
        case 0:
            a += b;
            break;
        case 1:
            b ^= a;
            break;
        case 2:
            a = a << 3 | a >> 61;
            break;
        case 3:
            b -= 17;
            break;
        case 4:
            a *= 31;
            break;
        case 5:
            b = ~b;
            break;
        case 6:
            if (a & 1)
                pc++;
            break;
        case 7:
            a ^= b >> 9;
            break;
        case 8:
            b += steps;
            break;
        case 9:
            a = a > b ? a - b : b - a;
            break;
        case 10:
            b = __builtin_bswap64(b);
            break;
        case 11:
            a += (uint64_t)__builtin_popcountll(b);
            break;
        case 12:
            b += (uint64_t)__builtin_clzll(a | 1);
            break;
        default:
            a /= (b & 15) + 1;
            break;
        }
    }
    return a ^ b;
}

static uint64_t jump_tables(void)
{
    return interpret(buffer_a, sizeof buffer_a);
}

static uint64_t computed_gotos(void)
{
    static const void *const labels[] = {&&add, &&shift, &&flip, &&done};
    uint64_t value = 1;
    size_t at = 0;
    goto *labels[at];
add:
    value += buffer_a[at];
    goto *labels[at < 4000 ? buffer_a[++at] % 3 : 3];
shift:
    value = value << 1 | value >> 63;
    goto *labels[at < 4000 ? buffer_a[++at] % 3 : 3];
flip:
    value = ~value;
    goto *labels[at < 4000 ? buffer_a[++at] % 3 : 3];
done:
    return value;
}

__attribute__((noinline)) static uint64_t on_stack(size_t length)
{
    uint8_t *bytes = __builtin_alloca(length);
    uint32_t array[length / 4 + 1];
    for (size_t i = 0; i < length; i++)
        bytes[i] = buffer_b[i];
    memcpy(array, bytes, length / 4 * 4);
    return digest(digest(SEED, bytes, length), array, length / 4 * 4);
}

static uint64_t stack_allocation(void)
{
    uint64_t sum = 0;
    for (size_t length = 1; length < 3000; length = length * 3 + 1)
        sum += on_stack(length);
    return sum;
}

__attribute__((noinline)) static uint64_t large_frame(size_t at)
{
    volatile uint8_t frame[10000];
    frame[at] = 7;
    frame[sizeof frame - 1 - at] = 9;
    return frame[at] + (uint64_t)frame[sizeof frame - 1 - at] * digest(SEED, &at, sizeof at);
}

struct wide {
    uint64_t a, b;
    uint32_t array[10];
    struct {
        int8_t small : 3;
        uint32_t large : 29;
    } bits;
};

__attribute__((noinline)) static struct wide wide_make(uint64_t seed)
{
    struct wide wide = {.a = seed, .b = ~seed};
    for (int i = 0; i < 10; i++)
        wide.array[i] = (uint32_t)(seed * (uint64_t)i);
    wide.bits.small = (int8_t)(seed & 3);
    wide.bits.large = (uint32_t)seed & 0x1fffffff;
    return wide;
}

struct pair {
    uint64_t quotient;
    uint32_t rest, divisor;
};

// Comes back in two registers, wide_make()'s in memory.
__attribute__((noinline)) static struct pair pair_make(uint64_t value, uint32_t divisor)
{
    return (struct pair){value / divisor, (uint32_t)(value % divisor), divisor};
}

static uint64_t struct_returns(void)
{
    uint64_t hash = SEED;
    for (uint64_t i = 1; i < 50; i++) {
        struct pair pair = pair_make(hash, (uint32_t)i * 977);
        hash += pair.quotient * 7 + pair.rest * 5 + pair.divisor;
        struct wide wide = wide_make(i * 0x9e3779b97f4a7c15u), copy = wide;
        copy.b += copy.array[i % 10] + copy.bits.large;
        hash = digest(hash, &copy.a, 16);
        hash = digest(hash, copy.array, sizeof copy.array) + large_frame(i * 37);
    }
    return hash;
}

static uint64_t square(uint64_t x)
{
    return x * x;
}

static uint64_t next(uint64_t x)
{
    return x + 1;
}

__attribute__((noinline)) static uint64_t apply(uint64_t (*function)(uint64_t), uint64_t x)
{
    return function(x);
}

static uint64_t function_pointers(void)
{
    static uint64_t (*const functions[])(uint64_t) = {square, next, square};
    uint64_t value = 3;
    for (int i = 0; i < 100; i++)
        value = apply(functions[random_next() % 3], value) % 1000003;
    return value;
}

static uint64_t strings(void)
{
    char text[64], list[] = "alpha,beta,,gamma,delta";
    uint64_t sum = 0;
    for (int i = 0; i < 200; i++) {
        size_t length = random_next() % 40, other = random_next() % 40;
        memset(text, 'x', sizeof text);
        text[length] = 0;
        buffer_b[100 + other] = 0;
        memset(buffer_b + 100, 'x', other);
        int order = strcmp(text, (char *)buffer_b + 100);
        sum = sum * 5 + strlen(text) + (order > 0) + 2u * (order < 0);
        order = strncmp(text + 1, (char *)buffer_b + 101, 7);
        sum = sum * 5 + (order > 0) + 2u * (order < 0) + (strchr(text, 'y') != NULL);
        order = memcmp(buffer_a + length, buffer_a + other, 32);
        sum = sum * 5 + (order > 0);
    }
    for (char *word = strtok(list, ","); word; word = strtok(NULL, ","))
        sum = digest(sum, word, strlen(word));
    return sum + (strstr("a haystack with a needle", "needle") != NULL);
}

static const struct {
    const char *name;
    uint64_t (*run)(void);
} workloads[] = {
    {"copies", copies},
    {"crc", crc},
    {"sorting", sorting},
    {"hash_table", hash_table},
    {"lru_cache", lru_cache},
    {"sha", sha},
    {"byte_swaps", byte_swaps},
    {"printing", printing},
    {"jumps", jumps},
    {"recursion", recursion},
    {"atomics", atomics},
    {"varargs", varargs},
    {"jump_tables", jump_tables},
    {"computed_gotos", computed_gotos},
    {"stack_allocation", stack_allocation},
    {"struct_returns", struct_returns},
    {"function_pointers", function_pointers},
    {"strings", strings},
};

int workloads_run(void)
{
    buffers_fill();
    for (size_t i = 0; i < sizeof workloads / sizeof workloads[0]; i++) {
        char line[80];
        int length = snprintf(line, sizeof line, "%s %016llx\n", workloads[i].name,
                              (unsigned long long)workloads[i].run());
        workload_say(line, (size_t)length);
    }
    return 0;
}
