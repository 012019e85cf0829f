// SPDX-License-Identifier: MIT
// domverify [--raw] [--stores] FILE
// The kernel's verifier on the host, on a domain's ELF file or on bare instruction words.
// --stores judges what SFI=stores makes: no kernel accepts that.
// Exit status: 0 accepted, 1 refused, 2 cannot read.
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "kernel/abi/layout.h"
#include "kernel/elf.h"
#include "kernel/image_check.h"
#include "kernel/verify.h"

// verify.c once more, compiled with VERIFY_STORES_ONLY.
struct verify_result verify_text_stores(const uint32_t *words, size_t count, uint64_t text_offset);

static uint8_t *file_read(const char *path, size_t *size)
{
    FILE *file = fopen(path, "rb");
    if (!file)
        return NULL;
    uint8_t *bytes = NULL;
    size_t capacity = 0, got;
    *size = 0;
    do {
        capacity = capacity ? capacity * 2 : 65536;
        uint8_t *larger = realloc(bytes, capacity);
        if (!larger)
            break;
        bytes = larger;
        got = fread(bytes + *size, 1, capacity - *size, file);
        *size += got;
    } while (got && *size == capacity);
    bool failed = ferror(file);
    fclose(file);
    if (failed) {
        free(bytes);
        return NULL;
    }
    return bytes;
}

static int refuse(const char *why)
{
    printf("%s\n", why);
    return 1;
}

#define PAGE_SIZE 4096u
#define EBREAK    0x00100073u

// The text as the kernel maps it: the rest of its last page is full of aborts.
static uint32_t *text_copy(const uint8_t *text, size_t size, size_t *count)
{
    *count = (size + PAGE_SIZE - 1) / PAGE_SIZE * PAGE_SIZE / 4;
    uint32_t *words = malloc((*count + 1) * sizeof *words);
    if (!words)
        return NULL;
    memcpy(words, text, size);
    for (size_t i = size / 4; i < *count; i++)
        words[i] = EBREAK;
    return words;
}

// IMAGE: names the function of an offence; NULL for bare words, which are judged as they are.
static int judge(const uint8_t *file, const struct elf_image *image, const uint8_t *text,
                 size_t size, bool stores_only)
{
    size_t count;
    uint32_t *words = text_copy(text, size, &count);
    if (!words) {
        fprintf(stderr, "domverify: out of memory\n");
        return 2;
    }
    if (!image)
        count = size / 4;
    struct verify_result result =
        (stores_only ? verify_text_stores : verify_text)(words, count, SLOT_TEXT);
    free(words);
    if (result.ok) {
        printf("ok: %lu instructions, %lu guarded stores, %lu guarded loads\n",
               (unsigned long)result.instructions, (unsigned long)result.guarded_stores,
               (unsigned long)result.guarded_loads);
        return 0;
    }
    uint64_t distance = 0;
    printf("refused: 0x%lx", (unsigned long)result.offset);
    if (image) {
        const char *name = elf_symbol(file, image, result.offset, &distance);
        printf(" <%s+0x%lx>", name, (unsigned long)distance);
    }
    printf(": 0x%08x breaks rule %u: %s\n", result.word, result.rule, result.why);
    return 1;
}

static int relocation_ignore(void *context, uint64_t place, uint64_t value)
{
    (void)context, (void)place, (void)value;
    return 0;
}

static int judge_elf(const uint8_t *file, size_t size, bool stores_only)
{
    struct image image;
    const char *reason = "";
    if (elf_parse(file, size, &image.elf, &reason) != 0 ||
        image_check(file, &image, &reason) != 0 ||
        elf_relocations(file, size, &image.elf, relocation_ignore, NULL, &reason) != 0)
        return refuse(reason);
    const struct elf_segment *text = &image.elf.text;
    return judge(file, &image.elf, file + text->file_offset, text->file_size, stores_only);
}

int main(int argc, char **argv)
{
    bool raw = false, stores_only = false;
    int argument = 1;
    for (; argument < argc && strncmp(argv[argument], "--", 2) == 0; argument++) {
        if (strcmp(argv[argument], "--raw") == 0)
            raw = true;
        else if (strcmp(argv[argument], "--stores") == 0)
            stores_only = true;
        else
            break;
    }
    if (argument != argc - 1) {
        fprintf(stderr, "usage: domverify [--raw] [--stores] FILE\n");
        return 2;
    }
    size_t size;
    uint8_t *file = file_read(argv[argument], &size);
    if (!file) {
        fprintf(stderr, "domverify: cannot read %s: %s\n", argv[argument], strerror(errno));
        return 2;
    }
    int status;
    if (raw && size % 4)
        status = refuse("not a whole number of instruction words");
    else
        status =
            raw ? judge(file, NULL, file, size, stores_only) : judge_elf(file, size, stores_only);
    free(file);
    return status;
}
