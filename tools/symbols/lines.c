// SPDX-License-Identifier: MIT
//
// lines: makes the compact table by which a fault report or a panic names file and line.
//
//     lines --addresses FILE | addr2line -a -i -e FILE | lines --table FILE > TABLE
//
// The first call prints the address of each instruction in the executable segment of an ELF file,
// the second reads what addr2line says of each. The table (all numbers little endian):
//   "BHLINES1"
//   u32      bytes of the names
//   names    each ended by a zero byte: paths from the top of the sources
//   rows     sorted by address. A row counts from its address up to that of the next:
//            number (instructions since the last row) * 2 + (1: the file changes)
//            number offset of the file's name, if it changes
//            number line - the last row's line, as zigzag; line 0: not known
// A number has 7 bits in each byte, the lowest first; bit 7: there are more. The first row counts
// from the segment's start, line 0. microcore/line.c reads it.
#include <elf.h>
#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NAMES_SIZE        65536
#define INSTRUCTION_BYTES 4

static char names[NAMES_SIZE];
static uint32_t names_used;
static uint8_t *rows;
static size_t rows_used, rows_size;

static _Noreturn void die(const char *what, const char *why)
{
    fprintf(stderr, "lines: %s: %s\n", what, why);
    exit(1);
}

static Elf64_Phdr text_find(const char *path)
{
    Elf64_Ehdr header;
    Elf64_Phdr segment;
    FILE *file = fopen(path, "rb");
    if (!file || fread(&header, sizeof(header), 1, file) != 1)
        die(path, "cannot be read");
    for (int i = 0; i < header.e_phnum; i++) {
        if (fseek(file, (long)(header.e_phoff + i * sizeof(segment)), SEEK_SET) != 0 ||
            fread(&segment, sizeof(segment), 1, file) != 1)
            die(path, "its program headers cannot be read");
        if (segment.p_type == PT_LOAD && segment.p_flags & PF_X) {
            fclose(file);
            return segment;
        }
    }
    die(path, "no executable segment");
}

static void addresses_print(const Elf64_Phdr *text)
{
    for (uint64_t i = 0; i < text->p_memsz; i += INSTRUCTION_BYTES)
        printf("0x%" PRIx64 "\n", text->p_vaddr + i);
}

static void row_byte(uint8_t byte)
{
    if (rows_used == rows_size)
        rows = realloc(rows, rows_size = rows_size * 2 + 4096);
    if (!rows)
        die("table", "out of memory");
    rows[rows_used++] = byte;
}

static void row_number(uint64_t value)
{
    for (; value >= 128; value >>= 7)
        row_byte((uint8_t)(value | 128));
    row_byte((uint8_t)value);
}

// The offset of a name in `names`, to which it is added if it is new.
static uint32_t name_place(const char *name)
{
    uint32_t length = (uint32_t)strlen(name) + 1;
    for (uint32_t place = 0; place < names_used; place += (uint32_t)strlen(names + place) + 1)
        if (strcmp(names + place, name) == 0)
            return place;
    if (length > NAMES_SIZE - names_used)
        die(name, "the names have no room (raise NAMES_SIZE)");
    memcpy(names + names_used, name, length);
    names_used += length;
    return names_used - length;
}

// Takes `.` and `FOLDER/..` out of a path, in place.
static void path_tidy(char *path)
{
    char *end = path, *next;
    for (char *part = path; part; part = next) {
        next = strchr(part, '/');
        size_t length = next ? (size_t)(next++ - part) : strlen(part);
        if (length == 0 || (length == 1 && part[0] == '.'))
            continue;
        if (length == 2 && memcmp(part, "..", 2) == 0 && end > path) {
            for (end--; end > path && end[-1] != '/'; end--)
                ;
            continue;
        }
        memmove(end, part, length);
        end += length;
        *end++ = '/';
    }
    *(end > path ? end - 1 : end) = 0;
}

// `PATH:LINE`, perhaps with ` (discriminator N)` behind it. Returns the line; 0 where there is
// none, or where the file is none of this tree (RELATIVE_PATHS in the Makefile).
static uint64_t place_read(char *text, const char **name)
{
    char *colon = strrchr(text, ':');
    if (!colon || text[0] == '/' || strchr(text, '<')) // `<artificial>`: the compiler's own
        return 0;
    *colon = 0;
    path_tidy(text);
    *name = text;
    return strtoull(colon + 1, NULL, 10);
}

// What counts for one instruction, out of the lines that addr2line has for it: first its address,
// then where it is and, if that was inlined, where from, and so on. Code of a header is told by who
// uses it: of a call of the core, say, that is where a reader wants to be. AHEAD is the first line
// of the next.
static uint64_t instruction_read(char *ahead, size_t size, char *file, size_t file_size)
{
    uint64_t line = 0;
    bool header = true;
    if (strncmp(ahead, "0x", 2) != 0)
        die("addr2line", "has not said enough");
    while (fgets(ahead, (int)size, stdin) && strncmp(ahead, "0x", 2) != 0) {
        const char *name = NULL;
        uint64_t found = header ? place_read(ahead, &name) : 0;
        size_t length = found ? strlen(name) : 0;
        header = header && (!found || (length > 2 && strcmp(name + length - 2, ".h") == 0));
        if (!found || (line && header))
            continue;
        if (length >= file_size)
            die(name, "the name of this file is too long");
        memcpy(file, name, length + 1);
        line = found;
    }
    return line;
}

static void table_read(const Elf64_Phdr *text)
{
    static char ahead[8192], name[4096];
    uint64_t last_line = 0, last_word = 0;
    uint32_t last_file = UINT32_MAX;
    uint64_t words = text->p_memsz / INSTRUCTION_BYTES;
    if (!fgets(ahead, sizeof(ahead), stdin))
        die("addr2line", "has said nothing");
    for (uint64_t word = 0; word < words; word++) {
        uint64_t line = instruction_read(ahead, sizeof(ahead), name, sizeof(name));
        uint32_t file = line ? name_place(name) : last_file;
        if (line == last_line && file == last_file)
            continue;
        int64_t change = (int64_t)(line - last_line);
        row_number((word - last_word) * 2 + (file != last_file));
        if (file != last_file)
            row_number(file);
        row_number((uint64_t)change << 1 ^ (uint64_t)(change >> 63));
        last_word = word;
        last_line = line;
        last_file = file;
    }
}

static void table_write(void)
{
    fwrite("BHLINES1", 8, 1, stdout);
    fwrite(&names_used, sizeof(names_used), 1, stdout);
    fwrite(names, names_used, 1, stdout);
    fwrite(rows, 1, rows_used, stdout);
    if (fflush(stdout) != 0 || ferror(stdout))
        die("table", strerror(errno));
}

int main(int argc, char **argv)
{
    if (argc != 3 || (strcmp(argv[1], "--addresses") != 0 && strcmp(argv[1], "--table") != 0)) {
        fprintf(stderr, "usage: lines --addresses|--table FILE\n");
        return 2;
    }
    Elf64_Phdr text = text_find(argv[2]);
    if (strcmp(argv[1], "--addresses") == 0) {
        addresses_print(&text);
        return 0;
    }
    table_read(&text);
    table_write();
    return 0;
}
