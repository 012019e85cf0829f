// SPDX-License-Identifier: MIT
// test-sources: kernel/verify.c tests/fuzz/model.c
// test-flags: -fno-sanitize=all -O3 -pthread
//
// Every instruction word, judged by the verifier and by the model. fuzz_words [--quick]
//
// All 2^32 words take each place that rules look at: alone, before each tail of a guard sequence,
// as the tail itself, at the end of a text. --quick takes 2^26 words spread over all, and all words
// whose registers are among those that rules speak of.
//
// Ends with status 1 at the first word that the two judge differently, and shows it. The sanitizers
// are off: they would make hours of it.
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "kernel/verify.h"
#include "tests/fuzz/model.h"

#define TEXT_OFFSET 0x10000

enum {
    EBREAK = 0x00100073,
    MV_RA_T0 = 0x00028093,
    MV_SP_T0 = 0x00028113,
    ANDI_RA_RA = (int)0xffc0f093,
    ADD_UW_RA_RA_GP = 0x083080bb,
    ADD_UW_RA_T0_GP = 0x083280bb,
    ADD_UW_SP_SP_GP = 0x0831013b,
};

// A text of up to four words in which the word that is tried has the place `place`.
struct context {
    const char *name;
    uint32_t words[4];
    uint32_t count, place;
};

static const struct context contexts[] = {
    {"between aborts", {EBREAK, 0, EBREAK, EBREAK}, 4, 1},
    {"before andi ra, ra, -4", {0, (uint32_t)ANDI_RA_RA, EBREAK}, 3, 0},
    {"before both guards of ra", {0, ADD_UW_RA_RA_GP, (uint32_t)ANDI_RA_RA}, 3, 0},
    {"before add.uw sp, sp, gp", {0, ADD_UW_SP_SP_GP, EBREAK}, 3, 0},
    {"as the last word", {0}, 1, 0},
    {"behind add.uw ra, t0, gp", {ADD_UW_RA_T0_GP, 0, EBREAK}, 3, 1},
    {"behind mv ra, t0", {MV_RA_T0, 0, (uint32_t)ANDI_RA_RA}, 3, 1},
    {"as the last guard of ra", {MV_RA_T0, ADD_UW_RA_RA_GP, 0}, 3, 2},
    {"behind mv sp, t0", {MV_SP_T0, 0, EBREAK}, 3, 1},
};
#define CONTEXTS (sizeof contexts / sizeof contexts[0])

static _Atomic uint64_t judged, accepted;

// The verdicts as the index of the first offence, `count` if there is none.
static void compare(const uint32_t *words, size_t count, uint64_t offset, const char *where)
{
    struct verify_result result = verify_text(words, count, offset);
    size_t verifier = result.ok ? count : (size_t)(result.offset - offset) / 4;
    size_t model = model_first_refused(words, count, offset, 0, count);
    if (verifier == model)
        return;
    size_t place = verifier < model ? verifier : model;
    printf("0x%08x (%s) %s, word %zu of %zu at 0x%llx: the verifier %s it, the model %s it\n",
           words[place], model_mnemonic(words[place]) ?: "unknown", where, place, count,
           (unsigned long long)offset, verifier > place ? "takes" : "refuses",
           model > place ? "takes" : "refuses");
    exit(1);
}

static void compare_in(const struct context *context, uint32_t word)
{
    uint32_t words[4];
    memcpy(words, context->words, sizeof words);
    words[context->place] = word;
    compare(words, context->count, TEXT_OFFSET, context->name);
}

struct share {
    uint64_t first, step;
    bool quick;
};

// Words are taken in the order of a full cycle through all of them, so any part is spread.
static void *words_compare(void *argument)
{
    const struct share *share = argument;
    uint64_t end = (uint64_t)1 << (share->quick ? 26 : 32), taken = 0, count = 0;
    for (uint64_t i = share->first; i < end; i += share->step) {
        uint32_t word = (uint32_t)(i * 0x9e3779b1u);
        for (size_t c = 0; c < CONTEXTS; c++)
            compare_in(&contexts[c], word);
        uint32_t alone[] = {word, EBREAK, EBREAK};
        taken += model_accepts(alone, 3, TEXT_OFFSET, 0);
        count++;
    }
    judged += count;
    accepted += taken;
    return NULL;
}

// All words of which each register is one that a rule names, or t0, or the last one.
static void *registers_compare(void *argument)
{
    static const uint32_t named[] = {0, 1, 2, 3, 4, 5, 25, 26, 31};
    const struct share *share = argument;
    uint64_t count = 0;
    for (uint32_t rest = (uint32_t)share->first; rest < 1u << 17; rest += (uint32_t)share->step) {
        // funct7, funct3, opcode
        uint32_t base = (rest >> 10) << 25 | (rest >> 7 & 7) << 12 | (rest & 0x7f);
        if ((base & 3) != 3)
            continue;
        for (size_t i = 0; i < 9 * 9 * 9; i++) {
            uint32_t word = base | named[i % 9] << 7 | named[i / 9 % 9] << 15 | named[i / 81] << 20;
            for (size_t c = 0; c < CONTEXTS; c++)
                compare_in(&contexts[c], word);
            count++;
        }
    }
    judged += count;
    return NULL;
}

// Jumps from the middle of texts that end or begin within their reach. Word 0 is on no list, so a
// verdict ends one word behind the jump and long texts cost nothing.
static void *targets_compare(void *argument)
{
    enum { LONGEST = 1 << 18, BEHIND = 1500 };
    const struct share *share = argument;
    uint32_t *words = calloc(LONGEST + BEHIND, 4);
    if (!words)
        exit(2);
    for (size_t i = 0; i < BEHIND; i++)
        words[i] = EBREAK;
    for (uint64_t i = share->first; i < 1u << 20; i += share->step) {
        uint32_t jal = (uint32_t)i << 12 | 0x6f | (i % 3 == 0 ? 1u << 7 : 0);
        uint32_t branch = (uint32_t)(i & 0x7f) << 25 | (uint32_t)(i >> 7 & 31) << 7 | 0x63;
        int32_t reach = (int32_t)((uint32_t)(i >> 19 & 1) << 31 | (uint32_t)(i & 0xff) << 23 |
                                  (uint32_t)(i >> 8 & 1) << 22 | (uint32_t)(i >> 9 & 0x3ff) << 12);
        size_t target = (size_t)(reach < 0 ? 0 : reach >> 13);
        words[0] = jal;
        for (size_t more = 0; more < 3; more++)
            compare(words, 1 + target + more > LONGEST ? LONGEST : 1 + target + more, TEXT_OFFSET,
                    "at the beginning of a text");
        words[0] = EBREAK;
        if (i / share->step % (share->quick ? 256 : 16))
            continue;
        size_t before = i * 7 % (BEHIND - 2);
        words[before] = i & 16384 ? jal : branch;
        words[before + 1] = 0;
        compare(words, BEHIND + i % LONGEST, TEXT_OFFSET, "inside a text");
        words[before] = words[before + 1] = EBREAK;
    }
    free(words);
    return NULL;
}

// auipc s10 at the corners of a slot: all that it can add.
static void *corners_compare(void *argument)
{
    static const uint64_t offsets[] = {0, 0x10000, 0x7ffffffc, 0x80000000, 0xfffff000, 0xfffffff8};
    const struct share *share = argument;
    for (uint64_t i = share->first; i < 1u << 20; i += share->step) {
        uint32_t words[] = {EBREAK, (uint32_t)i << 12 | 26u << 7 | 0x17, EBREAK};
        for (size_t k = 0; k < sizeof offsets / sizeof offsets[0]; k++)
            compare(words, 3, offsets[k], "as auipc s10");
    }
    return NULL;
}

static void in_threads(void *(*work)(void *), bool quick)
{
    enum { MOST = 64 };
    long count = sysconf(_SC_NPROCESSORS_ONLN);
    pthread_t threads[MOST];
    struct share shares[MOST];
    count = count < 1 ? 1 : count > MOST ? MOST : count;
    for (long i = 0; i < count; i++) {
        shares[i] = (struct share){(uint64_t)i, (uint64_t)count, quick};
        if (pthread_create(&threads[i], NULL, work, &shares[i]))
            exit(2);
    }
    for (long i = 0; i < count; i++)
        pthread_join(threads[i], NULL);
}

int main(int argc, char **argv)
{
    bool quick = argc > 1 && !strcmp(argv[1], "--quick");
    model_prepare();
    in_threads(corners_compare, quick);
    in_threads(targets_compare, quick);
    if (quick)
        in_threads(registers_compare, quick);
    in_threads(words_compare, quick);
    printf("%llu words in %zu places: no difference; between aborts %llu of them are accepted\n",
           (unsigned long long)judged, CONTEXTS, (unsigned long long)accepted);
    return 0;
}
