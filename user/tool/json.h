// SPDX-License-Identifier: MIT
// Writing JSON on stdout.
#pragma once

/* Prints the text as a JSON string, quotes and escapes included. */
void json_print_string(const char *text);

/* Prints it as a number if it is a decimal one, else as a string. */
void json_print_value(const char *text);
