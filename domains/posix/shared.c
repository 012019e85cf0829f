// SPDX-License-Identifier: MIT
// Memory that processes share: which ranges of a process, and the same as what in others. The core
// shares the pages; this is for futexes, which must have one name for all.
#include <stdlib.h>
#include <string.h>

#include "core.h"
#include "memory.h"
#include "processes.h"

uint64_t last_mapping;

static int64_t shared_reserve(struct memory *memory)
{
    if (!memory->shared)
        memory->shared = calloc(SHARED_MAX, sizeof *memory->shared);
    return memory->shared && memory->shared_count < SHARED_MAX ? 0 : -ENOMEM;
}

int64_t shared_note(struct memory *memory, uint64_t address, uint64_t length)
{
    if (shared_reserve(memory) < 0)
        return -ENOMEM;
    uint64_t mapping = __atomic_add_fetch(&last_mapping, 1, __ATOMIC_RELAXED);
    memory->shared[memory->shared_count++] =
        (struct shared_range){address, address + length, mapping, 0};
    return 0;
}

// What is left of a range when [start, end) goes out of its middle.
static void range_cut(struct memory *memory, struct shared_range *range, uint64_t start,
                      uint64_t end)
{
    struct shared_range tail = {end, range->end, range->mapping,
                                range->offset + (end - range->start)};
    range->end = start;
    memory->shared[memory->shared_count++] = tail;
}

static bool range_is_cut(const struct shared_range *range, uint64_t start, uint64_t end)
{
    return range->start < start && range->end > end;
}

bool shared_can_forget(const struct memory *memory, uint64_t start, uint64_t end)
{
    if (memory->shared_count < SHARED_MAX)
        return true;
    for (uint32_t i = 0; i < memory->shared_count; i++)
        if (range_is_cut(&memory->shared[i], start, end))
            return false;
    return true;
}

void shared_forget(struct memory *memory, uint64_t start, uint64_t end)
{
    for (uint32_t i = 0; i < memory->shared_count;) {
        struct shared_range *range = &memory->shared[i];
        if (range->end <= start || range->start >= end) {
            i++;
        } else if (range->start >= start && range->end <= end) {
            *range = memory->shared[--memory->shared_count];
        } else if (range_is_cut(range, start, end)) {
            range_cut(memory, range, start, end);
        } else if (range->start < start) {
            range->end = start;
        } else {
            range->offset += end - range->start;
            range->start = end;
        }
    }
}

int64_t shared_clone(struct memory *to, const struct memory *from)
{
    to->shared = NULL;
    if (!from->shared_count) {
        to->shared_count = 0;
        return 0;
    }
    to->shared = calloc(SHARED_MAX, sizeof *to->shared);
    if (!to->shared)
        return -ENOMEM;
    memcpy(to->shared, from->shared, from->shared_count * sizeof *to->shared);
    return 0;
}

bool memory_shared_find(struct process *process, uint64_t address, uint64_t *mapping,
                        uint64_t *place)
{
    const struct memory *memory = &process->memory;
    bool found = false;
    if (!memory->shared_count)
        return false;
    struct mutex *lock = memory_lock(process);
    for (uint32_t i = 0; i < memory->shared_count && !found; i++) {
        const struct shared_range *range = &memory->shared[i];
        found = address >= range->start && address < range->end;
        if (!found)
            continue;
        *mapping = range->mapping << 32; // no process has such a number
        *place = address - range->start + range->offset;
    }
    memory_unlock(lock);
    return found;
}
