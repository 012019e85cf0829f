// SPDX-License-Identifier: MIT
// Each thread has a window over its program's memory, which larger pieces are moved through. It is
// made once, and goes on showing what it showed last: a program mostly uses one buffer again and
// again, and the core looks up its pages whenever they are used. What a device has done with it is
// told at the thread's event.
#pragma once
#include "core.h"
#include "processes.h"

// In shown.what, above the length.
#define SHOWN_PROTECTION 32
#define SHOWN_SPACE      40

// 0, or why it cannot show that.
int64_t window_aim(struct thread *thread, handle_t space, struct shown wanted);

// It shows N bytes at ADDRESS from now on.
static inline int64_t window_show(struct thread *thread, handle_t space, uint64_t address,
                                  uint32_t n, uint64_t protection)
{
    const struct shown wanted = {address, (uint64_t)space << SHOWN_SPACE |
                                              protection << SHOWN_PROTECTION | n};
    if (thread->shown.address == wanted.address && thread->shown.what == wanted.what)
        return 0;
    return window_aim(thread, space, wanted);
}

// It shows nothing any more. -EBUSY: somebody has it still, and nothing has changed.
int64_t window_hide(struct thread *thread);

// It keeps no address space alive that is about to be given up.
void window_forget(struct thread *thread);

// Waits until nobody has it. A server that crashed may have given it to a driver before: the device
// still moves bytes to or from the user's pages, which stay out of the program's hands until that
// is over. RESULT: of the request; a failed one leaves no completion behind.
void window_end(struct thread *thread, int64_t result);
