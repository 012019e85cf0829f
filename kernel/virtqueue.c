// SPDX-License-Identifier: MIT
#include "kernel/virtqueue.h"
#include "kernel/abi/error.h"
#include "kernel/domain.h"
#include "kernel/event.h"
#include "kernel/rref.h"
#include "microcore/page.h"
#include <stddef.h>

// A request's own page: its table of descriptors, and at the end what frames it.
#define FRAME_OFFSET (PAGE_SIZE - sizeof(struct frame))
#define SEGMENTS_MAX (FRAME_OFFSET / sizeof(struct descriptor) - 1) // and one for the status

#define DESCRIPTOR_NEXT     1
#define DESCRIPTOR_WRITE    2
#define DESCRIPTOR_INDIRECT 4
#define USED_NO_NOTIFY      1

#define SETTLE_BATCH 32 // requests that one interrupt ends

struct descriptor {
    uint64_t address;
    uint32_t length;
    uint16_t flags, next;
};

struct frame { // VIRTIO_POST_FRAMED
    uint64_t head[2];
    volatile uint8_t status;
    uint8_t padding[15];
};

#define STATUS_UNWRITTEN 0xFF

struct available_ring {
    uint16_t flags, index;
    uint16_t ring[VIRTQUEUE_SIZE_MAX];
};

struct used_ring {
    uint16_t flags, index;
    struct {
        uint32_t id, length;
    } ring[VIRTQUEUE_SIZE_MAX];
};

// Who takes a free slot (LOCK_DEVICE) fills its table without the lock, because pins and page walks
// take locks that come before it. SLOT_DONE: the interrupt has ended the loan that the request
// ends, and its driver has not taken the record yet.
enum slot_state { SLOT_FREE, SLOT_FILLING, SLOT_BUSY, SLOT_DONE, SLOT_LOST };

struct request {
    enum slot_state state;
    uint32_t pinned;
    uint16_t slot; // its own number
    bool framed;
    struct pin {
        rref_t name;
        struct rref *record;
    } pins[VIRTQUEUE_BUFFERS_MAX]; // each RRef once
    uint32_t ends;                 // which of them is complete with it, + 1; 0: none
    uint32_t writable;             // bytes that the device may write
    uint32_t written;              // SLOT_DONE: what it says
    uint64_t status;               // physical address of the last byte that the device writes
    uint64_t cookie;
    uint64_t table; // physical: descriptors and frame
};

struct virtqueue {
    uint32_t size, index;
    uint64_t page; // physical: descriptors, available ring and used ring lie in this block
    struct descriptor *descriptors;
    struct available_ring *available;
    volatile struct used_ring *used;
    uint16_t used_seen;
    uint32_t next; // where to look for a free slot
    uint32_t lost; // slots in SLOT_LOST, mostly none: then nobody looks for them
    bool starved;  // somebody found no free slot, and none has been reaped since
    uint16_t done[VIRTQUEUE_SIZE_MAX]; // slots in SLOT_DONE, in their order
    uint32_t done_head, done_tail;     // both only grow
    struct request requests[VIRTQUEUE_SIZE_MAX];
};

#define RINGS_ORDER      1 // 8 KiB: 2 KiB of descriptors, then the rings at their alignment
#define AVAILABLE_OFFSET 2048
#define USED_OFFSET      4096
_Static_assert(sizeof(struct descriptor) * VIRTQUEUE_SIZE_MAX <= AVAILABLE_OFFSET, "rings fit");
_Static_assert(AVAILABLE_OFFSET + sizeof(struct available_ring) <= USED_OFFSET, "rings fit");

// ---- Making and ending queues ----

void virtqueue_free(struct virtqueue *queue)
{
    for (uint32_t i = 0; i < queue->size; i++) {
        if (queue->requests[i].table)
            page_free(queue->requests[i].table, 0);
    }
    if (queue->page)
        page_free(queue->page, RINGS_ORDER);
    core_free(queue, sizeof(*queue));
}

struct virtqueue *virtqueue_make(uint32_t index, uint32_t size)
{
    struct virtqueue *queue = core_alloc(sizeof(*queue));
    if (!queue)
        return NULL;
    queue->index = index;
    queue->size = size;
    queue->page = page_alloc_zeroed(RINGS_ORDER);
    bool complete = queue->page != 0;
    for (uint32_t i = 0; i < size && complete; i++) {
        queue->requests[i].slot = (uint16_t)i;
        complete = (queue->requests[i].table = page_alloc(0)) != 0;
    }
    if (!complete) {
        virtqueue_free(queue);
        return NULL;
    }
    char *rings = page_pointer(queue->page);
    queue->descriptors = (struct descriptor *)rings;
    queue->available = (struct available_ring *)(rings + AVAILABLE_OFFSET);
    queue->used = (struct used_ring *)(rings + USED_OFFSET);
    return queue;
}

static void write_address(const struct device *device, uint32_t offset, uint64_t physical)
{
    device_write32(device, offset, (uint32_t)physical);
    device_write32(device, offset + 4, (uint32_t)(physical >> 32));
}

int virtqueue_announce(const struct device *device, const struct virtqueue *queue)
{
    device_write32(device, VIRTIO_QUEUE_SELECT, queue->index);
    if (device_read32(device, VIRTIO_QUEUE_SIZE_MAX) < queue->size)
        return -EINVAL;
    device_write32(device, VIRTIO_QUEUE_SIZE, queue->size);
    write_address(device, VIRTIO_QUEUE_DESCRIPTORS, queue->page);
    write_address(device, VIRTIO_QUEUE_AVAILABLE, queue->page + AVAILABLE_OFFSET);
    write_address(device, VIRTIO_QUEUE_USED, queue->page + USED_OFFSET);
    device_write32(device, VIRTIO_QUEUE_READY, 1);
    return 0;
}

// REFUSED: whose request was not posted after all; NULL: the device is done with it.
static void request_unpin(struct request *request, const struct domain *refused)
{
    while (request->pinned)
        rref_unpin(request->pins[--request->pinned].record, refused);
}

bool virtqueue_is_busy(const struct virtqueue *queue)
{
    for (uint32_t slot = 0; slot < queue->size; slot++) {
        if (queue->requests[slot].state == SLOT_BUSY)
            return true;
    }
    return false;
}

void virtqueue_lose(struct virtqueue *queue)
{
    for (uint32_t slot = 0; slot < queue->size; slot++) {
        struct request *request = &queue->requests[slot];
        if (request->state == SLOT_DONE)
            request_unpin(request, NULL);
        if (request->state != SLOT_BUSY)
            continue;
        request_unpin(request, NULL);
        request->state = SLOT_LOST;
        queue->lost++;
    }
}

// ---- Posting ----

static struct request *request_take(struct device *device, struct virtqueue *queue)
{
    struct request *found = NULL;
    interrupt_state state = lock_take(&device->lock);
    for (uint32_t i = 0; i < queue->size && !found; i++) {
        struct request *request = &queue->requests[queue->next++ % queue->size];
        if (request->state == SLOT_FREE)
            found = request;
    }
    if (found)
        found->state = SLOT_FILLING;
    else
        queue->starved = true;
    lock_release(&device->lock, state);
    return found;
}

static struct frame *request_frame(const struct request *request)
{
    return page_pointer(request->table + FRAME_OFFSET);
}

// Pins an RRef for the request, unless an earlier buffer of it has done so. Which pin it is, or a
// negative errno.
static int request_pin(struct domain *domain, struct request *request, rref_t rref)
{
    uint32_t i = 0;
    while (i < request->pinned && request->pins[i].name != rref)
        i++;
    if (i < request->pinned)
        return (int)i;
    struct pin *pin = &request->pins[i];
    int error = rref_pin(domain, rref, &pin->record);
    if (error)
        return error;
    pin->name = rref;
    request->pinned++;
    return (int)i;
}

// Adds the frames of one buffer, which is pinned, to the request's table.
static int table_add(const struct rref *record, struct descriptor *table, uint64_t *used,
                     const struct virtio_buffer *buffer)
{
    for (uint64_t done = 0; done < buffer->length;) {
        uint64_t physical, piece = buffer->length - done;
        if (*used == SEGMENTS_MAX)
            return -E2BIG;
        int error = rref_physical(record, buffer->offset + done, buffer->device_writes != 0,
                                  &physical, &piece);
        if (error)
            return error;
        table[*used] = (struct descriptor){
            physical, (uint32_t)piece,
            (uint16_t)(DESCRIPTOR_NEXT | (buffer->device_writes ? DESCRIPTOR_WRITE : 0)),
            (uint16_t)(*used + 1)};
        ++*used;
        done += piece;
    }
    return 0;
}

// The head is the first thing that the device reads, the status the last that it writes: one
// descriptor of the table each.
static void frame_open(const struct request *request, struct descriptor *table,
                       const struct virtio_extra *extra)
{
    struct frame *frame = request_frame(request);
    frame->head[0] = extra->head[0];
    frame->head[1] = extra->head[1];
    frame->status = STATUS_UNWRITTEN;
    *table =
        (struct descriptor){request->table + FRAME_OFFSET, sizeof(frame->head), DESCRIPTOR_NEXT, 1};
}

static void frame_close(struct request *request, struct descriptor *last)
{
    request->status = request->table + FRAME_OFFSET + offsetof(struct frame, status);
    *last = (struct descriptor){request->status, 1, DESCRIPTOR_WRITE, 0};
    request->writable++;
}

static void table_close(struct request *request, struct descriptor *last)
{
    last->flags &= (uint16_t)~DESCRIPTOR_NEXT;
    request->status = last->flags & DESCRIPTOR_WRITE ? last->address + last->length - 1 : 0;
}

// Pins the buffers and writes the table. On failure the pins are undone.
static int request_fill(struct domain *domain, struct request *request,
                        const struct virtio_buffer *buffers, uint64_t count,
                        const struct virtio_extra *extra, uint64_t *segments)
{
    struct descriptor *table = page_pointer(request->table);
    int error = 0;
    request->writable = 0;
    request->ends = 0;
    request->cookie = extra->cookie;
    request->framed = extra->flags & VIRTIO_POST_FRAMED;
    *segments = request->framed;
    if (request->framed)
        frame_open(request, table, extra);
    for (uint64_t i = 0; i < count && !error; i++) {
        if (buffers[i].device_writes)
            request->writable += buffers[i].length;
        else if (request->writable)
            error = -EINVAL; // what the device reads comes first (2.7.4.2)
        int pin = error ? error : request_pin(domain, request, buffers[i].rref);
        error = pin < 0 ? pin : table_add(request->pins[pin].record, table, segments, &buffers[i]);
        if (buffers[i].ends)
            request->ends = (uint32_t)pin + 1;
    }
    if (!error && !*segments)
        error = -EINVAL;
    if (error) {
        request_unpin(request, domain);
        return error;
    }
    if (request->framed)
        frame_close(request, &table[(*segments)++]);
    else
        table_close(request, &table[*segments - 1]);
    return 0;
}

// Makes the request visible to the device.
static void request_publish(struct device *device, struct virtqueue *queue, struct request *request,
                            uint64_t segments)
{
    uint16_t slot = request->slot;
    interrupt_state state = lock_take(&device->lock);
    queue->descriptors[slot] = (struct descriptor){
        request->table, (uint32_t)(segments * sizeof(struct descriptor)), DESCRIPTOR_INDIRECT, 0};
    request->state = SLOT_BUSY;
    queue->available->ring[queue->available->index % queue->size] = slot;
    __asm__ volatile("fence w, w" ::: "memory");
    *(volatile uint16_t *)&queue->available->index = (uint16_t)(queue->available->index + 1);
    lock_release(&device->lock, state);
}

int virtqueue_post(struct device *device, struct virtqueue *queue, struct domain *domain,
                   const struct virtio_buffer *buffers, uint64_t count,
                   const struct virtio_extra *extra)
{
    struct request *request = request_take(device, queue);
    uint64_t segments;
    if (!request)
        return -EAGAIN;
    int error = request_fill(domain, request, buffers, count, extra, &segments);
    if (error)
        __atomic_store_n(&request->state, SLOT_FREE, __ATOMIC_RELEASE);
    else
        request_publish(device, queue, request, segments);
    return error;
}

void virtqueue_notify(const struct device *device, const struct virtqueue *queue)
{
    __asm__ volatile("fence rw, rw" ::
                         : "memory"); // the index is out before its flag is read (2.7.13)
    if (!(queue->used->flags & USED_NO_NOTIFY))
        device_write32(device, VIRTIO_QUEUE_NOTIFY, queue->index);
}

// ---- What the device has finished ----

// The device's next word, read once and checked: an id that is not in flight is passed over. NULL:
// there is none. It stays the next one until used_seen goes on. LOCK_DEVICE.
static struct request *used_look(struct virtqueue *queue, uint32_t *written)
{
    while (queue->used_seen != queue->used->index) {
        __asm__ volatile("fence r, r" ::: "memory");
        uint32_t id = queue->used->ring[queue->used_seen % queue->size].id;
        *written = queue->used->ring[queue->used_seen % queue->size].length;
        if (id < queue->size && queue->requests[id].state == SLOT_BUSY) {
            if (*written > queue->requests[id].writable)
                *written = queue->requests[id].writable;
            return &queue->requests[id];
        }
        queue->used_seen++;
    }
    return NULL;
}

// Ends the loan that a successful request ends. False: it ends none, or not without its driver, and
// nothing has changed.
static bool request_end_loan(struct request *request, const struct domain *driver,
                             struct event **event)
{
    bool succeeded = request->status && !*(volatile uint8_t *)page_pointer(request->status);
    if (!request->ends || !succeeded || !driver)
        return false;
    struct pin *pin = &request->pins[request->ends - 1];
    if (!rref_end(pin->record, driver, event))
        return false;
    if (--request->pinned)
        *pin = request->pins[request->pinned];
    return true;
}

// A batch's completions mostly go to one event: it is signalled once.
static void event_collect(struct event **pending, struct event *event)
{
    if (!event)
        return;
    struct event *before = *pending;
    if (before == event)
        object_put(&event->object); // there is one use more
    else
        completion_signal(before);
    *pending = event;
}

bool virtqueue_settle(struct device *device, struct virtqueue *queue)
{
    struct event *pending = NULL, *event;
    struct request *request;
    uint32_t written;
    bool settled = !queue->starved;
    for (uint32_t i = 0; settled && (request = used_look(queue, &written)); i++) {
        settled = i < SETTLE_BATCH && request_end_loan(request, device->holder, &event);
        if (!settled)
            break;
        event_collect(&pending, event);
        while (request->pinned && rref_unpin_early(request->pins[request->pinned - 1].record))
            request->pinned--;
        settled = !request->pinned; // else for the driver's thread to end
        request->written = written;
        request->state = SLOT_DONE;
        queue->done[queue->done_head++ % VIRTQUEUE_SIZE_MAX] = request->slot;
        queue->used_seen++;
    }
    completion_signal(pending);
    return settled;
}

// Those that the interrupt has ended, hence with status 0, and with nothing left to undo.
// LOCK_DEVICE.
static uint64_t queue_take_done(struct virtqueue *queue, struct virtio_done *done, uint64_t max)
{
    uint64_t count = 0;
    while (count < max && queue->done_tail != queue->done_head) {
        uint16_t slot = queue->done[queue->done_tail % VIRTQUEUE_SIZE_MAX];
        struct request *request = &queue->requests[slot];
        if (request->pinned)
            break;
        done[count++] = (struct virtio_done){request->cookie, request->written, true, 0};
        request->state = SLOT_FREE;
        queue->done_tail++;
    }
    return count;
}

// The next request whose record its driver may take; NULL: none. *completed: its loan has ended.
static struct request *queue_next_done(struct virtqueue *queue, uint32_t *written, bool *completed)
{
    struct request *request;
    *completed = queue->done_tail != queue->done_head;
    if (*completed) {
        request = &queue->requests[queue->done[queue->done_tail++ % VIRTQUEUE_SIZE_MAX]];
        *written = request->written;
        return request;
    }
    request = used_look(queue, written);
    if (request) {
        queue->used_seen++;
        return request;
    }
    for (uint32_t i = 0; queue->lost && i < queue->size; i++) {
        if (queue->requests[i].state == SLOT_LOST) {
            *written = UINT32_MAX;
            queue->lost--;
            return &queue->requests[i];
        }
    }
    return NULL;
}

// One that is not, or not quite.
static bool reap_late(struct device *device, struct virtqueue *queue, struct virtio_done *done)
{
    struct event *event = NULL;
    uint32_t written;
    bool completed;
    interrupt_state state = lock_take(&device->lock);
    struct request *request = queue_next_done(queue, &written, &completed);
    if (request && request->state == SLOT_BUSY)
        completed = request_end_loan(request, device->holder, &event);
    if (request)
        request->state = SLOT_FILLING; // ours until its pins are gone
    queue->starved &= !request;
    lock_release(&device->lock, state);
    completion_signal(event);
    if (!request)
        return false;
    *done = (struct virtio_done){request->cookie, written, completed,
                                 request->framed ? request_frame(request)->status : 0};
    request_unpin(request, NULL);
    __atomic_store_n(&request->state, SLOT_FREE, __ATOMIC_RELEASE);
    return true;
}

uint64_t virtqueue_reap(struct device *device, struct virtqueue *queue, struct virtio_done *done,
                        uint64_t max)
{
    interrupt_state state = lock_take(&device->lock);
    uint64_t count = queue_take_done(queue, done, max);
    queue->starved &= !count;
    lock_release(&device->lock, state);
    while (count < max && reap_late(device, queue, &done[count]))
        count++;
    return count;
}
