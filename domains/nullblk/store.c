// SPDX-License-Identifier: MIT
#include "store.h"
#include "state.h"

struct store store;

static struct mutex grow_mutex; // taken to look for or add a piece, never to use one

// The part of a request that lies in one piece.
struct part {
    uint32_t piece;
    uint32_t offset;
    uint32_t length;
};

static struct part part_at(uint64_t offset, uint32_t length)
{
    struct part part = {.piece = (uint32_t)(offset / PIECE_BYTES), .offset = offset % PIECE_BYTES};
    uint32_t room = PIECE_BYTES - part.offset;
    part.length = length < room ? length : room;
    return part;
}

int64_t store_open(uint64_t megabytes)
{
    struct system_info info;
    int64_t status = core_system_info(&info);
    if (status < 0)
        return status;
    uint64_t quarter = info.pages * 4096 / 4;
    uint64_t wanted = megabytes << 20;
    store.size = (wanted < quarter ? wanted : quarter) / PIECE_BYTES * PIECE_BYTES;
    if (store.size > (uint64_t)PIECES_MAX * PIECE_BYTES)
        store.size = (uint64_t)PIECES_MAX * PIECE_BYTES;
    return 0;
}

// With grow_mutex held.
static void piece_publish(uint32_t index, rref_t piece)
{
    __atomic_store_n(&store.piece[index], piece, __ATOMIC_RELEASE);
    if (index >= store.count)
        store.count = index + 1;
}

// The piece that is there or that an earlier instance has left, 0 where there is none, or a
// negative errno. The core is asked without the mutex, since it looks at all that is kept: whoever
// asks at once is told the same.
static int64_t piece_look(uint32_t index)
{
    int64_t left = core_rref_kept(index, STORE_SCHEMA);
    if (left < 0 && left != -ENOENT)
        return left;
    mutex_lock(&grow_mutex);
    if (left > 0 && !store.piece[index])
        piece_publish(index, (rref_t)left);
    int64_t piece = (int64_t)store.piece[index];
    __atomic_store_n(&store.asked[index], 1, __ATOMIC_RELEASE);
    mutex_unlock(&grow_mutex);
    return piece;
}

// Allocates without the mutex: zeroing takes long, and many may be after pieces of their own.
static int64_t piece_make(uint32_t index)
{
    int64_t fresh = core_rref_alloc(PIECE_BYTES, STORE_SCHEMA);
    if (fresh < 0)
        return -ENOSPC;
    mutex_lock(&grow_mutex);
    int64_t piece = (int64_t)store.piece[index];
    if (!piece) {
        int64_t status = core_rref_keep((rref_t)fresh, index, STORE_SCHEMA);
        piece = status < 0 ? status : fresh;
    }
    if (piece == fresh)
        piece_publish(index, (rref_t)fresh);
    mutex_unlock(&grow_mutex);
    if (piece != fresh) // somebody was faster, or it cannot be kept
        core_rref_free((rref_t)fresh);
    return piece;
}

// Finds a piece; MAKE: or makes it. The piece, 0 where there is none, or a negative errno: -ENOSPC
// where memory or the limits do not allow another one.
static int64_t piece_find(uint32_t index, bool make)
{
    bool asked =
        __atomic_load_n(&store.asked[index], __ATOMIC_ACQUIRE); // before the piece: see below
    int64_t piece = (int64_t)__atomic_load_n(&store.piece[index], __ATOMIC_ACQUIRE);
    if (piece || (!make && asked)) // an answer that came between the two would read as "none"
        return piece;
    if (!asked)
        piece = piece_look(index);
    return piece || !make ? piece : piece_make(index);
}

int64_t store_read(uint64_t offset, rref_t buffer, uint32_t start, uint32_t length)
{
    while (length) {
        struct part part = part_at(offset, length);
        int64_t piece = piece_find(part.piece, false);
        int64_t status =
            piece < 0 ? piece
            : piece   ? core_rref_copy(buffer, start, (rref_t)piece, part.offset, part.length)
                      : core_rref_fill(buffer, start, 0, part.length);
        if (status < 0)
            return status;
        offset += part.length;
        start += part.length;
        length -= part.length;
    }
    return 0;
}

int64_t store_write(uint64_t offset, rref_t buffer, uint32_t start, uint32_t length)
{
    while (length) {
        struct part part = part_at(offset, length);
        int64_t piece = piece_find(part.piece, true);
        int64_t status =
            piece < 0 ? piece
                      : core_rref_copy((rref_t)piece, part.offset, buffer, start, part.length);
        if (status < 0)
            return status;
        offset += part.length;
        start += part.length;
        length -= part.length;
    }
    return 0;
}

int64_t store_discard(uint64_t offset, uint32_t length)
{
    while (length) {
        struct part part = part_at(offset, length);
        int64_t piece = piece_find(part.piece, false);
        int64_t status =
            piece > 0 ? core_rref_fill((rref_t)piece, part.offset, 0, part.length) : piece;
        if (status < 0)
            return status;
        offset += part.length;
        length -= part.length;
    }
    return 0;
}

// The pieces up to the last one that there is, by their names; whoever comes next asks the core for
// others.
void store_export(struct state_writer *writer)
{
    state_write_u64(writer, store.size);
    state_write_u64(writer, store.count);
    state_write(writer, store.piece, store.count * sizeof store.piece[0]);
}

void store_import(struct state_reader *reader)
{
    store.size = state_read_u64(reader);
    store.count = state_read_u64(reader);
    if (store.count > PIECES_MAX || store.size > (uint64_t)PIECES_MAX * PIECE_BYTES)
        state_refuse(reader);
    else
        state_read(reader, store.piece, store.count * sizeof store.piece[0]);
}
