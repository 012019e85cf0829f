// SPDX-License-Identifier: MIT
// What every small tool shares: its name, its usage line, and one way to report errors.
//
// A tool calls tool_begin() first. Errors go to stderr as `NAME: what: why`; the tool goes on with
// its next operand and ends with tool_status(), which is 1 if anything was reported.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

// newlib's formatted output without floating point is half the size, and no tool prints a float.
#define printf    iprintf
#define fprintf   fiprintf
#define snprintf  sniprintf
#define vfprintf  vfiprintf
#define vsnprintf vsniprintf

/* Notes the name for messages and makes stdout collect what goes anywhere but to a terminal;
   `usage` is the synopsis without the name, printed by -h (exit 0) and by tool_usage_error() (exit
   2). */
void tool_begin(const char *name, const char *usage);

/* For tools whose -h means nothing, or something else, where it is not alone: alone it prints the
   usage and ends the tool, and so does --help. */
void tool_help_alone(int argc, char **argv);

/* The next option's letter out of `letters` (as for getopt(), a colon after those with a value,
   which is then in optarg), or -1 after the last; optind is the first operand. Options may stand
   behind operands. --help prints the usage, and so does -h where it is none of the letters; unknown
   options end the tool with a usage error. */
int tool_option(int argc, char **argv, const char *letters);

/* Makes -20 in the first argument mean -n 20. */
void tool_short_count(int argc, char **argv);

/* Prints `NAME: ` and the formatted reason, then the usage line; exits with 2. */
_Noreturn void tool_usage_error(const char *format, ...) __attribute__((format(__printf__, 1, 2)));

/* `NAME: what: why`, why being errno's text; the tool's status becomes 1. Returns -1. */
int tool_error(const char *what);

/* As tool_error() with a text of one's own instead of errno's. */
int tool_complain(const char *what, const char *format, ...)
    __attribute__((format(__printf__, 2, 3)));

/* `before` is called before each message, so that whoever has a line of his own on the terminal can
   take it away. */
void tool_message_hook(void (*before)(void));

/* tool_error() and the end, with status 1. */
_Noreturn void tool_fail(const char *what);

/* The end, with status 1, if something that was printed could not be written: for those who print
   without end, or more than anybody wants to wait for. */
void tool_output_check(void);

/* Flushes stdout and says whether all went well; for `return tool_status();` at the end of main. */
int tool_status(void);

/* Parses a decimal number with an optional suffix k, M, G in either case (powers of 1024), which
   must then lie in [low, high]. */
bool tool_number(const char *text, long low, long high, long *value);

/* FOLDER/NAME into a buffer of SIZE bytes. False, after a complaint, where it does not fit. */
bool tool_path(char *path, size_t size, const char *folder, const char *name);

/* Asks on stderr, `NAME: ` in front, and takes a line of stdin: true if it begins with y or Y. */
bool tool_ask(const char *format, ...) __attribute__((format(__printf__, 1, 2)));

/* Writes all bytes, however many calls it takes; how many were taken, fewer and errno on failure.
 */
size_t tool_write_most(int file, const void *bytes, size_t length);
/* The same; whether all were taken. */
bool tool_write(int file, const void *bytes, size_t length);

/* Opens `path` for reading, "-" being stdin. Reports a failure and returns -1. */
int tool_open(const char *path);

/* Calls `work` for every operand from optind on, or for "-" if there is none. */
void tool_each_file(int argc, char **argv, void (*work)(int file, const char *path));
