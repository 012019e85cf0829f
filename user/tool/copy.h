// SPDX-License-Identifier: MIT
// What cp and mv share: copying one file, and their two forms of operands.
#pragma once

/* Copies the bytes and the permissions of a file. Reports a failure, deletes what it began, and
   returns -1. */
int file_copy(const char *from, const char *to);

/* Calls `work` with source and target of each operand: `FROM TO`, or `PATH... FOLDER`, where the
   target is the name in the folder. */
void copy_operands(int argc, char **argv, void (*work)(const char *from, const char *to));
