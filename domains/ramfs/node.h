// SPDX-License-Identifier: MIT
// The nodes of the tree: files, directories and symbolic links, all in the arena, except that the
// bytes of a file that came with the initrd stay where they are until they are written. Changes are
// made in an order in which a crash between any two stores leaves something to go on with
// (recover.c).
//
// A node's number is its place in the table and that place's generation, so a number that somebody
// kept past the node's end is refused. A node lives while it has links or is open.
//
// Everything here is called with tree_lock held (ramfs.c), and calls no other domain.
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "arena.h"
#include "fs.h"

#define CHUNK_SIZE    4096u
#define FILE_SIZE_MAX ((uint64_t)1 << 32)
#define CHUNKS_MAX                                                                                 \
    (POOL_BYTES / sizeof(uint8_t *)) // of a file that have memory, or before the last
#define ROOT_INDEX 0

struct node;

// A place in the table of nodes; a free one remembers its generation and the next free place.
struct place {
    struct node *node;
    uint32_t generation;
    uint32_t next_free; // index + 1
};

// One name in a directory. A removed one stays as a gap (name NULL), so that positions given out by
// readdir keep their meaning.
struct name {
    char *text;
    uint32_t length;
    uint32_t hash;
    struct node *node;
};

struct directory {
    struct node *parent; // the root's is the root
    struct name *names;
    uint32_t used, capacity; // used counts gaps
    uint32_t live;
};

struct content {
    uint8_t **chunks; // NULL: as in `original`, and zero past that
    uint64_t chunk_count;
    const uint8_t *original; // in the initrd
    uint64_t original_length;
    uint64_t held; // chunks that have memory
};

struct node {
    uint32_t index;
    uint32_t generation;
    uint32_t mode;
    uint32_t links; // of a directory: names of it, and of it by its children
    uint32_t opens;
    uint32_t user, group;
    bool read_only; // /boot
    uint64_t size;
    uint64_t accessed, modified, changed;
    union {
        struct directory directory;
        struct content content;
        char *target;
    };
};

// After a crash, with the arena recovered. False: it is of no use.
bool tree_recover(void);

// The first directory; made by tree_start (-ENOMEM). Its number never changes.
int64_t tree_start(void);
struct node *tree_root(void);

// A new node with no links, or NULL when there is no memory. `mode` includes the type.
struct node *node_create(uint32_t mode);

// The node of that number, or NULL if it is not there (any more).
struct node *node_find(uint64_t number);
uint64_t node_number(const struct node *node);

// How many nodes there are, and may be at most.
uint32_t nodes_count(uint32_t *most);

// Frees the node if it has neither links nor opens.
void node_settle(struct node *node);

static inline bool node_is(const struct node *node, uint32_t type)
{
    return (node->mode & FS_TYPE) == type;
}

// ---- directory.c: results are 0 or a negative errno ----

// The node of that name in DIRECTORY ("." and ".." too), or NULL.
struct node *directory_find(const struct node *directory, const char *name, uint32_t length);

// Gives NODE a (further) name there. -EEXIST, -ENOSPC, -EMLINK.
int64_t directory_add(struct node *directory, const char *name, uint32_t length, struct node *node);

// Takes a name away, and settles the node. WANT_DIRECTORY tells rmdir from unlink.
int64_t directory_remove(struct node *directory, const char *name, uint32_t length,
                         bool want_directory);

// Moves a name, replacing what the new one names, as rename(2) says.
int64_t directory_move(struct node *from, const char *name, uint32_t length, struct node *to,
                       const char *new_name, uint32_t new_length);

// Writes entry number POSITION as a struct fs_entry into RECORD (FS_ENTRY_LENGTH(FS_NAME_MAX)
// bytes, aligned to 8). Returns its length, or 0 past the last.
uint32_t directory_record(const struct node *directory, uint64_t position, void *record);

void directory_free(struct directory *directory);

// ---- content.c ----

// The longest run of bytes from OFFSET on, at most *LENGTH, which it shortens. NULL: zeros.
const uint8_t *content_run(const struct node *file, uint64_t offset, uint64_t *length);

// The same for writing, with memory of its own; NULL when there is none left. The offset lies below
// FILE_SIZE_MAX; a run may lie past the file's size.
uint8_t *content_writable(struct node *file, uint64_t offset, uint64_t *length);

// Cuts or extends the file. 0, -EFBIG.
int64_t content_resize(struct node *file, uint64_t size);

void content_free(struct content *content);

// ---- load.c ----

// Makes the tree that the archives describe; counts what it made. An entry that makes no sense is
// passed over with a line in the log; -ENOMEM ends it.
int64_t tree_load(const void *archives, uint64_t length, uint32_t *made);
