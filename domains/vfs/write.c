// SPDX-License-Identifier: MIT
// A page becomes dirty before its bytes change, and the file longer after: what a crash leaves in
// between is told as it was, or written again by the request that is repeated.
#include "write.h"

#include "fs.h"
#include "fs_client.h"
#include "scratch.h"
#include "wall.h"

// The least that any block size of ext2 reaches. What lies behind is for the file system to take or
// to refuse.
#define KNOWN_REACH ((uint64_t)1 << 34)

#define ROOM_MARGIN 64u // pages: what a write-back may need beside contents

static uint64_t room; // pages that may become dirty until the file system is asked again

void write_learn_time(void)
{
    wall_learn_kept(HANDLE_RTC, &kept->wall_boot);
}

void room_use(uint32_t pages)
{
    room -= pages < room ? pages : room;
}

void room_forget(void)
{
    room = 0;
}

// Asks for the room that there is, when all is written back. Blocks of addresses take their part.
static void room_ask(void)
{
    struct fs_space space;
    room = 0;
    files_write_back();
    RpcResult told = fs_control(HANDLE_LOWER, FS_WHOLE, FS_CONTROL_SPACE, scratch, 0);
    if (told.status != RPC_OK)
        return;
    memcpy(&space, scratch_bytes(), sizeof space);
    uint64_t pages = space.free_blocks * space.block_size / PAGE_BYTES;
    uint64_t spared = pages / 64 + ROOM_MARGIN + pages_dirty;
    room = pages > spared ? pages - spared : 0;
}

static void page_dirty(uint32_t slot)
{
    uint32_t file = kept->slots[slot].file;
    if (slot_state(slot) != SLOT_DIRTY) {
        room_use(1);
        page_mark(slot, SLOT_DIRTY);
    }
    if (!file_uses[file].dirty_since) {
        file_uses[file].dirty_since = core_time();
        writer_wake();
    }
    if (pages_dirty == pages_limit / 2)
        writer_wake();
}

static void size_grow(uint32_t file, uint64_t size)
{
    struct file_record *record = &kept->files[file];
    record->modified = wall_boot() ? wall_time() : 0;
    if (size > record->size)
        __atomic_store_n(&record->size, size, __ATOMIC_RELEASE);
}

// One attempt's bytes: LENGTH of BUFFER from START on, at OFFSET of the file.
struct span {
    rref_t buffer;
    uint64_t offset;
    uint32_t start, length;
};

// Over pages that are there.
static int64_t span_over(uint32_t file, const struct span *span, uint32_t slot)
{
    uint32_t within = (uint32_t)(span->offset % PAGE_BYTES), at;
    uint32_t wanted = (within + span->length + PAGE_BYTES - 1) / PAGE_BYTES;
    uint32_t count = pages_in_row(file, (uint32_t)(span->offset / PAGE_BYTES), slot, wanted);
    uint32_t n = count * PAGE_BYTES - within;
    rref_t pool = slot_pool(slot, &at);
    if (n > span->length)
        n = span->length;
    for (uint32_t i = 0; i < count; i++) {
        page_dirty(slot + i);
        page_use(slot + i);
    }
    int64_t error = core_rref_copy(pool, at + within, span->buffer, span->start, n);
    return error < 0 ? error : n;
}

// How many whole pages from PAGE on are not there, at most COUNT.
static uint32_t missing_measure(uint32_t file, uint32_t page, uint32_t count)
{
    uint32_t length = 1;
    while (length < count && page_find(file, page + length) == NO_SLOT)
        length++;
    return length;
}

// Into new pages: whole ones, or one that has nothing else.
static int64_t span_new(uint32_t file, const struct span *span)
{
    uint32_t page = (uint32_t)(span->offset / PAGE_BYTES), count = span->length / PAGE_BYTES, at;
    uint32_t within = (uint32_t)(span->offset % PAGE_BYTES), n = span->length;
    bool is_whole = within == 0 && count > 0;
    count = is_whole ? missing_measure(file, page, count < RUN_PAGES ? count : RUN_PAGES) : 1;
    int64_t found = slots_await(count, &count);
    if (found < 0)
        return found;
    uint32_t slot = (uint32_t)found;
    rref_t pool = slot_pool(slot, &at);
    int64_t error = 0;
    if (n > count * PAGE_BYTES - within)
        n = count * PAGE_BYTES - within;
    if (!is_whole)
        error = core_rref_fill(pool, at, 0, PAGE_BYTES);
    if (error == 0)
        error = core_rref_copy(pool, at + within, span->buffer, span->start, n);
    for (uint32_t i = 0; i < count && error == 0; i++) {
        page_enter(slot + i, file, page + i, SLOT_CLEAN);
        page_dirty(slot + i);
    }
    return error < 0 ? error : n;
}

static int64_t piece_write(uint32_t file, const struct span *span)
{
    uint32_t page = (uint32_t)(span->offset / PAGE_BYTES);
    uint32_t slot = page_find(file, page);
    bool is_whole = span->offset % PAGE_BYTES == 0 && span->length >= PAGE_BYTES;
    bool has_nothing = (uint64_t)page * PAGE_BYTES >= kept->files[file].size;
    if (slot == NO_SLOT && (is_whole || has_nothing))
        return span_new(file, span);
    if (slot == NO_SLOT || slot_state(slot) == SLOT_FILLING) {
        int64_t fetched = page_fetch(file, page, 1);
        if (fetched < 0)
            return fetched;
        slot = (uint32_t)fetched;
    }
    return span_over(file, span, slot);
}

static void pages_drop(uint32_t file, uint32_t page, uint32_t count)
{
    for (uint32_t i = 0; i < count && file_first(file) != NO_SLOT; i++) {
        uint32_t slot = page_find(file, page + i);
        if (slot != NO_SLOT)
            page_drop(slot);
    }
}

// What may not stay in the cache, or is not worth it: the file system says what there is room for.
static int64_t write_through(uint32_t file, const struct span *span)
{
    int64_t error = file_write_back(file, ALL_PAGES);
    if (error < 0)
        return error;
    file_settle(file, WAIT_FOREVER);
    int64_t written = lower_result(fs_write(HANDLE_LOWER, kept->files[file].lower, span->offset,
                                            span->buffer, span->start, span->length));
    pages_drop(file, (uint32_t)(span->offset / PAGE_BYTES), span->length / PAGE_BYTES + 2);
    if (written > 0) {
        size_grow(file, span->offset + (uint64_t)written);
        kept->files[file].modified = 0; // the file system has seen it
    }
    return written;
}

int64_t pages_write(uint32_t file, uint64_t offset, rref_t buffer, uint32_t start, uint32_t length)
{
    struct span span = {buffer, offset, start, length};
    uint32_t pages = length / PAGE_BYTES + 2;
    int64_t error = file_error_take(file);
    if (error < 0 || length == 0)
        return error;
    if (room < pages)
        room_ask();
    if (room < pages || offset > KNOWN_REACH || length > KNOWN_REACH - offset)
        return write_through(file, &span);
    if (goes_past_cache(offset, length, offset + length)) {
        room_use(pages);
        return write_through(file, &span);
    }
    while (span.length) {
        int64_t n = piece_write(file, &span);
        if (n < 0)
            return span.length == length ? n : length - span.length;
        size_grow(file, span.offset + (uint64_t)n);
        span.offset += (uint64_t)n;
        span.start += (uint32_t)n;
        span.length -= (uint32_t)n;
    }
    return length;
}

void pages_cut(uint32_t file, uint64_t size)
{
    struct file_record *record = &kept->files[file];
    uint32_t offset, tail = size % PAGE_BYTES;
    for (uint32_t slot = file_first(file), after; slot != NO_SLOT; slot = after) {
        after = file_next(slot);
        if ((uint64_t)kept->slots[slot].page * PAGE_BYTES >= size)
            page_drop(slot);
    }
    uint32_t slot = tail ? page_find(file, (uint32_t)(size / PAGE_BYTES)) : NO_SLOT;
    if (slot != NO_SLOT) {
        rref_t pool = slot_pool(slot, &offset);
        core_rref_fill(pool, offset + tail, 0, PAGE_BYTES - tail);
    }
    record->size = size;
    if (!file_dirty(file))
        file_uses[file].dirty_since = 0;
    record->modified = file_dirty(file) && wall_boot() ? wall_time() : 0;
    file_uses[file].ahead = file_uses[file].ahead_end = 0;
}
