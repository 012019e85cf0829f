// SPDX-License-Identifier: MIT
// The bytes of RRefs, moved by the core: through the direct map, a piece within a page at a time,
// while the RRef is pinned so that its frames stay.
#include "kernel/abi/error.h"
#include "kernel/heap.h"
#include "kernel/registry.h"
#include "microcore/page.h"
#include "microcore/string.h"

// Where the bytes from OFFSET on are, and how many of *length are contiguous (they are inside the
// RRef). It is pinned, or its guard taken.
static uint64_t record_physical(const struct rref *record, uint64_t offset, uint64_t *length)
{
    if (!record->frames)
        return heap_physical((uint32_t)record->name + offset, length);
    uint64_t place = record->first_offset + offset;
    uint64_t start = record->frames[place / PAGE_SIZE] + place % PAGE_SIZE;
    uint64_t done = PAGE_SIZE - place % PAGE_SIZE;
    while (done < *length && record->frames[(place + done) / PAGE_SIZE] == start + done)
        done += PAGE_SIZE;
    if (done < *length)
        *length = done;
    return start;
}

// May DOMAIN read or write these bytes? Its guard is taken.
static int64_t record_check(struct rref *record, const struct domain *domain, uint64_t offset,
                            uint64_t bytes, bool write)
{
    if (!record_allows(record, domain) || (write && record->frames && !record->writable))
        return -EACCES;
    return offset > record->length || bytes > record->length - offset ? -EINVAL : 0;
}

// Pins an RRef for a copy. 0, -EINVAL (no such RRef or bytes) or -EACCES.
static inline __attribute__((always_inline)) int64_t transfer_begin(struct domain *domain,
                                                                    rref_t rref, uint64_t offset,
                                                                    uint64_t bytes, bool write,
                                                                    struct rref **result)
{
    interrupt_state state;
    struct rref *record = record_take(rref, &state);
    if (!record)
        return -EINVAL;
    int64_t error = record_check(record, domain, offset, bytes, write);
    if (!error)
        record->copies++;
    record_release(record, state);
    *result = record;
    return error;
}

// Pinned, it has kept its name and its bytes.
static inline void transfer_end(struct rref *record)
{
    interrupt_state state = record_guard(record);
    record->copies--;
    record_settle(record, state);
}

// The core's view of at most *bytes bytes, within one page.
static char *transfer_piece(const struct rref *record, uint64_t offset, uint64_t *bytes)
{
    uint64_t start = record->frames ? record->first_offset + offset : record->name + offset;
    uint64_t in_page = PAGE_SIZE - start % PAGE_SIZE;
    if (*bytes > in_page)
        *bytes = in_page;
    return page_pointer(record_physical(record, offset, bytes));
}

int64_t rref_write(struct domain *domain, rref_t rref, uint64_t offset, uint64_t source,
                   uint64_t bytes)
{
    struct rref *record;
    int64_t error = transfer_begin(domain, rref, offset, bytes, true, &record);
    if (error)
        return error;
    for (uint64_t done = 0, piece; done < bytes && !error; done += piece) {
        piece = bytes - done;
        char *memory = transfer_piece(record, offset + done, &piece);
        error = slot_read(domain->slot, memory, source + done, piece);
    }
    transfer_end(record);
    return error;
}

int64_t rref_read(struct domain *domain, rref_t rref, uint64_t offset, uint64_t target,
                  uint64_t bytes)
{
    struct rref *record;
    int64_t error = transfer_begin(domain, rref, offset, bytes, false, &record);
    if (error)
        return error;
    for (uint64_t done = 0, piece; done < bytes && !error; done += piece) {
        piece = bytes - done;
        const char *memory = transfer_piece(record, offset + done, &piece);
        error = slot_write(domain->slot, target + done, memory, piece);
    }
    transfer_end(record);
    return error;
}

int64_t rref_copy_in(struct domain *domain, rref_t rref, uint64_t offset, void *target,
                     uint64_t bytes)
{
    struct rref *record;
    int64_t error = transfer_begin(domain, rref, offset, bytes, false, &record);
    if (error)
        return error;
    for (uint64_t done = 0, piece; done < bytes; done += piece) {
        piece = bytes - done;
        const char *memory = transfer_piece(record, offset + done, &piece);
        memcpy((char *)target + done, memory, piece);
    }
    transfer_end(record);
    return 0;
}

int64_t rref_fill(struct domain *domain, rref_t rref, uint64_t offset, int byte, uint64_t bytes)
{
    struct rref *record;
    int64_t error = transfer_begin(domain, rref, offset, bytes, true, &record);
    if (error)
        return error;
    for (uint64_t done = 0, piece; done < bytes; done += piece) {
        piece = bytes - done;
        char *memory = transfer_piece(record, offset + done, &piece);
        memset(memory, byte, piece);
    }
    transfer_end(record);
    return 0;
}

// A place in an RRef that moves on: the core's view of it, and how many bytes are in a row there.
struct place {
    const struct rref *record;
    uint64_t offset;
    char *memory;
    uint64_t row;
};

static inline void place_look(struct place *place)
{
    const struct rref *record = place->record;
    uint64_t start = record->frames ? record->first_offset + place->offset
                                    : (uint32_t)record->name + place->offset;
    if (!record->frames) {
        place->memory = page_pointer(heap_row(start, &place->row));
        return;
    }
    place->memory = (char *)page_pointer(record->frames[start / PAGE_SIZE]) + start % PAGE_SIZE;
    place->row = PAGE_SIZE - start % PAGE_SIZE;
}

static inline void place_move(struct place *place, uint64_t bytes)
{
    place->offset += bytes;
    place->memory += bytes;
    place->row -= bytes;
}

static void pieces_copy(struct place *to, struct place *from, uint64_t bytes)
{
    while (bytes) {
        uint64_t piece = bytes < PAGE_SIZE ? bytes : PAGE_SIZE;
        if (!to->row)
            place_look(to);
        if (!from->row)
            place_look(from);
        if (piece > to->row)
            piece = to->row;
        if (piece > from->row)
            piece = from->row;
        memmove(to->memory, from->memory, piece);
        place_move(to, piece);
        place_move(from, piece);
        bytes -= piece;
    }
}

int64_t rref_copy(struct domain *domain, rref_t target, uint64_t target_offset, rref_t source,
                  uint64_t source_offset, uint64_t bytes)
{
    struct rref *to, *from;
    int64_t error = transfer_begin(domain, target, target_offset, bytes, true, &to);
    if (error)
        return error;
    error = transfer_begin(domain, source, source_offset, bytes, false, &from);
    if (!error) {
        pieces_copy(&(struct place){.record = to, .offset = target_offset},
                    &(struct place){.record = from, .offset = source_offset}, bytes);
        transfer_end(from);
    }
    transfer_end(to);
    return error;
}

int rref_physical(const struct rref *record, uint64_t offset, bool device_writes,
                  uint64_t *physical, uint64_t *length)
{
    if (device_writes && record->frames && !record->writable)
        return -EACCES;
    if (offset >= record->length)
        return -EFAULT;
    if (*length > record->length - offset)
        *length = record->length - offset;
    *physical = record_physical(record, offset, length);
    return 0;
}
