// SPDX-License-Identifier: MIT
#include "window.h"

#include "calls.h"

#define POLL_NS 10000000u // from one look to the next whether a device has let go

int64_t window_aim(struct thread *thread, handle_t space, struct shown wanted)
{
    uint64_t n = (uint32_t)wanted.what, protection = wanted.what >> SHOWN_PROTECTION & 0xFF;
    int64_t result;
    thread->shown.what = 0;
    if (thread->window) {
        result = core_window_aim(thread->window, space, wanted.address, n, protection);
    } else {
        result = core_window_create(space, wanted.address, n, protection);
        if (result < 0)
            return result;
        thread->window = (rref_t)result;
        result = core_rref_completion(thread->window, thread->event, 0);
    }
    if (result == 0)
        thread->shown = wanted;
    return result;
}

int64_t window_hide(struct thread *thread)
{
    int64_t result = core_window_aim(thread->window, 0, 0, 0, 0);
    if (result == 0)
        thread->shown.what = 0;
    return result;
}

void window_forget(struct thread *thread)
{
    if (thread->shown.what)
        (void)window_hide(thread);
}

void window_end(struct thread *thread, int64_t result)
{
    struct completion late;
    for (;;) {
        struct wait_item item = {.event = thread->event, .seen = sleep_prepare(thread)};
        if (window_hide(thread) != -EBUSY)
            break;
        if (core_wait(&item, 1, core_time() + POLL_NS) == -EINTR)
            core_yield();
    }
    while (result < 0 && core_completion_reap(thread->event, &late, 1) == 1)
        continue; // or the next request would take it for its own
}
