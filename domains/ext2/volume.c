// SPDX-License-Identifier: MIT
#include "volume.h"

#include <stdlib.h>
#include "bitmaps.h"
#include "disk.h"
#include "index.h"
#include "kept.h"
#include "kept_state.h"
#include "wall.h"

#define SUPER_OFFSET 1024u
#define NS_PER_S     1000000000u
#define ATTEMPTS     3           // of one operation
#define PATIENCE_NS  1000000000u // half of what the shortest limit of a method is
#define AGE_NS       5000000000u // what has changed for so long goes to the device
#define DETACH_NS    500000000u  // for the writer to come to an end

// What can be written to; anything else that the library reads is mounted read-only.
#define WRITABLE_INCOMPAT  EXT2_FEATURE_INCOMPAT_FILETYPE
#define WRITABLE_RO_COMPAT (EXT2_FEATURE_RO_COMPAT_SPARSE_SUPER | EXT2_FEATURE_RO_COMPAT_LARGE_FILE)
#define READABLE_INCOMPAT                                                                          \
    (EXT2_FEATURE_INCOMPAT_FILETYPE | EXT3_FEATURE_INCOMPAT_RECOVER |                              \
     EXT2_FEATURE_INCOMPAT_META_BG | EXT3_FEATURE_INCOMPAT_EXTENTS | EXT4_FEATURE_INCOMPAT_64BIT | \
     EXT4_FEATURE_INCOMPAT_FLEX_BG | EXT4_FEATURE_INCOMPAT_CSUM_SEED)

struct volume volume;
static struct mutex volume_lock;

int64_t volume_error(errcode_t error)
{
    static const struct {
        errcode_t error;
        int number;
    } numbers[] = {
        {EXT2_ET_NO_MEMORY, ENOMEM},         {EXT2_ET_BLOCK_ALLOC_FAIL, ENOSPC},
        {EXT2_ET_INODE_ALLOC_FAIL, ENOSPC},  {EXT2_ET_DIR_NO_SPACE, ENOSPC},
        {EXT2_ET_FILE_NOT_FOUND, ENOENT},    {EXT2_ET_DIR_EXISTS, EEXIST},
        {EXT2_ET_FILE_EXISTS, EEXIST},       {EXT2_ET_NO_DIRECTORY, ENOTDIR},
        {EXT2_ET_RO_FILSYS, EROFS},          {EXT2_ET_FILE_TOO_BIG, EFBIG},
        {EXT2_ET_BAD_MAGIC, EINVAL},         {EXT2_ET_UNSUPP_FEATURE, EINVAL},
        {EXT2_ET_RO_UNSUPP_FEATURE, EINVAL}, {EXT2_ET_INVALID_ARGUMENT, EINVAL},
    };
    if (error > 0 && error < 200)
        return -(int64_t)error;
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
        if (numbers[i].error == error)
            return -numbers[i].number;
    return error ? -EIO : 0;
}

uint32_t volume_now(void)
{
    if (wall_boot())
        return (uint32_t)(wall_time() / NS_PER_S);
    return (uint32_t)(volume.clock + core_time() / NS_PER_S);
}

// A disk that takes nothing is asked again when as much time has passed once more.
static int64_t write_back(void)
{
    int64_t error = cache_write_back();
    volume.dirty_since = error < 0 ? core_time() : 0;
    return error == 0 && volume.has_freed ? taken_renew() : error;
}

// ---- Opening ----

static void volume_close(void)
{
    taken_forget();
    if (volume.fs)
        ext2fs_free(volume.fs);
    volume.fs = NULL;
}

// As kept->read_only says. What the library does not open is none of ours.
static int64_t volume_open(void)
{
    int flags = EXT2_FLAG_64BITS | (kept->read_only ? 0 : EXT2_FLAG_RW);
    ext2_filsys fs = NULL;
    errcode_t error = ext2fs_open2("disk", NULL, flags, 0, 0, &channel_manager, &fs);
    if (error)
        return volume_error(error);
    volume.fs = fs;
    volume.operations++;
    index_forget();
    int64_t result = 0;
    if (ext2fs_blocks_count(fs->super) > kept->blocks || fs->blocksize != kept->block_size)
        result = -EINVAL;
    else if (!kept->read_only)
        result = bitmaps_open();
    if (result < 0)
        volume_close();
    return result;
}

static uint64_t later(uint64_t a, uint64_t b)
{
    return a > b ? a : b;
}

// Where no clock tells the date, time goes on from where the disk knows it to have been.
static void clock_set(const struct ext2_super_block *super)
{
    uint64_t last = later(later(super->s_wtime, super->s_mtime), super->s_lastcheck);
    last = later(last, super->s_mkfs_time);
    if (volume_now() < last)
        volume.clock = last - core_time() / NS_PER_S;
}

// ---- Mounting ----

// Reads the superblock past all caches, checks what the size of the cache's blocks depends on.
static int64_t super_read(struct ext2_super_block *super)
{
    if (core_handle_status(HANDLE_DISK) <= 0)
        return -ENXIO; // who mounts is told at once; only what is mounted waits for its driver
    int64_t size = disk_size();
    if (size < 0)
        return size;
    if (size < (int64_t)(2 * SUPER_OFFSET))
        return -EINVAL;
    int64_t error = disk_transfer(BLOCK_READ, SUPER_OFFSET, SUPERBLOCK_SIZE);
    if (error < 0)
        return error;
    memcpy(super, disk_buffer(), sizeof *super);
    if (super->s_magic != EXT2_SUPER_MAGIC || super->s_log_block_size > 2)
        return -EINVAL;
    uint32_t block_size = EXT2_MIN_BLOCK_SIZE << super->s_log_block_size;
    uint64_t blocks = (uint64_t)size / block_size;
    bool has_high = super->s_feature_incompat & EXT4_FEATURE_INCOMPAT_64BIT;
    // The library relies on where the first group begins, and writes past its bitmaps where it is
    // not.
    if (super->s_first_data_block != (block_size == SUPER_OFFSET ? 1 : 0))
        return -EINVAL;
    if (super->s_blocks_count > blocks || (has_high && super->s_blocks_count_hi))
        return -EINVAL;
    cache_begin(block_size, blocks);
    return 0;
}

// Why the file system cannot be written to; NULL: it can.
static const char *why_read_only(const struct ext2_super_block *super)
{
    if ((super->s_feature_incompat & ~WRITABLE_INCOMPAT) ||
        (super->s_feature_ro_compat & ~WRITABLE_RO_COMPAT))
        return "it has features of ext3 or ext4";
    if (super->s_state & EXT2_ERROR_FS)
        return "it has errors: run e2fsck on it";
    if (disk_read_only() > 0)
        return "the disk is read-only";
    return super->s_state & EXT2_VALID_FS ? NULL : "it was not unmounted: run e2fsck on it";
}

// On the device, until the first change: a mount alone writes nothing.
static bool is_marked_clean(void)
{
    return volume.fs->super->s_state & EXT2_VALID_FS;
}

static int64_t state_set(bool clean)
{
    struct ext2_super_block *super = volume.fs->super;
    super->s_state = clean ? super->s_state | EXT2_VALID_FS : super->s_state & ~EXT2_VALID_FS;
    if (!clean)
        super->s_mtime = volume_now();
    volume.fs->now = volume_now();
    volume.phase = CLASS_REST;
    errcode_t error = ext2fs_flush2(volume.fs, EXT2_FLAG_FLUSH_NO_SYNC);
    if (error)
        cache_discard();
    else
        cache_commit();
    int64_t result = error ? volume_error(error) : write_back();
    if (result < 0)
        super->s_state |= EXT2_VALID_FS; // the next change tries again, before it is made
    return result;
}

// To be written to if it can be; else read-only.
static int64_t volume_begin(bool read_only)
{
    struct ext2_super_block super;
    int64_t error = super_read(&super);
    if (error < 0)
        return error;
    if (super.s_feature_incompat & ~READABLE_INCOMPAT)
        return -EINVAL;
    clock_set(&super);
    const char *why = why_read_only(&super);
    if (why && !read_only)
        log_printf("mounted read-only: %s", why);
    kept->read_only = read_only || why;
    memset(kept->opens, 0, sizeof kept->opens);
    error = volume_open();
    if (error < 0 && !kept->read_only) {
        log_printf("mounted read-only: its bitmaps cannot be read (error %d)", (int)-error);
        kept->read_only = 1;
        error = volume_open();
    }
    if (error < 0)
        volume_close();
    kept->mounted = error == 0;
    return error;
}

// What can still be done is done; the first error is told. By force it ends there, too.
static int64_t volume_end(bool by_force)
{
    int64_t result = kept->read_only || by_force ? 0 : write_back();
    if (result < 0)
        return result;
    if (!kept->read_only && volume.fs) {
        result = opens_release();
        if (result < 0)
            cache_discard();
        int64_t marked = result < 0 || is_marked_clean() ? write_back() : state_set(true);
        result = result < 0 ? result : marked;
    } else if (!kept->read_only) {
        result = cache_write_back();
    }
    volume_close(); // where it stays mounted, it is opened anew
    if (result < 0 && !by_force)
        return result;
    kept->mounted = 0;
    if (result < 0)
        log_printf("the disk does not take what was written last: it is lost (error %d)",
                   (int)-result);
    return result;
}

int64_t volume_mount(bool read_only)
{
    wall_learn_kept(HANDLE_RTC, &kept->wall_boot);
    mutex_lock(&volume_lock);
    if (kept->mounted)
        volume_end(true); // of a user of whom nothing is left
    int64_t result = volume_begin(read_only);
    mutex_unlock(&volume_lock);
    return result < 0 ? result : (int64_t)kept->read_only;
}

int64_t volume_unmount(bool by_force)
{
    mutex_lock(&volume_lock);
    int64_t result = kept->mounted ? volume_end(by_force) : -EINVAL;
    mutex_unlock(&volume_lock);
    return result;
}

int64_t volume_sync(void)
{
    mutex_lock(&volume_lock);
    int64_t result = kept->mounted && !kept->read_only ? write_back() : 0;
    mutex_unlock(&volume_lock);
    return result;
}

// With the lock held.
static void age_begin(void)
{
    if (volume.dirty_since || cache_is_clean())
        return;
    volume.dirty_since = core_time();
    writer_wake();
}

uint64_t volume_tend(const struct worker *writer)
{
    uint64_t next = WAIT_FOREVER;
    mutex_lock(&volume_lock);
    bool is_mine = !worker_is_stopping(writer) && kept->mounted && !kept->read_only;
    if (is_mine && volume.dirty_since && core_time() >= volume.dirty_since + AGE_NS)
        write_back();
    if (is_mine && volume.dirty_since)
        next = volume.dirty_since + AGE_NS;
    mutex_unlock(&volume_lock);
    return next;
}

// ---- Operations ----

// With the lock held: is there a file system?
static int64_t volume_look(void)
{
    int64_t result = kept->mounted ? 0 : -ENODEV;
    if (result == 0 && !volume.fs)
        result = volume_open(); // after a crash, an update, an operation that was undone
    if (result < 0) {
        mutex_unlock(&volume_lock);
        return result;
    }
    if (!volume.clock && !wall_boot())
        clock_set(volume.fs->super);
    volume.phase = CLASS_MAP;
    return 0;
}

int64_t volume_enter_soon(void)
{
    wall_learn_kept(HANDLE_RTC, &kept->wall_boot);
    return mutex_lock_until(&volume_lock, core_time() + PATIENCE_NS) ? volume_look() : -EAGAIN;
}

int64_t volume_enter(void)
{
    wall_learn_kept(HANDLE_RTC, &kept->wall_boot);
    mutex_lock(&volume_lock);
    return volume_look();
}

RpcResult volume_leave(int64_t result)
{
    mutex_unlock(&volume_lock);
    return result < 0 ? rpc_error(result) : rpc_ok((uint64_t)result);
}

#define LIBRARY_CHANGED                                                                            \
    (EXT2_FLAG_CHANGED | EXT2_FLAG_DIRTY | EXT2_FLAG_IB_DIRTY | EXT2_FLAG_BB_DIRTY)

static bool is_changed(void)
{
    return cache_is_changed() || (volume.fs->flags & LIBRARY_CHANGED);
}

static int64_t operation_commit(void)
{
    if (volume.fs->flags & LIBRARY_CHANGED) {
        volume.phase = CLASS_REST;
        errcode_t error = ext2fs_flush2(volume.fs, EXT2_FLAG_FLUSH_NO_SYNC);
        if (error)
            return volume_error(error);
        volume.fs->flags &= ~LIBRARY_CHANGED;
    }
    if (cache_has_conflict())
        return -EAGAIN;
    int64_t written = disk_write_settle(); // until now it went on beside all that
    if (written < 0)
        return written;
    if (written)
        cache_note_written();
    cache_commit();
    return 0;
}

// Nothing of the operation stays: not in the cache, and not in the library, which is opened anew.
static int64_t operation_undo(void)
{
    int64_t written = disk_write_settle(); // a device that has a buffer keeps it
    (void)written;
    if (!is_changed())
        return 0;
    cache_discard();
    volume_close();
    return volume_open();
}

// Whether it may end otherwise once all before it is on the device.
static bool is_worth_repeating(int64_t result)
{
    return result == -EAGAIN || (result == -ENOSPC && volume.has_freed);
}

static int64_t operation_run(int64_t (*change)(void *arguments), void *arguments)
{
    int64_t result = -EIO;
    for (int attempt = 0; attempt < ATTEMPTS; attempt++) {
        volume.phase = CLASS_MAP;
        volume.operations++;
        volume.fs->now = volume_now();
        result = change(arguments);
        volume.operations++; // what it looked up may be as it was before
        if (result >= 0) {
            int64_t committed = operation_commit();
            if (committed == 0)
                return result;
            result = committed;
        }
        bool again = is_worth_repeating(result);
        int64_t ready = operation_undo();
        if (ready == 0 && again)
            ready = write_back();
        if (ready < 0)
            return ready;
        if (!again)
            return result;
    }
    return result == -EAGAIN ? -EIO : result;
}

RpcResult volume_change(int64_t (*change)(void *arguments), void *arguments)
{
    int64_t result = volume_enter();
    if (result < 0)
        return rpc_error(result);
    if (kept->read_only)
        return volume_leave(-EROFS);
    result = is_marked_clean() ? state_set(false) : 0;
    if (result == 0)
        result = operation_run(change, arguments);
    if (cache_is_full() && write_back() < 0)
        log_printf("the disk takes no more: what is written stays in memory");
    age_begin();
    return volume_leave(result);
}

// ---- Life cycle ----

// What there is to hand over is in the kept memory, which goes to the successor by itself.
int64_t domain_attach(void)
{
    int64_t result = kept_start();
    if (result < 0)
        return result;
    wall_learn_kept(HANDLE_RTC, &kept->wall_boot);
    cache_recover();
    if (DOMAIN_VERSION >= 2)
        log_printf("%s", kept->mounted ? "the disk stays mounted" : "nothing is mounted");
    age_begin();
    return writer_start();
}

RpcResult domain_export(uint64_t schema)
{
    return kept_export(schema, DOMAIN_SCHEMA);
}

int64_t domain_import(rref_t state, uint64_t schema)
{
    return kept_import(state, schema, DOMAIN_SCHEMA);
}

// A successor that failed to attach may have thrown the clean blocks away.
int64_t domain_detach(uint64_t resume)
{
    if (resume) {
        kept_resume();
        cache_recover();
        return writer_start();
    }
    if (!mutex_lock_until(&volume_lock, core_time() + DETACH_NS))
        return -EBUSY; // the writer is at work
    writer_stop();
    mutex_unlock(&volume_lock);
    return 0;
}

int64_t domain_exit(void)
{
    if (kept_is_handed_over())
        return 0;
    return volume_sync();
}
