// SPDX-License-Identifier: MIT
#include "blk.h"
#include "state.h"

#define REAP_MAX   16 // the core gives no more at once
#define REAP_EVERY 16 // requests: how often the records of those that have ended are taken

// A request's first word for the device; the second is the sector, and what comes back behind the
// data is 0 if it went well (virtio 1.2, 5.2.6).
enum { TYPE_IN = 0, TYPE_OUT = 1, TYPE_FLUSH = 4 };

struct request {
    rref_t buffer; // 0: the entry is free
    uint64_t offset;
    uint32_t kind; // enum block_operation
    uint32_t start, length;
    uint32_t done;  // bytes that are finished
    uint32_t piece; // bytes that are on their way
    uint32_t next;  // index + 1 in the list of waiting entries
    uint32_t order; // in which requests came; it wraps around
};

struct blk_totals blk_totals;
uint64_t blk_announced;

static struct request requests[REQUESTS_MAX];
static uint64_t used[REQUESTS_MAX / 64];     // bit: the entry is in use
static uint32_t waiting_first, waiting_last; // posted later, in this order
static uint32_t unannounced;                 // posted since the device was last notified
static uint32_t unreaped; // begun since the records of ended ones were last taken
static uint32_t last_order;

void request_table_reset(void)
{
    memset(requests, 0, sizeof requests);
    memset(used, 0, sizeof used);
    waiting_first = waiting_last = 0;
    unannounced = unreaped = last_order = 0;
}

uint32_t request_count(void)
{
    uint32_t count = 0;
    for (uint32_t word = 0; word < REQUESTS_MAX / 64; word++)
        count += (uint32_t)__builtin_popcountll(used[word]);
    return count;
}

static uint32_t request_index(const struct request *request)
{
    return (uint32_t)(request - requests);
}

static struct request *entry_take(void)
{
    for (uint32_t word = 0; word < REQUESTS_MAX / 64; word++) {
        if (used[word] == UINT64_MAX)
            continue;
        uint32_t bit = (uint32_t)__builtin_ctzll(~used[word]);
        used[word] |= 1ULL << bit;
        return &requests[word * 64 + bit];
    }
    return NULL;
}

static void entry_free(struct request *request)
{
    request->buffer = 0;
    used[request_index(request) / 64] &= ~(1ULL << request_index(request) % 64);
}

// The core has ended it.
static inline void entry_ended(uint64_t index)
{
    if (index >= REQUESTS_MAX)
        return;
    blk_totals.ended++;
    requests[index].buffer = 0;
    used[index / 64] &= ~(1ULL << index % 64);
}

// The loan ends, its owner finds the status at its event.
static void request_end(struct request *request, int64_t status)
{
    blk_totals.ended++;
    blk_totals.errors += status < 0;
    core_rref_complete(request->buffer, status);
    entry_free(request);
}

static void announced(void)
{
    unannounced = 0;
    blk_totals.notifications++;
}

// Posts the next piece, and tells the device of it if it is to NOTIFY. -EAGAIN: no room in the
// queue.
static int64_t piece_post(struct request *request, bool notify)
{
    uint32_t left = request->length - request->done;
    uint32_t piece = left < blk_device.piece_max ? left : blk_device.piece_max;
    const struct virtio_buffer data = {.rref = request->buffer,
                                       .offset = request->start + request->done,
                                       .length = piece,
                                       .device_writes = request->kind == BLOCK_READ,
                                       .ends = piece == left};
    request->piece = piece;
    return core_virtio_post_framed(HANDLE_DISK, QUEUE, &data, piece != 0, request_index(request),
                                   request->kind == BLOCK_FLUSH  ? TYPE_FLUSH
                                   : request->kind == BLOCK_READ ? TYPE_IN
                                                                 : TYPE_OUT,
                                   (request->offset + request->done) / BLOCK_SECTOR, notify);
}

static void waiting_append(struct request *request)
{
    uint32_t number = request_index(request) + 1;
    request->next = 0;
    if (waiting_first)
        requests[waiting_last - 1].next = number;
    else
        waiting_first = number;
    waiting_last = number;
}

// It was not begun after all.
static void request_cancel(struct request *request)
{
    blk_totals.requests--;
    entry_free(request);
}

// Posts the next piece or queues the request, whose loan is held, until there is room; ends it
// where the core refuses.
static void request_advance(struct request *request)
{
    int64_t status = waiting_first ? -EAGAIN : piece_post(request, false);
    if (status == -EAGAIN)
        waiting_append(request);
    else if (status < 0)
        request_end(request, status);
    else
        unannounced++;
}

static void waiting_post(void)
{
    while (waiting_first) {
        struct request *request = &requests[waiting_first - 1];
        uint32_t next = request->next;
        int64_t status = piece_post(request, false);
        if (status == -EAGAIN)
            return;
        waiting_first = next;
        if (status < 0)
            request_end(request, status);
        else
            unannounced++;
    }
}

static void records_take(void); // below, since what comes back may be followed by the next piece

// An entry for a request; NULL: the table is full.
static struct request *request_make(uint32_t operation, uint64_t offset, rref_t buffer,
                                    uint32_t start, uint32_t length)
{
    if (++unreaped >= REAP_EVERY)
        records_take();
    struct request *request = entry_take();
    if (!request) {
        records_take();
        request = entry_take();
    }
    if (!request)
        return NULL;
    request->kind = operation & BLOCK_OPERATION_MASK;
    request->buffer = buffer;
    request->offset = offset;
    request->start = start;
    request->length = request->kind == BLOCK_FLUSH ? 0 : length;
    request->done = 0;
    request->order = ++last_order;
    blk_totals.requests++;
    if (operation & BLOCK_MORE)
        blk_announced++;
    return request;
}

// One that is posted whole ends with what the device does.
static bool request_is_whole(const struct request *request)
{
    return request->kind != BLOCK_FLUSH && request->length <= blk_device.piece_max &&
           !waiting_first;
}

// The others are held, since they outlive what is posted of them, if anything is.
static int64_t request_hold(struct request *request)
{
    int64_t status = core_rref_hold(request->buffer);
    if (status < 0)
        return status;
    records_take();
    request_advance(request);
    return 0;
}

// What a post without the mutex, which was to announce all before it as well, has come to.
static __attribute__((noinline)) int64_t request_post_failed(struct request *request,
                                                             int64_t status)
{
    mutex_lock(&blk_mutex);
    if (status == -EAGAIN)
        status = request_hold(request);
    if (status < 0)
        request_cancel(request);
    mutex_unlock(&blk_mutex);
    core_virtio_notify(HANDLE_DISK, QUEUE);
    return status;
}

static int64_t request_start(struct request *request, bool whole)
{
    int64_t status = whole ? piece_post(request, false) : -EAGAIN;
    unannounced += status == 0;
    if (status == -EAGAIN)
        status = request_hold(request);
    if (status < 0)
        request_cancel(request);
    return status;
}

// One that is announced at once is posted without the mutex, since to tell the device takes far
// longer than all else.
int64_t request_begin(uint32_t operation, uint64_t offset, rref_t buffer, uint32_t start,
                      uint32_t length)
{
    bool more = operation & BLOCK_MORE;
    int64_t status = -EAGAIN;
    mutex_lock(&blk_mutex);
    struct request *request = request_make(operation, offset, buffer, start, length);
    bool whole = request && request_is_whole(request), at_once = whole && !more;
    if (at_once)
        announced();
    else if (request)
        status = request_start(request, whole);
    bool due = request_is_due(more);
    mutex_unlock(&blk_mutex);
    if (due)
        core_virtio_notify(HANDLE_DISK, QUEUE);
    if (!at_once)
        return status;
    status = piece_post(request, true);
    return status ? request_post_failed(request, status) : 0;
}

// A device flushes what has ended, so a flush is made once more while anything is under way that
// came before it. That is seldom, and takes no longer than that does.
static bool flush_is_early(const struct request *flush)
{
    for (uint32_t word = 0; word < REQUESTS_MAX / 64; word++)
        for (uint64_t left = used[word]; left; left &= left - 1) {
            const struct request *each = &requests[word * 64 + (uint32_t)__builtin_ctzll(left)];
            if (each->kind != BLOCK_FLUSH && (int32_t)(each->order - flush->order) < 0)
                return true;
        }
    return false;
}

// One piece came back: the next one, or the end of the request.
static void piece_finish(const struct virtio_done *done)
{
    if (done->cookie >= REQUESTS_MAX || !requests[done->cookie].buffer)
        return;
    struct request *request = &requests[done->cookie];
    if (done->written == VIRTIO_LOST || done->status != 0) {
        request_end(request, -EIO);
        return;
    }
    request->done += request->piece;
    if (request->done < request->length ||
        (request->kind == BLOCK_FLUSH && flush_is_early(request)))
        request_advance(request);
    else
        request_end(request, 0);
}

static void records_take(void)
{
    struct virtio_done done[REAP_MAX];
    int64_t n;
    unreaped = 0;
    do {
        n = core_virtio_reap(HANDLE_DISK, QUEUE, done, REAP_MAX);
        for (int64_t i = 0; i < n; i++) {
            if (done[i].completed)
                entry_ended(done[i].cookie);
            else
                piece_finish(&done[i]);
        }
    } while (n == REAP_MAX); // else that was all; what comes now interrupts again
    waiting_post();          // always: who has found no room is told only while there was none
}

void request_reap(void)
{
    records_take();
    request_notify();
}

bool request_is_due(bool more)
{
    if (!unannounced || (more && unannounced < PARAMETER_BATCH))
        return false;
    announced();
    return true;
}

void request_notify(void)
{
    if (request_is_due(false))
        core_virtio_notify(HANDLE_DISK, QUEUE);
}

// ---- Update: requests stay with the device, and their entries go to the successor ----

struct record {
    uint32_t index, kind, start, length, done, piece;
    uint32_t waits; // 1: for room in the queue, in this order
    uint32_t order; // 0 from who did not note it
    uint64_t offset;
    rref_t buffer;
};

static void request_write(struct state_writer *writer, const struct request *request, bool waits)
{
    const struct record record = {
        .index = request_index(request),
        .kind = request->kind,
        .start = request->start,
        .length = request->length,
        .done = request->done,
        .piece = request->piece,
        .waits = waits,
        .order = request->order,
        .offset = request->offset,
        .buffer = request->buffer,
    };
    state_write(writer, &record, sizeof record);
}

// First what the device has, then what waits for room, in its order.
void request_export(struct state_writer *writer)
{
    uint64_t posted[REQUESTS_MAX / 64];
    state_write_u64(writer, request_count());
    memcpy(posted, used, sizeof posted);
    for (uint32_t number = waiting_first; number; number = requests[number - 1].next)
        posted[(number - 1) / 64] &= ~(1ULL << (number - 1) % 64);
    for (uint32_t word = 0; word < REQUESTS_MAX / 64; word++)
        for (uint64_t left = posted[word]; left; left &= left - 1)
            request_write(writer, &requests[word * 64 + (uint32_t)__builtin_ctzll(left)], false);
    for (uint32_t number = waiting_first; number; number = requests[number - 1].next)
        request_write(writer, &requests[number - 1], true);
}

static void request_read(struct state_reader *reader)
{
    const struct record *record = state_view(reader, sizeof *record);
    if (record->index >= REQUESTS_MAX || requests[record->index].buffer || !record->buffer) {
        state_refuse(reader);
        return;
    }
    struct request *request = &requests[record->index];
    *request = (struct request){
        .buffer = record->buffer,
        .offset = record->offset,
        .kind = record->kind,
        .start = record->start,
        .length = record->length,
        .done = record->done,
        .piece = record->piece,
        .order = record->order,
    };
    if ((int32_t)(record->order - last_order) > 0)
        last_order = record->order;
    used[record->index / 64] |= 1ULL << record->index % 64;
    if (record->waits)
        waiting_append(request);
}

// Into a table that is empty: nobody has called yet.
void request_import(struct state_reader *reader)
{
    for (uint64_t left = state_read_u64(reader); left && !reader->failed; left--)
        request_read(reader);
}
