// SPDX-License-Identifier: MIT
// test-sources: kernel/verify.c kernel/elf.c tests/fuzz/model.c tests/fuzz/mutate.c
// test-flags: -fno-sanitize=all -O3
//
// Mutants of real domains' text, judged by the verifier and by the model.
// fuzz_mutants [--seed=N] [--rounds=N] [--only=N] DOMAIN.elf...
//
// A mutant differs from accepted text in one to three places: a bit or a register flipped, an
// instruction replaced, copied, swapped with its neighbour, or deleted with what follows moved up.
// Both must name the same first offence or both accept. Ends with status 1 where they do not, and
// says how to make the same mutant again.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "kernel/elf.h"
#include "kernel/verify.h"
#include "tests/fuzz/model.h"
#include "tests/fuzz/mutate.h"

#define TEXT_OFFSET 0x10000

struct original {
    const char *path;
    uint32_t *words;
    size_t count;
};

// The places that a mutant changed: everything outside is as it was.
struct damage {
    size_t from, to;
};

static void die(const char *path, const char *why)
{
    fprintf(stderr, "fuzz_mutants: %s: %s\n", path, why);
    exit(2);
}

static struct original original_read(const char *path)
{
    static uint8_t bytes[8 << 20];
    FILE *file = fopen(path, "rb");
    if (!file)
        die(path, "cannot be read (build it with make)");
    size_t size = fread(bytes, 1, sizeof bytes, file);
    fclose(file);
    struct elf_image image;
    const char *reason = "";
    if (elf_parse(bytes, size, &image, &reason))
        die(path, reason);
    struct original original = {.path = path, .count = image.text.file_size / 4};
    original.words = malloc(original.count * 4);
    if (!original.words || original.count < 256)
        die(path, "has too little text");
    memcpy(original.words, bytes + image.text.file_offset, original.count * 4);
    if (!verify_text(original.words, original.count, TEXT_OFFSET).ok)
        die(path, "is refused as it is");
    return original;
}

static void place_mutate(struct original *text, size_t place, struct damage *damage)
{
    size_t reach = mutate_place(text->words, text->count, place);
    if (place < damage->from)
        damage->from = place;
    if (place + reach > damage->to)
        damage->to = place + reach;
}

// The model looks at what changed and the two words before, since all else was accepted; now and
// then at all of it.
static size_t model_judge(const struct original *text, const struct damage *damage, bool whole)
{
    size_t from = whole || damage->from < 2 ? 0 : damage->from - 2;
    size_t to = whole ? text->count : damage->to;
    size_t refused = model_first_refused(text->words, text->count, TEXT_OFFSET, from, to);
    return refused == to ? text->count : refused;
}

// Makes mutant number `round`, judges it, repairs the text. Returns whether it was accepted.
static bool round_run(struct original *originals, size_t count, uint64_t seed, uint64_t round)
{
    mutate_seed(seed * 1000003 + round);
    struct original *text = &originals[mutate_below(count)];
    struct damage damage = {.from = SIZE_MAX};
    uint32_t kept[256];
    size_t window = mutate_below(text->count - 255);
    memcpy(kept, text->words + window, sizeof kept);
    for (size_t changes = 1 + mutate_below(3); changes; changes--)
        place_mutate(text, window + mutate_below(200), &damage);

    struct verify_result result = verify_text(text->words, text->count, TEXT_OFFSET);
    size_t verifier = result.ok ? text->count : (size_t)(result.offset - TEXT_OFFSET) / 4;
    size_t model = model_judge(text, &damage, round % 64 == 0);
    if (verifier != model) {
        size_t place = verifier < model ? verifier : model;
        printf("%s: 0x%08x at 0x%zx: the verifier %s it, the model %s it\n"
               "again with: --seed=%llu --only=%llu\n",
               text->path, text->words[place], TEXT_OFFSET + place * 4,
               verifier > place ? "takes" : "refuses", model > place ? "takes" : "refuses",
               (unsigned long long)seed, (unsigned long long)round);
        exit(1);
    }
    memcpy(text->words + window, kept, sizeof kept);
    return result.ok;
}

int main(int argc, char **argv)
{
    enum { MOST = 64 };
    static struct original originals[MOST];
    size_t count = 0;
    uint64_t seed = 1, first = 0, rounds = 10000, accepted = 0;
    for (int i = 1; i < argc; i++) {
        if (!strncmp(argv[i], "--seed=", 7))
            seed = strtoull(argv[i] + 7, NULL, 10);
        else if (!strncmp(argv[i], "--rounds=", 9))
            rounds = strtoull(argv[i] + 9, NULL, 10);
        else if (!strncmp(argv[i], "--only=", 7))
            first = strtoull(argv[i] + 7, NULL, 10), rounds = 1;
        else if (count < MOST)
            originals[count++] = original_read(argv[i]);
    }
    if (!count) {
        fprintf(stderr, "usage: fuzz_mutants [--seed=N] [--rounds=N] [--only=N] DOMAIN.elf...\n");
        return 2;
    }
    model_prepare();
    for (uint64_t round = first; round < first + rounds; round++)
        accepted += round_run(originals, count, seed, round);
    printf("seed %llu: %llu mutants of %zu domains: no difference; %llu accepted, %llu refused\n",
           (unsigned long long)seed, (unsigned long long)rounds, count,
           (unsigned long long)accepted, (unsigned long long)(rounds - accepted));
    for (size_t i = 0; i < count; i++)
        free(originals[i].words);
    return 0;
}
