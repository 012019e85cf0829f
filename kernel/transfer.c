// SPDX-License-Identifier: MIT
// The bytes of RRefs, moved by the core: through the direct map, a piece within a page at a time,
// while the RRef is pinned so that its frames stay. Of a window each page is looked up in the
// program's table when its turn comes, and pinned while it is copied.
#include "kernel/abi/error.h"
#include "kernel/heap.h"
#include "kernel/registry.h"
#include "kernel/space_view.h"
#include "kernel/thread.h"
#include "kernel/window.h"
#include "microcore/page.h"
#include "microcore/string.h"

#define TABLE_ENTRIES (PAGE_SIZE / sizeof(uint64_t)) // of a page table

// By its name: what is no window has an address.
static inline bool rref_is_window(rref_t rref)
{
    return !(uint32_t)rref;
}

// May DOMAIN read or write these bytes? Its guard is taken.
static inline __attribute__((always_inline)) int64_t record_check(struct rref *record,
                                                                  const struct domain *domain,
                                                                  uint64_t offset, uint64_t bytes,
                                                                  bool write)
{
    if (record->owner != domain->id && record->loans[0].domain != domain->id &&
        !record_allows(record, domain))
        return -EACCES;
    if (write && record->is_window && !record->writable)
        return -EACCES;
    return offset > record->length || bytes > record->length - offset ? -EINVAL : 0;
}

// Pins an RRef for a copy, with interrupts held off. 0, -EINVAL (no such RRef or bytes) or -EACCES.
static inline __attribute__((always_inline)) int64_t
transfer_begin_held(struct domain *domain, rref_t rref, uint64_t offset, uint64_t bytes, bool write,
                    struct rref **result)
{
    struct rref *record = record_take_held(rref);
    if (!record)
        return -EINVAL;
    int64_t error = record_check(record, domain, offset, bytes, write);
    if (!error)
        __atomic_fetch_add(&record->copies, 1, __ATOMIC_RELAXED);
    record_release_held(record);
    *result = record;
    return error;
}

static inline int64_t transfer_begin(struct domain *domain, rref_t rref, uint64_t offset,
                                     uint64_t bytes, bool write, struct rref **result)
{
    interrupt_state state = interrupts_hold();
    int64_t error = transfer_begin_held(domain, rref, offset, bytes, write, result);
    interrupts_let(state);
    return error;
}

static __attribute__((noinline)) void transfer_dispose(struct rref *record)
{
    interrupt_state state = record_guard(record);
    record_settle(record, state);
}

// Pinned, it has kept its name and its bytes. The guard is for who was last to let go of it: either
// this sees that its owner is gone, or who ended that sees that this copy is over, or both do. By
// then it may be another RRef, of which the same is true.
static inline void transfer_end(struct rref *record)
{
    __atomic_fetch_sub(&record->copies, 1, __ATOMIC_SEQ_CST);
    if (__atomic_load_n(&record->owner, __ATOMIC_RELAXED) == OWNER_NOBODY)
        transfer_dispose(record);
}

// A place in an RRef that moves on, by pieces within a page.
struct place {
    const struct rref *record;
    uint64_t at;               // address in the program of a window, offset in the heap of another
    const struct space *space; // of a window, if its program runs here; else NULL
    const uint64_t *entry;     // in there, the page's leaf entry; NULL: to be looked up
    uint64_t rights;           // that the entry must have
    bool is_window, write;
};

static inline struct place place_make(const struct rref *record, uint64_t offset, bool write)
{
    bool is_window = record->is_window;
    return (struct place){.record = record,
                          .at = (is_window ? record->address : (uint32_t)record->name) + offset,
                          .space =
                              is_window && record->space == thread_space() ? record->space : NULL,
                          .rights = space_rights(write),
                          .is_window = is_window,
                          .write = write};
}

// How many of BYTES lie within the page.
static inline uint64_t place_piece(const struct place *place, uint64_t bytes)
{
    uint64_t room = PAGE_SIZE - place->at % PAGE_SIZE;
    return bytes < room ? bytes : room;
}

static inline void place_move(struct place *place, uint64_t bytes)
{
    place->at += bytes;
    if (place->entry && place->at % PAGE_SIZE == 0)
        place->entry = (place->at >> PAGE_SHIFT) % TABLE_ENTRIES ? place->entry + 1 : NULL;
}

static inline char *heap_view(const struct place *place)
{
    uint64_t row;
    return page_pointer(heap_row(place->at, &row));
}

// The core's view of it with interrupts held off, until they are let; NULL: not so simple.
static inline char *place_view(struct place *place)
{
    if (!place->is_window)
        return heap_view(place);
    if (!place->entry && place->space)
        place->entry = space_leaf(place->space, place->at);
    return place->entry ? space_entry_view(*place->entry, place->at, place->rights) : NULL;
}

// The same for longer: the page of a window is made and pinned, and *frame is to be put.
static int place_pin(const struct place *place, char **memory, uint64_t *frame)
{
    *frame = 0;
    if (!place->is_window) {
        *memory = heap_view(place);
        return 0;
    }
    int error = space_pin(place->record->space, place->at, place->write, frame);
    if (!error)
        *memory = (char *)page_pointer(*frame) + place->at % PAGE_SIZE;
    return error;
}

static void place_unpin(uint64_t frame)
{
    if (frame)
        page_put(frame);
}

// ---- One RRef, and memory of the caller's or of the core's ----

// What is done to each piece of it. True: it is done. WAITS: it may be waited for a page of the
// caller's, and false is -EFAULT; otherwise interrupts are held off, and it is tried again.
typedef bool piece_function(char *memory, uint64_t done, uint64_t bytes, bool waits,
                            const void *context);

static __attribute__((noinline)) int64_t piece_late(const struct place *place,
                                                    piece_function *function, uint64_t done,
                                                    uint64_t bytes, const void *context)
{
    char *memory;
    uint64_t frame;
    int error = place_pin(place, &memory, &frame);
    if (!error && !function(memory, done, bytes, true, context))
        error = -EFAULT;
    place_unpin(frame);
    return error;
}

static inline __attribute__((always_inline)) int64_t transfer(struct domain *domain, rref_t rref,
                                                              uint64_t offset, uint64_t bytes,
                                                              bool write, piece_function *function,
                                                              const void *context)
{
    struct rref *record;
    int64_t error = transfer_begin(domain, rref, offset, bytes, write, &record);
    if (error)
        return error;
    struct place place = place_make(record, offset, write);
    for (uint64_t done = 0, piece; done < bytes && !error; done += piece) {
        piece = place_piece(&place, bytes - done);
        interrupt_state state = interrupts_hold();
        char *memory = place_view(&place);
        bool over = memory && function(memory, done, piece, false, context);
        interrupts_let(state);
        if (!over)
            error = piece_late(&place, function, done, piece, context);
        place_move(&place, piece);
    }
    transfer_end(record);
    return error;
}

struct caller {
    struct slot *slot;
    uint64_t pointer;
};

static bool piece_write(char *memory, uint64_t done, uint64_t bytes, bool waits,
                        const void *context)
{
    const struct caller *caller = context;
    uint64_t from = caller->pointer + done;
    return waits ? !slot_read(caller->slot, memory, from, bytes)
                 : slot_read_present(caller->slot, memory, from, bytes);
}

static bool piece_read(char *memory, uint64_t done, uint64_t bytes, bool waits, const void *context)
{
    const struct caller *caller = context;
    uint64_t to = caller->pointer + done;
    return waits ? !slot_write(caller->slot, to, memory, bytes)
                 : slot_write_present(caller->slot, to, memory, bytes);
}

static bool piece_copy_in(char *memory, uint64_t done, uint64_t bytes, bool waits,
                          const void *context)
{
    (void)waits;
    memcpy(*(char *const *)context + done, memory, bytes);
    return true;
}

static bool piece_fill(char *memory, uint64_t done, uint64_t bytes, bool waits, const void *context)
{
    (void)done, (void)waits;
    memset(memory, *(const int *)context, bytes);
    return true;
}

int64_t rref_write(struct domain *domain, rref_t rref, uint64_t offset, uint64_t source,
                   uint64_t bytes)
{
    const struct caller caller = {domain->slot, source};
    return transfer(domain, rref, offset, bytes, true, piece_write, &caller);
}

int64_t rref_read(struct domain *domain, rref_t rref, uint64_t offset, uint64_t target,
                  uint64_t bytes)
{
    const struct caller caller = {domain->slot, target};
    return transfer(domain, rref, offset, bytes, false, piece_read, &caller);
}

int64_t rref_copy_in(struct domain *domain, rref_t rref, uint64_t offset, void *target,
                     uint64_t bytes)
{
    return transfer(domain, rref, offset, bytes, false, piece_copy_in, &target);
}

int64_t rref_fill(struct domain *domain, rref_t rref, uint64_t offset, int byte, uint64_t bytes)
{
    return transfer(domain, rref, offset, bytes, true, piece_fill, &byte);
}

// ---- Two RRefs ----

static inline void bytes_move(struct place *to, struct place *from, char *target,
                              const char *source, uint64_t bytes)
{
    if (to->record == from->record)
        memmove(target, source, bytes);
    else
        memcpy(target, source, bytes);
}

static __attribute__((noinline)) int64_t piece_copy_late(struct place *to, struct place *from,
                                                         uint64_t bytes)
{
    char *target, *source;
    uint64_t there, here;
    int error = place_pin(to, &target, &there);
    if (error)
        return error;
    error = place_pin(from, &source, &here);
    if (!error)
        bytes_move(to, from, target, source, bytes);
    place_unpin(there);
    place_unpin(here);
    return error;
}

static int64_t pieces_copy(struct place *to, struct place *from, uint64_t bytes)
{
    while (bytes) {
        uint64_t piece = place_piece(from, place_piece(to, bytes));
        interrupt_state state = interrupts_hold();
        char *target = place_view(to), *source = place_view(from);
        bool over = target && source;
        if (over)
            bytes_move(to, from, target, source, piece);
        interrupts_let(state);
        int64_t error = over ? 0 : piece_copy_late(to, from, piece);
        if (error)
            return error;
        place_move(to, piece);
        place_move(from, piece);
        bytes -= piece;
    }
    return 0;
}

struct copying {
    struct domain *domain;
    rref_t target, source;
    uint64_t target_offset, source_offset, bytes;
};

static __attribute__((noinline)) int64_t places_copy(const struct copying *copying)
{
    struct domain *domain = copying->domain;
    struct rref *to, *from;
    uint64_t bytes = copying->bytes;
    int64_t error =
        transfer_begin(domain, copying->target, copying->target_offset, bytes, true, &to);
    if (error)
        return error;
    error = transfer_begin(domain, copying->source, copying->source_offset, bytes, false, &from);
    if (!error) {
        struct place there = place_make(to, copying->target_offset, true);
        struct place here = place_make(from, copying->source_offset, false);
        error = pieces_copy(&there, &here, bytes);
        transfer_end(from);
    }
    transfer_end(to);
    return error;
}

// Copies between what a window shows and the core's view of a piece of another RRef, within one
// page that is there. The window's guard is held meanwhile, and interrupts are held off, so that
// neither loan nor page goes: nothing is pinned. False: it was not that simple.
static inline __attribute__((always_inline)) bool window_copy(const struct domain *domain,
                                                              rref_t window, uint64_t offset,
                                                              char *memory, uint64_t bytes,
                                                              bool write)
{
    struct rref *record = record_take_held(window);
    if (!record)
        return false;
    char *page = NULL;
    uint64_t address = record->address + offset;
    if (!record_check(record, domain, offset, bytes, write) && record->space == thread_space() &&
        bytes <= PAGE_SIZE - address % PAGE_SIZE)
        page = space_view(record->space, address, write);
    if (page)
        memcpy(write ? page : memory, write ? memory : page, bytes);
    record_release_held(record);
    return page != NULL;
}

// The way of most: a window on one side, a piece of a page on both.
static inline __attribute__((always_inline)) bool page_copy(struct domain *domain, rref_t window,
                                                            uint64_t window_offset, rref_t heap,
                                                            uint64_t offset, uint64_t bytes,
                                                            bool write)
{
    struct rref *record;
    uint64_t row;
    if (bytes - 1 >= PAGE_SIZE || rref_is_window(heap))
        return false;
    interrupt_state state = interrupts_hold();
    bool begun = !transfer_begin_held(domain, heap, offset, bytes, !write, &record), done = false;
    if (begun) {
        char *memory = page_pointer(heap_row((uint32_t)heap + offset, &row));
        done = bytes <= row && window_copy(domain, window, window_offset, memory, bytes, write);
    }
    interrupts_let(state);
    if (begun)
        transfer_end(record);
    return done;
}

int64_t rref_copy(struct domain *domain, rref_t target, uint64_t target_offset, rref_t source,
                  uint64_t source_offset, uint64_t bytes)
{
    const struct copying copying = {domain, target, source, target_offset, source_offset, bytes};
    if (rref_is_window(target)
            ? page_copy(domain, target, target_offset, source, source_offset, bytes, true)
            : rref_is_window(source) &&
                  page_copy(domain, source, source_offset, target, target_offset, bytes, false))
        return 0;
    return places_copy(&copying);
}

// ---- Devices ----

int rref_physical(const struct rref *record, uint64_t offset, bool device_writes,
                  uint64_t *physical, uint64_t *length)
{
    if (device_writes && record->is_window && !record->writable)
        return -EACCES;
    if (offset >= record->length)
        return -EFAULT;
    if (*length > record->length - offset)
        *length = record->length - offset;
    if (!record->is_window) {
        *physical = heap_physical((uint32_t)record->name + offset, length);
        return 0;
    }
    uint64_t place = record->address % PAGE_SIZE + offset, done = PAGE_SIZE - place % PAGE_SIZE;
    *physical = frames_at(&record->frames, place / PAGE_SIZE) + place % PAGE_SIZE;
    while (done < *length &&
           frames_at(&record->frames, (place + done) / PAGE_SIZE) == *physical + done)
        done += PAGE_SIZE;
    if (done < *length)
        *length = done;
    return 0;
}
