// SPDX-License-Identifier: MIT
#include "node.h"

#include <string.h>
#include "arena.h"

static uint64_t smaller(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

const uint8_t *content_run(const struct node *file, uint64_t offset, uint64_t *length)
{
    const struct content *content = &file->content;
    uint64_t chunk = offset / CHUNK_SIZE, within = offset % CHUNK_SIZE;
    if (chunk < content->chunk_count && content->chunks[chunk]) {
        *length = smaller(*length, CHUNK_SIZE - within);
        return content->chunks[chunk] + within;
    }
    // A file nobody wrote to comes in one piece.
    if (content->held || offset >= content->original_length)
        *length = smaller(*length, CHUNK_SIZE - within);
    if (offset >= content->original_length)
        return NULL;
    *length = smaller(*length, content->original_length - offset);
    return content->original + offset;
}

static bool chunks_reach(struct content *content, uint64_t count)
{
    if (count <= content->chunk_count)
        return true;
    uint64_t more = content->chunk_count * 3 / 2;
    if (more > CHUNKS_MAX)
        more = CHUNKS_MAX;
    if (more < count)
        more = count;
    uint64_t old_bytes = content->chunk_count * sizeof *content->chunks;
    uint8_t **old = content->chunks, **larger = arena_grow(old, old_bytes, more * sizeof *larger);
    if (!larger)
        return false;
    content->chunks = larger; // first: a table that is longer than it says does no harm
    content->chunk_count = more;
    arena_free(old, old_bytes);
    return true;
}

// Memory for one chunk, filled with what reads have found there so far.
static uint8_t *chunk_create(struct content *content, uint64_t chunk)
{
    uint8_t *bytes = arena_alloc(CHUNK_SIZE);
    if (!bytes)
        return NULL;
    uint64_t start = chunk * CHUNK_SIZE;
    if (start < content->original_length)
        memcpy(bytes, content->original + start,
               smaller(CHUNK_SIZE, content->original_length - start));
    content->chunks[chunk] = bytes;
    content->held++;
    return bytes;
}

uint8_t *content_writable(struct node *file, uint64_t offset, uint64_t *length)
{
    struct content *content = &file->content;
    uint64_t chunk = offset / CHUNK_SIZE, within = offset % CHUNK_SIZE;
    *length = smaller(*length, CHUNK_SIZE - within);
    if (!chunks_reach(content, chunk + 1))
        return NULL;
    uint8_t *bytes = content->chunks[chunk] ? content->chunks[chunk] : chunk_create(content, chunk);
    return bytes ? bytes + within : NULL;
}

// What lies past the end must read as zero if the file grows again.
static void content_cut(struct content *content, uint64_t size)
{
    uint64_t keep = (size + CHUNK_SIZE - 1) / CHUNK_SIZE;
    for (uint64_t i = keep; i < content->chunk_count; i++) {
        uint8_t *chunk = content->chunks[i];
        if (!chunk)
            continue;
        content->chunks[i] = NULL;
        content->held--;
        arena_free(chunk, CHUNK_SIZE);
    }
    if (size % CHUNK_SIZE && keep <= content->chunk_count && content->chunks[keep - 1])
        memset(content->chunks[keep - 1] + size % CHUNK_SIZE, 0, CHUNK_SIZE - size % CHUNK_SIZE);
    content->original_length = smaller(content->original_length, size);
}

int64_t content_resize(struct node *file, uint64_t size)
{
    if (size > FILE_SIZE_MAX)
        return -EFBIG;
    if (size < file->size)
        content_cut(&file->content, size);
    file->size = size;
    return 0;
}

void content_free(struct content *content)
{
    for (uint64_t i = 0; i < content->chunk_count; i++)
        arena_free(content->chunks[i], CHUNK_SIZE);
    arena_free(content->chunks, content->chunk_count * sizeof *content->chunks);
}
