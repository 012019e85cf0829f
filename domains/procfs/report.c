// SPDX-License-Identifier: MIT
// What each file of /proc says, in Linux's forms where Linux has the file.
#include "process_client.h"
#include "procfs.h"

#include <string.h>
#include "domain.h"
#include "kernel/abi/error.h"

#define PAGE_KIB    4
#define MOUNTS_SIZE 8192
#define NS_PER_TICK 10000000ul // of the times in stat files

void report_memory(struct text *text, uint64_t number)
{
    struct system_info info = {0};
    (void)number;
    core_system_info(&info);
    text_add(text, "MemTotal: %10lu kB\n", info.pages * PAGE_KIB);
    text_add(text, "MemFree:  %10lu kB\n", info.free_pages * PAGE_KIB);
    text_add(text, "MemAvailable: %6lu kB\n", info.free_pages * PAGE_KIB);
    text_add(text, "Pages:    %10lu\nPagesFree: %9lu\n", info.pages, info.free_pages);
    text_add(text, "RRefs:    %10lu\nRRefsFree: %9lu\n", info.rrefs, info.free_rrefs);
    text_add(text, "Threads:  %10u\nEvents:   %10u\nSlotsFree: %9u\n", (unsigned)info.threads,
             (unsigned)info.events, (unsigned)info.slots_free);
    text_add(text, "Handles:  %10lu\nPagesKept: %9lu\nObjectBytes: %7lu\n", info.handles,
             info.kept_pages, info.object_bytes);
}

void report_uptime(struct text *text, uint64_t number)
{
    struct system_info info = {0};
    (void)number;
    core_system_info(&info);
    text_add(text, "%lu.%02lu %lu.%02lu\n", info.uptime_ns / 1000000000,
             info.uptime_ns / 10000000 % 100, info.idle_ns / 1000000000,
             info.idle_ns / 10000000 % 100);
}

void report_mounts(struct text *text, uint64_t number)
{
    (void)number;
    int64_t buffer = core_rref_alloc(MOUNTS_SIZE, 0);
    if (buffer < 0) {
        text->error = buffer;
        return;
    }
    RpcResult result = process_mounts(HANDLE_POSIX, (rref_t)buffer, MOUNTS_SIZE);
    if (result.status == RPC_OK && result.value <= MOUNTS_SIZE)
        text_add_bytes(text, (const char *)(uintptr_t)(uint32_t)buffer, result.value);
    else
        text->error = -EIO;
    core_rref_free((rref_t)buffer);
}

void report_command_line(struct text *text, uint64_t number)
{
    char line[1024];
    (void)number;
    int64_t length = core_command_line(line, sizeof line);
    if (length > 0)
        text_add_bytes(text, line, (uint64_t)length);
    text_add(text, "\n");
}

// With one instruction a nanosecond (icount), instructions are time: of all harts, less idle time.
void report_statistics(struct text *text, uint64_t number)
{
    struct system_info info = {0};
    (void)number;
    core_system_info(&info);
    uint64_t total = info.uptime_ns * info.harts;
    text_add(text, "cpu %lu 0 0 %lu\n", (total - info.idle_ns) / 10000000, info.idle_ns / 10000000);
    text_add(text, "harts %u\n", (unsigned)info.harts);
    if (info.icount)
        text_add(text, "insns %lu idle %lu\n", total, info.idle_ns);
    if (DOMAIN_VERSION >= 2)
        text_add(text, "opens %lu\n", opens_total);
}

void report_self(struct text *text, uint64_t number)
{
    struct process_info info;
    uint64_t cookie = (uint64_t)core_user_cookie();
    (void)number;
    for (uint64_t pid = process_next(1, &info); pid; pid = process_next(pid + 1, &info)) {
        if (info.cookie == cookie)
            text_add(text, "%lu", pid);
    }
}

static const char *state_name(uint32_t state)
{
    static const char *const names[] = {"running", "updating",   "probation",
                                        "faulted", "restarting", "stopped"};
    return state < sizeof names / sizeof *names ? names[state] : "?";
}

void report_table(struct text *text, uint64_t number)
{
    struct service_info info;
    (void)number;
    text_add(text, "%-12s %-16s %7s %4s %-10s %10s %6s %8s %6s %6s\n", "NAME", "IMPL", "VERSION",
             "ID", "STATE", "CALLS", "FAULTS", "RESTARTS", "PAGES", "RREFS");
    for (uint64_t i = 0; core_control_service(HANDLE_CONTROL, i, &info) >= 0; i++)
        text_add(text, "%-12s %-16s %7u %4u %-10s %10lu %6lu %8lu %6lu %6lu\n", info.name,
                 info.image, (unsigned)info.version, (unsigned)info.id, state_name(info.state),
                 info.calls, info.faults, info.restarts, info.pages, info.rrefs);
}

void report_list(struct text *text, uint64_t number)
{
    struct service_info info;
    (void)number;
    for (uint64_t i = 0; core_control_service(HANDLE_CONTROL, i, &info) >= 0; i++)
        text_add(text, "%s %s %u %u %s %lu %lu %lu %lu %lu\n", info.name, info.image,
                 (unsigned)info.version, (unsigned)info.id, state_name(info.state), info.calls,
                 info.faults, info.restarts, info.pages, info.rrefs);
}

// To the right, in a fixed width: what is read in several pieces has its numbers where they were.
static void number_add(struct text *text, uint64_t number, uint32_t width)
{
    char digits[24];
    memset(digits, ' ', sizeof digits);
    uint32_t at = width;
    do
        digits[--at] = (char)('0' + number % 10);
    while (number /= 10);
    text_add_bytes(text, digits, width);
}

// The limits of the buckets in ns, then a line for each service: how many calls took less than
// that, and not less than the limit before.
void report_latency(struct text *text, uint64_t number)
{
    struct service_times times;
    struct system_info info = {0};
    (void)number;
    core_system_info(&info);
    text_add(text, "%-12s", "BELOW");
    for (uint32_t bucket = 0; bucket < WATCH_BUCKETS; bucket++) {
        unsigned __int128 ticks = watch_bucket_start(bucket + 1);
        number_add(text, (uint64_t)(ticks * info.time_scale >> 32), 14);
    }
    for (uint64_t i = 0; core_control_watch(HANDLE_CONTROL, i, &times) >= 0; i++) {
        text_add(text, "\n%-12s", times.name);
        for (uint32_t bucket = 0; bucket < WATCH_BUCKETS; bucket++)
            number_add(text, times.took[bucket], 11);
    }
    text_add(text, "\n");
}

void report_images(struct text *text, uint64_t number)
{
    struct image_info info;
    (void)number;
    for (uint64_t i = 0; core_control_image(HANDLE_CONTROL, i, &info) >= 0; i++)
        text_add(text, "%s %u %s %u 0x%016lx %lu %s\n", info.name, (unsigned)info.version,
                 info.interface_name[0] ? info.interface_name : "none", (unsigned)info.interface,
                 info.hash, info.size, info.from);
}

void report_service(struct text *text, uint64_t number)
{
    struct service_info info;
    char detail[1600];
    if (core_control_service(HANDLE_CONTROL, number - NODE_SERVICES, &info) < 0)
        return;
    int64_t length = core_control_detail(HANDLE_CONTROL, info.name, detail, sizeof detail);
    if (length > 0)
        text_add_bytes(text, detail, (uint64_t)length);
}

void report_process(struct text *text, uint64_t number)
{
    struct process_info info;
    uint64_t pid = (number - NODE_PROCESSES) / 4;
    if (process_next(pid, &info) != pid)
        return;
    // Linux's fields 1 to 24 (proc(5)); what we do not count is 0.
    text_add(text, "%u (%s) %c %u %u %u 0 %u 0 0 0 0 0 %lu %lu %lu %lu 20 0 %u 0 %lu %lu %lu\n",
             (unsigned)info.pid, info.name, "RSTZ"[info.state & 3], (unsigned)info.parent,
             (unsigned)info.group, (unsigned)info.session, (unsigned)info.foreground,
             info.user_ns / NS_PER_TICK, info.system_ns / NS_PER_TICK,
             info.children_user_ns / NS_PER_TICK, info.children_system_ns / NS_PER_TICK,
             (unsigned)info.threads, info.started / NS_PER_TICK, info.pages * 4096, info.pages);
}

void report_arguments(struct text *text, uint64_t number)
{
    struct process_info info;
    uint64_t pid = (number - NODE_PROCESSES) / 4;
    if (process_next(pid, &info) != pid)
        return;
    uint64_t length = info.arguments_length;
    text_add_bytes(text, info.arguments,
                   length < sizeof info.arguments ? length : sizeof info.arguments);
}
