// SPDX-License-Identifier: MIT
// Structure offsets for assembly: compiled to text, and made into build/gen/offsets.h.
#include <stddef.h>
#include "kernel/object.h"
#include "kernel/proxy.h"
#include "kernel/thread.h"

#define OFFSET(name, type, member)                                                                 \
    __asm__ volatile("\n->" #name " %0" ::"i"(offsetof(struct type, member)))
#define VALUE(name, value) __asm__ volatile("\n->" #name " %0" ::"i"(value))

_Static_assert(offsetof(struct thread, task) == 0, "tp points to the task and to the thread");
_Static_assert(sizeof(struct frame) == 128, "32 frames are one page");
_Static_assert(sizeof(struct handle_entry) == 32, "the gate shifts by 5");
_Static_assert(sizeof(struct version_counters) == 128, "one line pair for each hart");
_Static_assert(offsetof(struct version, counters) == 0, "the gate adds counter_offset alone");
_Static_assert(offsetof(struct version, methods) + 8 < 2048, "fits an immediate");

void kernel_offsets(void);
void kernel_offsets(void)
{
    OFFSET(THREAD_TOP, thread, top);
    OFFSET(THREAD_PROCESS, thread, process);
    OFFSET(THREAD_COOKIE, thread, cookie);
    OFFSET(THREAD_USER_FRAME, thread, user_frame);
    OFFSET(THREAD_USER_NEWS, thread, user_news);
    OFFSET(FRAME_RA, frame, ra);
    OFFSET(FRAME_SP, frame, sp);
    OFFSET(FRAME_VERSION, frame, version);
    OFFSET(FRAME_STACK, frame, stack);
    OFFSET(FRAME_PROXY, frame, proxy);
    OFFSET(FRAME_METHOD, frame, method);
    OFFSET(FRAME_CARRIED, frame, carried);
    OFFSET(FRAME_SPENT, frame, spent);
    OFFSET(FRAME_ARGUMENTS, frame, arguments);
    VALUE(FRAME_SIZE, sizeof(struct frame));
    VALUE(COUNTERS_LEFT, offsetof(struct version_counters, left));
    OFFSET(VERSION_BASE, version, base);
    OFFSET(VERSION_HANDLES, version, handles);
    OFFSET(VERSION_DEAD, version, dead);
    OFFSET(VERSION_METHODS, version, methods);
    OFFSET(PROXY_VERSION, proxy, version);
    OFFSET(HANDLE_PROXY, handle_entry, proxy);
    OFFSET(PROXY_SAVING, proxy, saving);
    OFFSET(HANDLE_FAST, handle_entry, fast);
    OFFSET(HANDLE_RIGHTS, handle_entry, rights);
    VALUE(FRAME_UNCOUNTED_BIT, FRAME_UNCOUNTED);
    VALUE(FRAME_PREPARED_BIT, FRAME_PREPARED);
    VALUE(FRAME_SAVED_BIT, FRAME_SAVED);
}
