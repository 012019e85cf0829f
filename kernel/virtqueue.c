// SPDX-License-Identifier: MIT
#include "kernel/virtqueue.h"
#include "kernel/abi/error.h"
#include "kernel/domain.h"
#include "kernel/rref.h"
#include "microcore/page.h"
#include <stddef.h>

#define SEGMENTS_MAX (PAGE_SIZE / sizeof(struct descriptor))

#define DESCRIPTOR_NEXT     1
#define DESCRIPTOR_WRITE    2
#define DESCRIPTOR_INDIRECT 4
#define USED_NO_NOTIFY      1

struct descriptor {
    uint64_t address;
    uint32_t length;
    uint16_t flags, next;
};

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
// take locks that come before it.
enum slot_state { SLOT_FREE, SLOT_FILLING, SLOT_BUSY, SLOT_LOST };

struct request {
    enum slot_state state;
    uint32_t pinned;
    rref_t rrefs[VIRTQUEUE_BUFFERS_MAX]; // each once
    uint32_t writable;                   // bytes that the device may write
    rref_t ends;                         // whose loan is complete with it; 0: none
    uint64_t status;                     // physical address of the last byte that the device writes
    uint64_t cookie;
    uint64_t table; // physical page of descriptors
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
    for (uint32_t i = 0; i < size && complete; i++)
        complete = (queue->requests[i].table = page_alloc(0)) != 0;
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
        rref_unpin(request->rrefs[--request->pinned], refused);
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
    lock_release(&device->lock, state);
    return found;
}

// Pins an RRef for the request, unless an earlier buffer of it has done so.
static int request_pin(struct domain *domain, struct request *request, rref_t rref)
{
    for (uint32_t i = 0; i < request->pinned; i++) {
        if (request->rrefs[i] == rref)
            return 0;
    }
    int error = rref_pin(domain, rref);
    if (!error)
        request->rrefs[request->pinned++] = rref;
    return error;
}

// Adds the frames of one buffer to the request's table.
static int table_add(struct domain *domain, struct descriptor *table, uint64_t *used,
                     const struct virtio_buffer *buffer)
{
    for (uint64_t done = 0; done < buffer->length;) {
        uint64_t physical, piece = buffer->length - done;
        if (*used == SEGMENTS_MAX)
            return -E2BIG;
        int error = rref_physical(domain, buffer->rref, buffer->offset + done,
                                  buffer->device_writes != 0, &physical, &piece);
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

// Pins the buffers and writes the table. On failure the pins are undone.
static int request_fill(struct domain *domain, struct request *request,
                        const struct virtio_buffer *buffers, uint64_t count, uint64_t *segments)
{
    struct descriptor *table = page_pointer(request->table);
    int error = 0;
    *segments = 0;
    request->writable = 0;
    request->ends = 0;
    for (uint64_t i = 0; i < count && !error; i++) {
        if (buffers[i].device_writes)
            request->writable += buffers[i].length;
        else if (request->writable)
            error = -EINVAL; // what the device reads comes first (2.7.4.2)
        if (!error)
            error = request_pin(domain, request, buffers[i].rref);
        if (!error)
            error = table_add(domain, table, segments, &buffers[i]);
        if (buffers[i].ends)
            request->ends = buffers[i].rref;
    }
    if (!error && !*segments)
        error = -EINVAL;
    if (error) {
        request_unpin(request, domain);
        return error;
    }
    struct descriptor *last = &table[*segments - 1];
    last->flags &= (uint16_t)~DESCRIPTOR_NEXT;
    request->status = last->flags & DESCRIPTOR_WRITE ? last->address + last->length - 1 : 0;
    return 0;
}

// Makes the request visible to the device.
static void request_publish(struct device *device, struct virtqueue *queue, struct request *request,
                            uint64_t segments)
{
    uint16_t slot = (uint16_t)(request - queue->requests);
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
                   const struct virtio_buffer *buffers, uint64_t count, uint64_t cookie)
{
    struct request *request = request_take(device, queue);
    uint64_t segments;
    if (!request)
        return -EAGAIN;
    request->cookie = cookie;
    int error = request_fill(domain, request, buffers, count, &segments);
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

// ---- Reaping ----

// The next request that the device has finished, or that a reset lost; NULL: none. The device's
// words are read once and checked: an id that is not in flight is passed over.
static struct request *queue_next_done(struct virtqueue *queue, uint32_t *written)
{
    while (queue->used_seen != queue->used->index) {
        __asm__ volatile("fence r, r" ::: "memory");
        uint32_t id = queue->used->ring[queue->used_seen % queue->size].id;
        *written = queue->used->ring[queue->used_seen % queue->size].length;
        queue->used_seen++;
        if (id >= queue->size || queue->requests[id].state != SLOT_BUSY)
            continue;
        if (*written > queue->requests[id].writable)
            *written = queue->requests[id].writable;
        return &queue->requests[id];
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

bool virtqueue_reap(struct device *device, struct virtqueue *queue, struct virtio_done *done,
                    struct domain *dead)
{
    interrupt_state state = lock_take(&device->lock);
    struct request *request = queue_next_done(queue, &done->written);
    if (request)
        request->state = SLOT_FILLING; // ours until its pins are gone
    lock_release(&device->lock, state);
    if (!request)
        return false;
    done->cookie = request->cookie;
    done->reserved = 0;
    bool succeeded = request->status && !*(volatile uint8_t *)page_pointer(request->status);
    request_unpin(request, NULL);
    if (dead && succeeded && request->ends && done->written != UINT32_MAX)
        rref_complete(dead, request->ends, 0);
    __atomic_store_n(&request->state, SLOT_FREE, __ATOMIC_RELEASE);
    return true;
}
