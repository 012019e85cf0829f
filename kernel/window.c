// SPDX-License-Identifier: MIT
#include "kernel/window.h"
#include "kernel/abi/core_entry.h"
#include "kernel/abi/error.h"
#include "kernel/space.h"
#include "microcore/page.h"

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

// Pins the pages of a range that was measured. 0 or a negative errno, with nothing pinned.
static int64_t view_pin(struct view *view, struct space *space, uint64_t address,
                        uint64_t protection)
{
    view->writable = protection & PROTECTION_WRITE;
    view->frames = view->inline_frames;
    if (view->count > WINDOW_INLINE)
        view->frames = core_alloc(view->count * sizeof(*view->frames));
    if (!view->frames)
        return -ENOMEM;
    address -= view->first_offset;
    for (uint64_t i = 0; i < view->count;) {
        uint64_t pinned = space_pin_present(space, address + i * PAGE_SIZE, view->writable,
                                            &view->frames[i], view->count - i);
        i += pinned;
        if (pinned)
            continue;
        int error = space_pin(space, address + i * PAGE_SIZE, view->writable, &view->frames[i]);
        if (error) {
            frames_release(view->frames, view->count, i);
            return error;
        }
        i++;
    }
    return 0;
}

static void record_show(struct rref *record, const struct view *view)
{
    record->frames = view->frames;
    if (view->count <= WINDOW_INLINE) {
        record->frames = record->inline_frames; // also where there are none: it is still a window
        record->inline_frames[0] = view->inline_frames[0];
        record->inline_frames[1] = view->count > 1 ? view->inline_frames[1] : 0;
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
    error = view_measure(&view, address, bytes);
    if (!error)
        error = view_pin(&view, space, address, protection);
    if (error) {
        record_cancel(record, domain);
        return error;
    }
    record->type = 0;
    record_show(record, &view);
    return (int64_t)record_publish(record, domain, 0);
}

// May DOMAIN change what the record shows? Its guard is taken.
static int64_t window_check(const struct rref *record, const struct domain *domain)
{
    if (record->owner != domain->id || !record->frames)
        return -EACCES;
    return record_is_lent(record) || record->pinned ? -EBUSY : 0;
}

// The window shows VIEW. -EAGAIN: it shows something already.
static int64_t window_show(const struct domain *domain, rref_t rref, const struct view *view)
{
    interrupt_state state;
    struct rref *record = record_take(rref, &state);
    if (!record)
        return -EINVAL;
    int64_t error = window_check(record, domain);
    if (!error && record->frame_count)
        error = -EAGAIN;
    if (!error)
        record_show(record, view);
    record_release(record, state);
    return error;
}

// The window shows nothing any more, and its pages are let go.
static int64_t window_clear(const struct domain *domain, rref_t rref)
{
    interrupt_state state;
    struct rref *record = record_take(rref, &state);
    if (!record)
        return -EINVAL;
    int64_t error = window_check(record, domain);
    uint64_t count = record->frame_count, *frames = record->frames;
    uint64_t first = record->inline_frames[0], second = record->inline_frames[1];
    if (!error) {
        record->frames = record->inline_frames; // it is still a window
        record->frame_count = record->length = 0;
    }
    record_release(record, state);
    if (error || !count)
        return error;
    if (count > WINDOW_INLINE) {
        frames_release(frames, count, count);
        return 0;
    }
    page_put(first);
    if (count == 2)
        page_put(second);
    return 0;
}
_Static_assert(WINDOW_INLINE == 2, "window_clear knows both");

// The usual case in fewer steps: bytes of one page, and the window shows none. False: it was
// another.
static inline bool window_show_page(const struct domain *domain, rref_t rref, struct space *space,
                                    uint64_t address, uint64_t bytes, uint64_t protection)
{
    uint64_t frame, in_page = address % PAGE_SIZE;
    bool writable = protection & PROTECTION_WRITE, shown = false;
    if (bytes > PAGE_SIZE - in_page || space_pin(space, address, writable, &frame))
        return false;
    interrupt_state state;
    struct rref *record = record_take(rref, &state);
    if (record) {
        shown = !window_check(record, domain) && !record->frame_count;
        if (shown) {
            record->frames = record->inline_frames;
            record->inline_frames[0] = frame;
            record->frame_count = 1;
            record->first_offset = in_page;
            record->length = bytes;
            record->writable = writable;
        }
        record_release(record, state);
    }
    if (!shown)
        page_put(frame);
    return shown;
}

int64_t rref_window_aim(struct domain *domain, rref_t rref, struct space *space, uint64_t address,
                        uint64_t bytes, uint64_t protection)
{
    struct view view;
    if (!bytes)
        return window_clear(domain, rref);
    if (window_show_page(domain, rref, space, address, bytes, protection))
        return 0;
    int64_t error = view_measure(&view, address, bytes);
    if (error)
        return error;
    error = view_pin(&view, space, address, protection);
    if (error) {
        int64_t refused = window_clear(domain, rref);
        return refused ? refused : error;
    }
    error = window_show(domain, rref, &view);
    if (error == -EAGAIN) {
        error = window_clear(domain, rref);
        if (!error)
            error = window_show(domain, rref, &view);
    }
    if (error)
        frames_release(view.frames, view.count, view.count);
    return error;
}
