// SPDX-License-Identifier: MIT
#include "kernel/image.h"
#include "kernel/abi/error.h"
#include "kernel/control.h"
#include "kernel/image_check.h"
#include "kernel/proxy.h"
#include "kernel/slot.h"
#include "kernel/verify.h"
#include "microcore/console.h"
#include "microcore/line.h"
#include "microcore/page.h"
#include "microcore/pagetable.h"
#include "microcore/panic.h"
#include "microcore/string.h"
#include "microcore/timer.h"

#define IMAGE_SIZE_MAX 0x800000 // what core_alloc gives
#define EBREAK         0x00100073u

struct image *images;

// ---- Judging a file ----

// The relocations are counted when the file is looked at, and noted when it is kept: a restart is
// not to read the file's tables again.
static int relocation_count(void *context, uint64_t place, uint64_t value)
{
    struct image *image = context;
    (void)value; // is what stands in that place
    if (image->relocations)
        image->relocations[image->relocation_count] = (uint32_t)place;
    image->relocation_count++;
    return 0;
}

static int image_parse(const void *file, uint64_t size, struct image *image, char *reason,
                       uint64_t reason_size)
{
    const char *why = "";
    int error = elf_parse(file, size, &image->elf, &why);
    if (!error)
        error = image_check(file, image, &why);
    if (!error)
        error = elf_relocations(file, size, &image->elf, relocation_count, image, &why);
    if (error)
        format_text(reason, reason_size, "%s", why);
    return error;
}

static uint64_t text_bytes(const struct image *image)
{
    return (image->elf.text.memory_size + PAGE_SIZE - 1) / PAGE_SIZE * PAGE_SIZE;
}

// The text as it will be mapped, the rest of its last page full of aborts. NULL: no memory.
static uint32_t *text_copy(const struct image *image, const uint8_t *file)
{
    const struct elf_segment *text = &image->elf.text;
    uint32_t *words = core_alloc(text_bytes(image));
    if (!words)
        return NULL;
    memcpy(words, file + text->file_offset, text->memory_size);
    for (uint64_t i = text->memory_size / 4; i < text_bytes(image) / 4; i++)
        words[i] = EBREAK;
    return words;
}

static void offence_describe(const struct image *image, const uint8_t *file,
                             const struct verify_result *result, char *line, uint64_t size)
{
    uint64_t distance = 0;
    const char *name = elf_symbol(file, &image->elf, result->offset, &distance);
    format_text(line, size, "refused: 0x%lx <%s+0x%lx>: 0x%08x breaks rule %u: %s", result->offset,
                name, distance, result->word, result->rule, result->why);
}

static int text_keep(struct image *image, const uint32_t *words)
{
    uint32_t count = (uint32_t)(text_bytes(image) / PAGE_SIZE);
    uint64_t *frames = core_alloc(count * sizeof(*frames));
    if (!frames)
        return -ENOMEM;
    for (uint32_t i = 0; i < count; i++)
        frames[i] = page_physical(words) + i * (uint64_t)PAGE_SIZE;
    image->text_frames = frames;
    image->text_pages = count;
    return 0;
}

static void text_drop(struct image *image)
{
    core_free(page_pointer(image->text_frames[0]), text_bytes(image));
    core_free(image->text_frames, image->text_pages * sizeof(*image->text_frames));
}

static uint64_t relocation_bytes(const struct image *image)
{
    return image->relocation_count * sizeof(*image->relocations);
}

// False: no memory. The file has been looked at.
static bool relocations_keep(struct image *image)
{
    const char *why;
    if (!image->relocation_count)
        return true;
    image->relocations = core_alloc(relocation_bytes(image));
    if (!image->relocations)
        return false;
    image->relocation_count = 0;
    return !elf_relocations(image->file, image->size, &image->elf, relocation_count, image, &why);
}

// Copies the text into frames, verifies these frames, keeps them.
static int image_verify(struct image *image, char *reason, uint64_t reason_size)
{
    uint64_t began = time_now();
    uint32_t *words = text_copy(image, image->file);
    if (!words) {
        format_text(reason, reason_size, "out of memory for its text (stop a service)");
        return -ENOMEM;
    }
    struct verify_result result = verify_text(words, text_bytes(image) / 4, SLOT_TEXT);
    int error = result.ok ? text_keep(image, words) : -ENOEXEC;
    if (error) {
        if (result.ok)
            format_text(reason, reason_size, "out of memory for its text (stop a service)");
        else
            offence_describe(image, image->file, &result, reason, reason_size);
        core_free(words, text_bytes(image));
        return error;
    }
    image->instructions = result.instructions;
    image->guarded_stores = result.guarded_stores;
    image->guarded_loads = result.guarded_loads;
    fence_all(true); // the words were written as data
    image->verify_ns = time_now() - began;
    image->verified = true;
    return 0;
}

int image_judge(const void *file, uint64_t size, char *line, uint64_t line_size)
{
    struct image *image = core_alloc(sizeof(*image));
    uint32_t *words = NULL;
    int error = image ? image_parse(file, size, image, line, line_size) : -ENOMEM;
    if (!error) {
        words = text_copy(image, file);
        error = words ? 0 : -ENOMEM;
    }
    if (words) {
        struct verify_result result = verify_text(words, text_bytes(image) / 4, SLOT_TEXT);
        if (result.ok) {
            format_text(line, line_size,
                        "ok: %lu instructions, %lu guarded stores, %lu guarded loads",
                        result.instructions, result.guarded_stores, result.guarded_loads);
        } else {
            offence_describe(image, file, &result, line, line_size);
            error = -ENOEXEC;
        }
        core_free(words, text_bytes(image));
    }
    if (error == -ENOMEM)
        format_text(line, line_size, "out of memory (stop a service)");
    if (image)
        core_free(image, sizeof(*image));
    return error;
}

// ---- Known images ----

// FNV-1a over 64-bit words: tells files apart quickly; equal ones are compared.
static uint64_t checksum_of(const uint8_t *file, uint64_t size)
{
    uint64_t sum = 0xCBF29CE484222325, word = 0;
    for (uint64_t i = 0; i < size; i += sizeof(word)) {
        uint64_t bytes = size - i < sizeof(word) ? size - i : sizeof(word);
        word = 0;
        memcpy(&word, file + i, bytes);
        sum = (sum ^ word) * 0x100000001B3;
    }
    return sum;
}

static struct image *image_same(const struct image *wanted, const void *file)
{
    for (struct image *image = images; image; image = image->next) {
        if (image->size == wanted->size && image->checksum == wanted->checksum &&
            !memcmp(image->file, file, image->size))
            return image;
    }
    return NULL;
}

struct image *image_find(const char *name)
{
    struct image *found = NULL;
    interrupt_state state = lock_take(&control_lock);
    for (struct image *image = images; image; image = image->next) {
        if (!image->newer && !strcmp(image->header.name, name))
            found = image;
    }
    lock_release(&control_lock, state);
    return found;
}

// IMAGE is the one of its name that counts from now on.
static void image_publish(struct image *image)
{
    interrupt_state state = lock_take(&control_lock);
    struct image **link = &images;
    for (; *link; link = &(*link)->next) {
        if (!strcmp((*link)->header.name, image->header.name))
            (*link)->newer = 1;
    }
    *link = image;
    lock_release(&control_lock, state);
}

const char *image_symbol(const struct image *image, uint64_t offset, uint64_t *distance)
{
    return elf_symbol(image->file, &image->elf, offset, distance);
}

const char *image_line(const struct image *image, uint64_t offset, uint64_t *line)
{
    const struct elf_image *elf = &image->elf;
    uint64_t place = offset - elf->text.address;
    if (place >= elf->text.memory_size)
        return NULL;
    return line_find(image->file + elf->lines, elf->lines_size, place, line);
}

static struct image *image_refuse(struct image *image, char *reason, uint64_t reason_size,
                                  const char *why)
{
    if (why)
        format_text(reason, reason_size, "%s", why);
    if (image)
        core_free(image, sizeof(*image));
    return NULL;
}

// With REASON from the checks, to which only the judge of a file to be known adds what to do.
static struct image *image_refuse_file(struct image *image, int error, char *reason,
                                       uint64_t reason_size)
{
    uint64_t used = strlen(reason);
    if (error == -ENOEXEC)
        format_text(reason + used, reason_size - used, " (build it as docs/abi.md says)");
    return image_refuse(image, reason, reason_size, NULL);
}

struct image *image_register(const void *file, uint64_t size, const char *from, bool copy,
                             bool *known, char *reason, uint64_t reason_size)
{
    *known = false;
    struct image *image = core_alloc(sizeof(*image));
    if (!image)
        return image_refuse(NULL, reason, reason_size, "out of memory (stop a service)");
    if (size > IMAGE_SIZE_MAX)
        return image_refuse(image, reason, reason_size, "larger than 8 MiB (an image is not)");
    int error = image_parse(file, size, image, reason, reason_size);
    if (error)
        return image_refuse_file(image, error, reason, reason_size);
    image->size = size;
    image->checksum = checksum_of(file, size);
    struct image *same = image_same(image, file);
    if (same) {
        image_refuse(image, reason, reason_size, NULL);
        *known = true;
        return same;
    }
    image->file = file;
    if (copy) {
        void *own = core_alloc(size);
        if (!own)
            return image_refuse(image, reason, reason_size, "out of memory (stop a service)");
        image->file = memcpy(own, file, size);
    }
    error = image_verify(image, reason, reason_size);
    if (!error && !relocations_keep(image)) {
        text_drop(image);
        format_text(reason, reason_size, "out of memory (stop a service)");
        error = -ENOMEM;
    }
    if (error) {
        if (copy)
            core_free((void *)(uintptr_t)image->file, size);
        return image_refuse_file(image, error, reason, reason_size);
    }
    string_copy(image->from, from, sizeof(image->from));
    image_publish(image);
    return image;
}

// ---- Forgetting ----

// By an instance, or by a service that would start it again.
static bool image_is_needed(const struct image *image)
{
    for (const struct proxy *proxy = proxies; proxy; proxy = proxy->next) {
        if ((proxy->image == image || proxy->previous == image) && proxy->state != SERVICE_STOPPED)
            return true;
    }
    return __atomic_load_n(&image->users, __ATOMIC_ACQUIRE);
}

// Takes one such image out of the list; the last of that name that stays counts from now on.
static struct image *image_take(const char *name, bool *needed)
{
    struct image *taken = NULL, *last = NULL;
    interrupt_state state = lock_take(&control_lock);
    for (struct image **link = &images; *link;) {
        struct image *image = *link;
        bool named = !strcmp(image->header.name, name);
        bool busy = named && image_is_needed(image);
        if (named && !taken && !busy && !strcmp(image->from, "file")) {
            taken = image;
            *link = image->next;
            continue;
        }
        *needed |= busy;
        last = named ? image : last;
        link = &image->next;
    }
    if (last)
        last->newer = 0;
    for (struct proxy *proxy = proxies; proxy && taken; proxy = proxy->next) {
        proxy->image = proxy->image == taken ? NULL : proxy->image;
        proxy->previous = proxy->previous == taken ? NULL : proxy->previous;
    }
    lock_release(&control_lock, state);
    return taken;
}

int64_t image_forget(const char *name, char *reason, uint64_t reason_size)
{
    bool needed = false;
    uint32_t count = 0;
    for (struct image *image; (image = image_take(name, &needed)); count++) {
        text_drop(image);
        if (image->relocations)
            core_free(image->relocations, relocation_bytes(image));
        core_free((void *)(uintptr_t)image->file, image->size);
        core_free(image, sizeof(*image));
    }
    if (count)
        format_text(reason, reason_size, "forgotten");
    else if (needed)
        format_text(reason, reason_size, "a service runs it (stop or update that first)");
    else
        format_text(reason, reason_size,
                    "no image of that name came from a file (see `domain images`)");
    return count ? 0 : needed ? -EBUSY : -ENOENT;
}

// ---- Loading ----

static int text_map(const struct image *image, struct slot *slot)
{
    int error = 0;
    for (uint32_t i = 0; i < image->text_pages && !error; i++)
        error = slot_map_foreign(slot, SLOT_TEXT + i * (uint64_t)PAGE_SIZE, image->text_frames[i],
                                 PTE_READ | PTE_EXECUTE);
    return error;
}

static int segment_map(const struct image *image, const struct elf_segment *segment,
                       struct slot *slot, uint64_t flags)
{
    for (uint64_t done = 0; done < segment->memory_size; done += PAGE_SIZE) {
        void *page;
        int error = slot_map_page(slot, segment->address + done, flags, &page);
        if (error)
            return error;
        if (done >= segment->file_size)
            continue;
        uint64_t bytes = segment->file_size - done;
        memcpy(page, image->file + segment->file_offset + done,
               bytes < PAGE_SIZE ? bytes : PAGE_SIZE);
    }
    return 0;
}

// The addresses in its data, as the linker left them, become those in this slot. All were found to
// be multiples of 8 within what has just been mapped.
static void relocations_apply(const struct image *image, struct slot *slot)
{
    uint64_t last = UINT64_MAX;
    char *page = NULL;
    for (uint64_t i = 0; i < image->relocation_count; i++) {
        uint64_t place = image->relocations[i];
        if (place / PAGE_SIZE != last) {
            last = place / PAGE_SIZE;
            page = slot_page(slot, place);
        }
        uint64_t *word = (uint64_t *)(page + place % PAGE_SIZE);
        *word = slot->base + (uint32_t)*word; // the same, where a place is named twice
    }
}

int image_load(struct image *image, struct slot *slot, char *reason, uint64_t reason_size)
{
    const char *why = "out of memory (stop a service)";
    if (!image->verified)
        panic("image: %s was never verified", image->header.name);
    int error = text_map(image, slot);
    if (!error)
        error = segment_map(image, &image->elf.rodata, slot, PTE_READ);
    if (!error)
        error = segment_map(image, &image->elf.data, slot, PTE_READ | PTE_WRITE);
    if (error == -E2BIG)
        why = "its data needs more pages than its limit (raise `limit pages` in its manifest)";
    if (error)
        format_text(reason, reason_size, "%s", why);
    else
        relocations_apply(image, slot);
    slot->heap_end = image->elf.end;
    return error;
}
