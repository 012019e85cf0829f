// SPDX-License-Identifier: MIT
#include "fetch.h"

#include "fs.h"
#include "fs_client.h"
#include "write.h"

#define AHEAD_FIRST 8u           // pages that are read ahead at first; twice as many each time
#define AHEAD_RUNS  2u           // that may be on their way at once
#define ANSWER_NS   30000000000u // then the disk is given up
#define LOOK_NS     10000000u    // from one look whether a pool has come back to the next

// A run on its way from the disk into a pool. One for each pool, so that the completion's tag tells
// which it is.
static struct flight {
    bool is_pending;
    uint16_t file;
    uint32_t first, count; // slots
    uint32_t bytes;        // of the file
    int64_t status;        // of the last
} flights[POOLS_MAX];

static uint32_t pending;

void fetch_start(void)
{
    memset(flights, 0, sizeof flights);
    pending = 0;
}

int64_t lower_result(RpcResult result)
{
    if (result.status >= -4095)
        return result.status < 0 ? result.status : (int64_t)result.value;
    if (result.status == RPC_TIMEOUT)
        return -ETIMEDOUT;
    if (result.status == RPC_NO_MEMORY)
        return -ENOMEM;
    return result.status == RPC_DEAD || result.status == RPC_NO_HANDLE ? -ENXIO : -EIO;
}

// The bytes of COUNT pages from PAGE on that lie within the file.
static uint32_t bytes_within(uint32_t file, uint32_t page, uint32_t count)
{
    uint64_t at = (uint64_t)page * PAGE_BYTES, size = kept->files[file].size;
    uint64_t bytes = (uint64_t)count * PAGE_BYTES;
    return at >= size ? 0 : size - at < bytes ? (uint32_t)(size - at) : (uint32_t)bytes;
}

// The run has come, with BYTES of the file in it, or an errno: what the file does not have is
// zeros.
static void run_conclude(uint32_t first, uint32_t count, int64_t bytes)
{
    uint32_t offset, length = count * PAGE_BYTES;
    rref_t pool = slot_pool(first, &offset);
    kept->flights[first / POOL_SLOTS].count = 0;
    if (bytes >= 0 && bytes < length)
        bytes = core_rref_fill(pool, offset + (uint64_t)bytes, 0, length - (uint64_t)bytes);
    for (uint32_t slot = first; slot < first + count; slot++) {
        if (bytes < 0)
            page_drop(slot);
        else
            page_mark(slot, SLOT_CLEAN);
    }
}

static void completions_take(void)
{
    struct completion done;
    while (core_completion_reap(pool_event, &done, 1) == 1) {
        struct flight *flight = &flights[done.tag % POOLS_MAX];
        if (!flight->is_pending)
            continue; // an earlier instance's
        flight->is_pending = false;
        flight->status = done.status;
        pending--;
        run_conclude(flight->first, flight->count,
                     done.status < 0 ? done.status : (int64_t)flight->bytes);
    }
}

// A disk that does not answer keeps the pool: nothing in it is filled anew.
static void flight_give_up(uint32_t pool)
{
    struct flight *flight = &flights[pool];
    uint16_t count = kept->flights[pool].count;
    log_printf("the disk has not answered for 30 s");
    flight->is_pending = false;
    flight->status = -EIO;
    pending--;
    run_conclude(flight->first, flight->count, -EIO);
    kept->flights[pool].count = count; // also for the next instance
    pool_suspect(pool);
}

// 0, or -ETIMEDOUT at the deadline.
static int64_t flight_wait(uint32_t pool, uint64_t deadline)
{
    uint64_t end = core_time() + ANSWER_NS;
    for (;;) {
        struct wait_item item = {.event = pool_event};
        item.seen = (uint64_t)core_event_count(pool_event);
        completions_take();
        if (!flights[pool].is_pending)
            return 0;
        int64_t woken = core_wait(&item, 1, deadline < end ? deadline : end);
        if (woken == -ETIMEDOUT && core_time() >= end)
            flight_give_up(pool);
        else if (woken == -ETIMEDOUT)
            return woken;
        else if (woken < 0)
            core_yield(); // whatever kicks the thread
    }
}

void pool_settle(uint32_t pool)
{
    if (flights[pool].is_pending)
        flight_wait(pool, WAIT_FOREVER);
}

// How many pages from PAGE on are not in the cache, at most COUNT, within the file.
static uint32_t run_measure(uint32_t file, uint32_t page, uint32_t count)
{
    uint64_t pages = (kept->files[file].size + PAGE_BYTES - 1) / PAGE_BYTES;
    uint32_t length = 0;
    if (count > RUN_PAGES)
        count = RUN_PAGES;
    if (page >= pages)
        return 0;
    if (count > pages - page)
        count = (uint32_t)(pages - page);
    while (length < count && page_find(file, page + length) == NO_SLOT)
        length++;
    // A last page that is not whole would keep the run from going to the disk in one piece.
    uint32_t whole = bytes_within(file, page, length) / PAGE_BYTES;
    return length > 8 && whole + 1 == length ? whole : length;
}

int64_t slots_await(uint32_t wanted, uint32_t *count)
{
    uint64_t end = core_time() + ANSWER_NS;
    for (;;) {
        struct wait_item item = {.event = pool_event};
        item.seen = (uint64_t)core_event_count(pool_event);
        uint32_t slot = slots_take(wanted, count);
        if (slot != NO_SLOT)
            return slot;
        files_settle(end);
        int64_t error = files_write_back();
        slot = slots_take(wanted, count);
        if (slot != NO_SLOT)
            return slot;
        if (error < 0 || !pools_are_suspect() || core_time() >= end)
            return error < 0 ? error : -ENOMEM;
        core_wait(&item, 1, core_time() + LOOK_NS); // for what an earlier instance has lent
    }
}

// Begins to read up to COUNT pages from PAGE on, if there are slots for it; waits for these where
// it MUST. How many, or a negative errno.
static int64_t run_begin(uint32_t file, uint32_t page, uint32_t count, bool must)
{
    count = run_measure(file, page, count);
    if (!count)
        return 0;
    int64_t found = must ? slots_await(count, &count) : slots_take(count, &count);
    if (found < 0 || found == NO_SLOT)
        return found < 0 ? found : -ENOMEM;
    uint32_t offset, first = (uint32_t)found;
    uint32_t pool = first / POOL_SLOTS, length = bytes_within(file, page, count);
    pool_settle(pool);
    rref_t buffer = slot_pool(first, &offset);
    for (uint32_t i = 0; i < count; i++)
        page_enter(first + i, file, page + i, SLOT_FILLING);
    kept->flights[pool] = (struct flight_record){(uint16_t)(first % POOL_SLOTS), (uint16_t)count};
    RpcResult result = fs_read(HANDLE_LOWER, kept->files[file].lower, (uint64_t)page * PAGE_BYTES,
                               buffer, offset, length);
    if (result.status == RPC_OK && result.value == FS_QUEUED) {
        flights[pool] = (struct flight){true, (uint16_t)file, first, count, length, 0};
        pending++;
        return count;
    }
    int64_t bytes = lower_result(result);
    run_conclude(first, count, bytes);
    return bytes < 0 ? bytes : count;
}

// ---- Past the cache ----

#define LARGE_SHARE 64 // a file is large that would take one page in so many of the cache

bool goes_past_cache(uint64_t offset, uint32_t length, uint64_t size)
{
    return length >= PAST_BYTES && (offset | length) % PAGE_BYTES == 0 &&
           size > (uint64_t)pages_limit * PAGE_BYTES / LARGE_SHARE;
}

// A file that would drive half of everything else out does not come to lie in the cache.
bool read_goes_past(uint32_t file, uint64_t offset, uint32_t length)
{
    uint64_t size = kept->files[file].size;
    if (!goes_past_cache(offset, length, size) || offset >= size || length > size - offset)
        return false;
    bool is_huge = size > (uint64_t)pages_limit * PAGE_BYTES / 2;
    if (!is_huge && offset < file_uses[file].past_end)
        return false;
    for (uint32_t i = 0; i < length / PAGE_BYTES && file_first(file) != NO_SLOT; i++)
        if (page_find(file, (uint32_t)(offset / PAGE_BYTES) + i) != NO_SLOT)
            return false;
    return true;
}

int64_t read_past(uint32_t file, uint64_t offset, rref_t buffer, uint32_t start, uint32_t length)
{
    struct file_use *use = &file_uses[file];
    use->read_end = use->past_end = offset + length;
    return lower_result(
        fs_read(HANDLE_LOWER, kept->files[file].lower, offset, buffer, start, length));
}

int64_t page_fetch(uint32_t file, uint32_t page, uint32_t count)
{
    int64_t status = -EIO;
    for (int tries = 0; tries < FS_QUEUED_TRIES; tries++) {
        uint32_t slot = page_find(file, page);
        if (slot == NO_SLOT) {
            status = run_begin(file, page, count, true);
            if (status < 0)
                return status;
            slot = page_find(file, page);
        }
        if (slot != NO_SLOT && slot_state(slot) == SLOT_FILLING) {
            uint32_t pool = slot / POOL_SLOTS;
            pool_settle(pool);
            status = flights[pool].status;
            slot = page_find(file, page);
        }
        if (slot != NO_SLOT)
            return slot;
        if (status >= 0)
            status = -EIO;
    }
    return lower_result(rpc_error(status));
}

// One run more of what has been read ahead. False: no more.
static bool run_ahead(uint32_t file, struct file_use *use, uint32_t wanted)
{
    while (wanted && page_find(file, use->ahead_end) != NO_SLOT) {
        use->ahead_end++;
        wanted--;
    }
    int64_t begun = wanted ? run_begin(file, use->ahead_end, wanted, false) : 1;
    if (wanted && begun > 0)
        use->ahead_end += (uint32_t)begun;
    return begun > 0;
}

void pages_read_ahead(uint32_t file, uint64_t first, uint64_t end)
{
    struct file_use *use = &file_uses[file];
    bool in_order = first == use->read_end || first == 0;
    uint32_t page = (uint32_t)((end + PAGE_BYTES - 1) / PAGE_BYTES);
    use->read_end = end;
    if (!in_order || page + 2 * RUN_PAGES < use->ahead_end)
        use->ahead = use->ahead_end = 0;
    if (!in_order || end >= kept->files[file].size)
        return;
    if (use->ahead_end > page && use->ahead_end - page > use->ahead)
        return; // there is enough: a run on its way while the one before is used
    if (use->ahead_end < page)
        use->ahead_end = page;
    uint32_t wanted = use->ahead ? 2 * use->ahead : AHEAD_FIRST;
    if (wanted < (end - first) / PAGE_BYTES)
        wanted = RUN_PAGES;
    if (wanted > RUN_PAGES)
        wanted = RUN_PAGES;
    use->ahead = wanted;
    completions_take();
    while (use->ahead_end < page + AHEAD_RUNS * wanted && run_ahead(file, use, wanted))
        ;
}

bool file_settle(uint32_t file, uint64_t deadline)
{
    for (uint32_t i = 0; pending && i < POOLS_MAX; i++)
        if (flights[i].is_pending && (file == NO_FILE || flights[i].file == file) &&
            flight_wait(i, deadline) < 0)
            return false;
    return true;
}

bool files_settle(uint64_t deadline)
{
    return file_settle(NO_FILE, deadline);
}
