// SPDX-License-Identifier: MIT
// Handles. The gate reads a domain's table without a lock, so entries change in an order that never
// shows it more rights than the entry has: rights go away before the object, and come after it.
#include "kernel/object.h"
#include "kernel/abi/error.h"
#include "kernel/domain.h"
#include "kernel/event.h"
#include "kernel/proxy.h"
#include "microcore/fail.h"
#include <stddef.h>

void object_init(struct object *object, enum object_kind kind, void (*destroy)(struct object *))
{
    object->kind = kind;
    object->users = 1;
    object->destroy = destroy;
}

void object_get(struct object *object)
{
    __atomic_fetch_add(&object->users, 1, __ATOMIC_RELAXED);
}

void object_put(struct object *object)
{
    if (__atomic_sub_fetch(&object->users, 1, __ATOMIC_ACQ_REL) == 0 && object->destroy)
        object->destroy(object);
}

static uint32_t handles_used;

uint32_t handle_total(void)
{
    return handles_used;
}

static struct proxy *proxy_of(struct object *object)
{
    return (struct proxy *)((char *)object - offsetof(struct proxy, object));
}

static void entry_fill(struct handle_entry *entry, struct object *object, uint64_t rights)
{
    entry->object = object;
    __atomic_fetch_add(&handles_used, 1, __ATOMIC_RELAXED);
    if (object->kind != OBJECT_PROXY) { // a free entry names no proxy
        __atomic_store_n(&entry->rights, rights, __ATOMIC_RELAXED);
        return;
    }
    struct proxy *proxy = proxy_of(object);
    __atomic_store_n(&entry->proxy, proxy, __ATOMIC_RELEASE);
    __atomic_store_n(&entry->rights, rights, __ATOMIC_RELEASE);
    __atomic_store_n(&entry->fast, proxy_fast(proxy, rights), __ATOMIC_RELEASE);
}

// Empties an entry; returns its object, whose use is the caller's now.
static struct object *entry_clear(struct handle_entry *entry)
{
    struct object *object = entry->object;
    __atomic_store_n(&entry->fast, 0, __ATOMIC_RELEASE);
    __atomic_store_n(&entry->rights, 0, __ATOMIC_RELEASE);
    __atomic_store_n(&entry->proxy, &proxy_none, __ATOMIC_RELEASE);
    entry->object = NULL;
    if (object)
        __atomic_fetch_sub(&handles_used, 1, __ATOMIC_RELAXED);
    return object;
}

// The first free one from FIRST on, and before END; *hint: none before that is free.
static inline int entry_find(const struct domain *domain, uint32_t *hint, uint32_t first,
                             uint32_t end)
{
    uint32_t i = *hint < first ? first : *hint;
    while (i < end && domain->handles[i].object)
        i++;
    *hint = i;
    return i < end ? (int)i : -ENFILE;
}

// LOCK_DOMAIN of DOMAIN is taken.
static inline __attribute__((always_inline)) int entry_take(struct domain *domain,
                                                            struct object *object, uint64_t rights)
{
    // The first ones are the manifest's, also where an optional need was not met.
    const struct domain_header *header = &domain->image->header;
    uint32_t end = header->limits.handles, called = end < HANDLES_CALLED ? end : HANDLES_CALLED;
    int handle = -ENFILE;
    if (fail_now(FAIL_HANDLE))
        return handle;
    if (object->kind != OBJECT_PROXY) // those that the gate finds are left to services
        handle = entry_find(domain, &domain->handle_high, called, end);
    if (handle < 0)
        handle = entry_find(domain, &domain->handle_low, header->need_count, called);
    if (handle >= 0)
        entry_fill(&domain->handles[handle], object, rights);
    return handle;
}

int handle_insert(struct domain *domain, struct object *object, uint64_t rights)
{
    interrupt_state state = lock_take(&domain->lock);
    int handle = entry_take(domain, object, rights);
    lock_release(&domain->lock, state);
    return handle;
}

void handle_insert_at(struct domain *domain, handle_t handle, struct object *object,
                      uint64_t rights)
{
    interrupt_state state = lock_take(&domain->lock);
    entry_fill(&domain->handles[handle], object, rights);
    lock_release(&domain->lock, state);
}

// The object behind any handle with one use taken, and its rights.
static struct object *handle_take(struct domain *domain, handle_t handle, uint64_t *rights)
{
    if (handle >= domain->handle_count)
        return NULL;
    interrupt_state state = lock_take(&domain->lock);
    struct object *object = domain->handles[handle].object;
    *rights = domain->handles[handle].rights;
    if (object)
        object_get(object);
    lock_release(&domain->lock, state);
    return object;
}

struct object *handle_object(struct domain *domain, handle_t handle, enum object_kind kind)
{
    uint64_t rights;
    struct object *object = handle_take(domain, handle, &rights);
    if (!object || object->kind == kind)
        return object;
    object_put(object);
    return NULL;
}

bool handle_has_capability(struct domain *domain, handle_t handle, enum core_capability capability)
{
    uint64_t rights;
    struct object *object = handle_take(domain, handle, &rights);
    if (!object)
        return false;
    bool has = object->kind == OBJECT_CORE && (rights & capability);
    object_put(object);
    return has;
}

int handle_copy(struct domain *domain, handle_t handle, struct domain *next)
{
    uint64_t rights;
    struct object *object = handle_take(domain, handle, &rights);
    if (!object)
        return -EBADF;
    int copy = handle_insert(next, object, rights);
    if (copy < 0)
        object_put(object);
    return copy;
}

static bool object_is_inherited(const struct object *object)
{
    const uint32_t kinds = 1u << OBJECT_EVENT | 1u << OBJECT_SPACE | 1u << OBJECT_THREAD;
    return object && kinds >> object->kind & 1;
}

void handles_inherit(struct domain *domain, int32_t *handles, uint32_t count, struct domain *next)
{
    struct object *objects[INHERIT_MAX];
    interrupt_state state = lock_take(&domain->lock);
    for (uint32_t i = 0; i < count; i++) {
        uint32_t handle = (uint32_t)handles[i];
        objects[i] = handle < domain->handle_count ? domain->handles[handle].object : NULL;
        if (!object_is_inherited(objects[i]))
            objects[i] = NULL;
        else
            object_get(objects[i]);
    }
    lock_release(&domain->lock, state);
    uint32_t taken = 0;
    state = lock_take(&next->lock);
    for (uint32_t i = 0; i < count; i++) {
        handles[i] = objects[i] ? entry_take(next, objects[i], 0) : -EBADF;
        taken += handles[i] >= 0;
    }
    lock_release(&next->lock, state);
    for (uint32_t i = 0; i < count && taken < count; i++) {
        if (objects[i] && handles[i] < 0)
            object_put(objects[i]);
    }
}

int handle_close(struct domain *domain, handle_t handle)
{
    if (handle >= domain->handle_count)
        return -EBADF;
    interrupt_state state = lock_take(&domain->lock);
    struct object *object = entry_clear(&domain->handles[handle]);
    uint32_t *hint = handle < HANDLES_CALLED ? &domain->handle_low : &domain->handle_high;
    if (handle < *hint)
        *hint = handle;
    lock_release(&domain->lock, state);
    if (!object)
        return -EBADF;
    object_put(object);
    return 0;
}

static void event_announce_end(struct domain *domain, handle_t handle)
{
    struct object *object = handle_object(domain, handle, OBJECT_EVENT);
    if (!object)
        return;
    event_signal((struct event *)object);
    object_put(object);
}

void handle_announce_end(struct domain *domain)
{
    for (handle_t handle = 0; handle < domain->handle_count; handle++)
        event_announce_end(domain, handle);
}

void handle_close_all(struct domain *domain)
{
    for (handle_t handle = 0; handle < domain->handle_count; handle++)
        handle_close(domain, handle);
}
