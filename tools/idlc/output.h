// SPDX-License-Identifier: MIT
// Generated files. Each is written beside its place and renamed, so that an interrupted run leaves
// no half of one.
#pragma once

#include <stdbool.h>
#include <stdio.h>

struct output {
    const char *folder; // made if it does not exist
    bool failed;        // something could not be written; it has been reported
};

// Opens FOLDER/PREFIX SUFFIX for writing; NULL after reporting why not.
FILE *output_open(struct output *output, const char *prefix, const char *suffix);
void output_close(struct output *output, FILE *file);
