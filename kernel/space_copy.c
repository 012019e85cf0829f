// SPDX-License-Identifier: MIT
// Copying between user memory and the core's or a domain's: each page is pinned while it is copied,
// and reached through the direct map.
#include "kernel/abi/error.h"
#include "kernel/slot.h"
#include "kernel/space.h"
#include "microcore/page.h"
#include "microcore/string.h"

// What is at the other end: core memory, or a slot's if SLOT is set.
struct other_end {
    char *memory;
    struct slot *slot;
    uint64_t pointer;
    bool write; // to user memory
};

static inline int piece_copy(char *user, const struct other_end *end, uint64_t done, uint64_t bytes)
{
    if (end->slot && end->write)
        return slot_read(end->slot, user, end->pointer + done, bytes);
    if (end->slot)
        return slot_write(end->slot, end->pointer + done, user, bytes);
    if (end->write)
        memcpy(user, end->memory + done, bytes);
    else
        memcpy(end->memory + done, user, bytes);
    return 0;
}

// One piece within a page.
static inline int page_copy(struct space *space, uint64_t address, uint64_t bytes,
                            const struct other_end *end, uint64_t done)
{
    uint64_t frame;
    int error = space_pin(space, address, end->write, &frame);
    if (error)
        return error;
    char *user = (char *)page_pointer(frame) + address % PAGE_SIZE;
    error = piece_copy(user, end, done, bytes);
    page_put(frame);
    return error;
}

static __attribute__((noinline)) int64_t pages_copy(struct space *space, uint64_t address,
                                                    uint64_t bytes, const struct other_end *end)
{
    uint64_t done = 0;
    while (done < bytes) {
        uint64_t in_page = (address + done) % PAGE_SIZE;
        uint64_t piece = bytes - done < PAGE_SIZE - in_page ? bytes - done : PAGE_SIZE - in_page;
        int error = page_copy(space, address + done, piece, end, done);
        if (error)
            return done ? (int64_t)done : error;
        done += piece;
    }
    return (int64_t)done;
}

static inline int64_t copy(struct space *space, uint64_t address, uint64_t bytes,
                           const struct other_end *end)
{
    if (bytes > PAGE_SIZE - address % PAGE_SIZE)
        return pages_copy(space, address, bytes, end);
    int error = bytes ? page_copy(space, address, bytes, end, 0) : 0;
    return error ? error : (int64_t)bytes;
}

int64_t space_read(struct space *space, void *destination, uint64_t address, uint64_t bytes)
{
    return copy(space, address, bytes, &(struct other_end){.memory = destination});
}

int64_t space_write(struct space *space, uint64_t address, const void *source, uint64_t bytes)
{
    char *memory = (char *)(uintptr_t)source;
    return copy(space, address, bytes, &(struct other_end){.memory = memory, .write = true});
}

static __attribute__((noinline)) int64_t read_slot_pinned(struct space *space, struct slot *slot,
                                                          uint64_t pointer, uint64_t address,
                                                          uint64_t bytes)
{
    return copy(space, address, bytes, &(struct other_end){.slot = slot, .pointer = pointer});
}

static __attribute__((noinline)) int64_t write_slot_pinned(struct space *space, uint64_t address,
                                                           struct slot *slot, uint64_t pointer,
                                                           uint64_t bytes)
{
    return copy(space, address, bytes,
                &(struct other_end){.slot = slot, .pointer = pointer, .write = true});
}

// Little goes by way of the core's stack, since the slot's end of a copy may fault.
int64_t space_read_slot(struct space *space, struct slot *slot, uint64_t pointer, uint64_t address,
                        uint64_t bytes)
{
    uint64_t words[SPACE_SMALL / sizeof(uint64_t)];
    if (!space_read_small(space, words, address, bytes))
        return read_slot_pinned(space, slot, pointer, address, bytes);
    int error = slot_write(slot, pointer, words, bytes);
    return error ? error : (int64_t)bytes;
}

int64_t space_write_slot(struct space *space, uint64_t address, struct slot *slot, uint64_t pointer,
                         uint64_t bytes)
{
    uint64_t words[SPACE_SMALL / sizeof(uint64_t)];
    if (bytes > SPACE_SMALL || slot_read(slot, words, pointer, bytes) ||
        !space_write_small(space, address, words, bytes))
        return write_slot_pinned(space, address, slot, pointer, bytes);
    return (int64_t)bytes;
}

int64_t space_read_string(struct space *space, struct slot *slot, uint64_t pointer,
                          uint64_t address, uint64_t max)
{
    for (uint64_t done = 0; done < max;) {
        uint64_t frame, in_page = (address + done) % PAGE_SIZE;
        uint64_t piece = max - done < PAGE_SIZE - in_page ? max - done : PAGE_SIZE - in_page;
        int error = space_pin(space, address + done, false, &frame);
        if (error)
            return error;
        const char *text = (const char *)page_pointer(frame) + in_page;
        uint64_t length = strnlen(text, piece);
        bool ended = length < piece;
        error = slot_write(slot, pointer + done, text, length + ended);
        page_put(frame);
        if (error)
            return error;
        done += length;
        if (ended)
            return (int64_t)done;
    }
    return -ENAMETOOLONG;
}
