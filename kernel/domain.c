// SPDX-License-Identifier: MIT
#include "kernel/domain.h"
#include "kernel/abi/error.h"
#include "kernel/control.h"
#include "kernel/device.h"
#include "kernel/gate.h"
#include "kernel/reclaim.h"
#include "kernel/thread.h"
#include "kernel/watch.h"
#include "microcore/console.h"
#include "microcore/page.h"
#include "microcore/pagetable.h"
#include "microcore/string.h"

struct domain *domains;
static uint32_t next_id;

static uint32_t core_capability_find(const char *name)
{
    static const struct {
        const char *name;
        uint32_t capability;
    } capabilities[] = {{"control", CORE_CONTROL},
                        {"process", CORE_PROCESS},
                        {"log", CORE_LOG},
                        {"initrd", CORE_INITRD},
                        {"power", CORE_POWER}};
    for (uint32_t i = 0; i < sizeof(capabilities) / sizeof(capabilities[0]); i++) {
        if (!strcmp(name, capabilities[i].name))
            return capabilities[i].capability;
    }
    return 0;
}

// One need of the manifest becomes the handle of the same number.
static int need_fill(struct domain *domain, uint32_t index, char *reason, uint64_t size)
{
    static struct object core_object = {.kind = OBJECT_CORE, .users = 1};
    const struct domain_need *need = &domain->image->header.needs[index];
    if (need->kind == NEED_SERVICE) {
        struct proxy *proxy = proxy_get(need->name, need->interface, need->hash);
        if (!proxy && !proxy_find(need->name))
            return -ENOMEM; // REASON says so
        if (!proxy) {
            format_text(reason, size,
                        "needs service %s with another interface than it has (build it again)",
                        need->name);
            return -EINVAL;
        }
        object_get(&proxy->object);
        handle_insert_at(domain, index, &proxy->object, proxy_rights(proxy));
    } else if (need->kind == NEED_CORE) {
        uint32_t capability = core_capability_find(need->name);
        if (!capability) {
            format_text(reason, size,
                        "needs core capability %s, which does not exist (see docs/idl.md)",
                        need->name);
            return -EINVAL;
        }
        object_get(&core_object);
        handle_insert_at(domain, index, &core_object, capability);
    }
    return 0;
}

int domain_claim_devices(struct domain *domain, char *reason, uint64_t size)
{
    const struct domain_header *header = &domain->image->header;
    for (uint32_t i = 0; i < header->need_count; i++) {
        const struct domain_need *need = &header->needs[i];
        if (need->kind != NEED_DEVICE || domain->handles[i].object)
            continue;
        bool busy = false;
        struct object *device = device_claim(need->name, need->index, domain, &busy);
        if (!device && need->optional)
            continue;
        if (!device) {
            format_text(reason, size,
                        busy ? "device %s %u is held by another service (see `domain list`)"
                             : "no device %s %u on this machine (start it with one)",
                        need->name, need->index);
            return busy ? -EBUSY : -ENODEV;
        }
        handle_insert_at(domain, i, device, 0);
    }
    return 0;
}

static void version_fill(struct version *version, struct domain *domain)
{
    const struct domain_header *header = &domain->image->header;
    version->base = domain->slot->base;
    version->handles = domain->handles;
    version->domain = domain;
    version->id = domain->id;
    version->place = place_of_slot(domain->slot->index) << 32;
    version->stub = domain->slot->base + SLOT_TEXT; // it is first in the text
    for (uint32_t i = 0; i < DOMAIN_METHODS_MAX; i++)
        version->served[i] = (uint64_t)gate_refused;
    for (uint32_t i = 0; i < header->method_count; i++)
        version->served[i] = domain->slot->base + domain->image->methods[i];
    watch_lead(version);
}

static void domains_insert(struct domain *domain)
{
    interrupt_state state = lock_take(&control_lock);
    domain->held = 1;
    domain->id = ++next_id;
    domain->next = domains;
    domains = domain;
    lock_release(&control_lock, state);
}

void domain_forget(struct domain *domain)
{
    interrupt_state state = lock_take(&control_lock);
    for (struct domain **link = &domains; *link; link = &(*link)->next) {
        if (*link == domain) {
            *link = domain->next;
            break;
        }
    }
    lock_release(&control_lock, state);
    __atomic_fetch_sub(&domain->image->users, 1, __ATOMIC_RELAXED);
    core_free(domain->handles, domain->handle_count * sizeof(*domain->handles));
    core_free(domain, sizeof(*domain));
}

static int domain_fill(struct domain *domain, char *reason, uint64_t size)
{
    int error = image_load(domain->image, domain->slot, reason, size);
    if (error)
        return error;
    domain->slot_bit = 1ull << domain->slot->index;
    version_fill(domain->version, domain);
    for (uint32_t i = 0; i < domain->image->header.need_count; i++) {
        error = need_fill(domain, i, reason, size);
        if (error)
            return error;
    }
    return 0;
}

static struct domain *domain_alloc(struct image *image)
{
    uint32_t asked = image->header.limits.handles;
    uint32_t count = asked < HANDLES_CALLED ? HANDLES_CALLED : asked;
    struct domain *domain = core_alloc(sizeof(*domain));
    struct handle_entry *handles = domain ? core_alloc(count * sizeof(*handles)) : NULL;
    if (!handles) {
        if (domain)
            core_free(domain, sizeof(*domain));
        return NULL;
    }
    lock_init(&domain->lock, LOCK_DOMAIN, "domain");
    domain->image = image;
    domain->handles = handles;
    domain->handle_count = count;
    domain->ledger_limit =
        ledger_limit(image->header.limits.rrefs, image->header.limits.shared_pages);
    for (uint32_t i = 0; i < count; i++)
        handles[i].proxy = &proxy_none;
    return domain;
}

void domain_prepare_stack(struct domain *domain)
{
    uint64_t page = (thread_current()->top[1].stack - 1) & ~(uint64_t)(PAGE_SIZE - 1);
    (void)slot_map_page(domain->slot, page, PTE_READ | PTE_WRITE, NULL);
}

struct domain *domain_create(struct image *image, struct proxy *proxy, char *reason, uint64_t size)
{
    format_text(reason, size, "out of memory or slots (stop a service)");
    struct domain *domain = domain_alloc(image);
    if (!domain)
        return NULL;
    domain->proxy = proxy;
    __atomic_fetch_add(&image->users, 1, __ATOMIC_RELAXED);
    domain->version = version_alloc();
    domain->slot = domain->version ? slot_alloc(domain) : NULL;
    if (!domain->slot) {
        if (domain->version)
            version_release(domain->version);
        domain_forget(domain);
        return NULL;
    }
    domains_insert(domain);
    if (domain_fill(domain, reason, size)) {
        domain_discard(domain);
        return NULL;
    }
    domain_prepare_stack(domain);
    RpcResult result = domain_life(domain, image->header.init, 0, 0);
    if (result.status != RPC_OK) {
        domain_tell_failure(domain, "init", result.status, reason, size);
        domain_discard(domain);
        return NULL;
    }
    return domain;
}

struct domain *domain_hold(struct proxy *proxy)
{
    interrupt_state state = lock_take(&control_lock);
    struct domain *domain = proxy->domain;
    if (domain && domain->reaped)
        domain = NULL;
    if (domain)
        domain->held++;
    lock_release(&control_lock, state);
    return domain;
}

void domain_release(struct domain *domain)
{
    interrupt_state state = lock_take(&control_lock);
    domain->held--;
    lock_release(&control_lock, state);
    reclaim_request();
}

void domain_advance(struct domain *domain, enum domain_state next)
{
    uint32_t now = __atomic_load_n(&domain->state, __ATOMIC_ACQUIRE);
    while (now != DOMAIN_DEAD && !__atomic_compare_exchange_n(&domain->state, &now, next, false,
                                                              __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE))
        ;
}

void domain_discard(struct domain *domain)
{
    domain->keep_state = true; // never its: it had not begun to serve
    fault_kill(domain, FAULT_STOP, NULL,
               NULL);       // the reaper does the rest; false: it had died by itself
    domain_give_up(domain); // the next attempt may come before the reaper
    domain_release(domain);
}

RpcResult domain_life(struct domain *domain, const void *function, uint64_t a0, uint64_t a1)
{
    uint64_t arguments[8] = {a0, a1};
    if (domain->version->dead)
        return rpc_error(RPC_DEAD);
    function = fault_armed(domain, function);
    return gate_enter_core(domain->version, domain->slot->base + (uint64_t)function, arguments);
}

void domain_tell_failure(const struct domain *domain, const char *function, int64_t status,
                         char *reason, uint64_t size)
{
    const char *name = domain->image->header.name;
    if (status == RPC_CRASHED || status == RPC_DEAD)
        format_text(reason, size, "%s of %s crashed (see `dmesg`)", function, name);
    else if (status == RPC_TIMEOUT)
        format_text(reason, size, "%s of %s took too long (see `dmesg`)", function, name);
    else if (status == -EBUSY)
        format_text(reason, size, "busy: %s has work of its own to end (try again)", name);
    else if (status == -ENOMEM)
        format_text(reason, size, "%s of %s: out of memory (stop a service)", function, name);
    else
        format_text(reason, size, "%s of %s failed with %ld (see `dmesg`)", function, name, status);
}

void domain_park(struct domain *domain, bool park)
{
    __atomic_store_n(&domain->parking, park, __ATOMIC_SEQ_CST);
    if (!park)
        return;
    for (uint32_t number = 1; number < STACK_THREADS && threads[number]; number++) {
        struct thread *thread = threads[number];
        if (thread->in_use && thread->owner == domain)
            thread_kick(thread);
    }
}

// ---- A domain's own threads ----

static void domain_thread_main(void *argument)
{
    struct domain *domain = argument;
    struct thread *thread = thread_current();
    uint64_t arguments[8] = {thread->function, thread->argument};
    uint64_t entry = domain->slot->base + (uint64_t)domain->image->header.thread_main;
    if (!domain->version->dead)
        gate_enter_core(domain->version, entry, arguments);
    control_forget(thread);
    __atomic_fetch_sub(&domain->threads, 1, __ATOMIC_RELEASE);
    thread_exit();
}

int64_t domain_thread_create(struct domain *domain, uint64_t function, uint64_t argument)
{
    if (__atomic_add_fetch(&domain->threads, 1, __ATOMIC_ACQUIRE) >
        domain_limits(domain)->threads) {
        __atomic_fetch_sub(&domain->threads, 1, __ATOMIC_RELEASE);
        return -EAGAIN;
    }
    struct thread *thread = thread_create(domain->image->header.name, domain_thread_main, domain);
    if (!thread) {
        __atomic_fetch_sub(&domain->threads, 1, __ATOMIC_RELEASE);
        return -ENOMEM;
    }
    thread->function = function;
    thread->argument = argument;
    __atomic_store_n(&thread->owner, domain, __ATOMIC_RELEASE);
    task_wake(&thread->task);
    return thread->number;
}
