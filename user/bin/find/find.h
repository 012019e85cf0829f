// SPDX-License-Identifier: MIT
// Between the parts of find: a walk over folders, and the expression that each entry is put to.
#pragma once

#include <stdbool.h>
#include <sys/stat.h>

struct entry {
    const char *path, *name;
    const struct stat *info;
};

/* Settings that stand in the expression but are about the walk. */
struct walk_limits {
    long least_depth, most_depth;
    bool folders_last; /* -depth, and -delete */
};

/* Checks the words of an expression, a NULL behind them; ends the tool with a usage error where it
   is none. */
void expression_begin(char **words, struct walk_limits *limits);

/* Does what the expression says with an entry. False: what is in it is not wanted (-prune). */
bool expression_run(const struct entry *entry);

/* Takes the words of a command behind -exec, with their end, and runs it with the path for each {}.
   True if it ends with status 0, or will run later with other paths. `entry` NULL: it is only
   checked and passed over. */
bool command_take(char ***next, const struct entry *entry);

/* Runs what has been collected for commands that take many paths. */
void commands_finish(void);
