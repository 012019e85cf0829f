// SPDX-License-Identifier: MIT
#include "futex.h"

#include "calls.h"
#include "core.h"
#include "processes.h"
#include "shortage.h"

// linux/futex.h
enum {
    OPERATION_WAIT = 0,
    OPERATION_WAKE = 1,
    OPERATION_REQUEUE = 3,
    OPERATION_COMPARE_REQUEUE = 4,
    OPERATION_WAIT_BITSET = 9,
    OPERATION_WAKE_BITSET = 10,
};
#define OPERATION_PRIVATE  0x80u
#define OPERATION_CALENDAR 0x100u
#define BITSET_ANY         UINT32_MAX

#define BUCKETS 64

static struct mutex futex_lock;
static struct thread *buckets[BUCKETS]; // each in the order of coming
static uint64_t last_order;

// ---- Queues: under futex_lock ----

static struct thread **bucket_of(const struct futex_key *key)
{
    uint64_t mixed = (key->address >> 2 ^ key->object << 7) * 0x9E3779B97F4A7C15u;
    return &buckets[mixed >> 58];
}

static void waiter_insert(struct thread *thread)
{
    struct thread **link = bucket_of(&thread->futex.key);
    while (*link && (*link)->futex.order < thread->futex.order)
        link = &(*link)->futex.next;
    thread->futex.next = *link;
    *link = thread;
}

static void waiter_append(struct thread *thread, struct futex_key key)
{
    thread->futex.key = key;
    thread->futex.order = ++last_order;
    waiter_insert(thread);
}

static bool waits_for(const struct thread *thread, const struct futex_key *key, uint32_t bitset)
{
    const struct futex_wait *wait = &thread->futex;
    return wait->key.object == key->object && wait->key.address == key->address &&
           (wait->bitset & bitset);
}

static void state_set(struct thread *thread, uint32_t state)
{
    __atomic_store_n(&thread->futex.state, state, __ATOMIC_RELEASE);
}

static bool is_waiting(const struct thread *thread)
{
    return __atomic_load_n(&thread->futex.state, __ATOMIC_ACQUIRE) == FUTEX_WAITING;
}

static void waiter_wake(struct thread *thread)
{
    state_set(thread, FUTEX_WOKEN);
    sleep_end(thread);
}

// Wakes COUNT of those who wait, but one in any case: so does Linux. How many.
static int64_t key_wake(const struct futex_key *key, int32_t count, uint32_t bitset)
{
    int32_t woken = 0;
    for (struct thread **link = bucket_of(key); *link;) {
        struct thread *each = *link;
        if (!waits_for(each, key, bitset)) {
            link = &each->futex.next;
            continue;
        }
        *link = each->futex.next;
        waiter_wake(each);
        if (++woken >= count)
            break;
    }
    return woken;
}

// Ends a thread's wait, whatever its state. Had somebody woken it?
static bool wait_end(struct thread *thread)
{
    mutex_lock(&futex_lock);
    bool woken = thread->futex.state == FUTEX_WOKEN;
    if (thread->futex.state == FUTEX_WAITING) {
        struct thread **link = bucket_of(&thread->futex.key);
        while (*link != thread)
            link = &(*link)->futex.next;
        *link = thread->futex.next;
    }
    state_set(thread, FUTEX_IDLE);
    mutex_unlock(&futex_lock);
    return woken;
}

int64_t futex_settle(struct thread *thread, int64_t result)
{
    if (thread->futex.state == FUTEX_IDLE)
        return result;
    return wait_end(thread) ? 0 : result;
}

void futex_restore(struct thread *thread)
{
    if (thread->futex.order > last_order)
        last_order = thread->futex.order;
    if (thread->futex.state == FUTEX_WAITING)
        waiter_insert(thread);
}

// ---- Words ----

static struct futex_key key_of(struct thread *thread, uint64_t address, uint32_t operation)
{
    struct futex_key key = {.object = thread->process->pid, .address = address};
    if (!(operation & OPERATION_PRIVATE))
        memory_shared_find(thread->process, address, &key.object, &key.address);
    return key;
}

// Reads the word at ADDRESS and locks, so that nobody can be told of a change of it before UNLOCK.
// 0, or -EFAULT and not locked.
static int64_t word_read_locked(struct thread *thread, uint64_t address, uint32_t *word)
{
    handle_t space = thread->process->memory.space;
    for (;;) {
        mutex_lock(&futex_lock);
        int64_t copied = core_space_read(space, word, address, sizeof *word);
        if (copied == sizeof *word)
            return 0;
        mutex_unlock(&futex_lock);
        if (copied != -ENOMEM || !shortage_relieve(thread))
            return -EFAULT;
    }
}

// ---- The operations ----

static int64_t deadline_set(struct thread *thread, uint64_t timeout, uint32_t operation)
{
    uint64_t ns, now = core_time();
    bool is_relative = (operation & ~OPERATION_PRIVATE) == OPERATION_WAIT;
    thread->deadline = WAIT_FOREVER;
    if (!timeout)
        return 0;
    int64_t result = time_read(thread, timeout, &ns);
    if (result < 0)
        return result;
    call_never_restarts(thread);
    uint64_t start = operation & OPERATION_CALENDAR ? clock_start(0) : 0;
    thread->deadline = is_relative ? now + ns : ns > start ? ns - start : 0;
    return 0;
}

static int64_t wait_begin(struct thread *thread, const uint64_t *a, uint32_t operation,
                          uint32_t bitset)
{
    uint32_t word;
    struct futex_key key = key_of(thread, a[0], operation);
    int64_t result = deadline_set(thread, a[3], operation);
    if (result == 0)
        result = word_read_locked(thread, a[0], &word);
    if (result < 0)
        return result;
    if (word != (uint32_t)a[2]) {
        result = -EAGAIN;
    } else {
        thread->futex.bitset = bitset;
        state_set(thread, FUTEX_WAITING);
        waiter_append(thread, key);
    }
    mutex_unlock(&futex_lock);
    return result;
}

static int64_t futex_wait(struct thread *thread, const uint64_t *a, uint32_t operation,
                          uint32_t bitset)
{
    int64_t result = 0;
    if (!bitset)
        return -EINVAL;
    if (!thread->is_repeated || thread->futex.state == FUTEX_IDLE)
        result = wait_begin(thread, a, operation, bitset);
    else if (a[3])
        call_never_restarts(thread);
    if (result < 0)
        return result;
    while (is_waiting(thread)) {
        uint64_t seen = sleep_prepare(thread);
        int64_t slept = is_waiting(thread) ? sleep_until(thread, seen, thread->deadline) : 0;
        if (slept == -EINTR && is_waiting(thread))
            return slept; // and stays in the queue
        if (slept == -ETIMEDOUT)
            return wait_end(thread) ? 0 : slept;
    }
    wait_end(thread);
    return 0;
}

static int64_t futex_wake(struct thread *thread, const uint64_t *a, uint32_t operation,
                          uint32_t bitset)
{
    struct futex_key key = key_of(thread, a[0], operation);
    if (!bitset)
        return -EINVAL;
    mutex_lock(&futex_lock);
    int64_t woken = key_wake(&key, (int32_t)a[2], bitset);
    mutex_unlock(&futex_lock);
    return woken;
}

// Wakes some and has others wait for another word. How many of both.
static int64_t key_requeue(const struct futex_key *from, const struct futex_key *to, int32_t wakes,
                           int32_t moves)
{
    struct thread *moved = NULL, **last = &moved;
    int32_t count = 0;
    for (struct thread **link = bucket_of(from); *link && count - wakes < moves;) {
        struct thread *each = *link;
        if (!waits_for(each, from, BITSET_ANY)) {
            link = &each->futex.next;
            continue;
        }
        *link = each->futex.next;
        if (++count <= wakes) {
            waiter_wake(each);
        } else {
            each->futex.next = NULL;
            *last = each;
            last = &each->futex.next;
        }
    }
    while (moved) {
        struct thread *each = moved;
        moved = each->futex.next;
        waiter_append(each, *to);
    }
    return count;
}

static int64_t futex_requeue(struct thread *thread, const uint64_t *a, uint32_t operation)
{
    int32_t wakes = (int32_t)a[2], moves = (int32_t)a[3];
    bool compares = (operation & ~OPERATION_PRIVATE) == OPERATION_COMPARE_REQUEUE;
    if (wakes < 0 || moves < 0 || a[4] % 4)
        return -EINVAL;
    struct futex_key from = key_of(thread, a[0], operation), to = key_of(thread, a[4], operation);
    uint32_t word = (uint32_t)a[5];
    int64_t result = 0;
    if (compares)
        result = word_read_locked(thread, a[0], &word);
    else
        mutex_lock(&futex_lock);
    if (result < 0)
        return result;
    result = word == (uint32_t)a[5] ? key_requeue(&from, &to, wakes, moves) : -EAGAIN;
    mutex_unlock(&futex_lock);
    return result;
}

int64_t call_futex(struct thread *thread, const uint64_t *a)
{
    uint32_t operation = (uint32_t)a[1],
             kind = operation & ~(OPERATION_PRIVATE | OPERATION_CALENDAR);
    if ((operation & OPERATION_CALENDAR) && kind != OPERATION_WAIT_BITSET)
        return -ENOSYS;
    if (a[0] % 4)
        return -EINVAL;
    switch (kind) {
    case OPERATION_WAIT:
        return futex_wait(thread, a, operation, BITSET_ANY);
    case OPERATION_WAIT_BITSET:
        return futex_wait(thread, a, operation, (uint32_t)a[5]);
    case OPERATION_WAKE:
        return futex_wake(thread, a, operation, BITSET_ANY);
    case OPERATION_WAKE_BITSET:
        return futex_wake(thread, a, operation, (uint32_t)a[5]);
    case OPERATION_REQUEUE:
    case OPERATION_COMPARE_REQUEUE:
        return futex_requeue(thread, a, operation);
    }
    return -ENOSYS;
}

// ---- The end of a thread ----

#define ROBUST_MAX    2048 // entries that are looked at: the list is the program's, and may be a ring
#define OWNER_MASK    0x3FFFFFFFu
#define OWNER_DIED    0x40000000u
#define HAS_WAITERS   0x80000000u
#define FLAG_INHERITS 1u // in an entry's address: priority inheritance, which nobody has here

struct robust_head { // as it lies in user memory
    uint64_t next, offset, pending;
};

// The owner of the lock at ADDRESS ends: marks it, and the next one may have it. Read and write are
// one under the lock: who sets HAS_WAITERS between them finds another word when it wants to sleep.
static void robust_release(struct thread *thread, uint64_t address, bool is_pending)
{
    uint32_t word;
    struct futex_key key = key_of(thread, address, 0);
    if (address % 4 || word_read_locked(thread, address, &word) < 0)
        return;
    bool is_owner = (word & OWNER_MASK) == thread->tid;
    if (is_owner) {
        word = (word & HAS_WAITERS) | OWNER_DIED;
        core_space_write(thread->process->memory.space, address, &word, sizeof word);
    }
    if (is_owner || (is_pending && !word))
        key_wake(&key, 1, BITSET_ANY);
    mutex_unlock(&futex_lock);
}

static void robust_walk(struct thread *thread)
{
    struct robust_head head;
    uint64_t at = thread->robust_list;
    if (user_read(thread, &head, at, sizeof head) < 0)
        return;
    uint64_t pending = head.pending & ~(uint64_t)FLAG_INHERITS;
    for (uint32_t i = 0; i < ROBUST_MAX; i++) {
        uint64_t next, entry = head.next & ~(uint64_t)FLAG_INHERITS;
        if (entry == at)
            break;
        // The next one first: who gets this lock may free what it is in.
        bool has_next = user_read(thread, &next, entry, sizeof next) == 0;
        if (entry != pending)
            robust_release(thread, entry + head.offset, false);
        if (!has_next)
            break;
        head.next = next;
    }
    if (pending)
        robust_release(thread, pending + head.offset, true);
}

void futex_thread_ends(struct thread *thread)
{
    static const uint32_t none = 0;
    if (thread->futex.state != FUTEX_IDLE)
        wait_end(thread);
    if (thread->robust_list)
        robust_walk(thread);
    if (!thread->clear_tid || thread->process->thread_count == 1)
        return;
    struct futex_key key = key_of(thread, thread->clear_tid, 0);
    core_space_write(thread->process->memory.space, thread->clear_tid, &none, sizeof none);
    mutex_lock(&futex_lock);
    key_wake(&key, 1, BITSET_ANY);
    mutex_unlock(&futex_lock);
}

// ---- Where a thread's end is told ----

int64_t call_set_tid_address(struct thread *thread, const uint64_t *a)
{
    thread->clear_tid = a[0];
    return thread->tid;
}

int64_t call_set_robust_list(struct thread *thread, const uint64_t *a)
{
    if (a[1] != sizeof(struct robust_head))
        return -EINVAL;
    thread->robust_list = a[0];
    return 0;
}

int64_t call_get_robust_list(struct thread *thread, const uint64_t *a)
{
    uint64_t size = sizeof(struct robust_head), head = 0;
    int64_t result = -ESRCH;
    mutex_lock(&process_lock);
    const struct thread *meant = (uint32_t)a[0] ? thread_find_number((uint32_t)a[0]) : thread;
    if (meant) {
        head = meant->robust_list;
        result = 0;
    }
    mutex_unlock(&process_lock);
    if (result == 0 && (user_write(thread, a[1], &head, sizeof head) < 0 ||
                        user_write(thread, a[2], &size, sizeof size) < 0))
        result = -EFAULT;
    return result;
}
