// SPDX-License-Identifier: MIT
// The core's own symbols, text only, sorted, and its lines (tools/symbols makes the tables for the
// second link).
#include "microcore/panic.h"
#include <stddef.h>
#include "microcore/line.h"

struct symbol {
    uint32_t offset; // from core_symbol_base
    uint32_t name;   // in core_symbol_names
};

extern const uint64_t core_symbol_base;
extern const uint32_t core_symbol_count;
extern const struct symbol core_symbols[];
extern const char core_symbol_names[];
extern const uint8_t core_lines[];
extern const uint64_t core_lines_size;
extern char core_text_start[], core_rodata_start[];

const char *symbol_find(uint64_t address, uint64_t *offset)
{
    *offset = 0;
    if (address < (uint64_t)core_text_start || address >= (uint64_t)core_rodata_start ||
        !core_symbol_count)
        return "?";
    uint32_t low = 0, high = core_symbol_count; // the answer lies in [low, high)
    while (high - low > 1) {
        uint32_t middle = low + (high - low) / 2;
        if (core_symbol_base + core_symbols[middle].offset <= address)
            low = middle;
        else
            high = middle;
    }
    *offset = address - core_symbol_base - core_symbols[low].offset;
    return core_symbol_names + core_symbols[low].name;
}

const char *symbol_line(uint64_t address, uint64_t *line)
{
    if (address < (uint64_t)core_text_start || address >= (uint64_t)core_rodata_start)
        return NULL;
    return line_find(core_lines, core_lines_size, address - (uint64_t)core_text_start, line);
}
