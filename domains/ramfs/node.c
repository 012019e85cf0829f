// SPDX-License-Identifier: MIT
#include "node.h"

#include "arena.h"
#include "wall.h"

#define TABLE_MAX (POOL_BYTES / sizeof(struct place))

static bool table_grow(void)
{
    uint64_t size = sizeof(struct place);
    struct place *old = arena_root->places;
    uint32_t old_capacity = arena_root->place_capacity;
    uint32_t capacity = old_capacity ? 2 * old_capacity : 256;
    if (capacity > TABLE_MAX)
        return false;
    struct place *larger = arena_grow(old, old_capacity * size, capacity * size);
    if (!larger)
        return false;
    arena_root->places = larger; // first: a table that is longer than it says does no harm
    arena_root->place_capacity = capacity;
    arena_free(old, old_capacity * size);
    return true;
}

static int64_t place_take(void)
{
    if (arena_root->first_free) {
        uint32_t index = arena_root->first_free - 1;
        arena_root->first_free = arena_root->places[index].next_free;
        return index;
    }
    if (arena_root->place_count == arena_root->place_capacity && !table_grow())
        return -ENOSPC;
    arena_root->places[arena_root->place_count] = (struct place){.generation = 1};
    return arena_root->place_count++;
}

struct node *node_create(uint32_t mode)
{
    struct node *node = arena_alloc(sizeof *node);
    if (!node)
        return NULL;
    int64_t index = place_take();
    if (index < 0) {
        arena_free(node, sizeof *node);
        return NULL;
    }
    node->index = (uint32_t)index;
    node->generation = arena_root->places[index].generation;
    node->mode = mode;
    node->accessed = node->modified = node->changed = wall_time();
    arena_root->places[index].node = node;
    return node;
}

struct node *node_find(uint64_t number)
{
    uint32_t index = (uint32_t)number;
    if (index >= arena_root->place_count)
        return NULL;
    const struct place *place = &arena_root->places[index];
    return place->node && place->generation == number >> 32 ? place->node : NULL;
}

// 31 bits of generation: the highest bit is the server's, see ramfs.c.
uint64_t node_number(const struct node *node)
{
    return (uint64_t)node->generation << 32 | node->index;
}

void node_settle(struct node *node)
{
    if (node->links || node->opens)
        return;
    struct place *place = &arena_root->places[node->index];
    place->node = NULL; // first: from here on a crash frees the rest
    place->generation = (place->generation + 1) & 0x7FFFFFFF;
    place->next_free = arena_root->first_free;
    arena_root->first_free = node->index + 1;
    if (node_is(node, FS_DIRECTORY))
        directory_free(&node->directory);
    else if (node_is(node, FS_SYMLINK))
        arena_free(node->target, node->size + 1);
    else
        content_free(&node->content);
    arena_free(node, sizeof *node);
}

uint32_t nodes_count(uint32_t *most)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < arena_root->place_count; i++)
        count += arena_root->places[i].node != NULL;
    *most = TABLE_MAX;
    return count;
}

int64_t tree_start(void)
{
    struct node *root = node_create(FS_DIRECTORY | 0755);
    if (!root)
        return -ENOMEM;
    root->links = 2;
    root->directory.parent = root;
    return 0;
}

struct node *tree_root(void)
{
    return arena_root->places[ROOT_INDEX].node;
}
