// SPDX-License-Identifier: MIT
// Live update: another image takes over a service while it serves. docs/design.md, "Update".
//
// Runs in the control task. Up to the swap everything can be undone, and the old instance goes on.
#include "kernel/abi/error.h"
#include "kernel/control.h"
#include "kernel/device.h"
#include "kernel/domain.h"
#include "kernel/event.h"
#include "kernel/log.h"
#include "kernel/rref.h"
#include "microcore/console.h"
#include "microcore/string.h"
#include "microcore/task.h"
#include "microcore/timer.h"

#define GRACE_LIMIT_NS  5000000000ull // of readers of a stateless one, which hold up nobody
#define MOMENT_LIMIT_NS 2000000ull    // until the gate is closed at any moment

struct device_pair {
    handle_t old, new;
};

struct update {
    struct proxy *proxy;
    struct domain *old, *new;
    bool rollback;
    bool stranded; // the old instance could not go on, and was ended
    uint64_t closed_at, paused_ns, drained, failed;
    uint32_t device_count;
    struct device_pair devices[DOMAIN_NEEDS_MAX];
    char *reason;
};

static int64_t update_check(const struct proxy *proxy, const struct image *image, char *reason)
{
    if (image == proxy->image) {
        format_text(reason, REASON_SIZE, "%s v%u serves it already (use `domain restart %s`)",
                    image->header.name, image->header.version, proxy->name);
        return -EALREADY;
    }
    if (image->header.interface != proxy->interface ||
        image->header.interface_hash != proxy->hash) {
        format_text(reason, REASON_SIZE,
                    "%s has interface %s, not that of %s (see `domain images`)", image->header.name,
                    image->header.interface_name, proxy->name);
        return -EINVAL;
    }
    const struct method_description *methods = image->descriptions;
    if (memcmp(methods, proxy->descriptions, proxy->method_count * sizeof(*methods))) {
        format_text(reason, REASON_SIZE, "%s describes its methods otherwise (build it anew)",
                    image->header.name);
        return -EINVAL;
    }
    return 0;
}

static int64_t tell_crashed(struct update *update)
{
    format_text(update->reason, REASON_SIZE, "it has just crashed (use `domain restart %s`)",
                update->proxy->name);
    return -ESRCH;
}

static int64_t rehearse_in(struct domain *domain, bool serving, char *reason)
{
    RpcResult result = domain_life(domain, domain->image->header.rehearse, serving, 0);
    if (result.status == RPC_OK)
        return 0;
    domain_tell_failure(domain, "rehearse", result.status, reason, REASON_SIZE);
    return -EIO;
}

// What is done while callers wait is carried out before as far as it can be, so that its code and
// what it looks at are in caches and TLB.
static int64_t rehearse(struct update *update)
{
    int64_t error = rehearse_in(update->new, false, update->reason);
    if (!error)
        error = rehearse_in(update->old, true, update->reason);
    rref_transfer_rehearse(update->old);
    return error;
}

// Rehearses last in the very moment before the close: who runs on this hart in between takes the
// caches and the TLB.
static int64_t close_gate(struct update *update)
{
    const struct version *version = update->old->version;
    int64_t error = rehearse(update); // the first time takes long, and no moment would outlast it
    if (error)
        return error;
    uint64_t limit = time_now() + MOMENT_LIMIT_NS;
    do {
        task_current()->urgent = true;
        version_await_lull(version);
        error = rehearse(update);
        if (error)
            return error;
    } while (!version_becomes_quiet(version) && time_now() < limit);
    task_current()->urgent = true; // callers wait; while it waited it may have restarted another
    update->closed_at = time_now();
    if (!service_close(update->proxy, update->old, &version_closed, false))
        return tell_crashed(update);
    update->proxy->state = SERVICE_UPDATING;
    update->drained = version_inside(version);
    return 0;
}

// The old instance serves on.
static void reopen(struct update *update)
{
    service_open(update->proxy, update->old); // which sees to it if it has crashed meanwhile
}

static bool need_is(const struct domain_need *need, const struct domain_need *other)
{
    return need->kind == other->kind && need->index == other->index &&
           !strcmp(need->name, other->name);
}

// Notes which device of the old one goes to which need of the new one. Before callers wait: an
// instance has its devices from its attach until its end.
static void pair_devices(struct update *update)
{
    const struct domain_header *old = &update->old->image->header;
    const struct domain_header *new = &update->new->image->header;
    uint32_t paired = 0;
    for (uint32_t i = 0; i < new->need_count; i++) {
        if (new->needs[i].kind != NEED_DEVICE)
            continue;
        for (uint32_t j = 0; j < old->need_count; j++) {
            if (paired >> j & 1 || !update->old->handles[j].object ||
                !need_is(&old->needs[j], &new->needs[i]))
                continue;
            paired |= 1u << j;
            update->devices[update->device_count++] = (struct device_pair){j, i};
            break;
        }
    }
}

static void move_device(struct domain *from, handle_t handle, struct domain *to, handle_t place)
{
    struct object *device = from->handles[handle].object;
    object_get(device);
    handle_close(from, handle);
    device_transfer(device, from, to);
    handle_insert_at(to, place, device, 0);
}

static void move_devices(struct update *update, bool back)
{
    for (uint32_t i = 0; i < update->device_count; i++) {
        struct device_pair pair = update->devices[i];
        if (back)
            move_device(update->new, pair.new, update->old, pair.old);
        else
            move_device(update->old, pair.old, update->new, pair.new);
    }
}

// Takes the old one's state over. On failure the new one has it not.
static int64_t move_state(struct update *update)
{
    struct domain *old = update->old, *new = update->new;
    uint32_t schema = new->image->header.schema;
    if (!old->image->header.schema || !schema)
        return 0;
    if (schema > old->image->header.schema)
        schema = old->image->header.schema; // a newer image reads its predecessor's
    if (schema < new->image->header.accepts) {
        format_text(update->reason, REASON_SIZE, "%s reads no state of schema %u (update in steps)",
                    new->image->header.name, schema);
        return -EINVAL;
    }
    RpcResult state = domain_life(old, old->image->header.export_state, schema, 0);
    if (state.status != RPC_OK) {
        domain_tell_failure(old, "export", state.status, update->reason, REASON_SIZE);
        return -EIO;
    }
    if (rref_move(old, state.value, new) != RPC_OK) {
        format_text(update->reason, REASON_SIZE,
                    "its export gave an RRef that it does not own (restart it)");
        return -EIO;
    }
    new->predecessor = old;
    RpcResult result = domain_life(new, new->image->header.import_state, state.value, schema);
    new->predecessor = NULL;
    if (result.status != RPC_OK) {
        domain_tell_failure(new, "import", result.status, update->reason, REASON_SIZE);
        return -EIO;
    }
    return 0;
}

// Devices, kept state and everything else that there is only one of change hands; the new one
// begins to work. Undone when it cannot.
static int64_t hand_over(struct update *update)
{
    struct domain *old = update->old, *new = update->new;
    move_devices(update, false);
    rref_transfer(old, new);
    int64_t error = domain_claim_devices(new, update->reason, REASON_SIZE);
    if (!error) {
        new->predecessor = old;
        RpcResult result = domain_life(new, new->image->header.attach, 0, 0);
        new->predecessor = NULL;
        if (result.status == RPC_OK)
            return 0;
        domain_tell_failure(new, "attach", result.status, update->reason, REASON_SIZE);
        error = -EIO;
    }
    move_devices(update, true);
    rref_transfer(new, old);
    return error;
}

// The new one serves, on probation unless it is an old acquaintance.
static void open_for_new(struct update *update)
{
    struct proxy *proxy = update->proxy;
    interrupt_state state = lock_take(&control_lock);
    proxy->previous = update->rollback ? NULL : update->old->image;
    proxy->probation_end = update->rollback ? 0 : time_now() + PROBATION_NS;
    lock_release(&control_lock, state);
    service_open(proxy, update->new);
}

static void update_resume_old(struct update *update)
{
    domain_park(update->old, false);
    RpcResult result = domain_life(update->old, update->old->image->header.detach, 1, 0);
    if (result.status != RPC_OK && !update->old->version->dead) {
        update->stranded = true; // without its threads, perhaps: open, it would let callers wait
        fault_kill(update->old, FAULT_ABORT, NULL, "it could not go on when its update failed");
    }
    reopen(update);
}

// Close, drain, detach, export, import, attach, open. A function of its own for tests, which stop
// here (tests/stress/gate.py).
static __attribute__((noinline)) int64_t update_quiesced(struct update *update)
{
    pair_devices(update);
    int64_t error = close_gate(update);
    if (error)
        return error;
    if (!version_drain(update->old->version, DRAIN_LIMIT_NS)) {
        format_text(update->reason, REASON_SIZE,
                    "busy: %lu calls inside, %u asleep, did not end within %llu ms (try again)",
                    version_inside(update->old->version), version_asleep(update->old->version),
                    DRAIN_LIMIT_NS / 1000000);
        reopen(update);
        return -EBUSY;
    }
    task_gather(true);
    domain_park(update->old, true);
    RpcResult result = domain_life(update->old, update->old->image->header.detach, 0, 0);
    if (result.status != RPC_OK) {
        domain_tell_failure(update->old, "detach", result.status, update->reason, REASON_SIZE);
        error = -EBUSY;
    }
    if (!error)
        error = move_state(update);
    if (!error)
        error = hand_over(update);
    if (error) {
        update_resume_old(update);
        return error;
    }
    open_for_new(update);
    return 0;
}

// Nothing to hand over: both serve until the last reader has left the old one.
static int64_t update_stateless(struct update *update)
{
    int64_t error = domain_claim_devices(update->new, update->reason, REASON_SIZE);
    if (error)
        return error;
    RpcResult result = domain_life(update->new, update->new->image->header.attach, 0, 0);
    if (result.status != RPC_OK) {
        domain_tell_failure(update->new, "attach", result.status, update->reason, REASON_SIZE);
        return -EIO;
    }
    update->closed_at = time_now();
    open_for_new(update);
    update->drained = version_inside(update->old->version);
    if (!version_drain(update->old->version, GRACE_LIMIT_NS))
        update->failed = version_inside(update->old->version);
    domain_park(update->old, true);
    return 0;
}

static void report(struct update *update, const struct image *from)
{
    const struct domain_header *new = &update->new->image->header;
    format_text(update->reason, REASON_SIZE,
                "%s v%u (id %u) -> %s v%u (id %u): paused %lu us, drained %lu calls, %lu failed",
                from->header.name, from->header.version, update->old->id, new->name, new->version,
                update->new->id, (update->paused_ns + 999) / 1000, update->drained, update->failed);
    string_copy(update->proxy->last_update, update->reason, sizeof(update->proxy->last_update));
}

// Those who have waited come before all that is left to do.
static void callers_go_on(void)
{
    task_current()->urgent = false;
    task_gather(false);
    task_yield();
}

static int64_t update_run(struct update *update, struct image *image)
{
    struct image *from = update->old->image;
    if (update->old->version->dead) // its end would be waited for in vain: it is held
        return tell_crashed(update);
    service_settle(update->proxy);
    update->new = domain_create(image, update->proxy, update->reason, REASON_SIZE);
    if (!update->new)
        return -EIO;
    domain_prepare_stack(update->old); // it may have been started by another thread
    bool stateless = from->header.flags & image->header.flags & DOMAIN_STATELESS;
    int64_t error = stateless ? update_stateless(update) : update_quiesced(update);
    update->paused_ns = stateless ? 0 : time_now() - update->closed_at;
    callers_go_on();
    if (error) {
        domain_discard(update->new);
        return error;
    }
    report(update, from);
    domain_release(update->new);
    return 0;
}

int64_t service_update(struct proxy *proxy, struct image *image, bool rollback, char *reason)
{
    int64_t error = update_check(proxy, image, reason);
    if (error)
        return error;
    struct update update = {
        .proxy = proxy, .old = domain_hold(proxy), .reason = reason, .rollback = rollback};
    if (!update.old) {
        format_text(reason, REASON_SIZE, "is not running (use `domain restart %s`)", proxy->name);
        return -ESRCH;
    }
    struct image *from = update.old->image;
    error = update_run(&update, image);
    bool crashed = error && update.old->version->dead;
    if (error) {
        domain_release(update.old);
    } else {
        domain_rest(update.old);
        service_retire(update.old, false);
    }
    if (!crashed)
        return error;
    if (update.stranded) {
        char unused[REASON_SIZE];
        service_restart(proxy, from, unused); // why the update failed has been told
        return error;
    }
    error = service_restart(proxy, image, reason); // it counts as a crash, with another successor
    if (!error)
        proxy->previous = from;
    return error;
}
