// SPDX-License-Identifier: MIT
// One table of entries, found by a hash: names in a directory, and the directories themselves, by
// their numbers. The names of a directory go by the serial that it got when it was indexed, so that
// a directory is dropped by dropping one entry; what is left of it then is in the way until the
// table is full and forgotten.
#include "index.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define BUCKETS   INDEX_NAMES
#define NONE      UINT16_MAX
#define NAME_ROOM 21u
#define CHAIN_MAX 64u // entries of a bucket: whoever chooses names can make their hashes alike
#define ROOT      0u  // in place of a serial, where an entry is a directory's own
#define MIX       0x9E3779B1u // spreads what is multiplied by it over the upper bits

// What the table has of a directory: how often it was asked, which makes up for the cost of
// indexing it; or a serial; or that it cannot be indexed.
#define ASKED_ENOUGH 4u
#define NEVER        UINT32_MAX

struct entry {
    uint32_t hash; // of directory and name; of a directory's own entry the inode's number
    uint32_t directory;
    uint32_t value; // the inode's number, or what is known of the directory
    uint16_t next;  // in the bucket, or among the free
    uint8_t length;
    char name[NAME_ROOM]; // or as much of it as fits: beside that, the hash tells
};

static struct table {
    uint16_t buckets[BUCKETS];
    struct entry entries[INDEX_NAMES];
} * table; // made when it is needed

static uint32_t used, serial;
static uint16_t freed;
static bool fits; // what the directory that is being indexed has

void index_forget(void)
{
    used = 0;
    freed = NONE;
    serial = ASKED_ENOUGH;
    if (table)
        memset(table->buckets, 0xFF, sizeof table->buckets);
}

// ---- Entries ----

static uint16_t *bucket_of(uint32_t hash)
{
    return &table->buckets[hash * MIX >> 16 & (BUCKETS - 1)];
}

static void entry_free(uint16_t *at)
{
    uint16_t gone = *at;
    *at = table->entries[gone].next;
    table->entries[gone].next = freed;
    freed = gone;
}

// An entry at the end of the bucket: a damaged directory may have a name twice, and the first
// counts. NULL: the table is full, or the bucket of a name.
static struct entry *entry_make(uint32_t hash, uint32_t directory, uint32_t value)
{
    uint16_t made = freed, *at = bucket_of(hash);
    uint32_t before = 0;
    for (; *at != NONE; at = &table->entries[*at].next)
        before++;
    if (before >= CHAIN_MAX && directory != ROOT)
        return NULL;
    if (made != NONE)
        freed = table->entries[made].next;
    else if (used < INDEX_NAMES)
        made = (uint16_t)used++;
    else
        return NULL;
    *at = made;
    struct entry *entry = &table->entries[made];
    entry->hash = hash;
    entry->directory = directory;
    entry->value = value;
    entry->next = NONE;
    entry->length = 0;
    return entry;
}

// ---- Directories ----

// Where the directory's own entry hangs, or the end of the bucket.
static uint16_t *root_seek(uint32_t directory)
{
    uint16_t *at = bucket_of(directory);
    for (; *at != NONE; at = &table->entries[*at].next) {
        const struct entry *entry = &table->entries[*at];
        if (entry->hash == directory && entry->directory == ROOT)
            break;
    }
    return at;
}

static uint32_t root_value(uint32_t directory)
{
    uint16_t at = table ? *root_seek(directory) : NONE;
    return at == NONE ? 0 : table->entries[at].value;
}

static void root_set(uint32_t directory, uint32_t value)
{
    uint16_t at = *root_seek(directory);
    if (at != NONE)
        table->entries[at].value = value;
    else if (!entry_make(directory, ROOT, value))
        index_forget();
}

static bool is_serial(uint32_t value)
{
    return value > ASKED_ENOUGH && value != NEVER;
}

void index_drop(uint32_t directory)
{
    uint16_t *at = table ? root_seek(directory) : NULL;
    if (at && *at != NONE)
        entry_free(at);
}

// Once more the directory is asked for want of an index.
static int64_t directory_count(uint32_t directory, uint32_t asked)
{
    if (!table && (table = malloc(sizeof *table)))
        index_forget();
    if (!table || asked == NEVER)
        return INDEX_UNKNOWN;
    if (asked < ASKED_ENOUGH)
        root_set(directory, asked + 1);
    return asked < ASKED_ENOUGH ? INDEX_UNKNOWN : INDEX_DUE;
}

// ---- Names ----

static uint32_t name_hash(uint32_t of, const char *name, size_t length)
{
    uint32_t hash = of * MIX;
    for (size_t i = 0; i < length; i++)
        hash = hash * 31 + (uint8_t)name[i];
    return hash;
}

// Where the first entry of that name hangs, from AT on, or the end of the bucket.
static uint16_t *name_seek(uint16_t *at, uint32_t hash, uint32_t of, const char *name,
                           size_t length)
{
    for (; *at != NONE; at = &table->entries[*at].next) {
        const struct entry *entry = &table->entries[*at];
        if (entry->hash == hash && entry->directory == of && entry->length == length &&
            memcmp(entry->name, name, length < NAME_ROOM ? length : NAME_ROOM) == 0)
            break;
    }
    return at;
}

static uint16_t *name_first(uint32_t of, const char *name, size_t length)
{
    uint32_t hash = name_hash(of, name, length);
    return name_seek(bucket_of(hash), hash, of, name, length);
}

static bool name_enter(uint32_t of, const char *name, size_t length, uint32_t number)
{
    struct entry *entry = entry_make(name_hash(of, name, length), of, number);
    if (!entry)
        return false;
    entry->length = (uint8_t)length;
    memcpy(entry->name, name, length < NAME_ROOM ? length : NAME_ROOM);
    return true;
}

bool index_enter(const char *name, size_t length, uint32_t number)
{
    return fits = name_enter(serial, name, length, number);
}

static int64_t names_enter(uint32_t directory, int64_t (*read)(uint32_t))
{
    index_drop(directory);
    serial++;
    fits = true;
    return read(directory);
}

void index_make(uint32_t directory, int64_t (*read)(uint32_t directory))
{
    int64_t error = names_enter(directory, read);
    if (!fits) {
        index_forget();
        error = names_enter(directory, read);
    }
    if (!fits)
        index_forget();
    if (!fits || error == 0)
        root_set(directory, fits ? serial : NEVER);
}

int64_t index_find(uint32_t directory, const char *name, size_t length, uint32_t *number)
{
    uint32_t of = root_value(directory);
    if (!is_serial(of))
        return directory_count(directory, of);
    uint16_t at = *name_first(of, name, length);
    if (at == NONE)
        return -ENOENT;
    *number = table->entries[at].value;
    return length > NAME_ROOM ? INDEX_UNKNOWN : 0;
}

void index_add(uint32_t directory, const char *name, size_t length, uint32_t number)
{
    uint32_t of = root_value(directory);
    if (is_serial(of) && !name_enter(of, name, length, number))
        index_drop(directory);
}

void index_remove(uint32_t directory, const char *name, size_t length, uint32_t number)
{
    uint32_t of = root_value(directory);
    if (!is_serial(of))
        return;
    uint16_t *at = name_first(of, name, length);
    while (*at != NONE && table->entries[*at].value != number)
        at = name_seek(&table->entries[*at].next, table->entries[*at].hash, of, name, length);
    if (*at == NONE)
        index_drop(directory);
    else
        entry_free(at);
}

void index_replace(uint32_t directory, const char *name, size_t length, uint32_t number)
{
    uint32_t of = root_value(directory);
    if (!is_serial(of))
        return;
    uint16_t at = *name_first(of, name, length);
    if (at == NONE)
        index_drop(directory);
    else
        table->entries[at].value = number;
}
