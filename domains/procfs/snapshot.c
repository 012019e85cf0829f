// SPDX-License-Identifier: MIT
#include <stdlib.h>
#include "domain.h"
#include "procfs.h"

#define SNAPSHOT_MAX 16

static struct snapshot {
    uint64_t file; // the number of the open file; 0: free
    struct text text;
} snapshots[SNAPSHOT_MAX];
static struct mutex snapshots_lock;

static struct snapshot *snapshot_find(uint64_t file)
{
    for (uint32_t i = 0; i < SNAPSHOT_MAX; i++)
        if (snapshots[i].file == file)
            return &snapshots[i];
    return NULL;
}

static void snapshot_clear(struct snapshot *snapshot)
{
    text_free(&snapshot->text);
    *snapshot = (struct snapshot){0};
}

void snapshot_keep(uint64_t file, const struct text *text)
{
    static uint32_t next;
    mutex_lock(&snapshots_lock);
    struct snapshot *snapshot = snapshot_find(file);
    if (!snapshot)
        snapshot = snapshot_find(0);
    if (!snapshot)
        snapshot = &snapshots[next++ % SNAPSHOT_MAX];
    snapshot_clear(snapshot);
    *snapshot = (struct snapshot){file, *text};
    mutex_unlock(&snapshots_lock);
}

bool snapshot_read(uint64_t file, uint64_t offset, rref_t buffer, uint32_t start, uint32_t length,
                   RpcResult *result)
{
    mutex_lock(&snapshots_lock);
    const struct snapshot *snapshot = snapshot_find(file);
    if (snapshot)
        *result = text_read(&snapshot->text, offset, buffer, start, length);
    mutex_unlock(&snapshots_lock);
    return snapshot;
}

void snapshot_forget(uint64_t file)
{
    mutex_lock(&snapshots_lock);
    struct snapshot *snapshot = snapshot_find(file);
    if (snapshot)
        snapshot_clear(snapshot);
    mutex_unlock(&snapshots_lock);
}
