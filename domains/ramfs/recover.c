// SPDX-License-Identifier: MIT
// After a crash: the tree is in the arena as the instance before has left it, perhaps in the middle
// of a change. Every pointer is checked before it is followed; what nothing reaches is free.
#include "node.h"

#include <string.h>
#include "arena.h"
#include "kernel/abi/layout.h"
#include "log.h"

#define LOADED_MAX (SLOT_STACKS - SLOT_INITRD)

static uint32_t lost; // things that made no sense

static void content_recover(struct node *file)
{
    struct content *content = &file->content;
    const uint8_t *initrd = (const uint8_t *)SLOT_INITRD;
    if (content->original < initrd || content->original_length > LOADED_MAX ||
        content->original > initrd + LOADED_MAX - content->original_length)
        content->original_length = 0;
    content->held = 0;
    if (!content->chunks || content->chunk_count > FILE_SIZE_MAX / CHUNK_SIZE ||
        !arena_mark(content->chunks, content->chunk_count * sizeof *content->chunks)) {
        lost += content->chunks != NULL;
        content->chunks = NULL;
        content->chunk_count = 0;
    }
    for (uint64_t i = 0; i < content->chunk_count; i++) {
        if (content->chunks[i] && !arena_mark(content->chunks[i], CHUNK_SIZE)) {
            content->chunks[i] = NULL;
            lost++;
        }
        content->held += content->chunks[i] != NULL;
    }
}

static void names_recover(struct node *folder)
{
    struct directory *directory = &folder->directory;
    folder->links = 0;
    directory->live = 0;
    directory->parent = tree_root();
    if (!directory->names ||
        !arena_mark(directory->names, directory->capacity * (uint64_t)sizeof *directory->names)) {
        lost += directory->names != NULL;
        directory->names = NULL;
        directory->used = directory->capacity = 0;
    }
    if (directory->used > directory->capacity)
        directory->used = directory->capacity;
}

// What a node needs to be one, and what belongs to it alone. False: it is none.
static bool node_recover(struct node *node, uint32_t index, uint32_t generation)
{
    if (!arena_mark(node, sizeof *node))
        return false;
    if (node->index != index || node->generation != generation)
        return false;
    if (node_is(node, FS_FILE)) {
        node->links = 0;
        content_recover(node);
        return true;
    }
    if (node_is(node, FS_DIRECTORY)) {
        names_recover(node);
        return true;
    }
    node->links = 0;
    return node_is(node, FS_SYMLINK) && node->size <= FS_TARGET_MAX &&
           arena_mark(node->target, node->size + 1);
}

static bool is_node(const struct node *node)
{
    return arena_contains(node, sizeof *node) && node->index < arena_root->place_count &&
           arena_root->places[node->index].node == node;
}

// A directory has one name: the one that is found first.
static bool name_recover(struct node *folder, const struct name *name)
{
    struct node *node = name->node;
    if (!is_node(node) || node == tree_root() || !name->length || name->length > FS_NAME_MAX ||
        (node_is(node, FS_DIRECTORY) && node->links))
        return false;
    if (!arena_mark(name->text, name->length))
        return false;
    node->links++;
    if (node_is(node, FS_DIRECTORY)) {
        node->links++;
        node->directory.parent = folder;
    }
    return true;
}

static void directory_recover(struct node *folder)
{
    struct directory *directory = &folder->directory;
    for (uint32_t i = 0; i < directory->used; i++) {
        struct name *name = &directory->names[i];
        if (!name->text)
            continue;
        if (name_recover(folder, name)) {
            directory->live++;
        } else {
            *name = (struct name){0};
            lost++;
        }
    }
}

static struct node *place_node(uint32_t index)
{
    return arena_root->places[index].node;
}

static bool table_recover(void)
{
    if (!arena_root->complete || arena_root->place_count > arena_root->place_capacity ||
        !arena_mark(arena_root->places,
                    arena_root->place_capacity * (uint64_t)sizeof(struct place)))
        return false;
    for (uint32_t i = 0; i < arena_root->place_count; i++) {
        struct place *place = &arena_root->places[i];
        if (!place->node || node_recover(place->node, i, place->generation))
            continue;
        place->node = NULL;
        lost++;
    }
    return arena_root->place_count && place_node(ROOT_INDEX) &&
           node_is(place_node(ROOT_INDEX), FS_DIRECTORY);
}

// A directory counts among its parent's links.
static void links_recover(void)
{
    tree_root()->links = 2;
    for (uint32_t i = 0; i < arena_root->place_count; i++) {
        struct node *node = place_node(i);
        if (node && i != ROOT_INDEX && node_is(node, FS_DIRECTORY) && node->links)
            node->directory.parent->links++;
    }
}

bool tree_recover(void)
{
    if (!table_recover())
        return false;
    for (uint32_t i = 0; i < arena_root->place_count; i++)
        if (place_node(i) && node_is(place_node(i), FS_DIRECTORY))
            directory_recover(place_node(i));
    links_recover();
    arena_root->first_free = 0;
    for (uint32_t i = arena_root->place_count; i-- > 0;) {
        struct place *place = &arena_root->places[i];
        if (place->node)
            continue;
        place->next_free = arena_root->first_free;
        arena_root->first_free = i + 1;
    }
    for (uint32_t i = 0; i < arena_root->place_count; i++)
        if (place_node(i))
            node_settle(place_node(i));
    arena_trim();
    log_printf("the tree is as the last instance left it%s", lost ? ", but for what was torn" : "");
    return true;
}
