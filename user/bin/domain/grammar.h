// SPDX-License-Identifier: MIT
// What may be typed behind `domain`: one table, from which come the usage, the check of a command
// before it is given, and what the shell's Tab offers.
#pragma once

#include <stdio.h>

/* Words behind a command's own that the table knows. */
#define WORDS_KNOWN 4

struct command {
    const char *synopsis; /* begins with the command's own word */
    const char *purpose;
    int least, most; /* words behind it */
    /* For each of them what it may be: letters (s a service, i an image, c a class of faults), then
       words behind slashes, which the system judges. '=' before these: it is one of them, and
       judged here; '+': and another word follows. NULL: a file, or a number. */
    const char *kinds[WORDS_KNOWN];
};

/* What `domain help` prints. */
void usage_print(FILE *to);

/* The command of that name; NULL if there is none. */
const struct command *command_find(const char *name);

/* Returns if these are words of such a command; else says which is wrong, and exits with 2.
   words[0] is the command's own. */
void command_check(const struct command *command, char *const words[], int count);

/* What may stand behind these words of a command, one a line; nothing where files may. */
void words_print(char *const words[], int count);
