// SPDX-License-Identifier: MIT
#include "write.h"

#include <stdlib.h>
#include "fs.h"
#include "fs_client.h"
#include "scratch.h"

#define AGE_NS     5000000000u // what is dirty for so long goes to the file system
#define TURN_PAGES 1024u       // the writer gives to it before others have a turn

static uint16_t order[SLOTS_MAX];

static int by_page(const void *a, const void *b)
{
    uint32_t first = kept->slots[*(const uint16_t *)a].page;
    uint32_t second = kept->slots[*(const uint16_t *)b].page;
    return first < second ? -1 : first > second;
}

// The file's dirty pages in their order, which mostly is the one in which they came.
static uint32_t dirty_collect(uint32_t file)
{
    uint32_t count = 0;
    bool is_sorted = true;
    for (uint32_t slot = file_first(file); slot != NO_SLOT; slot = file_next(slot)) {
        if (slot_state(slot) != SLOT_DIRTY)
            continue;
        order[count] = (uint16_t)slot;
        if (count && by_page(&order[count - 1], &order[count]) > 0)
            is_sorted = false;
        count++;
    }
    if (!is_sorted)
        qsort(order, count, sizeof *order, by_page);
    return count;
}

// How many of the slots from AT on can go in one call.
static uint32_t run_length(uint32_t at, uint32_t count)
{
    uint32_t slot = order[at], page = kept->slots[slot].page, length = 1;
    while (length < RUN_PAGES && at + length < count && order[at + length] == slot + length &&
           (slot + length) % POOL_SLOTS && kept->slots[slot + length].page == page + length)
        length++;
    return length;
}

// Writes a run. How many pages of it, or a negative errno.
static int64_t run_write(uint32_t file, uint32_t at, uint32_t length)
{
    uint32_t slot = order[at], offset, pool = slot / POOL_SLOTS;
    uint64_t start = (uint64_t)kept->slots[slot].page * PAGE_BYTES, size = kept->files[file].size;
    uint32_t bytes = length * PAGE_BYTES;
    if (bytes > size - start)
        bytes = (uint32_t)(size - start);
    pool_settle(pool);
    rref_t buffer = slot_pool(slot, &offset);
    kept->flights[pool] = (struct flight_record){(uint16_t)(slot % POOL_SLOTS), (uint16_t)length};
    int64_t written =
        lower_result(fs_write(HANDLE_LOWER, kept->files[file].lower, start, buffer, offset, bytes));
    if (bytes >= FS_WRITE_LENT)
        pool_listen(pool);
    if (written == -ETIMEDOUT)
        pool_suspect(pool); // perhaps a device still reads it
    if (!pool_is_suspect(pool))
        kept->flights[pool].count = 0;
    if (written < 0)
        return written;
    uint32_t done = written >= bytes ? length : (uint32_t)written / PAGE_BYTES;
    for (uint32_t i = 0; i < done; i++)
        page_mark(slot + i, SLOT_CLEAN);
    return done == length ? (int64_t)length : -ENOSPC;
}

// ---- A file that nobody has open is opened for it ----

static void hold_end(uint64_t lower)
{
    fs_close(HANDLE_LOWER, lower, ticket_take());
    kept->hold_node = 0;
}

void hold_recover(void)
{
    if (!kept->hold_node)
        return;
    RpcResult opened = fs_open(HANDLE_LOWER, kept->hold_node, 2, kept->hold_ticket);
    if (opened.status == RPC_OK)
        hold_end(opened.value);
    else if (opened.status != -EAGAIN)
        kept->hold_node = 0;
}

// The opening is noted before it is made, so that the next instance can end it: a request that is
// repeated with its ticket counts once.
static int64_t hold_begin(uint32_t file)
{
    RpcResult opened;
    hold_recover();
    kept->hold_ticket = ticket_take();
    __atomic_store_n(&kept->hold_node, kept->files[file].node, __ATOMIC_RELEASE);
    do {
        opened = fs_open(HANDLE_LOWER, kept->hold_node, 2, kept->hold_ticket);
    } while (opened.status == -EAGAIN);
    if (opened.status < 0)
        kept->hold_node = 0;
    else
        kept->files[file].lower = opened.value;
    return lower_result(opened) < 0 ? lower_result(opened) : 0;
}

static int64_t dirty_write(uint32_t file, uint32_t max)
{
    uint32_t count = dirty_collect(file), done = 0;
    while (done < count && done < max) {
        int64_t written = run_write(file, done, run_length(done, count));
        if (written < 0)
            return written;
        done += (uint32_t)written;
    }
    return 0;
}

// When the last write was made is what the file system is to tell, not when it saw it.
static void modified_tell(uint32_t file)
{
    struct file_record *record = &kept->files[file];
    if (record->modified)
        fs_set_attribute(HANDLE_LOWER, record->node, FS_ATTRIBUTE_MODIFIED, record->modified);
    record->modified = 0;
}

static void file_lost(uint32_t file)
{
    file_settle(file, WAIT_FOREVER);
    file_forget(file);
}

static int64_t file_clean(uint32_t file, uint32_t max)
{
    bool is_open = kept->files[file].opens;
    int64_t error = is_open ? 0 : hold_begin(file);
    if (error == 0)
        error = dirty_write(file, max);
    if (error == 0 && !file_dirty(file))
        modified_tell(file);
    if (kept->hold_node && !is_open)
        hold_end(kept->files[file].lower);
    return error;
}

int64_t file_write_back(uint32_t file, uint32_t max)
{
    struct file_use *use = &file_uses[file];
    if (!file_dirty(file))
        return 0;
    int64_t error = file_clean(file, max);
    if (error == -ESTALE) { // its last name went, and nobody has it open
        if (!kept->files[file].opens)
            file_lost(file);
        return 0;
    }
    use->dirty_since = file_dirty(file) ? core_time() : 0;
    if (error == 0 && file_dirty(file))
        use->dirty_since = 1; // the rest is as old
    if (error < 0)
        kept->files[file].error = (int32_t)error;
    else if (!file_dirty(file))
        kept->files[file].error = 0; // nothing is lost, so there is nothing to tell
    if (!pages_dirty)
        room_forget();
    return error;
}

int64_t files_write_back(void)
{
    int64_t result = 0;
    for (uint32_t i = 0; pages_dirty && i < FILES_MAX; i++) {
        int64_t error = kept->files[i].node ? file_write_back(i, ALL_PAGES) : 0;
        if (result == 0)
            result = error;
    }
    return result;
}

int64_t file_error_take(uint32_t file)
{
    int64_t error = kept->files[file].error;
    kept->files[file].error = 0;
    return error;
}

// The file that has been dirty for the longest.
static uint32_t oldest_find(void)
{
    uint32_t oldest = NO_FILE;
    for (uint32_t i = 0; i < FILES_MAX; i++)
        if (file_uses[i].dirty_since &&
            (oldest == NO_FILE || file_uses[i].dirty_since < file_uses[oldest].dirty_since))
            oldest = i;
    return oldest;
}

uint64_t write_back_tend(void)
{
    uint32_t file = pages_dirty ? oldest_find() : NO_FILE;
    if (file == NO_FILE)
        return WAIT_FOREVER;
    uint64_t due = file_uses[file].dirty_since + AGE_NS;
    if (core_time() < due && pages_dirty < pages_limit / 2)
        return due;
    return file_write_back(file, TURN_PAGES) < 0 ? core_time() + AGE_NS : 0;
}
