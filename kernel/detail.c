// SPDX-License-Identifier: MIT
// `domain info`: all that the core knows of one service, as `key value` lines.
#include "kernel/abi/error.h"
#include "kernel/control.h"
#include "kernel/domain.h"
#include "kernel/rref.h"
#include "microcore/console.h"
#include "microcore/string.h"

struct text {
    char *start;
    uint64_t size, used;
};

__attribute__((format(printf, 2, 3))) static void text_add(struct text *text, const char *format,
                                                           ...)
{
    va_list arguments;
    va_start(arguments, format);
    uint64_t room = text->used < text->size ? text->size - text->used : 0;
    int length = format_text_list(text->start + text->used, room, format, arguments);
    va_end(arguments);
    text->used += (uint64_t)length < room ? (uint64_t)length : room;
}

static bool holds(const struct domain *domain, const struct proxy *proxy)
{
    for (uint32_t i = 0; i < domain->handle_count; i++) {
        if (domain->handles[i].object && domain->handles[i].proxy == proxy)
            return true;
    }
    return false;
}

static void add_holders(struct text *text, const struct proxy *proxy)
{
    text_add(text, "holders");
    for (const struct domain *domain = domains; domain; domain = domain->next) {
        if (domain->proxy && domain->proxy->domain == domain && holds(domain, proxy))
            text_add(text, " %s", domain->proxy->name);
    }
    text_add(text, "\n");
}

static void add_needs(struct text *text, const struct domain_header *header)
{
    static const char *const kinds[] = {"", "service", "device", "core"};
    text_add(text, "needs");
    for (uint32_t i = 0; i < header->need_count; i++)
        text_add(text, "%s %s:%s", i ? "," : "", kinds[header->needs[i].kind & 3],
                 header->needs[i].name);
    text_add(text, "\n");
}

static void add_instance(struct text *text, const struct domain *domain)
{
    const struct domain_limits *limits = domain_limits(domain);
    text_add(text, "id %u\n", domain->id);
    text_add(text, "slot 0x%lx\n", domain->slot->base);
    text_add(text, "pages %u of %u\n", domain->slot->pages, limits->pages);
    text_add(text, "rrefs %lu of %u\n", rref_count_owned(domain), limits->rrefs);
    text_add(text, "threads %u of %u\n", domain->threads, limits->threads);
    text_add(text, "budget %u ms\n", limits->budget_ms);
    text_add(text, "wait_limit %u ms\n", limits->wait_ms);
}

int64_t control_query_detail(const char *name, char *buffer, uint64_t size)
{
    static const char *const states[] = {"running", "updating",   "probation",
                                         "faulted", "restarting", "stopped"};
    struct text text = {buffer, size, 0};
    interrupt_state state = lock_take(&control_lock);
    const struct proxy *proxy = proxy_find(name);
    if (proxy && proxy->image) {
        const struct domain_header *header = &proxy->image->header;
        text_add(&text, "name %s\n", proxy->name);
        text_add(&text, "implementation %s v%u\n", header->name, header->version);
        text_add(&text, "title %s\n", header->title);
        text_add(&text, "state %s\n", states[proxy_state(proxy)]);
        text_add(&text, "interface %s number %u version %u hash 0x%016lx\n", header->interface_name,
                 header->interface, header->interface_version, header->interface_hash);
        text_add(&text, "kind %s\n", header->flags & DOMAIN_STATELESS ? "stateless" : "quiesced");
        add_holders(&text, proxy);
        add_needs(&text, header);
        if (proxy->domain)
            add_instance(&text, proxy->domain);
        text_add(&text, "faults %lu\nrestarts %lu\n", proxy->faults, proxy->restarts);
        text_add(&text, "shadow %s\n",
                 !(header->flags & DOMAIN_SHADOW) ? "none"
                 : proxy->shadow_off              ? "off"
                                                  : "on");
        text_add(&text, "last_fault %s\n", proxy->last_fault[0] ? proxy->last_fault : "none");
        text_add(&text, "last_update %s\n", proxy->last_update[0] ? proxy->last_update : "none");
        text_add(&text, "previous %s\n", proxy->previous ? proxy->previous->header.name : "none");
    }
    lock_release(&control_lock, state);
    return text.used ? (int64_t)text.used : -ENOENT;
}
