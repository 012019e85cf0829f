// SPDX-License-Identifier: MIT
#include "memory.h"

#include <stdlib.h>
#include <string.h>
#include "calls.h"
#include "core.h"
#include "processes.h"
#include "shortage.h"

#define MAP_SHARED          1u
#define MAP_PRIVATE         2u
#define MAP_FIXED           0x10u
#define MAP_ANONYMOUS       0x20u
#define MAP_FIXED_NOREPLACE 0x100000u
#define PROTECTION_ALL      (PROTECTION_READ | PROTECTION_WRITE | PROTECTION_EXECUTE)

int64_t user_read(struct thread *thread, void *to, uint64_t address, uint64_t n)
{
    for (uint64_t done = 0; done < n;) {
        int64_t part = core_space_read(thread->process->memory.space, (uint8_t *)to + done,
                                       address + done, n - done);
        if (part <= 0 && !(part == -ENOMEM && shortage_relieve(thread)))
            return -EFAULT;
        done += part > 0 ? (uint64_t)part : 0;
    }
    return 0;
}

int64_t user_write(struct thread *thread, uint64_t address, const void *from, uint64_t n)
{
    for (uint64_t done = 0; done < n;) {
        int64_t part = core_space_write(thread->process->memory.space, address + done,
                                        (const uint8_t *)from + done, n - done);
        if (part <= 0 && !(part == -ENOMEM && shortage_relieve(thread)))
            return -EFAULT;
        done += part > 0 ? (uint64_t)part : 0;
    }
    return 0;
}

// ---- The lock ----

#define LOCKS 16

static struct mutex locks[LOCKS]; // of the processes that have several threads

struct mutex *memory_lock(struct process *process)
{
    if (process->thread_count == 1)
        return NULL;
    struct mutex *lock = &locks[process->pid % LOCKS];
    mutex_lock(lock);
    return lock;
}

void memory_unlock(struct mutex *lock)
{
    if (lock)
        mutex_unlock(lock);
}

// ---- Ranges ----

static bool ranges_reserve(struct memory *memory)
{
    if (memory->count + 2 <= memory->capacity)
        return true;
    if (memory->capacity >= RANGES_MAX)
        return false;
    uint32_t capacity = memory->capacity ? 2 * memory->capacity : 16;
    struct range *larger = realloc(memory->ranges, capacity * sizeof *larger);
    if (!larger)
        return false;
    memory->ranges = larger;
    memory->capacity = capacity;
    return true;
}

static void range_insert(struct memory *memory, uint32_t at, uint64_t start, uint64_t end)
{
    memmove(memory->ranges + at + 1, memory->ranges + at,
            (memory->count - at) * sizeof *memory->ranges);
    memory->ranges[at] = (struct range){start, end};
    memory->count++;
}

static void range_delete(struct memory *memory, uint32_t at)
{
    memory->count--;
    memmove(memory->ranges + at, memory->ranges + at + 1,
            (memory->count - at) * sizeof *memory->ranges);
}

static bool is_free(const struct memory *memory, uint64_t start, uint64_t end)
{
    for (uint32_t i = 0; i < memory->count; i++)
        if (memory->ranges[i].start < end && start < memory->ranges[i].end)
            return false;
    return true;
}

// The highest free address below MAPPINGS_END, 0 if there is none.
static uint64_t range_search(const struct memory *memory, uint64_t length)
{
    uint64_t end = MAPPINGS_END;
    for (uint32_t i = memory->count; i-- > 0;) {
        const struct range *range = &memory->ranges[i];
        if (range->start >= end)
            continue;
        if (range->end < end && end - range->end >= length)
            break;
        end = range->start;
    }
    return end > BREAK_LIMIT && end - BREAK_LIMIT >= length ? end - length : 0;
}

// Notes a range that is free, joined with neighbours that it touches.
static void range_note(struct memory *memory, uint64_t start, uint64_t end)
{
    uint32_t at = 0;
    while (at < memory->count && memory->ranges[at].start < start)
        at++;
    bool joins_left = at && memory->ranges[at - 1].end == start;
    bool joins_right = at < memory->count && memory->ranges[at].start == end;
    if (joins_left && joins_right) {
        memory->ranges[at - 1].end = memory->ranges[at].end;
        range_delete(memory, at);
    } else if (joins_left) {
        memory->ranges[at - 1].end = end;
    } else if (joins_right) {
        memory->ranges[at].start = start;
    } else {
        range_insert(memory, at, start, end);
    }
}

int64_t range_take(struct memory *memory, uint64_t address, uint64_t length)
{
    if (!ranges_reserve(memory))
        return -ENOMEM;
    if (!address)
        address = range_search(memory, length);
    if (!address || !is_free(memory, address, address + length))
        return -ENOMEM;
    range_note(memory, address, address + length);
    return (int64_t)address;
}

void range_give(struct memory *memory, uint64_t address, uint64_t length)
{
    uint64_t end = address + length;
    for (uint32_t i = 0; i < memory->count;) {
        struct range *range = &memory->ranges[i];
        uint64_t tail = range->end;
        if (range->end <= address || range->start >= end) {
            i++;
        } else if (range->start >= address && range->end <= end) {
            range_delete(memory, i);
        } else if (range->start >= address) {
            range->start = end;
        } else {
            range->end = address;
            if (tail > end)
                range_insert(memory, ++i, end, tail); // place was reserved by the caller
        }
    }
}

bool memory_exceeds(const struct memory *memory, uint64_t limit, uint64_t length)
{
    uint64_t taken = 0;
    for (uint32_t i = 0; i < memory->count; i++)
        if (memory->ranges[i].end < STACK_END)
            taken += memory->ranges[i].end - memory->ranges[i].start;
    return taken > limit || length > limit - taken;
}

static int64_t memory_copy(struct memory *to, const struct memory *from)
{
    struct range *ranges = malloc(from->capacity * sizeof *ranges);
    if (!ranges)
        return -ENOMEM;
    int64_t space = core_space_clone(from->space);
    if (space >= 0) {
        *to = *from;
        to->space = (handle_t)space;
        to->ranges = ranges;
        memcpy(ranges, from->ranges, from->count * sizeof *ranges);
        space = shared_clone(to, from);
        if (space < 0)
            memory_free(to);
    } else {
        free(ranges);
    }
    return space < 0 ? space : 0;
}

int64_t memory_clone(struct process *to, struct process *from)
{
    struct mutex *lock = memory_lock(from);
    int64_t result = memory_copy(&to->memory, &from->memory);
    memory_unlock(lock);
    return result;
}

void memory_free(struct memory *memory)
{
    if (memory->space)
        core_handle_close(memory->space);
    free(memory->ranges);
    free(memory->shared);
    *memory = (struct memory){0};
}

// ---- System calls ----

// Unmaps a range, whatever is in it. After an error all is as it was: what the core still maps is
// not free.
static int64_t range_unmap(struct memory *memory, uint64_t address, uint64_t length)
{
    if (!ranges_reserve(memory) || !shared_can_forget(memory, address, address + length))
        return -ENOMEM;
    int64_t result = core_space_unmap(memory->space, address, length);
    if (result < 0)
        return result;
    shared_forget(memory, address, address + length);
    range_give(memory, address, length);
    return 0;
}

static int64_t break_set(struct process *process, uint64_t wanted)
{
    struct memory *memory = &process->memory;
    uint64_t old = PAGE_ROUND(memory->break_end), new = PAGE_ROUND(wanted);
    if (wanted < memory->break_start || wanted > BREAK_LIMIT)
        return (int64_t)memory->break_end;
    if (new > old) {
        if (memory_is_beyond(memory, process->limits.of[LIMIT_ADDRESSES].now, new - old) ||
            range_take(memory, old, new - old) < 0)
            return (int64_t)memory->break_end;
        if (core_space_map(memory->space, old, new - old, PROTECTION_READ | PROTECTION_WRITE) < 0) {
            range_give(memory, old, new - old);
            return (int64_t)memory->break_end;
        }
    } else if (new < old && range_unmap(memory, new, old - new) < 0) {
        return (int64_t)memory->break_end;
    }
    memory->break_end = wanted;
    return (int64_t)wanted;
}

int64_t call_brk(struct thread *thread, const uint64_t *a)
{
    struct mutex *lock = memory_lock(thread->process);
    int64_t result = break_set(thread->process, a[0]);
    memory_unlock(lock);
    return result;
}

static bool is_user_range(uint64_t address, uint64_t length)
{
    return address % PAGE_SIZE == 0 && length && address >= USER_START && length <= TRAMPOLINE &&
           address <= TRAMPOLINE - length;
}

// Chooses where a mapping goes, and makes room there if it must be there.
static int64_t mapping_place(struct memory *memory, uint64_t address, uint64_t length,
                             uint32_t flags)
{
    if (flags & (MAP_FIXED | MAP_FIXED_NOREPLACE)) {
        if (!is_user_range(address, length))
            return -EINVAL;
        if (flags & MAP_FIXED_NOREPLACE)
            return is_free(memory, address, address + length) ? range_take(memory, address, length)
                                                              : -EEXIST;
        int64_t result = range_unmap(memory, address, length);
        return result < 0 ? result : range_take(memory, address, length);
    }
    if (is_user_range(address, length) && is_free(memory, address, address + length))
        return range_take(memory, address, length);
    return range_take(memory, 0, length);
}

// Fills fresh pages from a file; what lies past its end stays zero.
static int64_t mapping_fill(struct thread *thread, int32_t descriptor, uint64_t address,
                            uint64_t length, uint64_t position)
{
    struct open_file *file = file_get(thread, descriptor);
    if (!file)
        return -EBADF;
    int64_t result = -ENODEV;
    if ((file->mode & FS_TYPE) == FS_FILE)
        result =
            file_read_space(thread, file, thread->process->memory.space, address, length, position);
    file_put(thread, file);
    return result < 0 ? result : 0;
}

// Takes a range and maps zeroed pages there; a file's get their rights when they are filled. The
// address, or a negative errno.
static int64_t mapping_make(struct memory *memory, const uint64_t *a, uint64_t length)
{
    uint32_t protection = (uint32_t)a[2] & PROTECTION_ALL, flags = (uint32_t)a[3];
    bool is_shared = (flags & MAP_ANONYMOUS) && (flags & MAP_SHARED);
    int64_t address = mapping_place(memory, a[0], length, flags);
    if (address < 0)
        return address;
    if (!(flags & MAP_ANONYMOUS))
        protection = PROTECTION_READ | PROTECTION_WRITE;
    int64_t result = is_shared ? shared_note(memory, (uint64_t)address, length) : 0;
    if (result >= 0) {
        result = core_space_map(memory->space, (uint64_t)address, length,
                                protection | (is_shared ? PROTECTION_SHARED : 0));
        if (result < 0)
            shared_forget(memory, (uint64_t)address, (uint64_t)address + length);
    }
    if (result < 0)
        range_give(memory, (uint64_t)address, length); // nothing is mapped there
    return result < 0 ? result : address;
}

static int64_t mapping_read(struct thread *thread, const uint64_t *a, uint64_t address,
                            uint64_t length)
{
    struct process *process = thread->process;
    int64_t result = mapping_fill(thread, (int32_t)a[4], address, length, a[5]);
    struct mutex *lock = memory_lock(process);
    if (result >= 0)
        result = core_space_protect(process->memory.space, address, length, a[2] & PROTECTION_ALL);
    if (result < 0)
        range_unmap(&process->memory, address, length);
    memory_unlock(lock);
    return result < 0 ? result : (int64_t)address;
}

int64_t call_mmap(struct thread *thread, const uint64_t *a)
{
    uint64_t length = PAGE_ROUND(a[1]);
    uint32_t flags = (uint32_t)a[3], sharing = flags & (MAP_SHARED | MAP_PRIVATE);
    if (a[1] == 0 || a[5] % PAGE_SIZE || sharing == 0 || length < a[1])
        return -EINVAL;
    bool writes_file =
        !(flags & MAP_ANONYMOUS) && sharing == MAP_SHARED && (a[2] & PROTECTION_WRITE);
    if (writes_file)
        return -ENODEV; // nothing would carry the writes back to the file
    struct mutex *lock = memory_lock(thread->process);
    int64_t address = -ENOMEM;
    if (!memory_is_beyond(&thread->process->memory, thread->process->limits.of[LIMIT_ADDRESSES].now,
                          length))
        address = mapping_make(&thread->process->memory, a, length);
    memory_unlock(lock);
    return address < 0 || (flags & MAP_ANONYMOUS)
               ? address
               : mapping_read(thread, a, (uint64_t)address, length);
}

int64_t call_munmap(struct thread *thread, const uint64_t *a)
{
    uint64_t length = PAGE_ROUND(a[1]);
    if (!is_user_range(a[0], length))
        return -EINVAL;
    struct mutex *lock = memory_lock(thread->process);
    int64_t result = range_unmap(&thread->process->memory, a[0], length);
    memory_unlock(lock);
    return result;
}

int64_t call_mprotect(struct thread *thread, const uint64_t *a)
{
    uint64_t length = PAGE_ROUND(a[1]);
    if (a[1] == 0)
        return a[0] % PAGE_SIZE ? -EINVAL : 0;
    if (!is_user_range(a[0], length))
        return -EINVAL;
    struct mutex *lock = memory_lock(thread->process);
    int64_t result =
        core_space_protect(thread->process->memory.space, a[0], length, a[2] & PROTECTION_ALL);
    memory_unlock(lock);
    return result;
}
