// SPDX-License-Identifier: MIT
#include "kernel/reclaim.h"
#include "kernel/abi/core_entry.h"
#include "kernel/control.h"
#include "kernel/device.h"
#include "kernel/domain.h"
#include "kernel/log.h"
#include "kernel/rref.h"
#include "kernel/thread.h"
#include "kernel/wait.h"
#include "microcore/console.h"
#include "microcore/fail.h"
#include "microcore/hart.h"
#include "microcore/panic.h"
#include "microcore/task.h"
#include "microcore/timer.h"

// Threads that leave signal nothing: the gate's way out has no instruction for it.
#define POLL_NS     200000
#define POLL_MAX_NS 10000000
// The fences of all harts cost those who have just waited for the next instance as much again.
#define REST_NS          1000000
#define REPORTS_A_SECOND 10

static struct event *deaths;

void reclaim_request(void)
{
    event_signal(deaths);
}

bool domain_has_visitors(const struct domain *domain)
{
    if (!version_is_empty(domain->version) || domain->threads)
        return true;
    for (uint32_t number = 0; number < STACK_THREADS; number++) {
        const struct thread *thread = threads[number];
        if (!thread || !thread->in_use || !thread->frames)
            continue;
        for (const struct frame *frame = thread->frames; frame <= thread->top; frame++) {
            if (frame->version == domain->version)
                return true;
        }
    }
    return false;
}

static void report_chain(const struct fault_record *record, char *text, uint64_t size)
{
    uint64_t used = 0;
    text[0] = 0;
    for (uint32_t i = 0; i < record->depth; i++)
        used += (uint64_t)format_text(text + used, size - used, "%s%s", i ? " < " : "",
                                      record->chain[i]);
    if (!record->depth)
        format_text(text, size, "none");
}

// `function+0x12 (FILE:LINE)` of a pc in the domain's slot, or in the core when it acted for the
// domain; less where less is known.
static void report_place(const struct domain *domain, char *text, uint64_t size)
{
    uint64_t pc = domain->fault.pc, distance = 0, line = 0;
    const char *name = "?", *file = NULL;
    if (pc - domain->slot->base < SLOT_SIZE) {
        name = image_symbol(domain->image, pc - domain->slot->base, &distance);
        file = image_line(domain->image, pc - domain->slot->base, &line);
    } else if (!kernel_pc_is_domain(pc)) {
        name = symbol_find(pc, &distance);
        file = symbol_line(pc, &line);
    }
    if (name[0] == '?')
        format_text(text, size, "0x%lx", pc - domain->slot->base);
    else
        format_text(text, size, file ? "%s+0x%lx (%s:%lu)" : "%s+0x%lx", name, distance, file,
                    line);
}

static void report_next(enum log_level level, const struct fault_record *record,
                        const char *service)
{
    if (!record->served)
        log_line(level, "fault", "  next: nothing, it served nobody");
    else if (!record->restarts)
        log_line(level, "fault", "  next: calls get RPC_DEAD until `domain restart %s`", service);
    else if (record->next)
        log_line(level, "fault", "  next: it was on probation, %s v%u is brought back",
                 record->next->header.name, record->next->header.version);
    else if (record->pause_ms)
        log_line(level, "fault", "  next: it is restarted after %u ms", record->pause_ms);
    else
        log_line(level, "fault", "  next: it is restarted at once");
}

// Blocks beyond a few a second go to the log only, so that a crash loop leaves the console usable.
static enum log_level report_level(void)
{
    static uint64_t second, shown;
    uint64_t now = time_now() / 1000000000;
    shown = now == second ? shown + 1 : 1;
    second = now;
    return shown <= REPORTS_A_SECOND ? LOG_FAULT : LOG_QUIET;
}

static void report_fault(const struct domain *domain)
{
    enum log_level level = report_level();
    const struct fault_record *record = &domain->fault;
    const char *service = domain->proxy ? domain->proxy->name : domain->image->header.name;
    char place[96], chain[FAULT_CHAIN_MAX * 28], line[256];
    report_place(domain, place, sizeof(place));
    report_chain(record, chain, sizeof(chain));
    format_text(line, sizeof(line), "%s v%u (id %u): %s at %s, address 0x%lx%s%s",
                domain->image->header.name, domain->image->header.version, domain->id,
                fault_name(record), place, record->address, record->detail ? ": " : "",
                record->detail ? record->detail : "");
    if (domain->proxy)
        format_text(domain->proxy->last_fault, sizeof(domain->proxy->last_fault), "%s", line);
    log_line(level, "fault", "%s", line);
    log_line(level, "fault", "  service %s, called by: %s", service, chain);
    log_line(level, "fault", "  taken back: %u pages, %lu RRefs, %u threads", record->pages,
             record->rrefs, record->threads);
    report_next(level, record, service);
}

static void release_devices(struct domain *domain, bool keep)
{
    for (uint32_t i = 0; i < domain->handle_count; i++) {
        struct object *object = domain->handles[i].object;
        if (object && object->kind == OBJECT_DEVICE)
            device_release(object, domain, keep);
    }
}

void domain_rest(struct domain *domain)
{
    handle_announce_end(domain);
    domain->rests_until = time_now() + REST_NS;
}

void domain_give_up(struct domain *domain)
{
    hart_interrupt_all(); // after which none of its instructions runs any more
    release_devices(domain, true);
    rref_give_up(domain, RPC_CRASHED);
}

void domain_reclaim(struct domain *domain)
{
    struct proxy *proxy = domain->proxy;
    bool stopped = domain->fault.cause == FAULT_STOP;
    release_devices(domain, false);
    rref_reclaim(domain, RPC_CRASHED, !stopped || domain->keep_state);
    if (!domain->rests_until)
        handle_announce_end(domain);
    task_yield(); // callers that share this hart wait for one part at most
    handle_close_all(domain);
    task_yield();
    interrupt_state state = lock_take(&control_lock);
    if (proxy && proxy->domain == domain)
        proxy->domain = NULL;
    lock_release(&control_lock, state);
    if (proxy)
        __atomic_fetch_add(&proxy->calls_before, version_calls(domain->version), __ATOMIC_RELAXED);
    slot_release(domain->slot);
    version_release(domain->version);
    domain_forget(domain);
}

// A dead instance that nobody is inside of and that has rested. *NEXT: when to look again, for
// others; threads in them are told again, and looked for after PAUSE.
static struct domain *find_empty(uint64_t pause, uint64_t *next)
{
    struct domain *found = NULL;
    uint64_t now = time_now();
    *next = WAIT_FOREVER;
    interrupt_state state = lock_take(&control_lock);
    for (struct domain *domain = domains; domain && !found; domain = domain->next) {
        if (__atomic_load_n(&domain->state, __ATOMIC_ACQUIRE) != DOMAIN_DEAD || domain->reaped)
            continue;
        if (!domain->reported)
            continue; // it has died since the reports; its death asks again
        if (domain->held)
            continue; // its release asks again
        uint64_t due = domain->rests_until;
        if (domain_has_visitors(domain)) {
            fault_kick_sleepers(domain->version);
            due = now + pause;
        }
        if (due <= now) {
            domain->reaped = true;
            found = domain;
        } else if (due < *next) {
            *next = due;
        }
    }
    lock_release(&control_lock, state);
    return found;
}

// Its successor comes first, whose start ends with its release.
static bool is_being_replaced(const struct domain *domain)
{
    return domain->held && domain->fault.restarts && !domain->fault.pause_ms;
}

// One that has died by itself and was not reported yet.
static struct domain *find_unreported(void)
{
    struct domain *found = NULL;
    interrupt_state state = lock_take(&control_lock);
    for (struct domain *domain = domains; domain && !found; domain = domain->next) {
        if (__atomic_load_n(&domain->state, __ATOMIC_ACQUIRE) != DOMAIN_DEAD || domain->reported ||
            is_being_replaced(domain))
            continue;
        domain->reported = true;
        if (domain->fault.cause != FAULT_STOP)
            found = domain;
    }
    lock_release(&control_lock, state);
    return found;
}

static void reaper(void *argument)
{
    (void)argument;
    task_current()->fail_run = FAIL_ALWAYS;
    task_current()->patient = true; // nobody waits for it
    uint64_t pause = POLL_NS;
    for (;;) {
        uint64_t seen = event_count(deaths), next;
        struct domain *domain;
        while ((domain = find_unreported()))
            report_fault(domain); // only this task frees it
        while ((domain = find_empty(pause, &next))) {
            domain_reclaim(domain);
            pause = POLL_NS;
        }
        wait_event(deaths, seen, next);
        pause = next != WAIT_FOREVER && pause < POLL_MAX_NS ? pause * 2 : pause;
    }
}

void reclaim_start(void)
{
    deaths = event_create();
    struct thread *thread = deaths ? thread_create("reaper", reaper, NULL) : NULL;
    if (!thread)
        panic("no memory for the reaper");
    task_wake(&thread->task);
}
