// SPDX-License-Identifier: MIT
// Structure offsets for assembly: compiled to text, and made into build/gen/offsets.h.
#include <stddef.h>
#include "kernel/object.h"
#include "kernel/proxy.h"
#include "kernel/registry.h"
#include "kernel/thread.h"

#define OFFSET(name, type, member)                                                                 \
    __asm__ volatile("\n->" #name " %0" ::"i"(offsetof(struct type, member)))
#define VALUE(name, value) __asm__ volatile("\n->" #name " %0" ::"i"(value))

_Static_assert(offsetof(struct thread, task) == 0, "tp points to the task and to the thread");
_Static_assert(sizeof(struct frame) == 128, "32 frames are one page");
_Static_assert(sizeof(struct handle_entry) == 32, "the gate shifts by 5");
_Static_assert(sizeof(struct version_counters) == 128, "one line pair for each hart");
_Static_assert(offsetof(struct version, counters) == 0, "the gate adds an offset alone");
_Static_assert(offsetof(struct version_counters, entered) == 0 &&
                   offsetof(struct version_counters, left) == sizeof(uint64_t),
               "as hart_init works the offsets out");
_Static_assert(offsetof(struct version, served) + 8 < 2048, "fits an immediate");
_Static_assert(offsetof(struct proxy, lends) < 2048, "fits an immediate");
_Static_assert(sizeof(((struct proxy *)0)->lends[0]) == 4, "the gate shifts by 2");
_Static_assert(offsetof(struct rref, guard) == 0, "the gate takes it at the record's address");
_Static_assert(CHUNK_RECORDS == 1 << CHUNK_SHIFT, "the gate splits an index");
_Static_assert(FRAME_AWAITED == 1 << 15, "shifted to the sign");
_Static_assert(FRAME_PASSED % (1 << 12) == 0 && FRAME_PASSED == 1 << FRAME_RECORD_SHIFT &&
                   (FRAME_WATCHED | FRAME_AWAITED) % (1 << 12) == 0 &&
                   _Alignof(struct rref) << FRAME_RECORD_SHIFT > FRAME_WATCHED,
               "loaded in one instruction, and no bits of a record's address");
_Static_assert(RREFS_MAX == 1 << 16, "the gate takes 16 bits of a name");
_Static_assert(GUARD_TAKEN == 1, "the gate has a 1 at hand");
_Static_assert(DOMAIN_METHODS_MAX == 32, "the second half of handle_entry.fast");
// A loan is taken and ended by a store of its first word: the domain, and one call.
_Static_assert(offsetof(struct loan, domain) == 0 && offsetof(struct loan, calls) == 4 &&
                   offsetof(struct loan, posts) == 8 && offsetof(struct loan, completed) == 10 &&
                   offsetof(struct rref, loans) % 8 == 0,
               "the gate knows a loan's words");

void kernel_offsets(void);
void kernel_offsets(void)
{
    OFFSET(THREAD_TOP, thread, top);
    OFFSET(THREAD_PROCESS, thread, process);
    OFFSET(THREAD_COOKIE, thread, cookie);
    OFFSET(THREAD_CALL_FRAME, thread, call_frame);
    OFFSET(THREAD_USER_NEWS, thread, user_news);
    OFFSET(THREAD_REGISTERS_SET, thread, registers_set);
    OFFSET(FRAME_RA, frame, ra);
    OFFSET(FRAME_SP, frame, sp);
    OFFSET(FRAME_VERSION, frame, version);
    OFFSET(FRAME_STACK, frame, stack);
    OFFSET(FRAME_PROXY, frame, proxy);
    OFFSET(FRAME_METHOD, frame, begun);
    OFFSET(FRAME_CARRIED, frame, carried);
    OFFSET(FRAME_ENTERED, frame, entered);
    OFFSET(FRAME_ARGUMENTS, frame, arguments);
    VALUE(FRAME_SIZE, sizeof(struct frame));
    OFFSET(VERSION_BASE, version, base);
    OFFSET(VERSION_HANDLES, version, handles);
    OFFSET(VERSION_DEAD, version, dead);
    OFFSET(VERSION_METHODS, version, methods);
    OFFSET(VERSION_SERVED, version, served);
    OFFSET(VERSION_ID, version, id);
    OFFSET(VERSION_STUB, version, stub);
    OFFSET(VERSION_PLACE, version, place);
    OFFSET(PROXY_LENDS, proxy, lends);
    OFFSET(PROXY_VERSION, proxy, version);
    OFFSET(HANDLE_PROXY, handle_entry, proxy);
    OFFSET(PROXY_SAVING, proxy, saving);
    OFFSET(HANDLE_FAST, handle_entry, fast);
    OFFSET(HANDLE_RIGHTS, handle_entry, rights);
    VALUE(FRAME_UNCOUNTED_BIT, FRAME_UNCOUNTED);
    VALUE(FRAME_PREPARED_BIT, FRAME_PREPARED);
    VALUE(FRAME_WATCHED_BITS, FRAME_WATCHED | FRAME_AWAITED);
    VALUE(FRAME_SAVED_BIT, FRAME_SAVED);
    VALUE(FRAME_RECORD_BITS, FRAME_RECORD_SHIFT);
    VALUE(RREF_CHUNK_SHIFT, CHUNK_SHIFT);
    VALUE(RREF_SIZE, sizeof(struct rref));
    OFFSET(RREF_OWNER, rref, owner);
    OFFSET(RREF_LIVE, rref, live);
    OFFSET(RREF_NAME, rref, name);
    OFFSET(RREF_LOAN_BOUND, rref, loan_bound);
    OFFSET(RREF_PINNED, rref, pinned);
    VALUE(FRAME_PASSED_BIT, FRAME_PASSED);
    OFFSET(RREF_LOAN, rref, loans);
    VALUE(RREF_LOAN_FIRST, offsetof(struct rref, loans) + offsetof(struct loan, first));
}
