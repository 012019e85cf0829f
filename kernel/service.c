// SPDX-License-Identifier: MIT
// Starting, stopping and restarting services. Runs in the control task (and at boot before it).
#include "kernel/abi/error.h"
#include "kernel/control.h"
#include "kernel/domain.h"
#include "kernel/event.h"
#include "kernel/log.h"
#include "kernel/reclaim.h"
#include "kernel/rref.h"
#include "kernel/user.h"
#include "microcore/console.h"
#include "microcore/string.h"
#include "microcore/task.h"
#include "microcore/timer.h"

#define RECLAIM_POLL_NS  200000
#define RECLAIM_LIMIT_NS 5000000000ull
#define SETTLE_LIMIT_NS  20000000ull

// ---- Shadow ----

#define PAUSE_MAX_MS 500
#define CALLS_ENOUGH 100 // who has answered so many is started again at once
#define FAILURES_MAX 10  // starts in a row; then it stays down

// When to start it again. LOCK_CONTROL is taken.
static void start_schedule(struct proxy *proxy, bool at_once)
{
    uint32_t pause = proxy->pause_ms ? 2 * proxy->pause_ms : 1;
    proxy->pause_ms = at_once ? 0 : pause < PAUSE_MAX_MS ? pause : PAUSE_MAX_MS;
    proxy->due = time_now() + proxy->pause_ms * 1000000ull;
}

// Which image is started next: of one on probation the image before. LOCK_CONTROL is taken.
static bool image_bring_back(struct proxy *proxy)
{
    if (!proxy_on_probation(proxy))
        return false;
    proxy->image = proxy->previous;
    proxy->previous = NULL;
    proxy->probation_end = 0;
    return true;
}

// DOMAIN, which serves, dies: callers wait for the next instance, or are refused. In this order:
// who left the dead instance and calls again must not get into it again; and the control task,
// which looks at `due` without the lock, must find it dead. LOCK_CONTROL is taken.
static void service_lose_locked(struct proxy *proxy, struct domain *domain)
{
    if (proxy->lost == domain)
        return;
    bool back = image_bring_back(proxy), starts = back || proxy_has_shadow(proxy);
    domain->fault.served = true;
    domain->fault.restarts = starts;
    domain->fault.next = back ? proxy->image : NULL;
    proxy->state = starts ? SERVICE_RESTARTING : SERVICE_FAULTED;
    __atomic_store_n(&proxy->version, starts ? &version_closed : &version_dead, __ATOMIC_SEQ_CST);
    __atomic_store_n(&domain->version->dead, 1, __ATOMIC_SEQ_CST);
    if (starts) {
        proxy->lost = domain;
        domain->held++;
        start_schedule(proxy, version_calls(domain->version) >= CALLS_ENOUGH);
        domain->fault.pause_ms = proxy->pause_ms;
    }
}

void service_lose(struct domain *domain)
{
    struct proxy *proxy = domain->proxy;
    if (!proxy) {
        __atomic_store_n(&domain->version->dead, 1, __ATOMIC_SEQ_CST);
        return;
    }
    interrupt_state state = lock_take(&control_lock);
    bool served = proxy->domain == domain;
    if (served)
        service_lose_locked(proxy, domain);
    else
        __atomic_store_n(&domain->version->dead, 1, __ATOMIC_SEQ_CST);
    if (domain->fault.cause != FAULT_STOP)
        proxy->faults++;
    bool starts = proxy->due;
    lock_release(&control_lock, state);
    if (starts)
        control_wake();
    else if (served)
        event_signal(proxy->opened);
}

// The dead instance, if there is one, is the caller's from now on, who releases it.
static struct domain *service_take_lost(struct proxy *proxy)
{
    interrupt_state state = lock_take(&control_lock);
    struct domain *lost = proxy->lost;
    proxy->lost = NULL;
    proxy->due = 0;
    lock_release(&control_lock, state);
    return lost;
}

void service_forget_lost(struct proxy *proxy)
{
    struct domain *lost = service_take_lost(proxy);
    if (lost)
        domain_release(lost);
}

// Nobody serves until the operator starts it.
static void service_give_up(struct proxy *proxy, enum service_state why)
{
    service_forget_lost(proxy);
    proxy->state = why;
    __atomic_store_n(&proxy->version, &version_dead, __ATOMIC_SEQ_CST);
    event_signal(proxy->opened);
}

void service_open(struct proxy *proxy, struct domain *domain)
{
    proxy->image = domain->image;
    if (!proxy->method_count)
        proxy_describe(proxy, domain->image);
    domain_advance(domain, DOMAIN_RUNNING);
    interrupt_state state = lock_take(&control_lock);
    proxy->domain = domain;
    if (domain->version->dead) { // by itself meanwhile: fault_kill may not have seen the service
        service_lose_locked(proxy, domain);
    } else {
        proxy->state = SERVICE_RUNNING;
        __atomic_store_n(&proxy->version, domain->version, __ATOMIC_SEQ_CST);
    }
    lock_release(&control_lock, state);
    event_signal(proxy->opened);
}

bool service_close(struct proxy *proxy, struct domain *domain, struct version *next, bool leave)
{
    interrupt_state state = lock_take(&control_lock);
    bool served = proxy->domain == domain && !domain->version->dead;
    if (served) {
        __atomic_store_n(&proxy->version, next, __ATOMIC_SEQ_CST);
        if (leave)
            proxy->domain = NULL;
    }
    lock_release(&control_lock, state);
    return served;
}

// Creates, attaches and opens an instance of IMAGE for PROXY.
static int64_t service_begin(struct proxy *proxy, struct image *image, char *reason)
{
    uint32_t users = user_end_all(proxy); // the last instance alone knew them
    if (users)
        log_line(LOG_FAULT, "user", "%s starts anew: the %u processes that it had end", proxy->name,
                 users);
    struct domain *domain = domain_create(image, proxy, reason, REASON_SIZE);
    if (!domain)
        return -EIO;
    int64_t error = domain_claim_devices(domain, reason, REASON_SIZE);
    if (error) {
        domain_discard(domain);
        return error;
    }
    // What attach starts may call the service before it is open: then it waits, and is not refused.
    __atomic_store_n(&proxy->version, &version_closed, __ATOMIC_SEQ_CST);
    RpcResult result = domain_life(domain, image->header.attach, 0, 0);
    if (result.status != RPC_OK) {
        domain_tell_failure(domain, "attach", result.status, reason, REASON_SIZE);
        domain_discard(domain);
        return -EIO;
    }
    format_text(reason, REASON_SIZE, "%s v%u (id %u) is running", image->header.name,
                image->header.version, domain->id);
    service_open(proxy, domain);
    domain_release(domain);
    return 0;
}

void service_retire(struct domain *domain, bool keep_state)
{
    domain->keep_state = keep_state;
    domain_advance(domain, DOMAIN_STOPPING);
    domain_life(domain, domain->image->header.exit, 0, 0);
    fault_kill(domain, FAULT_STOP, NULL, NULL);
    domain_release(domain);
}

// Is instance ID there, or (0) a dead one of PROXY? They may be freed at any time, hence by number.
static bool instance_exists(const struct proxy *proxy, uint32_t id)
{
    bool found = false;
    interrupt_state state = lock_take(&control_lock);
    for (struct domain *domain = domains; domain && !found; domain = domain->next)
        found = id ? domain->id == id
                   : domain->proxy == proxy &&
                         __atomic_load_n(&domain->state, __ATOMIC_ACQUIRE) == DOMAIN_DEAD;
    lock_release(&control_lock, state);
    return found;
}

// Waits until the reaper has taken such instances apart.
static bool wait_reclaimed(const struct proxy *proxy, uint32_t id, uint64_t limit_ns)
{
    uint64_t deadline = time_now() + limit_ns;
    while (instance_exists(proxy, id)) {
        if (time_now() >= deadline)
            return false;
        control_recover();
        task_block(time_now() + RECLAIM_POLL_NS);
    }
    return true;
}

void service_settle(const struct proxy *proxy)
{
    (void)wait_reclaimed(proxy, 0, SETTLE_LIMIT_NS);
}

static uint32_t service_holders(const struct proxy *proxy)
{
    uint32_t holders = 0;
    interrupt_state state = lock_take(&control_lock);
    for (struct domain *domain = domains; domain; domain = domain->next) {
        if (domain->proxy == proxy || domain->state == DOMAIN_DEAD)
            continue;
        for (uint32_t i = 0; i < domain->handle_count; i++) {
            if (domain->handles[i].object && domain->handles[i].proxy == proxy) {
                holders++;
                break;
            }
        }
    }
    lock_release(&control_lock, state);
    return holders;
}

static int64_t wait_gone(uint32_t id, char *reason)
{
    if (wait_reclaimed(NULL, id, RECLAIM_LIMIT_NS))
        return 0;
    format_text(reason, REASON_SIZE, "its threads did not leave it in time (try again)");
    return -EBUSY;
}

// Id of the instance that serves or is being reclaimed, 0: none.
static uint32_t service_instance(const struct proxy *proxy)
{
    interrupt_state state = lock_take(&control_lock);
    uint32_t id = proxy->domain ? proxy->domain->id : 0;
    lock_release(&control_lock, state);
    return id;
}

// Takes the instance out of service and apart. NEXT: what callers meet meanwhile. Those inside get
// some time to leave; who stays is aborted.
static int64_t service_end(struct proxy *proxy, struct version *next, bool keep_state, char *reason)
{
    uint32_t id = service_instance(proxy);
    if (!id)
        return 0;
    struct domain *domain = domain_hold(proxy);
    if (!domain)
        return wait_gone(id, reason); // the reaper has it already
    service_close(proxy, domain, next, true);
    version_drain(domain->version, DRAIN_LIMIT_NS);
    domain_park(domain, true);
    domain_life(domain, domain->image->header.detach, 0, 0);
    service_retire(domain, keep_state);
    return wait_gone(id, reason);
}

// May an image be started as PROXY's? Not where an instance serves, or is about to by itself.
static int64_t load_check(const struct proxy *proxy, const char *image, char *reason)
{
    interrupt_state state = lock_take(&control_lock);
    bool runs = proxy->domain && !proxy->domain->version->dead, starts = proxy->due != 0;
    lock_release(&control_lock, state);
    if (runs)
        format_text(reason, REASON_SIZE, "runs already (use `domain update %s %s`)", proxy->name,
                    image);
    else if (starts)
        format_text(reason, REASON_SIZE, "is started again by itself (or use `domain restart %s`)",
                    proxy->name);
    return runs || starts ? -EEXIST : 0;
}

int64_t service_load(struct image *image, const char *name, char *reason)
{
    const struct domain_header *header = &image->header;
    if (!header->interface) {
        format_text(reason, REASON_SIZE, "%s serves no interface (its manifest must name one)",
                    header->name);
        return -EINVAL;
    }
    struct proxy *proxy = proxy_get(name, header->interface, header->interface_hash);
    if (!proxy && !proxy_find(name)) {
        format_text(reason, REASON_SIZE, "out of memory (stop a service)");
        return -ENOMEM;
    }
    if (!proxy) {
        format_text(reason, REASON_SIZE,
                    "others expect another interface of %s than %s has (see `domain images`)", name,
                    header->name);
        return -EINVAL;
    }
    int64_t error = load_check(proxy, header->name, reason);
    if (error)
        return error;
    proxy->busy = true; // its shadow waits until this is over
    error = service_end(proxy, &version_closed, true, reason); // a dead one may still be there
    if (!error) {
        // Who calls while attach is at work, as the first process of posix may, waits.
        __atomic_store_n(&proxy->version, &version_closed, __ATOMIC_SEQ_CST);
        error = service_begin(proxy, image, reason);
    }
    if (error)
        service_give_up(proxy, SERVICE_STOPPED);
    proxy->busy = false;
    return error;
}

int64_t service_stop(struct proxy *proxy, bool force, char *reason)
{
    uint32_t holders = service_holders(proxy);
    if (!proxy->domain && proxy->state == SERVICE_STOPPED) {
        format_text(reason, REASON_SIZE, "is stopped already (start it with `domain load`)");
        return -EALREADY;
    }
    if (holders && !force) {
        format_text(reason, REASON_SIZE, "%u other service%s it (stop it with --force)", holders,
                    holders == 1 ? " holds" : "s hold");
        return -EBUSY;
    }
    service_forget_lost(proxy);
    int64_t error = service_end(proxy, &version_dead, false, reason);
    service_give_up(proxy, SERVICE_STOPPED);
    rref_drop_kept(proxy->name);
    proxy->probation_end = 0;
    if (!error)
        format_text(reason, REASON_SIZE, "stopped");
    return error;
}

// A start behind the shadow has failed: again after a pause, or never.
static void service_recover_failed(struct proxy *proxy, const char *reason)
{
    if (++proxy->failures == FAILURES_MAX) {
        service_give_up(proxy, SERVICE_FAULTED);
        log_line(LOG_SHOW, "domain", "%s: does not start: %s (try `domain restart %s`)",
                 proxy->name, reason, proxy->name);
        return;
    }
    interrupt_state state = lock_take(&control_lock);
    proxy->state = SERVICE_RESTARTING;
    __atomic_store_n(&proxy->version, &version_closed, __ATOMIC_SEQ_CST);
    start_schedule(proxy, false);
    lock_release(&control_lock, state);
    log_line(LOG_QUIET, "domain", "%s: not restarted, to be tried again: %s", proxy->name, reason);
}

int64_t service_restart(struct proxy *proxy, struct image *image, char *reason)
{
    if (!image) {
        format_text(reason, REASON_SIZE, "was never started (use `domain load`)");
        return -ENOENT;
    }
    service_forget_lost(proxy);
    int64_t error = service_end(proxy, &version_closed, true, reason);
    proxy->state = SERVICE_RESTARTING;
    if (!error)
        error = service_begin(proxy, image, reason);
    if (!error) {
        proxy->restarts++;
        proxy->failures = proxy->pause_ms = 0; // it was looked after
    } else if (proxy_has_shadow(proxy)) {
        service_recover_failed(proxy, reason);
    } else {
        service_give_up(proxy, SERVICE_FAULTED);
    }
    return error;
}

// The next instance starts as soon as the dead one has given up what there is only one of. It is
// told of and taken apart after that: callers wait, and what the reaper does slows down all harts.
static void service_recover(struct proxy *proxy)
{
    char reason[REASON_SIZE] = "";
    struct domain *lost = service_take_lost(proxy);
    uint64_t began = lost ? lost->fault.when : time_now();
    proxy->busy = true;
    if (lost)
        domain_give_up(lost);
    int64_t error = service_begin(proxy, proxy->image, reason);
    task_current()->urgent = false;
    task_yield(); // those who have waited come before what is left to do
    if (lost) {
        domain_rest(lost);
        domain_release(lost);
    }
    if (error) {
        service_recover_failed(proxy, reason);
    } else {
        proxy->failures = 0;
        proxy->restarts++;
        log_line(LOG_QUIET, "domain", "%s: restarted in %lu us: %s", proxy->name,
                 (time_now() - began) / 1000, reason);
    }
    proxy->busy = false;
}

uint64_t service_recover_due(void)
{
    uint64_t next = UINT64_MAX;
    for (struct proxy *proxy = proxies; proxy; proxy = proxy->next) {
        if (proxy->busy || !proxy->due)
            continue;
        if (proxy->due <= time_now())
            service_recover(proxy);
        if (proxy->due && proxy->due < next)
            next = proxy->due;
    }
    return next;
}

int64_t service_shadow(struct proxy *proxy, const char *setting, char *reason)
{
    bool off = !strcmp(setting, "off");
    if (!off && strcmp(setting, "on")) {
        format_text(reason, REASON_SIZE, "its shadow is `on` or `off`");
        return -EINVAL;
    }
    if (!proxy->image || !(proxy->image->header.flags & DOMAIN_SHADOW)) {
        format_text(reason, REASON_SIZE, "has no shadow (its manifest has no line `shadow yes`)");
        return -EINVAL;
    }
    proxy->shadow_off = off;
    format_text(reason, REASON_SIZE,
                off ? "faults are shown to callers, until `domain restart %s`"
                    : "faults are hidden: %s is started again by itself",
                proxy->name);
    return 0;
}
