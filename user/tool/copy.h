// SPDX-License-Identifier: MIT
// What cp and mv share: copying files and trees, their options, and their two forms of operands.
#pragma once

#include <stdbool.h>

extern struct copy_options {
    bool recursive; /* folders with all that is in them; links stay links */
    bool keep;      /* mode, owner and times */
    bool links;     /* links stay links without `recursive`, too */
    bool force;     /* a target that cannot be written is deleted and made anew */
    bool ask;       /* before something is overwritten */
    bool leave;     /* what is there stays as it is */
    bool verbose;   /* each copy is told */
} copy_options;

/* False where `to` is there and is to be left, by option or after a question. */
bool copy_wanted(const char *to);

/* Tells of a copy or move that was made, if that is wanted. */
void copy_tell(const char *from, const char *to);

/* Copies what the options allow. Reports what fails, deletes a file that it began, and returns -1
   if anything did. */
int path_copy(const char *from, const char *to);

/* Calls `work` with source and target of each operand: `FROM TO`, or `PATH... FOLDER`, where the
   target is the name in the folder. */
void copy_operands(int argc, char **argv, void (*work)(const char *from, const char *to));
