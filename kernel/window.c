// SPDX-License-Identifier: MIT
#include "kernel/window.h"
#include "kernel/abi/core_entry.h"
#include "kernel/abi/error.h"
#include "kernel/space.h"
#include "microcore/page.h"
#include "microcore/string.h"

#define WINDOW_PAGES_MAX 4096

// What a window shows: COUNT pinned frames, the bytes begin at FIRST_OFFSET in the first.
struct view {
    uint64_t count, first_offset, bytes;
    uint64_t *frames; // INLINE_FRAMES where there are few
    uint64_t inline_frames[WINDOW_INLINE];
    bool writable;
};

static void frames_release(uint64_t *frames, uint64_t count, uint64_t pinned)
{
    for (uint64_t i = 0; i < pinned; i++)
        page_put(frames[i]);
    if (count > WINDOW_INLINE)
        core_free(frames, count * sizeof(*frames));
}

static void view_release(struct view *view)
{
    frames_release(view->frames, view->count, view->count);
}

void window_unpin(struct rref *record)
{
    frames_release(record->frames, record->frame_count, record->frame_count);
    record->frames = NULL;
}

// Which pages ADDRESS and BYTES touch. 0 or why not.
static int64_t view_measure(struct view *view, uint64_t address, uint64_t bytes)
{
    if (!bytes || address >= SPACE_END || bytes > SPACE_END - address)
        return -EFAULT;
    view->bytes = bytes;
    view->first_offset = address % PAGE_SIZE;
    view->count = (view->first_offset + bytes + PAGE_SIZE - 1) / PAGE_SIZE;
    return view->count > WINDOW_PAGES_MAX ? -E2BIG : 0;
}

// Pins the pages of a range. 0 or a negative errno, with nothing pinned and nothing shown.
static int64_t view_make(struct view *view, struct space *space, uint64_t address, uint64_t bytes,
                         uint64_t protection)
{
    int64_t error = view_measure(view, address, bytes);
    view->writable = protection & PROTECTION_WRITE;
    view->frames = view->inline_frames;
    if (!error && view->count > WINDOW_INLINE)
        view->frames = core_alloc(view->count * sizeof(*view->frames));
    if (!error && !view->frames)
        error = -ENOMEM;
    address -= view->first_offset;
    for (uint64_t i = 0; i < view->count && !error; i++) {
        error = space_pin(space, address + i * PAGE_SIZE, view->writable, &view->frames[i]);
        if (error)
            frames_release(view->frames, view->count, i);
    }
    if (error)
        *view = (struct view){.frames = view->inline_frames};
    return error;
}

static void record_show(struct rref *record, const struct view *view)
{
    record->frames = view->frames;
    if (view->count <= WINDOW_INLINE) {
        record->frames = record->inline_frames; // also where there are none: it is still a window
        for (uint32_t i = 0; i < WINDOW_INLINE; i++)
            record->inline_frames[i] = view->inline_frames[i];
    }
    record->frame_count = view->count;
    record->first_offset = view->first_offset;
    record->length = view->bytes;
    record->writable = view->writable;
}

int64_t rref_window(struct domain *domain, struct space *space, uint64_t address, uint64_t bytes,
                    uint64_t protection)
{
    struct view view;
    int64_t error;
    struct rref *record = record_alloc(domain, 0, &error);
    if (!record)
        return error;
    error = view_make(&view, space, address, bytes, protection);
    if (error) {
        record_cancel(record, domain, 0);
        return error;
    }
    record->type = 0;
    record_show(record, &view);
    return (int64_t)record_publish(record, domain, 0);
}

// Exchanges what the window shows and VIEW. -EINVAL, -EACCES or -EBUSY: neither has changed.
static int64_t view_exchange(const struct domain *domain, rref_t rref, struct view *view)
{
    interrupt_state state;
    struct rref *record = record_take(rref, &state);
    if (!record)
        return -EINVAL;
    int64_t error = 0;
    if (record->owner != domain->id || !record->frames)
        error = -EACCES;
    else if (record_is_lent(record) || record->pins)
        error = -EBUSY;
    if (!error) {
        struct view before = {.count = record->frame_count, .frames = record->frames};
        for (uint32_t i = 0; i < WINDOW_INLINE; i++)
            before.inline_frames[i] = record->inline_frames[i];
        record_show(record, view);
        *view = before;
        if (view->count <= WINDOW_INLINE)
            view->frames = view->inline_frames;
    }
    record_release(record, state);
    return error;
}

int64_t rref_window_aim(struct domain *domain, rref_t rref, struct space *space, uint64_t address,
                        uint64_t bytes, uint64_t protection)
{
    struct view view = {.frames = view.inline_frames};
    int64_t error = bytes ? view_make(&view, space, address, bytes, protection) : 0;
    int64_t refused = view_exchange(domain, rref, &view);
    view_release(&view);
    return refused ? refused : error;
}
