// SPDX-License-Identifier: MIT
#include "kernel/proxy.h"
#include "kernel/control.h"
#include "kernel/domain.h"
#include "kernel/event.h"
#include "kernel/fault.h"
#include "kernel/gate.h"
#include "kernel/image.h"
#include "kernel/thread.h"
#include "microcore/fail.h"
#include "microcore/hart.h"
#include "microcore/page.h"
#include "microcore/string.h"
#include "microcore/task.h"
#include "microcore/timer.h"
#include <stddef.h>

#define VERSIONS_MAX                                                                               \
    96 // more than slots: an empty record may wait for its last reader to count out

#define DRAIN_SPIN_NS 5000ull   // who runs on another hart is mostly out by then
#define DRAIN_POLL_NS 100000ull // the last one out tells, but for rare races
#define LULL_SPIN_NS  20000ull
#define LULL_LIMIT_NS 1000000ull

struct version version_core, version_closed, version_dead;
struct proxy proxy_none = {.object = {.kind = OBJECT_PROXY, .users = 1}};
struct proxy *proxies;
static struct version version_pool[VERSIONS_MAX];

void version_init(void)
{
    for (uint32_t method = 0; method < DOMAIN_METHODS_MAX; method++) {
        version_closed.methods[method] = (uint64_t)gate_unserved;
        version_dead.methods[method] = (uint64_t)gate_unserved;
    }
    proxy_none.version = &version_dead;
    version_core.place = version_closed.place = version_dead.place = PLACE_NONE;
}

struct version *version_alloc(void)
{
    if (fail_now(FAIL_SLOT))
        return NULL;
    for (struct version *version = version_pool; version < version_pool + VERSIONS_MAX; version++) {
        uint32_t expected = 0;
        if (!__atomic_compare_exchange_n(&version->in_use, &expected, true, false, __ATOMIC_ACQ_REL,
                                         __ATOMIC_RELAXED))
            continue;
        version->dead = 0;
        version->entered_before = version_entered(version);
        return version;
    }
    return NULL;
}

void version_release(struct version *version)
{
    version->handles = NULL;
    version->domain = NULL;
    version->id = 0;
    version->place = PLACE_NONE;
    __atomic_store_n(&version->in_use, false, __ATOMIC_RELEASE);
}

uint64_t version_entered(const struct version *version)
{
    uint64_t entered = 0;
    for (uint32_t hart = 0; hart < hart_count; hart++)
        entered += __atomic_load_n(&version->counters[hart].entered, __ATOMIC_ACQUIRE);
    return entered;
}

// All `left` first: a reader counted out in the first sum must be in the second.
uint64_t version_inside(const struct version *version)
{
    uint64_t left = 0;
    for (uint32_t hart = 0; hart < hart_count; hart++)
        left += __atomic_load_n(&version->counters[hart].left, __ATOMIC_ACQUIRE);
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    return version_entered(version) - left;
}

bool version_is_empty(const struct version *version)
{
    return !version_inside(version);
}

bool version_drain(struct version *version, uint64_t limit_ns)
{
    uint64_t began = time_now(), urge = began, pause = DRAIN_POLL_NS;
    bool slept = false;
    while (!version_is_empty(version)) {
        if (slept)
            control_recover(); // who is inside may wait for that
        uint64_t now = time_now(), seen = control_news();
        if (now - began > limit_ns)
            return false;
        if (now >= urge) { // a kick may be used up by a wait for a lock: again, but seldom
            bool waiting = version_urge(version);
            while (!waiting && !version_is_empty(version) && time_now() - now < DRAIN_SPIN_NS)
                continue;
            urge = time_now() + pause;
            pause *= 2;
        }
        if (!version_is_empty(version)) {
            control_sleep(seen, urge);
            slept = true;
        }
    }
    return true;
}

// Is nobody at work in it? Who sleeps there is kicked later.
static bool version_is_quiet(const struct version *version)
{
    uint64_t inside = version_inside(version);
    return !inside || inside <= version_asleep(version);
}

bool version_becomes_quiet(const struct version *version)
{
    uint64_t until = time_now() + LULL_SPIN_NS;
    bool quiet;
    do
        quiet = version_is_quiet(version);
    while (!quiet && time_now() < until);
    return quiet;
}

void version_await_lull(const struct version *version)
{
    uint64_t limit = time_now() + LULL_LIMIT_NS;
    for (;;) {
        uint64_t now = time_now(), seen = control_news();
        bool preempted = version_hurry(version);
        if (!preempted && version_becomes_quiet(version))
            return;
        if (now >= limit)
            return;
        control_sleep(seen, now + DRAIN_POLL_NS);
        control_recover();
    }
}

// A late reader of an earlier use, who takes back what `entered_before` has of it, may make it
// less.
uint64_t version_calls(const struct version *version)
{
    uint64_t entered = version_entered(version);
    return entered > version->entered_before ? entered - version->entered_before : 0;
}

struct version *version_enter(struct proxy *proxy)
{
    for (;;) {
        struct version *version = __atomic_load_n(&proxy->version, __ATOMIC_ACQUIRE);
        struct version_counters *line = version_count_in(version);
        if (version == __atomic_load_n(&proxy->version, __ATOMIC_SEQ_CST))
            return version;
        __atomic_fetch_sub(&line->entered, 1, __ATOMIC_SEQ_CST);
    }
}

struct version_counters *version_count_in(struct version *version)
{
    struct version_counters *line = &version->counters[hart_current()->index];
    __atomic_fetch_add(&line->entered, 1, __ATOMIC_SEQ_CST);
    return line;
}

void version_leave(struct version *version)
{
    struct version_counters *line = &version->counters[hart_current()->index];
    __atomic_fetch_add(&line->left, 1, __ATOMIC_SEQ_CST);
}

struct proxy *proxy_find(const char *name)
{
    for (struct proxy *proxy = proxies; proxy; proxy = proxy->next) {
        if (!strcmp(proxy->name, name))
            return proxy;
    }
    return NULL;
}

static struct proxy *proxy_make(const char *name)
{
    struct proxy *proxy = core_alloc(sizeof(*proxy));
    if (!proxy)
        return NULL;
    object_init(&proxy->object, OBJECT_PROXY, NULL);
    proxy->opened = event_create();
    if (!proxy->opened) {
        core_free(proxy, sizeof(*proxy));
        return NULL;
    }
    string_copy(proxy->name, name, sizeof(proxy->name));
    proxy->version = &version_dead;
    proxy->state = SERVICE_STOPPED;
    struct proxy **link = &proxies;
    while (*link)
        link = &(*link)->next;
    interrupt_state state = lock_take(&control_lock);
    *link = proxy;
    lock_release(&control_lock, state);
    return proxy;
}

struct proxy *proxy_get(const char *name, uint32_t interface, uint64_t hash)
{
    struct proxy *proxy = proxy_find(name);
    if (!proxy)
        proxy = proxy_make(name);
    if (!proxy)
        return NULL;
    if (!proxy->interface) {
        proxy->interface = interface;
        proxy->hash = hash;
    }
    return proxy->interface == interface && proxy->hash == hash ? proxy : NULL;
}

// What method NUMBER carries to the callee and back; false: nothing.
static bool method_carries(struct proxy *proxy, uint32_t number)
{
    const struct method_description *method = &proxy->descriptions[number];
    uint8_t arguments = 0;
    for (uint32_t i = 0; i < method->argument_count; i++)
        arguments |= (uint8_t)((method->arguments[i] != ARGUMENT_INTEGER) << i);
    uint16_t flags = method->flags & METHOD_RESULT_RREF     ? FRAME_RESULT_RREF
                     : method->flags & METHOD_RESULT_HANDLE ? FRAME_RESULT_HANDLE
                                                            : 0;
    proxy->carries[number].arguments = arguments;
    proxy->carries[number].flags = flags;
    return arguments || flags;
}

// Whether method NUMBER is given one RRef and returns one: the gate moves that itself.
static bool method_passes(const struct proxy *proxy, uint32_t number)
{
    return proxy->carries[number].arguments == 1 &&
           proxy->descriptions[number].arguments[0] == ARGUMENT_RREF &&
           proxy->carries[number].flags == FRAME_RESULT_RREF;
}

// Whether method NUMBER borrows one RRef and carries nothing else: the gate lends that itself.
static void method_lends(struct proxy *proxy, uint32_t number)
{
    const struct method_description *method = &proxy->descriptions[number];
    uint8_t carriers = proxy->carries[number].arguments;
    uint16_t flags = proxy->carries[number].flags;
    uint32_t index = 0;
    int carried = 0;
    while (carriers >> index > 1)
        index++;
    bool alone = carriers && carriers == 1u << index;
    if (alone && !flags && method->arguments[index] == ARGUMENT_BORROW)
        carried = FRAME_PREPARED | FRAME_LENT_ALONE | 1 << index;
    proxy->lends[number].argument =
        (uint16_t)(offsetof(struct frame, arguments) + index * sizeof(uint64_t));
    proxy->lends[number].carried = (int16_t)carried;
}

void proxy_describe(struct proxy *proxy, const struct image *image)
{
    bool shadow = image->header.flags & DOMAIN_SHADOW;
    proxy->fast = proxy->saving = 0;
    for (uint32_t i = 0; i < image->header.method_count; i++) {
        const struct method_description *method = &image->descriptions[i];
        proxy->descriptions[i] = *method;
        bool saving = shadow && method->flags & METHOD_IDEMPOTENT && method->argument_count;
        if (!method_carries(proxy, i))
            *(saving ? &proxy->saving : &proxy->fast) |= 1ull << i;
        else if (method_passes(proxy, i))
            proxy->fast |= 1ull << (DOMAIN_METHODS_MAX + i);
        method_lends(proxy, i);
    }
    proxy->method_count = image->header.method_count;
}

bool proxy_has_shadow(const struct proxy *proxy)
{
    return proxy->image && proxy->image->header.flags & DOMAIN_SHADOW && !proxy->shadow_off;
}

bool proxy_on_probation(const struct proxy *proxy)
{
    const struct domain *domain = proxy->domain;
    if (!proxy->probation_end || !proxy->previous || !domain)
        return false;
    return time_now() < proxy->probation_end || version_calls(domain->version) < PROBATION_CALLS;
}

uint32_t proxy_state(const struct proxy *proxy)
{
    bool tried = proxy->state == SERVICE_RUNNING && proxy_on_probation(proxy);
    return tried ? SERVICE_PROBATION : proxy->state;
}

uint64_t proxy_rights(const struct proxy *proxy)
{
    (void)proxy;
    return UINT32_MAX; // methods past the interface's end are the slow path's to refuse
}
