// SPDX-License-Identifier: MIT
// File and line of an instruction, out of the compact table that tools/symbols/lines.c makes. The
// core has one of its own; a domain's comes with its image, so nothing in it is believed. Takes no
// locks; any context.
#pragma once
#include <stdint.h>

#define LINES_MAGIC  "BHLINES1"
#define LINES_HEADER 12 // bytes: magic, and how many bytes of names follow

// The file's name (in the table) and *line of the instruction at OFFSET bytes from the start of the
// text. NULL: not known, or the table of SIZE bytes is none.
const char *line_find(const uint8_t *table, uint64_t size, uint64_t offset, uint64_t *line);
