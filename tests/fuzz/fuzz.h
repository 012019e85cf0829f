// SPDX-License-Identifier: MIT
// What the fuzzers share: random numbers that a seed reproduces, mutations, and the main loop.
//
// A fuzzer is FUZZER [--seed=N] [--rounds=N] [FILE...]; the files are good inputs to mutate. It
// ends with status 0, or is stopped by the sanitizers or a failed claim; then the seed and the
// round are the last line on stderr, and `--seed=N --rounds=R` shows it again.
#pragma once
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct fuzz_input {
    uint8_t *bytes;
    size_t size;
};

// Provided by the fuzzer: judges one input. `bytes` lie exactly in a heap block, so that the
// address sanitizer sees every access past their end.
void fuzz_one(const uint8_t *bytes, size_t size);

// Ends the program with one line if CONDITION does not hold.
#define fuzz_claim(condition, sentence)                                                            \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            fprintf(stderr, "%s:%d: not so: %s\n", __FILE__, __LINE__, sentence);                  \
            abort();                                                                               \
        }                                                                                          \
    } while (0)

static uint64_t fuzz_state;
static uint64_t fuzz_seed = 1;
static unsigned long fuzz_round;

// splitmix64 (Steele, Lea, Flood 2014).
static inline uint64_t fuzz_random(void)
{
    uint64_t value = fuzz_state += 0x9e3779b97f4a7c15u;
    value = (value ^ value >> 30) * 0xbf58476d1ce4e5b9u;
    value = (value ^ value >> 27) * 0x94d049bb133111ebu;
    return value ^ value >> 31;
}

static inline uint64_t fuzz_below(uint64_t limit)
{
    return limit ? fuzz_random() % limit : 0;
}

// Values that parsers trip over.
static inline uint64_t fuzz_awkward(void)
{
    static const uint64_t values[] = {0,          1,          3,          0x7f,
                                      0xff,       0xffff,     0x7fffffff, 0x80000000,
                                      0xffffffff, 1ull << 32, 1ull << 63, UINT64_MAX,
                                      0x10000,    4096,       4095,       UINT64_MAX - 7};
    return values[fuzz_below(sizeof(values) / sizeof(values[0]))];
}

// Changes a few places of the input; fields of headers, near the start, more often than the rest.
static void fuzz_mutate(uint8_t *bytes, size_t size)
{
    for (uint64_t changes = 1 + fuzz_below(4); changes && size; changes--) {
        size_t place = fuzz_below(fuzz_below(2) ? size : size < 512 ? size : 512);
        size_t width = (size_t)1 << fuzz_below(4);
        uint64_t value = fuzz_below(2) ? fuzz_awkward() : fuzz_random();
        if (place + width > size)
            width = size - place;
        if (fuzz_below(3) == 0)
            bytes[place] ^= (uint8_t)(1u << fuzz_below(8));
        else
            memcpy(bytes + place, &value, width);
    }
}

static struct fuzz_input fuzz_file(const char *path)
{
    FILE *file = fopen(path, "rb");
    struct fuzz_input input = {0};
    if (!file) {
        perror(path);
        exit(2);
    }
    fseek(file, 0, SEEK_END);
    input.size = (size_t)ftell(file);
    input.bytes = malloc(input.size + 1);
    rewind(file);
    if (fread(input.bytes, 1, input.size, file) != input.size)
        exit(2);
    fclose(file);
    return input;
}

// One input: a good one mutated and sometimes cut, or noise.
static void fuzz_round_run(const struct fuzz_input *inputs, size_t count)
{
    fuzz_state = fuzz_seed * 1000003 + fuzz_round;
    bool noise = !count || fuzz_below(16) == 0;
    const struct fuzz_input *input = noise ? NULL : &inputs[fuzz_below(count)];
    size_t size = noise ? fuzz_below(4096) : input->size;
    if (!noise && fuzz_below(8) == 0)
        size = fuzz_below(size);
    uint8_t *bytes = malloc(size ? size : 1);
    for (size_t i = 0; noise && i < size; i++)
        bytes[i] = (uint8_t)fuzz_random();
    if (!noise) {
        memcpy(bytes, input->bytes, size);
        fuzz_mutate(bytes, size);
    }
    fuzz_one(bytes, size);
    free(bytes);
}

static void fuzz_tell(void)
{
    char line[128];
    int length = snprintf(line, sizeof(line), "again with: --seed=%llu --only=%lu\n",
                          (unsigned long long)fuzz_seed, fuzz_round);
    if (write(STDERR_FILENO, line, (size_t)length) < 0)
        _exit(3);
}

static void fuzz_stopped(int signal_number)
{
    fuzz_tell();
    signal(signal_number, SIG_DFL);
    raise(signal_number);
}

// Called by the sanitizers before they end the program.
void __sanitizer_set_death_callback(void (*callback)(void));

int main(int argc, char **argv)
{
    struct fuzz_input inputs[64];
    size_t count = 0;
    unsigned long rounds = 10000, first = 0;

    for (int i = 1; i < argc; i++) {
        if (!strncmp(argv[i], "--seed=", 7))
            fuzz_seed = strtoull(argv[i] + 7, NULL, 10);
        else if (!strncmp(argv[i], "--rounds=", 9))
            rounds = strtoul(argv[i] + 9, NULL, 10);
        else if (!strncmp(argv[i], "--only=", 7))
            rounds = 1, first = strtoul(argv[i] + 7, NULL, 10);
        else if (count < sizeof(inputs) / sizeof(inputs[0]))
            inputs[count++] = fuzz_file(argv[i]);
    }
    signal(SIGABRT, fuzz_stopped);
    __sanitizer_set_death_callback(fuzz_tell);
    for (fuzz_round = first; fuzz_round < first + rounds; fuzz_round++)
        fuzz_round_run(inputs, count);
    for (size_t i = 0; i < count; i++)
        free(inputs[i].bytes);
    return 0;
}
