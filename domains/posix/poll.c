// SPDX-License-Identifier: MIT
// Waiting for several files. The thread joins the queue of every pipe and watches the terminal's
// event; then it looks, and sleeps if nothing is ready.
#include <stdlib.h>
#include <string.h>

#include "calls.h"
#include "core.h"
#include "fs_client.h"
#include "processes.h"

#define POLL_MAX     DESCRIPTORS_MAX
#define POLL_INVALID 0x20u
#define POLL_ALWAYS  (FS_POLL_ERROR | FS_POLL_HANGUP | POLL_INVALID)

struct poll_entry { // as in user memory
    int32_t descriptor;
    uint16_t wanted, found;
};

struct poll_set {
    uint32_t count;
    struct poll_entry entries[POLL_MAX];
    struct open_file *files[POLL_MAX];
    struct waiter waiters[POLL_MAX];
};

uint32_t file_poll(struct open_file *file)
{
    if (file->pipe)
        return pipe_poll(file);
    uint32_t type = file->mode & FS_TYPE;
    if (type != FS_CHARACTER)
        return FS_POLL_IN | FS_POLL_OUT;
    RpcResult result = fs_poll(mounts[file->place.mount].service, file->file);
    return result.status < 0 ? FS_POLL_ERROR | FS_POLL_HANGUP : (uint32_t)result.value;
}

// A wake-up takes a thread out of a pipe's queue.
static void set_join_again(struct thread *thread, struct poll_set *set)
{
    for (uint32_t i = 0; i < set->count; i++) {
        struct open_file *file = set->files[i];
        if (file && file->pipe && !__atomic_load_n(&set->waiters[i].queued, __ATOMIC_ACQUIRE))
            queue_join(pipe_queue(file), &set->waiters[i], thread);
    }
}

static void set_open(struct thread *thread, struct poll_set *set)
{
    for (uint32_t i = 0; i < set->count; i++) {
        struct open_file *file = file_get(thread, set->entries[i].descriptor);
        set->files[i] = file;
        if (file && file->pipe)
            queue_join(pipe_queue(file), &set->waiters[i], thread);
    }
}

static void set_close(struct thread *thread, struct poll_set *set)
{
    for (uint32_t i = 0; i < set->count; i++) {
        struct open_file *file = set->files[i];
        if (file && file->pipe)
            queue_leave(pipe_queue(file), &set->waiters[i]);
        file_put(thread, file);
    }
}

// Fills in what holds now. How many files have something.
static int64_t set_look(struct poll_set *set)
{
    int64_t ready = 0;
    for (uint32_t i = 0; i < set->count; i++) {
        struct poll_entry *entry = &set->entries[i];
        uint32_t found = POLL_INVALID;
        if (set->files[i])
            found = file_poll(set->files[i]);
        entry->found = entry->descriptor < 0 ? 0 : found & (entry->wanted | POLL_ALWAYS);
        ready += entry->found != 0;
    }
    return ready;
}

// How many are ready, 0 at the deadline, or -EINTR.
static int64_t set_wait(struct thread *thread, struct poll_set *set, uint64_t deadline)
{
    for (;;) {
        handle_t event = terminal_event_handle();
        struct wait_item items[] = {
            {.event = thread->event, .seen = sleep_prepare(thread)},
            {.event = event, .seen = event ? (uint64_t)core_event_count(event) : 0},
        };
        set_join_again(thread, set);
        int64_t ready = set_look(set);
        uint64_t now = core_time(), patience = now + TERMINAL_PATIENCE_NS;
        if (ready || now >= deadline)
            return ready;
        int64_t result = thread_wait(thread, items, event ? 2 : 1,
                                     event && patience < deadline ? patience : deadline);
        if (result == -EINTR)
            return -EINTR;
    }
}

// TIMEOUT: address of a timespec, 0 for none. What is left of it is kept for a repeated call.
static int64_t deadline_read(struct thread *thread, uint64_t timeout)
{
    uint64_t ns;
    if (thread->is_repeated)
        return 0;
    thread->deadline = WAIT_FOREVER;
    if (!timeout)
        return 0;
    int64_t result = time_read(thread, timeout, &ns);
    if (result == 0)
        thread->deadline = core_time() + ns;
    return result;
}

static int64_t set_run(struct thread *thread, struct poll_set *set, uint64_t mask, uint64_t timeout)
{
    uint64_t signals;
    call_never_restarts(thread);
    int64_t result = deadline_read(thread, timeout);
    if (result < 0)
        return result;
    if (mask && user_read(thread, &signals, mask, sizeof signals) < 0)
        return -EFAULT;
    if (mask)
        mask_replace(thread, signals);
    set_open(thread, set);
    result = set_wait(thread, set, thread->deadline);
    set_close(thread, set);
    if (result != -EINTR)
        mask_return(thread);
    return result;
}

int64_t call_ppoll(struct thread *thread, const uint64_t *a)
{
    if (a[1] > POLL_MAX)
        return -EINVAL;
    struct poll_set *set = calloc(1, sizeof *set);
    if (!set)
        return -ENOMEM;
    set->count = (uint32_t)a[1];
    uint64_t size = set->count * sizeof *set->entries;
    int64_t result = size ? user_read(thread, set->entries, a[0], size) : 0;
    if (result == 0)
        result = set_run(thread, set, a[3], a[2]);
    if (result >= 0 && size && user_write(thread, a[0], set->entries, size) < 0)
        result = -EFAULT;
    free(set);
    return result;
}

// ---- select ----

#define SETS        3
#define SET_BYTES   (POLL_MAX / 8)
#define WANTS_READ  (FS_POLL_IN | FS_POLL_HANGUP | FS_POLL_ERROR)
#define WANTS_WRITE (FS_POLL_OUT | FS_POLL_ERROR)

typedef uint8_t bit_sets[SETS][SET_BYTES];

static bool bit_get(const uint8_t *bits, uint32_t i)
{
    return bits[i / 8] >> (i % 8) & 1;
}

static int64_t sets_read(struct thread *thread, const uint64_t *a, bit_sets sets)
{
    for (int i = 0; i < SETS; i++)
        if (a[1 + i] && user_read(thread, sets[i], a[1 + i], (a[0] + 7) / 8) < 0)
            return -EFAULT;
    return 0;
}

static void entries_make(struct poll_set *set, const bit_sets sets, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++) {
        bool reads = bit_get(sets[0], i), writes = bit_get(sets[1], i);
        if (!reads && !writes && !bit_get(sets[2], i))
            continue;
        set->entries[set->count++] = (struct poll_entry){
            .descriptor = (int32_t)i,
            .wanted = (uint16_t)((reads ? FS_POLL_IN : 0) | (writes ? FS_POLL_OUT : 0)),
        };
    }
}

// The answer as bits, and how many there are. -EBADF where a descriptor is not open.
static int64_t entries_tell(const struct poll_set *set, bit_sets sets)
{
    bit_sets asked;
    int64_t count = 0;
    memcpy(asked, sets, sizeof asked);
    memset(sets, 0, sizeof asked);
    for (uint32_t k = 0; k < set->count; k++) {
        const struct poll_entry *entry = &set->entries[k];
        uint32_t i = (uint32_t)entry->descriptor;
        if (entry->found & POLL_INVALID)
            return -EBADF;
        if ((entry->found & WANTS_READ) && bit_get(asked[0], i)) {
            sets[0][i / 8] |= (uint8_t)(1 << (i % 8));
            count++;
        }
        if ((entry->found & WANTS_WRITE) && bit_get(asked[1], i)) {
            sets[1][i / 8] |= (uint8_t)(1 << (i % 8));
            count++;
        }
    }
    return count;
}

static int64_t select_run(struct thread *thread, struct poll_set *set, const uint64_t *a)
{
    bit_sets sets = {0};
    uint64_t mask[2] = {0};
    int64_t result = sets_read(thread, a, sets);
    if (result == 0 && a[5])
        result = user_read(thread, mask, a[5], sizeof mask);
    if (result < 0)
        return result;
    entries_make(set, (const uint8_t(*)[SET_BYTES])sets, (uint32_t)a[0]);
    result = set_run(thread, set, mask[0], a[4]);
    if (result < 0)
        return result;
    result = entries_tell(set, sets);
    for (int i = 0; i < SETS && result >= 0; i++)
        if (a[1 + i] && user_write(thread, a[1 + i], sets[i], (a[0] + 7) / 8) < 0)
            result = -EFAULT;
    return result;
}

int64_t call_pselect6(struct thread *thread, const uint64_t *a)
{
    if (a[0] > 1024)
        return -EINVAL;
    uint64_t b[6] = {a[0] < POLL_MAX ? a[0] : POLL_MAX, a[1], a[2], a[3], a[4], a[5]};
    struct poll_set *set = calloc(1, sizeof *set);
    if (!set)
        return -ENOMEM;
    int64_t result = select_run(thread, set, b);
    free(set);
    return result;
}
