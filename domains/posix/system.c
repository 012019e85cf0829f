// SPDX-License-Identifier: MIT
// What the system is, what it allows, and how to end it.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "calls.h"
#include "core.h"
#include "handover.h"
#include "log.h"
#include "manifest.h"
#include "processes.h"

#define NAME_SIZE 65

int64_t call_uname(struct thread *thread, const uint64_t *a)
{
    char names[6][NAME_SIZE] = {
        "Bulkhead", "bulkhead", "0.1.0", "confined domains", "riscv64", "(none)",
    };
    if (DOMAIN_VERSION >= 2)
        snprintf(names[3], NAME_SIZE, "confined domains, posix %d after %u updates", DOMAIN_VERSION,
                 (unsigned)handover_updates());
    return user_write(thread, a[0], names, sizeof names);
}

// struct sysinfo of Linux on 64-bit machines.
struct user_sysinfo {
    int64_t uptime;
    uint64_t loads[3], total, free, shared, buffered, total_swap, free_swap;
    uint16_t processes, unused;
    uint64_t total_high, free_high;
    uint32_t unit, padding;
};

int64_t call_sysinfo(struct thread *thread, const uint64_t *a)
{
    struct system_info info = {0};
    struct user_sysinfo out = {.unit = PAGE_SIZE};
    core_system_info(&info);
    out.uptime = (int64_t)(info.uptime_ns / 1000000000);
    out.total = info.pages;
    out.free = info.free_pages;
    for (uint32_t i = 0; i < places_used; i++)
        out.processes += processes[i].life != LIFE_FREE;
    return user_write(thread, a[0], &out, sizeof out);
}

// Advice that matters only where there is a swap.
#define CALL_OF_ADVICE(name)                                                                       \
    int64_t call_##name(struct thread *thread, const uint64_t *a)                                  \
    {                                                                                              \
        (void)thread, (void)a;                                                                     \
        return 0;                                                                                  \
    }

CALL_OF_ADVICE(madvise)
CALL_OF_ADVICE(msync)

int64_t call_fdatasync(struct thread *thread, const uint64_t *a)
{
    return call_fsync(thread, a);
}

int64_t call_getrandom(struct thread *thread, const uint64_t *a)
{
    struct walk *walk;
    struct open_file *file;
    int64_t result = path_walk(thread, AT_CURRENT, "/dev/random", WALK_FOLLOW, &walk);
    if (result < 0)
        return result;
    result = file_open(thread, walk, OPEN_READ, &file);
    free(walk);
    if (result < 0)
        return result;
    uint64_t position = 0;
    thread->progress = 0;
    result = file_read(thread, file, a[0], a[1] < INT32_MAX ? a[1] : INT32_MAX, &position);
    file_put(thread, file);
    return result;
}

// ---- The end ----

#define REBOOT_MAGIC     0xFEE1DEADu
#define REBOOT_RESTART   0x01234567u
#define REBOOT_HALT      0xCDEF0123u
#define REBOOT_POWER_OFF 0x4321FEDCu

int64_t call_poweroff(struct thread *thread, const uint64_t *a)
{
    call_sync(thread, a);
    mount_disk_release(thread);
    return core_power_off(HANDLE_POWER, a[0] & 0xFF);
}

int64_t call_reboot(struct thread *thread, const uint64_t *a)
{
    static const uint64_t success = 0;
    uint32_t command = (uint32_t)a[2];
    if ((uint32_t)a[0] != REBOOT_MAGIC)
        return -EINVAL;
    if (command != REBOOT_POWER_OFF && command != REBOOT_HALT && command != REBOOT_RESTART)
        return -EINVAL;
    return call_poweroff(thread, &success);
}
