// SPDX-License-Identifier: MIT
// `domain fault`: arms one fault, which the instance itself commits (domainlib/fault.c): in the
// next call, in a function of its life, or in a thread of its own. Nothing of it is on the fast
// path.
// `domain failnth`: the Nth request for something is refused (microcore/fail.h).
#include "kernel/abi/error.h"
#include "kernel/control.h"
#include "kernel/domain.h"
#include "kernel/watch.h"
#include "microcore/console.h"
#include "microcore/fail.h"
#include "microcore/string.h"

// Points every method of the serving version at domainlib's fault_commit. False: nobody serves.
static bool arm(struct proxy *proxy, uint32_t class)
{
    struct domain *domain = domain_hold(proxy);
    if (!domain)
        return false;
    bool alive = !domain->version->dead;
    uint64_t commit = domain->slot->base + (uint64_t)domain->image->header.fault_commit;
    domain->armed_fault = class;
    for (uint32_t method = 0; alive && method < domain->image->header.method_count; method++)
        __atomic_store_n(&domain->version->served[method], commit, __ATOMIC_RELAXED);
    if (alive)
        watch_lead(domain->version);
    domain_release(domain);
    return alive;
}

// The function that commits the fault instead of FUNCTION, if that is the one that is armed for.
const void *fault_armed(struct domain *domain, const void *function)
{
    struct proxy *proxy = domain->proxy;
    if (!proxy || !proxy->armed_stage)
        return function;
    const struct domain_header *header = &domain->image->header;
    const void *const functions[] = {
        [FAULT_IN_INIT] = header->init,          [FAULT_IN_IMPORT] = header->import_state,
        [FAULT_IN_ATTACH] = header->attach,      [FAULT_IN_DETACH] = header->detach,
        [FAULT_IN_EXIT] = header->exit,          [FAULT_IN_EXPORT] = header->export_state,
        [FAULT_IN_THREAD] = header->thread_main, [FAULT_IN_REHEARSAL] = header->rehearse,
    };
    if (functions[proxy->armed_stage] != function)
        return function;
    domain->armed_fault = proxy->armed_class;
    proxy->armed_stage = 0;
    return header->fault_commit;
}

int64_t service_arm_fault(struct proxy *proxy, const char *class_name, uint32_t stage, char *reason)
{
    static const char *const classes[] = {"load",    "store",      "jump",   "exec",    "illegal",
                                          "ebreak",  "misaligned", "stack",  "loop",    "assert",
                                          "exhaust", "leak",       "badref", "deadlock"};
    const uint32_t count = sizeof(classes) / sizeof(classes[0]);
    uint32_t class = 0;
    while (class < count && strcmp(class_name, classes[class]))
        class ++;
    if (class == count) {
        format_text(reason, REASON_SIZE, "no fault class %s (see `domain fault list`)", class_name);
        return -EINVAL;
    }
    if (stage > FAULT_IN_REHEARSAL) {
        format_text(reason, REASON_SIZE, "no such place for a fault");
        return -EINVAL;
    }
    proxy->armed_class = class + 1;
    proxy->armed_stage = stage;
    if (stage) {
        format_text(reason, REASON_SIZE, "the next time it gets there it commits: %s", class_name);
        return 0;
    }
    if (!arm(proxy, class + 1)) {
        format_text(reason, REASON_SIZE, "is not running (use `domain restart %s`)", proxy->name);
        return -ESRCH;
    }
    format_text(reason, REASON_SIZE, "the next call commits: %s", class_name);
    return 0;
}

int64_t control_fail(const char *kind, uint32_t nth, uint32_t times, char *reply)
{
    static const char *const kinds[] = {"off",   "page", "object", "rref", "handle",
                                        "event", "slot", "thread", "stack"};
    uint32_t found = 0, left = fail_left();
    while (found <= FAIL_STACK && strcmp(kind, kinds[found]))
        found++;
    if (found > FAIL_STACK || !found != !nth) {
        format_text(reply, CONTROL_REPLY_SIZE,
                    "domain: failnth: no request %u for a %s (page, object, rref, handle, event, "
                    "slot, thread or stack, from 1 on)",
                    nth, kind);
        return -EINVAL;
    }
    fail_arm(found, nth, times ? times : 1);
    if (found)
        format_text(reply, CONTROL_REPLY_SIZE, "domain: failnth: request %u for a %s fails", nth,
                    kind);
    else if (left)
        format_text(reply, CONTROL_REPLY_SIZE, "domain: failnth: not reached, %u to go", left);
    else
        format_text(reply, CONTROL_REPLY_SIZE, "domain: failnth: the request failed");
    return 0;
}
