// SPDX-License-Identifier: MIT
// generate [--seed=N] [--count=N] [--name=NAME] [--unsound] VICTIM.elf VICTIM.debug.elf COVERAGE
// OUTPUT
//
// Makes an image of the victim (victim/victim.c) with as many mutants as its reserve of text has
// room for: copies of functions, each with one to three places changed that the copy's work passes,
// that the model of the verifier accepts; and at the end the verifier must accept the whole.
// COVERAGE has a line `CASE OFFSET` in hexadecimal for each instruction that a case passes; case
// 0xff: what the victim's start passes. Prints how many mutants there are.
//
// --unsound: only mutants that the model refuses and this program's verifier accepts. The tests
// link it with one that has a seeded bug.
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "kernel/abi/layout.h"
#include "kernel/abi/manifest.h"
#include "kernel/verify.h"
#include "tests/fuzz/model.h"
#include "tests/fuzz/mutate.h"
#include "tests/mutants/copy.h"
#include "tests/mutants/victim/mutants.h"

#define START_CASE   0xff
#define PADDING      2 // aborts between copies: no rule looks further
#define TRIES_MAX    100
#define FUNCTION_MAX 16384 // words

struct passed {
    uint32_t work, offset;
    struct function *function;
};

struct settings {
    uint64_t seed, count;
    const char *name;
    bool unsound;
};

static struct image_file image;
static struct function functions[FUNCTIONS_MAX];
static size_t function_count;
static struct passed *passed; // by function, case and place; not what the start passes
static size_t passed_count;

static struct mutant *made;
static uint32_t made_count;
static size_t used, end; // of the reserve, in words of the text
static uint64_t tried;

static struct function *function_at(uint32_t offset)
{
    for (size_t i = 0; i < function_count; i++) {
        if (offset >= functions[i].body && offset < functions[i].end)
            return &functions[i];
    }
    return NULL;
}

static int passed_compare(const void *left, const void *right)
{
    const struct passed *a = left, *b = right;
    if (a->function != b->function)
        return a->function < b->function ? -1 : 1;
    if (a->work != b->work)
        return a->work < b->work ? -1 : 1;
    return a->offset < b->offset ? -1 : a->offset > b->offset;
}

static void coverage_read(const char *path)
{
    FILE *file = fopen(path, "r");
    struct passed line;
    size_t capacity = 0, kept = 0;
    if (!file)
        die(path, "cannot be read");
    while (fscanf(file, "%x %x", &line.work, &line.offset) == 2) {
        line.function = function_at(line.offset);
        if (!line.function)
            continue;
        if (line.work == START_CASE) {
            line.function->at_start = true;
            continue;
        }
        if (passed_count == capacity)
            passed = realloc(passed, (capacity = capacity * 2 + 1024) * sizeof *passed);
        passed[passed_count++] = line;
    }
    fclose(file);
    for (size_t i = 0; i < passed_count; i++) {
        if (!passed[i].function->at_start)
            passed[kept++] = passed[i];
    }
    passed_count = kept;
    if (!passed_count)
        die(path, "no function that can be mutated is passed");
    qsort(passed, passed_count, sizeof *passed, passed_compare);
    for (size_t i = passed_count; i-- > 0;) {
        passed[i].function->first_passed = i;
        passed[i].function->passed_count++;
    }
}

// An instruction that is passed: small functions come as often as large ones.
static const struct passed *passed_choose(void)
{
    const struct function *function;
    do
        function = &functions[mutate_below(function_count)];
    while (!function->passed_count);
    return &passed[function->first_passed + mutate_below(function->passed_count)];
}

// The same place, or one of those that the same case passes before or after it.
static size_t place_choose(const struct passed *near)
{
    for (int tries = 0; tries < 100; tries++) {
        const struct passed *other = near - 16 + mutate_below(33);
        if (other >= passed && other < passed + passed_count && other->work == near->work &&
            other->function == near->function)
            return (other->offset - near->function->body) / 4;
    }
    return (near->offset - near->function->body) / 4;
}

static bool is_accepted(size_t from, size_t count, bool unsound)
{
    bool sound = model_first_refused(image.words, image.count, SLOT_TEXT, from, from + count) ==
                 from + count;
    if (!unsound)
        return sound;
    return !sound && verify_text(image.words, image.count, SLOT_TEXT).ok;
}

// Tries one mutant behind the others. False: there is no room left.
static bool mutant_make(const struct settings *settings)
{
    static uint32_t copy[FUNCTION_MAX];
    const struct passed *which = passed_choose();
    const struct function *function = which->function;
    size_t count = (function->end - function->body) / 4;
    if (count > FUNCTION_MAX)
        return true;
    if (used + count + 2 * PADDING > end)
        return false;
    uint32_t *place = image.words + used;
    tried++;
    if (!function_copy(&image, function, used))
        return true;
    memcpy(copy, place, count * 4);
    for (size_t changes = 1 + mutate_below(3); changes; changes--)
        mutate_place(place, count, place_choose(which));
    if (memcmp(copy, place, count * 4) != 0 && is_accepted(used, count, settings->unsound)) {
        made[made_count++] = (struct mutant){
            .function = (uint32_t)(function - functions),
            .entry = (uint32_t)(SLOT_TEXT + used * 4),
            .work = which->work,
        };
        used += count + PADDING;
        return true;
    }
    for (size_t i = 0; i < count; i++)
        place[i] = EBREAK;
    return true;
}

static void image_prepare(const struct settings *settings)
{
    uint32_t *table = image_data(&image, "mutant_functions", sizeof(uint32_t) * FUNCTIONS_MAX);
    for (size_t i = 0; i < function_count; i++) {
        table[i] = functions[i].body;
        stub_write(&image, &functions[i], image_symbol(&image, "mutant_entry") + i * 8);
    }
    made = image_data(&image, "mutants", sizeof *made * MUTANTS_MAX);
    used = (image_symbol(&image, "mutants_reserve") - SLOT_TEXT) / 4 + PADDING;
    end = used + image_symbol_size(&image, "mutants_reserve") / 4 - PADDING;
    struct domain_header *header = image_data(&image, "domain_header", sizeof *header);
    if (settings->name)
        snprintf(header->name, sizeof header->name, "%s", settings->name);
}

static struct settings settings_read(int argc, char **argv, const char **paths)
{
    struct settings settings = {.seed = 1, .count = MUTANTS_MAX};
    int named = 0;
    for (int i = 1; i < argc; i++) {
        if (!strncmp(argv[i], "--seed=", 7))
            settings.seed = strtoull(argv[i] + 7, NULL, 10);
        else if (!strncmp(argv[i], "--count=", 8))
            settings.count = strtoull(argv[i] + 8, NULL, 10);
        else if (!strncmp(argv[i], "--name=", 7))
            settings.name = argv[i] + 7;
        else if (!strcmp(argv[i], "--unsound"))
            settings.unsound = true;
        else if (named < 4)
            paths[named++] = argv[i];
    }
    if (named != 4) {
        fprintf(stderr,
                "usage: generate [--seed=N] [--count=N] [--name=NAME] [--unsound] VICTIM.elf "
                "VICTIM.debug.elf COVERAGE OUTPUT\n");
        exit(2);
    }
    settings.count = settings.count < MUTANTS_MAX ? settings.count : MUTANTS_MAX;
    return settings;
}

int main(int argc, char **argv)
{
    const char *paths[4];
    struct settings settings = settings_read(argc, argv, paths);
    model_prepare();
    mutate_seed(settings.seed * 1000003);
    image = image_read(paths[0], paths[1]);
    function_count = functions_find(&image, functions, FUNCTIONS_MAX);
    coverage_read(paths[2]);
    image_prepare(&settings);
    while (made_count < settings.count && mutant_make(&settings) &&
           tried < TRIES_MAX * (settings.count + 1))
        ;
    struct verify_result result = verify_text(image.words, image.count, SLOT_TEXT);
    if (!result.ok) {
        printf("0x%08x at 0x%llx: the model takes it, the verifier says: %s\n", result.word,
               (unsigned long long)result.offset, result.why);
        return 1;
    }
    *(uint32_t *)image_data(&image, "mutant_count", sizeof(uint32_t)) = made_count;
    image_write(&image, paths[3]);
    printf("%u mutants of %zu functions, %llu tried\n", made_count, function_count,
           (unsigned long long)tried);
    return 0;
}
