// SPDX-License-Identifier: MIT
#include "kernel/window.h"
#include "kernel/abi/core_entry.h"
#include "kernel/abi/error.h"
#include "kernel/space.h"
#include "microcore/page.h"

#define WINDOW_PAGES_MAX 4096

static void frames_release(uint64_t *frames, uint64_t count, uint64_t pinned)
{
    for (uint64_t i = 0; i < pinned; i++)
        page_put(frames[i]);
    if (count > WINDOW_INLINE)
        core_free(frames, count * sizeof(*frames));
}

void window_unpin(struct rref *record)
{
    frames_release(record->frames, record->frame_count, record->frame_count);
    record->frames = NULL;
}

// Pins COUNT pages from ADDRESS on; 0 or a negative errno, with nothing pinned.
static int64_t frames_pin(struct rref *record, struct space *space, uint64_t address,
                          uint64_t count, bool write)
{
    uint64_t *frames = record->inline_frames;
    if (count > WINDOW_INLINE)
        frames = core_alloc(count * sizeof(*frames));
    if (!frames)
        return -ENOMEM;
    for (uint64_t i = 0; i < count; i++) {
        int error = space_pin(space, address + i * PAGE_SIZE, write, &frames[i]);
        if (error) {
            frames_release(frames, count, i);
            return error;
        }
    }
    record->frames = frames;
    record->frame_count = count;
    return 0;
}

// Which pages ADDRESS and BYTES touch: *count from the one that *first_offset is in. 0 or why not.
static int64_t window_measure(uint64_t address, uint64_t bytes, uint64_t *first_offset,
                              uint64_t *count)
{
    if (!bytes || address >= SPACE_END || bytes > SPACE_END - address)
        return -EFAULT;
    *first_offset = address % PAGE_SIZE;
    *count = (*first_offset + bytes + PAGE_SIZE - 1) / PAGE_SIZE;
    return *count > WINDOW_PAGES_MAX ? -E2BIG : 0;
}

int64_t rref_window(struct domain *domain, struct space *space, uint64_t address, uint64_t bytes,
                    uint64_t protection)
{
    uint64_t first_offset, count;
    int64_t error = window_measure(address, bytes, &first_offset, &count);
    if (error)
        return error;
    struct rref *record = record_alloc(domain, 0, &error);
    if (!record)
        return error;
    bool write = protection & PROTECTION_WRITE;
    error = frames_pin(record, space, address - first_offset, count, write);
    if (error) {
        record_cancel(record, domain, 0);
        return error;
    }
    record->length = bytes;
    record->type = 0;
    record->first_offset = first_offset;
    record->writable = write;
    return (int64_t)record_publish(record, domain, 0);
}

// Takes a window out of use, its length is 0: nobody reaches the frames until it has a length
// again. NULL and *error: it is no window of DOMAIN's, or in use.
static struct rref *window_withdraw(const struct domain *domain, rref_t rref, int64_t *error)
{
    interrupt_state state;
    struct rref *record = record_take(rref, &state);
    *error = -EINVAL;
    if (!record)
        return NULL;
    if (record->owner != domain->id || !record->frames)
        *error = -EACCES;
    else if (record_is_lent(record) || record->pins)
        *error = -EBUSY;
    else
        *error = 0;
    if (!*error) {
        record->length = 0;
        record->pins++; // nor frees or moves it
    }
    record_release(record, state);
    return *error ? NULL : record;
}

int64_t rref_window_aim(struct domain *domain, rref_t rref, struct space *space, uint64_t address,
                        uint64_t bytes, uint64_t protection)
{
    uint64_t first_offset = 0, count = 0;
    int64_t error = bytes ? window_measure(address, bytes, &first_offset, &count) : 0;
    struct rref *record = error ? NULL : window_withdraw(domain, rref, &error);
    if (!record)
        return error;
    window_unpin(record);
    record->frames = record->inline_frames; // still a window
    record->frame_count = 0;
    record->first_offset = first_offset;
    record->writable = protection & PROTECTION_WRITE;
    if (bytes)
        error = frames_pin(record, space, address - first_offset, count, record->writable);
    if (!error)
        __atomic_store_n(&record->length, bytes, __ATOMIC_RELEASE);
    rref_unpin(rref, NULL);
    return error;
}
