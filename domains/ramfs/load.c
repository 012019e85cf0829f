// SPDX-License-Identifier: MIT
// Builds the tree from the initrd. Names in an archive are somebody else's: ".." and absurd lengths
// are passed over, never followed.
#include "node.h"

#include <stdlib.h>
#include <string.h>
#include "arena.h"
#include "core.h"
#include "cpio.h"
#include "log.h"

#define READ_ONLY_FOLDER "boot"

// Files with several names come as entries with one inode number; only the last has the bytes.
struct shared_file {
    struct shared_file *next;
    uint32_t archive, inode;
    uint64_t node;
};

static struct shared_file *shared_files;

static struct node *shared_find(const struct cpio_entry *entry)
{
    for (struct shared_file *each = shared_files; each; each = each->next)
        if (each->archive == entry->archive && each->inode == entry->inode)
            return node_find(each->node);
    return NULL;
}

static void shared_remember(const struct cpio_entry *entry, const struct node *node)
{
    struct shared_file *shared = malloc(sizeof *shared);
    if (!shared)
        return; // then its other names become files of their own
    *shared = (struct shared_file){shared_files, entry->archive, entry->inode, node_number(node)};
    shared_files = shared;
}

static void shared_forget(void)
{
    while (shared_files) {
        struct shared_file *next = shared_files->next;
        free(shared_files);
        shared_files = next;
    }
}

// Names a new node. What is in the read-only folder is read-only.
static bool child_add(struct node *parent, const char *name, uint32_t length, struct node *node)
{
    bool is_boot = parent == tree_root() && length == sizeof READ_ONLY_FOLDER - 1 &&
                   memcmp(name, READ_ONLY_FOLDER, length) == 0;
    node->read_only = parent->read_only || is_boot;
    return directory_add(parent, name, length, node) == 0;
}

// The directory of that name below PARENT, made if it is not there. NULL: a file is in the way.
static struct node *folder_enter(struct node *parent, const char *name, uint32_t length)
{
    struct node *found = directory_find(parent, name, length);
    if (found)
        return node_is(found, FS_DIRECTORY) ? found : NULL;
    struct node *folder = node_create(FS_DIRECTORY | 0755);
    return folder && child_add(parent, name, length, folder) ? folder : NULL;
}

// Walks to the folder that the path's last component lies in, and finds that component. Returns
// NULL where the path is not usable; an empty component means the root itself.
static struct node *path_enter(const char *path, const char **last, uint32_t *last_length)
{
    struct node *folder = tree_root();
    *last_length = 0;
    for (;;) {
        path += strspn(path, "/");
        uint32_t length = (uint32_t)strcspn(path, "/");
        if (length == 0)
            return folder;
        bool is_dot = length == 1 && *path == '.';
        if (length > FS_NAME_MAX || (length == 2 && memcmp(path, "..", 2) == 0))
            return NULL;
        if (!is_dot && *last_length)
            folder = folder_enter(folder, *last, *last_length);
        if (!folder)
            return NULL;
        if (!is_dot) {
            *last = path;
            *last_length = length;
        }
        path += length;
    }
}

static struct node *entry_create(const struct cpio_entry *entry)
{
    struct node *node = node_create(entry->mode & (FS_TYPE | 07777));
    if (!node)
        return NULL;
    node->size = entry->size;
    if (node_is(node, FS_FILE)) {
        node->content.original = entry->data;
        node->content.original_length = entry->size;
    } else if (node_is(node, FS_SYMLINK)) {
        node->target = arena_alloc(entry->size + 1);
        if (node->target)
            memcpy(node->target, entry->data, entry->size);
        else
            node->size = 0;
    }
    return node;
}

// An entry whose name is there already: later archives replace files and describe folders anew.
static bool entry_replaces(struct node *folder, const char *name, uint32_t length,
                           const struct cpio_entry *entry)
{
    struct node *found = directory_find(folder, name, length);
    bool is_folder = (entry->mode & FS_TYPE) == FS_DIRECTORY;
    if (!found)
        return true;
    if (node_is(found, FS_DIRECTORY)) {
        if (is_folder)
            found->mode = FS_DIRECTORY | (entry->mode & 07777);
        return false;
    }
    found->read_only = false;
    return directory_remove(folder, name, length, false) == 0;
}

static bool entry_usable(const struct cpio_entry *entry)
{
    uint32_t type = entry->mode & FS_TYPE;
    if (type == FS_SYMLINK)
        return entry->size && entry->size <= FS_TARGET_MAX;
    return type == FS_DIRECTORY || (type == FS_FILE && entry->size <= FILE_SIZE_MAX);
}

// Gives a further name to a file that an earlier entry made; its bytes may come only now.
static struct node *entry_share(const struct cpio_entry *entry)
{
    bool shared = entry->links > 1 && (entry->mode & FS_TYPE) == FS_FILE;
    struct node *node = shared ? shared_find(entry) : NULL;
    if (node && entry->size) {
        node->size = entry->size;
        node->content.original = entry->data;
        node->content.original_length = entry->size;
    }
    if (shared && !node) {
        node = entry_create(entry);
        if (node)
            shared_remember(entry, node);
    }
    return node;
}

// 1: made, 0: nothing to make, or a negative errno.
static int64_t entry_load(const struct cpio_entry *entry)
{
    const char *name = NULL;
    uint32_t length;
    struct node *folder = path_enter(entry->name, &name, &length);
    if (!folder || !entry_usable(entry)) {
        log_printf("initrd: passed over '%.64s' (mode %o)", entry->name, (unsigned)entry->mode);
        return 0;
    }
    if (length == 0 || !entry_replaces(folder, name, length, entry))
        return 0;
    struct node *node = entry_share(entry);
    if (!node)
        node = entry_create(entry);
    return node && child_add(folder, name, length, node) ? 1 : -ENOMEM;
}

int64_t tree_load(const void *archives, uint64_t length, uint32_t *made)
{
    struct cpio_reader reader;
    struct cpio_entry entry;
    int64_t result = 0;
    int more;
    *made = 0;
    cpio_open(&reader, archives, length);
    while (result >= 0 && (more = cpio_next(&reader, &entry)) > 0) {
        result = entry_load(&entry);
        *made += result > 0;
    }
    shared_forget();
    if (result < 0)
        return result;
    if (more < 0)
        log_printf("initrd: no cpio entry at byte %llu, the rest is not read",
                   (unsigned long long)reader.position);
    return 0;
}
