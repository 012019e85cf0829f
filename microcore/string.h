// SPDX-License-Identifier: MIT
// Memory and text, for the core's own memory only (others' goes through microcore/copy.h).
#pragma once
#include <stddef.h>

void *memcpy(void *destination, const void *source, size_t bytes);
void *memmove(void *destination, const void *source, size_t bytes);
void *memset(void *destination, int byte, size_t bytes);
int memcmp(const void *left, const void *right, size_t bytes);
size_t strlen(const char *text);
size_t strnlen(const char *text, size_t limit);
int strcmp(const char *left, const char *right);
int strncmp(const char *left, const char *right, size_t limit);
// Copies a string into a field of SIZE bytes, cut if need be, always terminated, rest zeroed.
void string_copy(char *destination, const char *source, size_t size);
