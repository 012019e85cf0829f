// SPDX-License-Identifier: MIT
// A terminal for programs that are driven by single keys.
#pragma once

#include <stdbool.h>

/* True if somebody sits at the open file: it is a terminal, and the system was not started to run
   commands that nobody can answer for. */
bool screen_is_attended(int file);

/* Keys of the terminal `file` arrive at once and unseen from now until the program ends; Ctrl-C
   still ends it. Ends the tool where `file` is no terminal. */
void screen_keys_begin(int file);

/* The next key, or -1 after `wait_ms` without one (negative: however long it takes), or 'q' where
   nobody can type any more. */
int screen_key(int wait_ms);

/* Rows and columns of the terminal `file`, 24 and 80 where it does not say. */
void screen_size(int file, int *rows, int *columns);
