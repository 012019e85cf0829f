// SPDX-License-Identifier: MIT
// Windows: RRefs that show user memory. Nothing of it is pinned but while somebody is at it: each
// copy looks its pages up, and a device has them from its first post to the end of its last.
#pragma once
#include "kernel/registry.h"
#include "microcore/page.h"

// Pins what a window shows, which is pinned itself (record->pins): its frames are known from now
// on. 0 or a negative errno: the program has no such memory, or there is none.
int window_pin(struct rref *record);
// The same with the guard taken, for one page that is there and can be had at once. False: it is
// not that simple, and nothing has changed.
bool window_pin_held(struct rref *record);
// With the guard taken and the last pin gone: the frames are the caller's to put, none where it was
// no window.
struct pinned_frames window_unpin(struct rref *record);
void frames_put_all(const struct pinned_frames *frames);

static inline void frames_put(const struct pinned_frames *frames)
{
    if (frames->count == 1)
        page_put(frames->few[0]);
    else if (frames->count)
        frames_put_all(frames);
}

static inline uint64_t frames_at(const struct pinned_frames *frames, uint64_t index)
{
    return (frames->count > WINDOW_INLINE ? frames->list : frames->few)[index];
}
