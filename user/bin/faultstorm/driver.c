// SPDX-License-Identifier: MIT
#include "driver.h"

#include <fcntl.h>
#include <stddef.h>
#include <string.h>
#include <unistd.h>
#include "file_at.h"
#include "kernel/abi/manifest.h"
#include "target.h"
#include "tool.h"

#define IMAGE_MAX 0x80000
#define OWN_CODE_ENDS                                                                              \
    "commit_load" /* of domainlib, which is linked behind the driver's own code                    \
                   */

struct elf_header {
    uint8_t magic[16];
    uint16_t type, machine;
    uint32_t version;
    uint64_t entry, segments, sections;
    uint32_t flags;
    uint16_t size, segment_size, segment_count, section_size, section_count, names;
};

struct elf_segment {
    uint32_t type, flags;
    uint64_t offset, address, physical, file_size, memory_size, align;
};

struct elf_section {
    uint32_t name, type;
    uint64_t flags, address, offset, size;
    uint32_t link, info;
    uint64_t align, entry_size;
};

struct elf_symbol {
    uint32_t name;
    uint8_t info, other;
    uint16_t section;
    uint64_t value, size;
};

enum { SEGMENT_LOAD = 1, SEGMENT_EXECUTE = 1, SECTION_SYMBOLS = 2 };

static uint64_t image[IMAGE_MAX / 8];
static int file = -1;
static uint32_t *code; /* the driver's own */
static uint32_t code_words;
static long changed = -1;
static uint32_t changed_from;

static const struct elf_header *header(void)
{
    return (const struct elf_header *)image;
}

static char *bytes_at(uint64_t offset)
{
    return (char *)image + (offset < IMAGE_MAX ? offset : 0);
}

static const struct elf_segment *segment_find(bool executable)
{
    for (unsigned i = 0; i < header()->segment_count; i++) {
        const struct elf_segment *segment =
            (const void *)bytes_at(header()->segments + i * sizeof(struct elf_segment));
        if (segment->type == SEGMENT_LOAD && !(segment->flags & SEGMENT_EXECUTE) == !executable)
            return segment; /* text comes first, then the constants */
    }
    return NULL;
}

/* The address of a symbol, 0: there is none. */
static uint64_t symbol_find(const char *name)
{
    for (unsigned i = 0; i < header()->section_count; i++) {
        const struct elf_section *section =
            (const void *)bytes_at(header()->sections + i * sizeof(struct elf_section));
        if (section->type != SECTION_SYMBOLS)
            continue;
        const struct elf_section *names =
            (const void *)bytes_at(header()->sections + section->link * sizeof(struct elf_section));
        for (uint64_t at = 0; at < section->size; at += sizeof(struct elf_symbol)) {
            const struct elf_symbol *symbol = (const void *)bytes_at(section->offset + at);
            if (strcmp(bytes_at(names->offset + symbol->name), name) == 0)
                return symbol->value;
        }
    }
    return 0;
}

static long image_read(const char *name)
{
    char path[64];
    int from = -1;
    snprintf(path, sizeof path, "/boot/%s.elf", name);
    if (!file_reopen(&from, path, O_RDONLY))
        return tool_error(path);
    memset(image, 0, sizeof image);
    long length = file_read_at(from, image, sizeof image - 1, 0);
    close(from);
    if (length > 0 && memcmp(image, "\177ELF", 4) == 0)
        return length;
    tool_complain(path, "is no image");
    return -1;
}

bool driver_open(const char *name)
{
    long length = image_read(name);
    if (length < 0)
        return false;
    const struct elf_segment *text = segment_find(true), *constants = segment_find(false);
    uint64_t end = symbol_find(OWN_CODE_ENDS);
    if (!text || !constants || end <= text->address)
        return tool_complain(name, "has no code of its own"), false;
    struct domain_header *domain = (void *)bytes_at(constants->offset);
    memset(domain->name, 0, sizeof domain->name);
    strcpy(domain->name, MUTANT_NAME);
    domain->flags &= ~(uint32_t)DOMAIN_SHADOW;
    code = (uint32_t *)bytes_at(text->offset);
    code_words = (uint32_t)(end - text->address) / 4;
    changed = -1;
    if (!file_reopen(&file, MUTANT_FILE, O_RDWR | O_CREAT | O_TRUNC) ||
        file_write_at(file, image, (unsigned long)length, 0) != length)
        return tool_error(MUTANT_FILE), false;
    return true;
}

static void word_write(long place)
{
    long offset = (char *)(code + place) - (char *)image;
    (void)file_write_at(file, code + place, sizeof *code, offset);
}

bool driver_mutate(enum mutation kind, uint64_t random)
{
    changed = mutate(code, code_words, kind, random, &changed_from);
    if (changed >= 0)
        word_write(changed);
    return changed >= 0;
}

void driver_heal(void)
{
    if (changed < 0)
        return;
    code[changed] = changed_from;
    word_write(changed);
    changed = -1;
}
