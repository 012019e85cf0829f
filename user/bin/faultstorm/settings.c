// SPDX-License-Identifier: MIT
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "storm.h"
#include "target.h"
#include "tool.h"

#define FAULTS_USUAL 1000
#define FAULTS_MAX   100000000ul

const char usage[] =
    "[--faults=N] [--seed=N] [--classes=CLASS,...] [--targets=NAME,...] [--mutate] [-j]\n"
    "  --faults   how many (1000)\n"
    "  --seed     of everything that is decided by chance (the time)\n"
    "  --classes  of faults (all; see `domain fault list`)\n"
    "  --targets  services to break (all that can be loaded with requests here)\n"
    "  --mutate   drivers with seeded bugs on scratch devices instead of faults\n"
    "  -j         the result as one JSON object";

const char *const class_names[CLASSES] = {
#define FAULT_CLASS(name, does) [FAULT_##name - 1] = #name,
    FAULT_CLASSES(FAULT_CLASS)
#undef FAULT_CLASS
};

_Noreturn static void refuse(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    fputs("faultstorm: ", stderr);
    vfprintf(stderr, format, arguments);
    fprintf(stderr, "\nusage: faultstorm %s\n", usage);
    exit(2);
}

/* The value behind "--name=", or NULL if the word is another option. */
static const char *value_of(const char *word, const char *name)
{
    size_t length = strlen(name);
    if (strncmp(word, "--", 2) != 0 || strncmp(word + 2, name, length) != 0 ||
        word[2 + length] != '=')
        return NULL;
    return word + 2 + length + 1;
}

static uint64_t number_parse(const char *name, const char *text, uint64_t low, uint64_t high)
{
    char *end;
    errno = 0;
    uint64_t number = strtoul(text, &end, 10);
    if (*text < '0' || *text > '9' || *end || errno || number < low || number > high)
        refuse("--%s=%s: must be a whole number from %lu to %lu", name, text, low, high);
    return number;
}

static const char *class_name(unsigned place)
{
    return place < CLASSES ? class_names[place] : NULL;
}

static const char *target_name(unsigned place)
{
    return place < target_count ? targets[place].name : NULL;
}

/* Sets the flag of each name in the list. */
static void names_parse(const char *option, const char *list, const char *(*name)(unsigned place),
                        bool *chosen)
{
    for (const char *word = list;; word++) {
        size_t length = strcspn(word, ",");
        unsigned place = 0;
        while (name(place) &&
               (strlen(name(place)) != length || strncmp(name(place), word, length) != 0))
            place++;
        if (!name(place))
            refuse("--%s: there is no %.*s", option, (int)length, word);
        chosen[place] = true;
        word += length;
        if (!*word)
            return;
    }
}

static bool any(const bool *chosen, unsigned count)
{
    for (unsigned i = 0; i < count; i++)
        if (chosen[i])
            return true;
    return false;
}

static uint64_t seed_make(void)
{
    uint64_t seed = nanoseconds_now();
    int file = open("/dev/urandom", O_RDONLY);
    if (file >= 0) {
        uint64_t random = 0;
        if (read(file, &random, sizeof random) == sizeof random)
            seed ^= random;
        close(file);
    }
    return seed & 0x7fffffff;
}

static void option_parse(struct settings *settings, const char *word)
{
    const char *value;
    if ((value = value_of(word, "faults")))
        settings->faults = number_parse("faults", value, 1, FAULTS_MAX);
    else if ((value = value_of(word, "seed")))
        settings->seed = number_parse("seed", value, 0, UINT64_MAX);
    else if ((value = value_of(word, "classes")))
        names_parse("classes", value, class_name, settings->classes);
    else if ((value = value_of(word, "targets")))
        names_parse("targets", value, target_name, settings->targets);
    else if (strcmp(word, "--mutate") == 0)
        settings->mutate = true;
    else if (strcmp(word, "-j") == 0)
        settings->json = true;
    else
        refuse("unknown option %s", word);
}

void settings_parse(struct settings *settings, int argc, char **argv)
{
    *settings = (struct settings){.faults = FAULTS_USUAL, .seed = seed_make()};
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "-h") == 0 || strcmp(argv[i], "--help") == 0) {
            printf("usage: faultstorm %s\n", usage);
            exit(tool_status());
        }
        option_parse(settings, argv[i]);
    }
    settings->named_targets = any(settings->targets, TARGETS_MAX);
    for (unsigned i = 0; i < CLASSES && !any(settings->classes, CLASSES); i++)
        memset(settings->classes, true, sizeof settings->classes);
    for (unsigned i = 0; i < target_count && !settings->named_targets; i++)
        settings->targets[i] = true;
}
