// SPDX-License-Identifier: MIT
// Services: a proxy is what holders of a handle call through, and it outlives every instance that
// serves it. A version is one serving instance as the gate sees it: its methods, its slot, and the
// readers that are inside.
//
// Readers are counted in the version, per hart, with two counters that only grow, but that who does
// not go on takes its count back where it was counted: so `entered` counts calls. Versions are
// never freed, only reused, so that a stale pointer still counts somewhere. docs/design.md,
// "Update".
#pragma once
#include "kernel/abi/core_entry.h"
#include "kernel/abi/manifest.h"
#include "kernel/object.h"
#include "microcore/layout.h"
#include "microcore/lock.h"

struct domain;
struct image;

struct version_counters { // one line for each hart
    uint64_t entered, left;
    uint64_t reserved[14];
};

// A slot in the words of RRefs in passing (kernel/passing.c): its number's octal digits with a gap
// behind each, so that eight times one place and another one add up to what no other two do.
static inline uint64_t place_of_slot(uint64_t slot)
{
    return (slot & 7) | (slot >> 3) << 6;
}
#define PLACE_NONE ((uint64_t)0x1C7 << 32) // octal 77, past the last slot

struct version {
    struct version_counters counters[HARTS_MAX]; // at offset 0: the gate adds task.counters
    uint64_t base;                               // slot; 0 for the core's own versions
    struct handle_entry *handles;                // handle table of the instance
    struct domain *domain;                       // NULL for the core's own versions
    uint64_t dead;                               // set once, before its frames are looked for
    uint64_t stub;                               // address of its return stub
    uint64_t id;                                 // of the domain; 0 for the core's own versions
    uint64_t place;                              // of its slot in rref_passing, or PLACE_NONE
    uint64_t methods[DOMAIN_METHODS_MAX];        // where the gate goes
    uint64_t served[DOMAIN_METHODS_MAX];         // and from there, while calls are watched
    uint64_t entered_before;                     // by readers of earlier uses of this record
    uint32_t in_use;
};

extern struct version version_core;   // frames of the core
extern struct version version_closed; // callers wait until the proxy is open again
extern struct version version_dead;   // callers get RPC_DEAD

struct version *version_alloc(void); // NULL when all are in use
void version_release(struct version *version);
// Kicks sleepers and waits until the last reader has left, at most LIMIT_NS. Task context.
bool version_drain(struct version *version, uint64_t limit_ns);
// Before the gate is closed: waits for a moment in which nobody is at work in it, so that there is
// nothing to drain; for a millisecond or so, as there may be none. Control task.
void version_await_lull(const struct version *version);
// Is nobody at work in it, now or within 20 us?
bool version_becomes_quiet(const struct version *version);
// Lets who was preempted in it run next, to tell when they are out. Is there anybody?
bool version_hurry(const struct version *version);
#define DRAIN_LIMIT_NS 50000000ull // how long callers may be held up at a closed gate
bool version_is_empty(const struct version *version);    // no reader inside
uint64_t version_entered(const struct version *version); // ever
uint64_t version_inside(const struct version *version);  // readers now, for reports
// Wakes who sleeps in it, lets who could run there run next, and asks all to tell when they are
// out. Is anybody in it who does not run at this moment?
bool version_urge(const struct version *version);
uint32_t version_asleep(const struct version *version); // threads among its readers that wait
uint64_t version_calls(const struct version *version);  // in this use of the record
// Counts in and out, as the gate does. Any context.
struct version *version_enter(struct proxy *proxy);
// The version cannot go away meanwhile. Returns where it was counted.
struct version_counters *version_count_in(struct version *version);
void version_leave(struct version *version);
void version_init(void); // boot

#define PROBATION_NS    5000000000ull // both must have passed
#define PROBATION_CALLS 1000

struct proxy {
    struct version *version; // serving now; the gate reads it
    uint64_t saving;         // bit N: method N would be fast, but a shadow needs its arguments
    struct {                 // of a method that borrows one RRef and carries nothing else; or zeros
        int16_t carried;     // what its frame says of that, FRAME_*
        uint16_t argument;   // where the RRef's name is in the frame, bytes
    } lends[DOMAIN_METHODS_MAX];
    // -- end of what assembly uses --
    struct object object;
    char name[DOMAIN_NAME_SIZE];
    uint32_t interface;
    uint64_t hash;
    uint32_t method_count;
    // Bit N: method N carries no RRef or handle, and needs no saving. Bit 32 + N: its first
    // argument is an RRef that is given, and its result is one, and nothing else.
    uint64_t fast;
    struct {
        uint8_t arguments; // bit N: argument N is an RRef or handle
        uint16_t flags;    // FRAME_RESULT_*
    } carries[DOMAIN_METHODS_MAX];
    struct method_description descriptions[DOMAIN_METHODS_MAX];
    struct domain *domain;          // serving instance, NULL: none
    struct image *image, *previous; // now, and before the last update
    uint64_t probation_end;         // of the last update's image at the earliest; 0: none
    uint32_t state;                 // enum service_state
    uint64_t calls_before;          // calls that earlier instances served
    uint64_t faults, restarts;
    struct event *opened;              // signalled when the version changes from closed
    uint32_t armed_stage, armed_class; // enum fault_stage, 0: none; and what is to happen there
    // Shadow; LOCK_CONTROL.
    bool shadow_off;     // by the operator
    bool busy;           // the control task is at work on it
    struct domain *lost; // the dead instance, held until the next one starts
    uint64_t due;        // when the control task starts it again, ns since boot; 0: need not
    uint32_t pause_ms;   // before the last such start; 0: none
    uint32_t failures;   // starts in a row that failed
    char last_fault[256], last_update[256];
    uint32_t took[WATCH_BUCKETS]; // how many calls took how long, while somebody watched; atomic
    struct proxy *next;           // all services
};

extern struct proxy proxy_none; // a handle that is not a service: no rights, nothing behind it
extern struct proxy *proxies;   // all services; LOCK_CONTROL

// The service of that name, made when it is not there yet and INTERFACE is not 0 (handles may be
// taken before the service runs). NULL: no such service, or no memory, or another interface.
struct proxy *proxy_find(const char *name);
struct proxy *proxy_get(const char *name, uint32_t interface, uint64_t hash);
// The methods as the first image that serves it describes them (the hash covers them).
void proxy_describe(struct proxy *proxy, const struct image *image);
// Is it started again after a crash, and are its idempotent requests repeated?
bool proxy_has_shadow(const struct proxy *proxy);
// Has the image of the last update still to prove itself? Then a fault brings the one before back.
// LOCK_CONTROL.
bool proxy_on_probation(const struct proxy *proxy);
uint32_t proxy_state(const struct proxy *proxy); // enum service_state, as it is shown; LOCK_CONTROL
// What of `fast` a holder with such rights may use.
static inline uint64_t proxy_fast(const struct proxy *proxy, uint64_t rights)
{
    return proxy->fast & (rights | rights << DOMAIN_METHODS_MAX);
}
// Rights of an ordinary holder: every method.
uint64_t proxy_rights(const struct proxy *proxy);
