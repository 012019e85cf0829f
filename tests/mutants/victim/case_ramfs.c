// SPDX-License-Identifier: MIT
// ramfs: a tree from an archive, and what its server does with one.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "cases.h"
#include "domains/ramfs/arena.h"
#include "domains/ramfs/node.h"

// The arena, in memory that every run has fresh.
static struct arena_root root_of_arena;
struct arena_root *arena_root;

void *arena_alloc(uint64_t bytes)
{
    return calloc(1, bytes);
}

void arena_free(void *piece, uint64_t bytes)
{
    (void)bytes;
    free(piece);
}

void *arena_grow(void *piece, uint64_t bytes, uint64_t larger)
{
    void *grown = calloc(1, larger);
    return grown && bytes ? memcpy(grown, piece, bytes) : grown;
}

static char archive[16384];
static uint32_t archive_length;

static void archive_add(const char *name, uint32_t mode, uint32_t inode, const uint8_t *bytes,
                        uint32_t length)
{
    uint32_t name_size = (uint32_t)strlen(name) + 1;
    archive_length += (uint32_t)sprintf(
        archive + archive_length, "070701%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x",
        inode, mode, 0, 0, 1, 0, length, 0, 0, 0, 0, name_size, 0);
    memcpy(archive + archive_length, name, name_size);
    archive_length = (archive_length + name_size + 3) & ~3u;
    memcpy(archive + archive_length, bytes, length);
    archive_length = (archive_length + length + 3) & ~3u;
}

static void archive_make(const uint8_t *bytes, uint32_t length)
{
    archive_add("folder", FS_DIRECTORY | 0755, 1, bytes, 0);
    archive_add("folder/inner", FS_DIRECTORY | 0755, 2, bytes, 0);
    archive_add("folder/inner/file", FS_FILE | 0644, 3, bytes, length);
    archive_add("link", FS_SYMLINK | 0777, 4, (const uint8_t *)"folder/inner", 12);
    archive_add("folder/small", FS_FILE | 0644, 5, bytes, 100);
    archive_add("TRAILER!!!", 0, 0, bytes, 0);
}

static uint64_t content_sum(const struct node *file)
{
    uint64_t sum = file->size;
    for (uint64_t offset = 0; offset < file->size;) {
        uint64_t length = file->size - offset;
        const uint8_t *run = content_run(file, offset, &length);
        if (!length)
            return 0;
        for (uint64_t i = 0; run && i < length; i++)
            sum = sum * 31 + run[i];
        offset += length;
    }
    return sum;
}

static bool content_write(struct node *file, uint64_t offset, const uint8_t *bytes, uint64_t length)
{
    while (length) {
        uint64_t run = length;
        uint8_t *place = content_writable(file, offset, &run);
        if (!place || !run)
            return false;
        memcpy(place, bytes, run);
        bytes += run, offset += run, length -= run;
    }
    return true;
}

static uint64_t names_sum(const struct node *directory)
{
    uint64_t record[(FS_ENTRY_LENGTH(FS_NAME_MAX) + 7) / 8], sum = 0;
    for (uint64_t position = 0; position < 8; position++) {
        memset(record, 0, sizeof record);
        sum = sum * 31 + directory_record(directory, position, record);
        for (uint32_t i = 2; i < 6; i++)
            sum = sum * 31 + record[i];
    }
    return sum;
}

uint64_t case_ramfs(const uint8_t *bytes, uint32_t length)
{
    uint32_t made = 0;
    arena_root = &root_of_arena;
    archive_make(bytes, length);
    if (tree_start() != 0 || tree_load(archive, archive_length, &made) != 0)
        return 1;
    struct node *root = tree_root(), *folder = directory_find(root, "folder", 6);
    struct node *inner = folder ? directory_find(folder, "inner", 5) : NULL;
    struct node *file = inner ? directory_find(inner, "file", 4) : NULL;
    if (!file)
        return 2;
    uint64_t sum = content_sum(file) + made;
    if (!content_write(file, 3000, bytes, 2500) || content_resize(file, 9000) != 0)
        return 3;
    sum = sum * 31 + content_sum(file);
    struct node *other = node_create(FS_FILE | 0600);
    if (!other || directory_add(inner, "other", 5, other) != 0 ||
        directory_add(root, "again", 5, other) != 0)
        return 4;
    sum = sum * 31 + (uint64_t)directory_move(inner, "file", 4, folder, "small", 5);
    sum = sum * 31 + (uint64_t)directory_move(folder, "inner", 5, root, "outer", 5);
    sum = sum * 31 + (uint64_t)directory_move(root, "outer", 5, inner, "itself", 6);
    sum = sum * 31 + (uint64_t)directory_remove(root, "again", 5, false);
    sum = sum * 31 + (uint64_t)directory_remove(root, "folder", 6, true);
    sum = sum * 31 + (uint64_t)content_resize(file, 4097) + content_sum(file);
    sum = sum * 31 + (uint64_t)directory_remove(folder, "small", 5, false);
    return sum * 31 + names_sum(root) + names_sum(inner) + (node_find(node_number(other)) == other);
}
