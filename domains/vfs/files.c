// SPDX-License-Identifier: MIT
#include "files.h"

#include "fetch.h"
#include "fs.h"

#define NONE             UINT16_MAX
#define BUCKETS          1024u
#define NUMBER_APPENDS   ((uint64_t)1 << 61)
#define GENERATION_SHIFT 16

struct file_use file_uses[FILES_MAX];

static uint16_t buckets[BUCKETS], chain[FILES_MAX]; // files by node
static uint32_t hand;

static uint16_t *bucket_of(uint64_t node)
{
    return &buckets[(node ^ node >> 32) % BUCKETS];
}

static void file_enter(uint32_t file)
{
    uint16_t *bucket = bucket_of(kept->files[file].node);
    chain[file] = *bucket;
    *bucket = (uint16_t)file;
}

void files_start(void)
{
    memset(buckets, 0xFF, sizeof buckets);
    memset(file_uses, 0, sizeof file_uses);
    hand = 0;
}

void files_recover(void)
{
    files_start();
    for (uint32_t i = 0; i < FILES_MAX; i++) {
        if (!kept->files[i].node)
            continue;
        file_enter(i);
        if (file_dirty(i))
            file_uses[i].dirty_since = core_time();
    }
}

uint32_t file_of_node(uint64_t node)
{
    for (uint16_t file = *bucket_of(node); file != NONE; file = chain[file])
        if (kept->files[file].node == node)
            return file;
    return NO_FILE;
}

void file_forget(uint32_t file)
{
    uint16_t *at = bucket_of(kept->files[file].node);
    for (uint32_t slot; (slot = file_first(file)) != NO_SLOT;)
        page_drop(slot);
    while (*at != file)
        at = &chain[*at];
    *at = chain[file];
    __atomic_store_n(&kept->files[file].node, 0, __ATOMIC_RELEASE);
}

void files_forget_all(void)
{
    for (uint32_t i = 0; i < FILES_MAX; i++) {
        if (!kept->files[i].node)
            continue;
        file_forget(i);
        kept->files[i].opens = 0;
    }
}

static bool file_is_idle(uint32_t file)
{
    if (kept->files[file].opens || file_dirty(file))
        return false;
    for (uint32_t slot = file_first(file); slot != NO_SLOT; slot = file_next(slot))
        if (slot_state(slot) == SLOT_FILLING)
            return false;
    return true;
}

uint32_t file_make(uint64_t node, uint64_t lower, uint64_t size)
{
    for (uint32_t passed = 0; passed < FILES_MAX; passed++) {
        uint32_t file = hand;
        struct file_record *record = &kept->files[file];
        hand = (hand + 1) % FILES_MAX;
        if (record->node && !file_is_idle(file))
            continue;
        if (record->node)
            file_forget(file);
        *record = (struct file_record){
            .lower = lower, .size = size, .generation = record->generation + 1};
        file_uses[file] = (struct file_use){0};
        __atomic_store_n(&record->node, node, __ATOMIC_RELEASE);
        file_enter(file);
        return file;
    }
    return NO_FILE;
}

uint64_t file_number(uint32_t file, bool appends)
{
    return FS_FILE_CACHED | (appends ? NUMBER_APPENDS : 0) |
           (uint64_t)kept->files[file].generation << GENERATION_SHIFT | file;
}

bool file_appends(uint64_t number)
{
    return number & NUMBER_APPENDS;
}

uint32_t file_of_closed(uint64_t number)
{
    uint32_t file = (uint16_t)number;
    if (file >= FILES_MAX)
        return NO_FILE;
    return (uint32_t)(number >> GENERATION_SHIFT) == kept->files[file].generation ? file : NO_FILE;
}

uint32_t file_of_number(uint64_t number)
{
    uint32_t file = file_of_closed(number);
    bool is_open = file != NO_FILE && kept->files[file].node && kept->files[file].opens;
    return is_open ? file : NO_FILE;
}
