// SPDX-License-Identifier: MIT
// test-sources: kernel/elf.c
//
// Damaged ELF files: refused with a reason, or what is taken lies inside file and slot.
#include "fuzz.h"
#include "kernel/abi/error.h"
#include "kernel/elf.h"

#define SLOT_SIZE (1ull << 32)

static void segment_check(const struct elf_segment *segment, size_t size)
{
    fuzz_claim(segment->file_size <= segment->memory_size, "a segment holds what the file gives");
    fuzz_claim(segment->file_offset <= size && segment->file_size <= size - segment->file_offset,
               "a segment lies in the file");
    fuzz_claim(segment->address < SLOT_SIZE && segment->memory_size <= SLOT_SIZE - segment->address,
               "a segment lies in the slot");
}

static bool lies_in(const struct elf_segment *segment, uint64_t place)
{
    return place >= segment->address && place - segment->address <= segment->memory_size &&
           segment->memory_size - (place - segment->address) >= 8;
}

static int relocation_check(void *context, uint64_t place, uint64_t value)
{
    const struct elf_image *image = context;
    (void)value;
    fuzz_claim(lies_in(&image->rodata, place) || lies_in(&image->data, place),
               "a relocation lies in rodata or data");
    return 0;
}

void fuzz_one(const uint8_t *bytes, size_t size)
{
    struct elf_image image;
    const char *reason = NULL;
    int error = elf_parse(bytes, size, &image, &reason);
    fuzz_claim(error == 0 || error == -ENOEXEC, "the result is 0 or -ENOEXEC");
    fuzz_claim(!error || (reason && *reason && !strchr(reason, '\n')), "a refusal has a line");
    if (error)
        return;
    segment_check(&image.text, size);
    segment_check(&image.rodata, size);
    segment_check(&image.data, size);
    error = elf_relocations(bytes, size, &image, relocation_check, &image, &reason);
    fuzz_claim(error == 0 || error == -ENOEXEC, "the result is 0 or -ENOEXEC");
}
