// SPDX-License-Identifier: MIT
//
// symbols: turns the output of `nm -n` into the symbol table that a panic of the core reads.
//
//     nm -n core.elf | symbols > symbols.S
//
// The assembly that it prints defines, in read-only data:
//   core_symbol_base    u64    address that the offsets count from
//   core_symbol_count   u32    number of symbols
//   core_symbols        { u32 offset, u32 name } [count], sorted by offset; `name` is an
//                              offset into core_symbol_names
//   core_symbol_names   char   the names, each ended by a zero byte
// Only text symbols (t, T) are listed, one for each address, local labels left out. The core has no
// weak functions, and link-time optimisation leaves weak symbols of its own at addresses of no
// code.

#include <inttypes.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SYMBOL_LIMIT 16384

struct symbol {
    uint64_t address;
    char name[128];
};

static struct symbol symbols[SYMBOL_LIMIT];
static size_t symbol_count;

static bool symbol_is_listed(char type, const char *name)
{
    return strchr("tT", type) && name[0] != '.' && name[0] != '$';
}

// Reads one line of nm. Of several names for one address the first is kept.
static void symbol_read(const char *line)
{
    struct symbol symbol;
    char type;
    if (sscanf(line, "%" SCNx64 " %c %127s", &symbol.address, &type, symbol.name) != 3)
        return;
    if (!symbol_is_listed(type, symbol.name))
        return;
    if (symbol_count && symbols[symbol_count - 1].address == symbol.address)
        return;
    if (symbol_count == SYMBOL_LIMIT) {
        fprintf(stderr, "symbols: more than %d symbols, raise SYMBOL_LIMIT\n", SYMBOL_LIMIT);
        exit(1);
    }
    symbols[symbol_count++] = symbol;
}

static void table_print(void)
{
    uint64_t base = symbol_count ? symbols[0].address : 0;
    size_t name_offset = 0;

    printf("    .section .rodata.symbols, \"a\"\n    .balign 8\n");
    printf("    .globl core_symbol_base\ncore_symbol_base:\n    .dword 0x%" PRIx64 "\n", base);
    printf("    .globl core_symbol_count\ncore_symbol_count:\n    .word %zu\n", symbol_count);
    printf("    .globl core_symbols\ncore_symbols:\n");
    for (size_t i = 0; i < symbol_count; i++) {
        printf("    .word 0x%" PRIx64 ", %zu\n", symbols[i].address - base, name_offset);
        name_offset += strlen(symbols[i].name) + 1;
    }
    printf("    .globl core_symbol_names\ncore_symbol_names:\n");
    for (size_t i = 0; i < symbol_count; i++)
        printf("    .asciz \"%s\"\n", symbols[i].name);
}

int main(void)
{
    char line[1024];
    while (fgets(line, sizeof(line), stdin))
        symbol_read(line);
    table_print();
    return 0;
}
