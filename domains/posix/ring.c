// SPDX-License-Identifier: MIT
#include "ring.h"

#include <stdatomic.h>
#include <stdlib.h>

#include "backend.h"
#include "block_ring.h"
#include "calls.h"
#include "core.h"
#include "processes.h"

#define RINGS_MAX      64          // events, see the manifest
#define WINDOWS_MAX    1024        // RRefs, of all rings together
#define POLL_NS        10000000u   // from one look to the next whether a device has let go
#define QUEUED_LOOK_NS 500000000u  // the same, whether a driver has a request that it said it has
#define DETACH_NS      1000000000u // for what is in flight when posix is replaced

enum slot_state {
    SLOT_FREE,
    SLOT_FLYING, // its driver has it
    SLOT_FAILED, // it has ended, but the device may still be at its window
};

struct slot {
    rref_t window; // 0: not made yet
    handle_t service;
    enum slot_state state;
    bool withdrawn; // its window shows nothing any more
    uint32_t tries;
    int64_t error; // of one that has failed
    struct block_ring_request request;
    uint32_t done, piece; // bytes: finished, on their way
};

struct ring {
    handle_t event;
    uint64_t address; // of the program's struct block_ring
    uint32_t size, taken, completed;
    uint32_t in_flight, failed;
    handle_t unannounced; // the service that was told of requests with BLOCK_MORE; 0: none
    uint64_t free, made;  // bit: the slot has no request, has a window
    struct slot slots[BLOCK_RING_DEPTH];
};

_Static_assert(BLOCK_RING_DEPTH == 64, "a bit for each slot");

static _Atomic uint32_t ring_count, window_count;

// ---- The program's memory ----

static uint64_t request_address(const struct ring *ring, uint32_t number)
{
    return ring->address + sizeof(struct block_ring) +
           (uint64_t)(number % ring->size) * sizeof(struct block_ring_request);
}

static uint64_t result_address(const struct ring *ring, uint32_t number)
{
    return ring->address + sizeof(struct block_ring) +
           ring->size * sizeof(struct block_ring_request) +
           (uint64_t)(number % ring->size) * sizeof(struct block_ring_result);
}

static bool program_read(const struct thread *thread, void *to, uint64_t address, uint64_t n)
{
    return core_space_read(thread->process->memory.space, to, address, n) == (int64_t)n;
}

// A program that has taken its ring away is not told.
static void program_write(const struct thread *thread, uint64_t address, const void *from,
                          uint64_t n)
{
    (void)core_space_write(thread->process->memory.space, address, from, n);
}

static void counters_publish(const struct thread *thread)
{
    const struct ring *ring = thread->ring;
    const uint32_t counters[] = {ring->taken, ring->completed};
    program_write(thread, ring->address + offsetof(struct block_ring, taken), counters,
                  sizeof counters);
}

// ---- Slots ----

// The request ends with RESULT, at once or when the device has let go of its window.
static void slot_finish(struct thread *thread, struct slot *slot, int64_t result)
{
    struct ring *ring = thread->ring;
    if (!slot->withdrawn && slot->window && core_window_aim(slot->window, 0, 0, 0, 0) == -EBUSY) {
        slot->state = SLOT_FAILED;
        slot->error = result;
        ring->failed++;
        return;
    }
    const struct block_ring_result told = {slot->request.tag, result};
    program_write(thread, result_address(ring, ring->completed), &told, sizeof told);
    ring->completed++;
    ring->in_flight--;
    slot->state = SLOT_FREE;
    ring->free |= 1ull << (slot - ring->slots);
}

// The slot's window shows the next piece; made at the first use, it stays with the slot.
static int64_t slot_show(struct thread *thread, struct slot *slot)
{
    struct ring *ring = thread->ring;
    handle_t space = thread->process->memory.space;
    uint64_t address = slot->request.address + slot->done;
    uint64_t protection =
        slot->request.operation == BLOCK_RING_READ ? PROTECTION_WRITE : PROTECTION_READ;
    if (slot->window)
        return core_window_aim(slot->window, space, address, slot->piece, protection);
    if (atomic_fetch_add(&window_count, 1) >= WINDOWS_MAX) {
        atomic_fetch_sub(&window_count, 1);
        return -EAGAIN;
    }
    int64_t window = core_window_create(space, address, slot->piece, protection);
    if (window < 0) {
        atomic_fetch_sub(&window_count, 1);
        return window;
    }
    slot->window = (rref_t)window;
    ring->made |= 1ull << (slot - ring->slots);
    return core_rref_completion(slot->window, ring->event, (uint64_t)(slot - ring->slots));
}

// Gives the driver the next piece, and what follows at once where it is done at once.
static void slot_submit(struct thread *thread, struct slot *slot)
{
    struct ring *ring = thread->ring;
    uint32_t operation = slot->request.operation == BLOCK_RING_READ ? BLOCK_READ : BLOCK_WRITE;
    while (slot->done < slot->request.length) {
        uint32_t left = slot->request.length - slot->done;
        slot->piece = left < FS_TRANSFER_MAX ? left : FS_TRANSFER_MAX;
        slot->withdrawn = false;
        int64_t error = slot_show(thread, slot);
        if (error < 0) {
            slot_finish(thread, slot, error);
            return;
        }
        RpcResult result =
            block_submit(slot->service, operation | BLOCK_MORE, slot->request.offset + slot->done,
                         slot->window, 0, slot->piece);
        if (result.status < 0) {
            slot_finish(thread, slot, fs_error(result.status));
            return;
        }
        if (result.value != BLOCK_DONE) {
            ring->unannounced = slot->service;
            return;
        }
        slot->done += slot->piece;
    }
    slot_finish(thread, slot, slot->request.length);
}

static void announce(struct ring *ring)
{
    if (ring->unannounced)
        block_kick(ring->unannounced); // a driver that has died since has told the request's end
    ring->unannounced = 0;
}

static void slot_complete(struct thread *thread, struct slot *slot, int64_t status)
{
    if (status == RPC_CRASHED && slot->tries < BLOCK_TRIES) {
        slot->tries++; // it has outlived its driver
        slot_submit(thread, slot);
    } else if (status < 0) {
        slot_finish(thread, slot, fs_error(status));
    } else {
        slot->done += slot->piece;
        slot_submit(thread, slot);
    }
}

// Takes what has ended.
static void ring_reap(struct thread *thread)
{
    struct ring *ring = thread->ring;
    struct completion ended[16];
    int64_t n;
    do {
        n = core_completion_reap(ring->event, ended, 16);
        for (int64_t i = 0; i < n; i++) {
            struct slot *slot = &ring->slots[ended[i].tag % BLOCK_RING_DEPTH];
            if (slot->state == SLOT_FLYING)
                slot_complete(thread, slot, ended[i].status);
        }
    } while (n == 16);
    announce(ring);
}

// Ends requests whose windows are nobody's any more: those that had failed, and where SUSPICIOUS
// also those that their drivers only said to have. What ends meanwhile has ended well.
static void ring_look(struct thread *thread, bool suspicious)
{
    struct ring *ring = thread->ring;
    for (struct slot *slot = ring->slots; slot < ring->slots + BLOCK_RING_DEPTH; slot++)
        if (slot->state == SLOT_FAILED || (suspicious && slot->state == SLOT_FLYING))
            slot->withdrawn = core_window_aim(slot->window, 0, 0, 0, 0) != -EBUSY;
    ring_reap(thread);
    for (struct slot *slot = ring->slots; slot < ring->slots + BLOCK_RING_DEPTH; slot++) {
        if (slot->state == SLOT_FREE || !slot->withdrawn)
            continue;
        bool had_failed = slot->state == SLOT_FAILED;
        ring->failed -= had_failed;
        slot_finish(thread, slot, had_failed ? slot->error : -EIO);
    }
}

// Waits until at most LEAVE requests are in flight. 0, -ETIMEDOUT, or -EINTR unless INSISTS.
static int64_t ring_await(struct thread *thread, uint32_t leave, uint64_t deadline, bool insists)
{
    struct ring *ring = thread->ring;
    for (;;) {
        struct wait_item item = {.event = ring->event,
                                 .seen = (uint64_t)core_event_count(ring->event)};
        ring_reap(thread);
        if (ring->failed)
            ring_look(thread, false);
        if (ring->in_flight <= leave)
            return 0;
        uint64_t now = core_time(), next = now + (ring->failed ? POLL_NS : QUEUED_LOOK_NS);
        if (now >= deadline)
            return -ETIMEDOUT;
        next = next < deadline ? next : deadline;
        int64_t woken = insists ? core_wait(&item, 1, next) : thread_wait(thread, &item, 1, next);
        if (woken == -EINTR && !insists)
            return woken;
        if (woken == -ETIMEDOUT && !ring->failed)
            ring_look(thread, true);
        else if (woken < 0)
            core_yield();
    }
}

// ---- The system call ----

static struct slot *slot_find(struct ring *ring)
{
    uint64_t usable = ring->free;
    if (atomic_load(&window_count) >= WINDOWS_MAX)
        usable &= ring->made;
    return usable ? &ring->slots[__builtin_ctzll(usable)] : NULL;
}

static int64_t request_check(const struct block_ring_request *request, struct open_file *file)
{
    if (!file)
        return -EBADF;
    if ((file->mode & FS_TYPE) != FS_BLOCK)
        return -ENOTBLK;
    if (!backend_serves(file, request->offset, request->length) ||
        request->operation > BLOCK_RING_WRITE || (int64_t)request->offset < 0)
        return -EINVAL;
    uint32_t forbidden = request->operation == BLOCK_RING_READ ? OPEN_WRITE : OPEN_READ;
    return (file->flags & OPEN_PATH) || (file->flags & OPEN_ACCESS) == forbidden ? -EBADF : 0;
}

// Takes one request. What is wrong with it is its result.
static void request_begin(struct thread *thread, struct slot *slot,
                          const struct block_ring_request *request)
{
    struct ring *ring = thread->ring;
    struct open_file *file = file_get(thread, request->file);
    int64_t error = request_check(request, file);
    handle_t service = error ? 0 : file->backend ? file->backend : backend_find(file);
    file_put(thread, file); // the service's handle stays
    slot->request = *request;
    slot->service = service;
    slot->tries = 1;
    slot->done = 0;
    slot->state = SLOT_FLYING;
    slot->withdrawn = false;
    ring->free &= ~(1ull << (slot - ring->slots));
    ring->in_flight++;
    if (ring->unannounced != service)
        announce(ring);
    if (error || !service)
        slot_finish(thread, slot, error ? error : -ENXIO);
    else
        slot_submit(thread, slot);
}

static int64_t requests_take(struct thread *thread, uint32_t submitted)
{
    struct ring *ring = thread->ring;
    while (ring->taken != submitted) {
        struct block_ring_request request;
        struct slot *slot = slot_find(ring);
        if (!slot) {
            int64_t waited = ring->in_flight
                                 ? ring_await(thread, ring->in_flight - 1, WAIT_FOREVER, false)
                                 : -EAGAIN;
            if (waited < 0)
                return waited;
            continue;
        }
        if (!program_read(thread, &request, request_address(ring, ring->taken), sizeof request))
            return -EFAULT;
        ring->taken++;
        request_begin(thread, slot, &request);
    }
    announce(ring);
    return 0;
}

static int64_t ring_make(struct thread *thread)
{
    if (atomic_fetch_add(&ring_count, 1) >= RINGS_MAX) {
        atomic_fetch_sub(&ring_count, 1);
        return -EAGAIN;
    }
    struct ring *ring = calloc(1, sizeof *ring);
    int64_t event = ring ? core_event_create() : -ENOMEM;
    if (event < 0) {
        free(ring);
        atomic_fetch_sub(&ring_count, 1);
        return event;
    }
    ring->event = (handle_t)event;
    ring->free = UINT64_MAX;
    thread->ring = ring;
    return 0;
}

// Reads the counters of the program's ring at ADDRESS.
static int64_t ring_open(struct thread *thread, uint64_t address, struct block_ring *header)
{
    struct ring *ring = thread->ring;
    if (!program_read(thread, header, address, sizeof *header))
        return -EFAULT;
    uint32_t size = header->size;
    if (!size || size > BLOCK_RING_SIZE_MAX || (size & (size - 1)) || address % 8 ||
        header->submitted - header->taken > size)
        return -EINVAL;
    if (ring->in_flight && (ring->address != address || ring->size != size))
        return -EBUSY;
    ring->address = address;
    ring->size = size;
    ring->taken = header->taken;
    ring->completed = header->completed;
    return 0;
}

int64_t call_block_ring(struct thread *thread, const uint64_t *a)
{
    struct block_ring header;
    int64_t result = thread->ring ? 0 : ring_make(thread);
    if (result == 0)
        result = ring_open(thread, a[0], &header);
    if (result < 0)
        return result;
    result = requests_take(thread, header.submitted);
    if (result == 0)
        result = ring_await(thread, (uint32_t)a[1], WAIT_FOREVER, false);
    announce(thread->ring);
    counters_publish(thread);
    return result < 0 ? result : thread->ring->in_flight;
}

// ---- Where requests must end ----

void ring_quiesce(struct thread *thread)
{
    if (!thread->ring || !thread->ring->in_flight)
        return;
    (void)ring_await(thread, 0, WAIT_FOREVER, true);
    counters_publish(thread);
}

void ring_end(struct thread *thread)
{
    struct ring *ring = thread->ring;
    if (!ring)
        return;
    ring_quiesce(thread);
    for (uint64_t made = ring->made; made; made &= made - 1) {
        core_rref_free(ring->slots[__builtin_ctzll(made)].window);
        atomic_fetch_sub(&window_count, 1);
    }
    core_handle_close(ring->event);
    thread->ring = NULL;
    free(ring);
    atomic_fetch_sub(&ring_count, 1);
}

int64_t rings_detach(void)
{
    uint64_t deadline = 0;
    for (uint32_t i = 0; i < thread_places_used; i++) {
        struct thread *thread = &threads[i];
        if (!thread->process || !thread->ring || !thread->ring->in_flight)
            continue;
        if (!deadline)
            deadline = core_time() + DETACH_NS;
        int64_t waited = ring_await(thread, 0, deadline, true);
        counters_publish(thread);
        if (waited < 0)
            return -EBUSY;
    }
    return 0;
}
