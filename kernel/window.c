// SPDX-License-Identifier: MIT
#include "kernel/window.h"
#include "kernel/abi/core_entry.h"
#include "kernel/abi/error.h"
#include "kernel/space.h"
#include "microcore/page.h"

#define WINDOW_PAGES_MAX 4096

static uint64_t pages_of(uint64_t address, uint64_t bytes)
{
    return (address % PAGE_SIZE + bytes + PAGE_SIZE - 1) / PAGE_SIZE;
}

// ---- Frames ----

void frames_put_all(const struct pinned_frames *frames)
{
    for (uint64_t i = 0; i < frames->count; i++)
        page_put(frames_at(frames, i));
    if (frames->list)
        core_free(frames->list, frames->count * sizeof(*frames->list));
}

// Pins the pages of a range that was measured. 0 or a negative errno, with nothing pinned.
static int frames_pin(struct pinned_frames *frames, struct space *space, uint64_t address,
                      uint64_t count, bool write)
{
    uint64_t *list = frames->few, pinned = 0;
    frames->count = count;
    frames->list = NULL;
    if (count == 1)
        return space_pin(space, address, write, list);
    if (count > WINDOW_INLINE)
        list = frames->list = core_alloc(count * sizeof(*list));
    int error = list ? 0 : -ENOMEM;
    address -= address % PAGE_SIZE;
    while (!error && pinned < count) {
        uint64_t at = address + pinned * PAGE_SIZE;
        uint64_t done = space_pin_present(space, at, write, list + pinned, count - pinned);
        if (!done)
            error = space_pin(space, at, write, list + pinned);
        pinned += done ? done : !error;
    }
    if (!error)
        return 0;
    for (uint64_t i = 0; i < pinned; i++)
        page_put(list[i]);
    if (frames->list)
        core_free(frames->list, count * sizeof(*list));
    return error;
}

int window_pin(struct rref *record)
{
    struct pinned_frames frames;
    int error = frames_pin(&frames, record->space, record->address,
                           pages_of(record->address, record->length), record->writable);
    if (error)
        return error;
    interrupt_state state = record_guard(record);
    bool first = !record->frames.count;
    if (first)
        record->frames = frames;
    record_release(record, state);
    if (!first)
        frames_put(&frames); // another post was faster
    return 0;
}

bool window_pin_held(struct rref *record)
{
    if (!record->length || record->address % PAGE_SIZE + record->length > PAGE_SIZE ||
        !space_pin_try(record->space, record->address, record->writable, record->frames.few))
        return false;
    record->frames.count = 1;
    return true;
}

struct pinned_frames window_unpin(struct rref *record)
{
    struct pinned_frames frames = record->frames;
    record->frames.count = 0;
    return frames;
}

// ---- What a window shows ----

static int64_t view_check(uint64_t address, uint64_t bytes)
{
    if (address >= SPACE_END || bytes > SPACE_END - address)
        return -EFAULT;
    return pages_of(address, bytes) > WINDOW_PAGES_MAX ? -E2BIG : 0;
}

int64_t rref_window(struct domain *domain, struct space *space, uint64_t address, uint64_t bytes,
                    uint64_t protection)
{
    struct pinned_frames frames;
    bool writable = protection & PROTECTION_WRITE;
    int64_t error;
    struct rref *record = record_alloc(domain, 0, &error);
    if (!record)
        return error;
    error = bytes ? view_check(address, bytes) : -EFAULT;
    if (!error)
        error = frames_pin(&frames, space, address, pages_of(address, bytes), writable);
    if (error) {
        record_cancel(record, domain);
        return error;
    }
    frames_put(&frames);
    object_get(&space->object);
    record->type = 0;
    record->is_window = true;
    record->space = space;
    record->address = address;
    record->length = bytes;
    record->writable = writable;
    return (int64_t)record_publish(record, domain, 0);
}

int64_t rref_window_aim(struct domain *domain, rref_t rref, struct space *space, uint64_t address,
                        uint64_t bytes, uint64_t protection)
{
    interrupt_state state;
    int64_t error = view_check(address, bytes);
    if (error)
        return error;
    struct rref *record = record_take(rref, &state);
    if (!record)
        return -EINVAL;
    struct space *before = NULL;
    if (record->owner != domain->id || !record->is_window)
        error = -EACCES;
    else if (record_is_lent(record) || record->pinned)
        error = -EBUSY;
    if (!error) {
        record->address = address;
        record->length = bytes;
        record->writable = protection & PROTECTION_WRITE;
        if (record->space != space) {
            before = record->space;
            record->space = space;
            if (space)
                object_get(&space->object);
        }
    }
    record_release(record, state);
    if (before)
        object_put(&before->object);
    return error;
}
