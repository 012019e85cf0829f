// SPDX-License-Identifier: MIT
// The parts of the `domain` command.
#pragma once

#include <stdbool.h>

#define DOMAIN_FOLDER "/proc/sys/domain/"

/* Prints the table file `name` under its headings (words in capitals, separated by spaces), or with
   `json` an object a line with the headings in lower case as keys. */
void table_print(const char *name, const char *headings, bool json);

/* Prints what is known about one service. False if there is none of that name (reported). */
bool service_print(const char *name, bool json);

/* A word of any length, short enough for a line; until the next is asked for. */
const char *word_shown(const char *word);

/* Gives the system one command line of `count` words and prints its answer. Exit status. */
int command_send(char *const words[], int count);

/* The fault classes, one a line with what each does. */
void faults_print(void);

/* Their names alone, one a line. */
void fault_names_print(void);

/* The live screen, until q is typed. */
void top_run(void);
