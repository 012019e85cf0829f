// SPDX-License-Identifier: MIT
#include "node.h"

#include <string.h>
#include "arena.h"
#include "core.h"
#include "wall.h"

#define LINKS_MAX   65000u
#define DOT_ENTRIES 2 // "." and ".." come first in a listing

// FNV-1a, 32 bits.
static uint32_t name_hash(const char *name, uint32_t length)
{
    uint32_t hash = 2166136261u;
    for (uint32_t i = 0; i < length; i++)
        hash = (hash ^ (uint8_t)name[i]) * 16777619u;
    return hash;
}

static bool is_dots(const char *name, uint32_t length)
{
    return length <= 2 && memcmp(name, "..", length) == 0;
}

static struct name *name_find(const struct node *directory, const char *text, uint32_t length)
{
    const struct directory *names = &directory->directory;
    uint32_t hash = name_hash(text, length);
    for (uint32_t i = 0; i < names->used; i++) {
        struct name *name = &names->names[i];
        if (name->text && name->hash == hash && name->length == length &&
            memcmp(name->text, text, length) == 0)
            return name;
    }
    return NULL;
}

struct node *directory_find(const struct node *directory, const char *name, uint32_t length)
{
    if (is_dots(name, length))
        return length == 2 ? directory->directory.parent : (struct node *)directory;
    struct name *found = name_find(directory, name, length);
    return found ? found->node : NULL;
}

// A gap, or one more place at the end.
static struct name *name_place(struct directory *directory)
{
    if (directory->live < directory->used)
        for (uint32_t i = 0; i < directory->used; i++)
            if (!directory->names[i].text)
                return &directory->names[i];
    if (directory->used == directory->capacity) {
        uint32_t capacity = directory->capacity ? 2 * directory->capacity : 8;
        uint64_t old_bytes = directory->capacity * (uint64_t)sizeof *directory->names;
        struct name *old = directory->names;
        struct name *larger = arena_grow(old, old_bytes, capacity * (uint64_t)sizeof *larger);
        if (!larger)
            return NULL;
        directory->names = larger; // first: a table that is longer than it says does no harm
        directory->capacity = capacity;
        arena_free(old, old_bytes);
    }
    return &directory->names[directory->used++];
}

static void directory_touch(struct node *directory)
{
    directory->modified = directory->changed = wall_time();
}

static void child_attach(struct node *directory, struct node *node)
{
    node->links++;
    if (node_is(node, FS_DIRECTORY)) {
        node->links = 2;
        node->directory.parent = directory;
        directory->links++;
    }
}

static void child_detach(struct node *directory, struct node *node)
{
    node->links--;
    if (node_is(node, FS_DIRECTORY)) {
        node->links = 0;
        node->directory.parent = tree_root(); // its own may go before it is closed
        directory->links--;
    }
    node->changed = wall_time();
}

int64_t directory_add(struct node *directory, const char *name, uint32_t length, struct node *node)
{
    if (is_dots(name, length) || name_find(directory, name, length))
        return -EEXIST;
    if (directory->links == 0)
        return -ENOENT;
    if (node->links >= LINKS_MAX)
        return -EMLINK;
    char *text = arena_alloc(length);
    struct name *place = text ? name_place(&directory->directory) : NULL;
    if (!place) {
        arena_free(text, length);
        return -ENOSPC;
    }
    memcpy(text, name, length);
    *place = (struct name){text, length, name_hash(name, length), node};
    directory->directory.live++;
    child_attach(directory, node);
    directory_touch(directory);
    return 0;
}

static void name_drop(struct node *directory, struct name *name)
{
    char *text = name->text;
    uint32_t length = name->length;
    *name = (struct name){0};
    arena_free(text, length);
    if (--directory->directory.live == 0)
        directory->directory.used = 0;
    directory_touch(directory);
}

// Whether NODE may lose its name, as unlink or rmdir.
static int64_t removal_check(const struct node *node, bool want_directory)
{
    bool is_directory = node_is(node, FS_DIRECTORY);
    if (want_directory && !is_directory)
        return -ENOTDIR;
    if (!want_directory && is_directory)
        return -EISDIR;
    return is_directory && node->directory.live ? -ENOTEMPTY : 0;
}

int64_t directory_remove(struct node *directory, const char *name, uint32_t length,
                         bool want_directory)
{
    if (is_dots(name, length))
        return want_directory ? -EINVAL : -EISDIR;
    struct name *found = name_find(directory, name, length);
    if (!found)
        return -ENOENT;
    struct node *node = found->node;
    int64_t result = removal_check(node, want_directory);
    if (result < 0)
        return result;
    if (node->read_only)
        return -EROFS;
    name_drop(directory, found);
    child_detach(directory, node);
    node_settle(node);
    return 0;
}

// Whether DIRECTORY is NODE or lies somewhere below it.
static bool lies_below(const struct node *directory, const struct node *node)
{
    for (; directory != tree_root(); directory = directory->directory.parent)
        if (directory == node)
            return true;
    return directory == node;
}

static int64_t move_check(const struct node *node, const struct node *to,
                          const struct node *replaced)
{
    if (node->read_only)
        return -EROFS;
    if (to->links == 0)
        return -ENOENT;
    if (node_is(node, FS_DIRECTORY) && lies_below(to, node))
        return -EINVAL;
    return replaced ? removal_check(replaced, node_is(node, FS_DIRECTORY)) : 0;
}

int64_t directory_move(struct node *from, const char *name, uint32_t length, struct node *to,
                       const char *new_name, uint32_t new_length)
{
    if (is_dots(name, length) || is_dots(new_name, new_length))
        return -EINVAL;
    struct name *source = name_find(from, name, length);
    if (!source)
        return -ENOENT;
    struct node *node = source->node, *replaced = directory_find(to, new_name, new_length);
    if (replaced == node)
        return 0;
    int64_t result = move_check(node, to, replaced);
    if (result < 0)
        return result;
    if (replaced &&
        (result = directory_remove(to, new_name, new_length, node_is(replaced, FS_DIRECTORY))) < 0)
        return result;
    result = directory_add(to, new_name, new_length, node);
    if (result < 0)
        return result;
    // Found again: the new name may have moved the table.
    name_drop(from, name_find(from, name, length));
    if (node_is(node, FS_DIRECTORY))
        from->links--;
    else
        node->links--;
    node->changed = wall_time();
    return 0;
}

uint32_t directory_record(const struct node *directory, uint64_t position, void *record)
{
    const struct directory *names = &directory->directory;
    const struct node *node = position ? names->parent : directory;
    const char *text = "..";
    uint32_t length = (uint32_t)position + 1;
    uint64_t next = position + 1;
    if (position >= DOT_ENTRIES) {
        uint64_t index = position - DOT_ENTRIES;
        while (index < names->used && !names->names[index].text)
            index++;
        if (index >= names->used)
            return 0;
        node = names->names[index].node;
        text = names->names[index].text;
        length = names->names[index].length;
        next = index + 1 + DOT_ENTRIES;
    }
    struct fs_entry *entry = record;
    entry->node = node_number(node);
    entry->next = next;
    entry->length = (uint16_t)FS_ENTRY_LENGTH(length);
    entry->type = (uint8_t)(node->mode >> 12);
    memset(entry->name, 0, entry->length - FS_ENTRY_NAME);
    memcpy(entry->name, text, length);
    return entry->length;
}

void directory_free(struct directory *directory)
{
    arena_free(directory->names, directory->capacity * (uint64_t)sizeof *directory->names);
}
