// SPDX-License-Identifier: MIT
// The fs interface over another file system of that interface: names and attributes are its own,
// contents of regular files go through the cache. Requests that carry a ticket hand it on, so that
// one that is repeated after a crash of either counts once in both.
#include "fs.h"

#include "fs_client.h"
#include "fs_server.h"
#include "kept_state.h"
#include "scratch.h"
#include "write.h"

#define PATIENCE_NS 1000000000u // half of what the shortest limit of a method is
#define DETACH_NS   500000000u  // for what is under way to come to an end

struct mutex vfs_lock;
rref_t scratch;

static RpcResult leave(int64_t result)
{
    mutex_unlock(&vfs_lock);
    return result < 0 ? rpc_error(result) : rpc_ok((uint64_t)result);
}

// What the file system answered, for who calls here.
static RpcResult pass(RpcResult result)
{
    int64_t value = lower_result(result);
    return value < 0 ? rpc_error(value) : result;
}

static bool is_cached(uint64_t file)
{
    return file != FS_WHOLE && (file & FS_FILE_CACHED);
}

static bool enter_soon(void)
{
    return mutex_lock_until(&vfs_lock, core_time() + PATIENCE_NS);
}

// ---- Names and attributes ----

RpcResult fs_do_root(void)
{
    return pass(fs_root(HANDLE_LOWER));
}

RpcResult fs_do_lookup(uint64_t dir, rref_t name, uint32_t length)
{
    return pass(fs_lookup(HANDLE_LOWER, dir, name, length));
}

RpcResult fs_do_readdir(uint64_t node, uint64_t position, rref_t buffer, uint32_t length)
{
    return pass(fs_readdir(HANDLE_LOWER, node, position, buffer, length));
}

RpcResult fs_do_readlink(uint64_t node, rref_t out, uint32_t length)
{
    return pass(fs_readlink(HANDLE_LOWER, node, out, length));
}

RpcResult fs_do_create(uint64_t dir, rref_t name, uint32_t length, uint32_t mode,
                       uint32_t target_length)
{
    room_use(2);
    return pass(fs_create(HANDLE_LOWER, dir, name, length, mode, target_length));
}

RpcResult fs_do_link(uint64_t node, uint64_t dir, rref_t name, uint32_t length)
{
    room_use(1);
    return pass(fs_link(HANDLE_LOWER, node, dir, name, length));
}

// Adds what the file system has not seen.
static int64_t stat_complete(uint64_t node, rref_t out)
{
    struct fs_stat stat;
    uint32_t file = file_of_node(node);
    if (file == NO_FILE || !file_dirty(file))
        return 0;
    int64_t error = core_rref_read(out, 0, &stat, sizeof stat);
    if (error < 0)
        return error;
    const struct file_record *record = &kept->files[file];
    uint64_t blocks = (uint64_t)file_dirty(file) * (PAGE_BYTES / 512);
    stat.size = record->size;
    stat.blocks = stat.blocks < blocks ? blocks : stat.blocks;
    if (record->modified)
        stat.modified = stat.changed = record->modified;
    return core_rref_write(out, 0, &stat, sizeof stat);
}

RpcResult fs_do_stat(uint64_t node, rref_t out)
{
    if (!enter_soon())
        return rpc_error(-EAGAIN);
    int64_t result = lower_result(fs_stat(HANDLE_LOWER, node, out));
    return leave(result < 0 ? result : stat_complete(node, out));
}

RpcResult fs_do_set_attribute(uint64_t node, uint32_t attribute, uint64_t value)
{
    int64_t result = 0;
    mutex_lock(&vfs_lock);
    uint32_t file = file_of_node(node);
    if (file != NO_FILE && attribute == FS_ATTRIBUTE_MODIFIED)
        result = file_write_back(file, ALL_PAGES); // or that would be the last change
    if (result == 0)
        result = lower_result(fs_set_attribute(HANDLE_LOWER, node, attribute, value));
    return leave(result);
}

RpcResult fs_do_truncate(uint64_t node, uint64_t size)
{
    mutex_lock(&vfs_lock);
    uint32_t file = file_of_node(node);
    if (file != NO_FILE)
        file_settle(file, WAIT_FOREVER);
    int64_t result = lower_result(fs_truncate(HANDLE_LOWER, node, size));
    if (result == 0 && file != NO_FILE)
        pages_cut(file, size);
    return leave(result);
}

// ---- Names that go ----

// The node of a name, if it is a file of which there may be pages that nobody will want; else 0.
static uint64_t node_of_doomed(uint64_t dir, rref_t name, uint32_t length)
{
    if (!pages_dirty)
        return 0;
    RpcResult found = fs_lookup(HANDLE_LOWER, dir, name, length);
    return found.status == RPC_OK ? found.value : 0;
}

// Whether the file system has it without a name.
static bool is_nameless(uint64_t node)
{
    RpcResult told = fs_stat(HANDLE_LOWER, node, scratch);
    const struct fs_stat *stat = scratch_bytes();
    return told.status == -ESTALE || (told.status == RPC_OK && !stat->links);
}

// A name of the file is gone: what was never written back need not be.
static void node_unnamed(uint64_t node)
{
    if (!node)
        return;
    mutex_lock(&vfs_lock);
    uint32_t file = file_of_node(node);
    if (file != NO_FILE && !kept->files[file].opens && is_nameless(node)) {
        file_settle(file, WAIT_FOREVER);
        file_forget(file);
        file_uses[file].dirty_since = 0;
    }
    mutex_unlock(&vfs_lock);
}

RpcResult fs_do_remove(uint64_t dir, rref_t name, uint32_t length, uint32_t directory)
{
    uint64_t node = directory ? 0 : node_of_doomed(dir, name, length);
    RpcResult result = pass(fs_remove(HANDLE_LOWER, dir, name, length, directory));
    if (result.status == RPC_OK)
        node_unnamed(node);
    return result;
}

// Whoever writes a file and then gives it the name of another wants the one or the other, so its
// contents go before the name.
RpcResult fs_do_rename(uint64_t dir, rref_t name, uint32_t length, uint64_t new_dir,
                       rref_t new_name, uint32_t new_length)
{
    uint64_t moved = node_of_doomed(dir, name, length);
    uint64_t replaced = node_of_doomed(new_dir, new_name, new_length);
    room_use(1);
    if (moved) {
        mutex_lock(&vfs_lock);
        uint32_t file = file_of_node(moved);
        int64_t error = file == NO_FILE ? 0 : file_write_back(file, ALL_PAGES);
        mutex_unlock(&vfs_lock);
        if (error < 0)
            return rpc_error(error);
    }
    RpcResult result =
        pass(fs_rename(HANDLE_LOWER, dir, name, length, new_dir, new_name, new_length));
    if (result.status == RPC_OK && replaced != moved)
        node_unnamed(replaced);
    return result;
}

// ---- Open files ----

// The place of a node that has been opened, made if it is a regular file's; NO_FILE for others.
static int64_t place_find(uint64_t node, uint64_t lower, uint32_t *file)
{
    *file = file_of_node(node);
    if (*file != NO_FILE)
        return 0;
    RpcResult told = fs_stat(HANDLE_LOWER, node, scratch);
    struct fs_stat stat = *(const struct fs_stat *)scratch_bytes();
    if (told.status < 0 || (stat.mode & FS_TYPE) != FS_FILE)
        return told.status < 0 ? lower_result(told) : 0;
    *file = file_make(node, lower, stat.size);
    if (*file == NO_FILE) {
        files_write_back();
        *file = file_make(node, lower, stat.size);
    }
    return *file == NO_FILE ? -EMFILE : 0;
}

// With the file system's opening LOWER counted.
static int64_t open_count(uint64_t node, uint64_t lower, uint32_t flags, uint64_t ticket)
{
    uint32_t file;
    int64_t result = place_find(node, lower, &file);
    if (result < 0)
        return result;
    if (file == NO_FILE)
        return (int64_t)lower;
    kept->files[file].lower = lower;
    if (flags & FS_OPEN_TRUNCATE)
        pages_cut(file, 0);
    if (!ticket_is_counted(&kept->tickets, ticket)) {
        __atomic_fetch_add(&kept->files[file].opens, 1, __ATOMIC_SEQ_CST);
        ticket_count(&kept->tickets, ticket);
    }
    return (int64_t)file_number(file, flags & FS_OPEN_APPEND);
}

RpcResult fs_do_open(uint64_t node, uint32_t flags, uint64_t ticket)
{
    write_learn_time();
    if (!enter_soon())
        return rpc_error(-EAGAIN);
    uint32_t file = file_of_node(node);
    if (file != NO_FILE && !file_settle(file, core_time() + PATIENCE_NS))
        return leave(-EAGAIN);
    RpcResult opened = fs_open(HANDLE_LOWER, node, flags & ~FS_OPEN_APPEND, ticket);
    int64_t result = lower_result(opened);
    if (result < 0)
        return leave(result);
    result = open_count(node, opened.value, flags, ticket);
    if (result < 0 && result != -EAGAIN) // which comes again with the same ticket
        fs_close(HANDLE_LOWER, opened.value, ticket_take());
    return leave(result);
}

// The last one to have it open goes.
static void file_left(uint32_t file)
{
    uint64_t node = kept->files[file].node;
    file_settle(file, WAIT_FOREVER);
    if (file_dirty(file) && is_nameless(node)) {
        file_forget(file);
        file_uses[file].dirty_since = 0;
    }
}

// One that is repeated may have been counted here, or there as well.
static int64_t close_count(uint64_t number, uint64_t ticket)
{
    bool is_repeated = ticket_is_counted(&kept->tickets, ticket);
    uint32_t file = is_repeated ? file_of_closed(number) : file_of_number(number);
    if (file == NO_FILE)
        return is_repeated ? 0 : -EBADF;
    struct file_record *record = &kept->files[file];
    uint64_t lower = record->lower;
    if (!is_repeated) {
        ticket_count(&kept->tickets, ticket);
        __atomic_fetch_sub(&record->opens, 1, __ATOMIC_SEQ_CST);
    }
    if (!record->opens && record->node)
        file_left(file);
    return lower_result(fs_close(HANDLE_LOWER, lower, ticket));
}

RpcResult fs_do_close(uint64_t file, uint64_t ticket)
{
    if (!is_cached(file))
        return pass(fs_close(HANDLE_LOWER, file, ticket));
    mutex_lock(&vfs_lock);
    return leave(close_count(file, ticket));
}

// Pages that lie one after the other go in one copy.
static int64_t pages_read(uint32_t file, uint64_t offset, rref_t buffer, uint32_t start,
                          uint32_t length)
{
    uint64_t size = kept->files[file].size;
    uint32_t done = 0;
    if (offset >= size)
        return 0;
    if (length > size - offset)
        length = (uint32_t)(size - offset);
    while (done < length) {
        uint32_t page = (uint32_t)((offset + done) / PAGE_BYTES), at;
        uint32_t within = (uint32_t)((offset + done) % PAGE_BYTES), n = length - done;
        uint32_t wanted = (within + n + PAGE_BYTES - 1) / PAGE_BYTES;
        uint32_t slot = page_find(file, page);
        if (slot == NO_SLOT || slot_state(slot) == SLOT_FILLING) {
            int64_t fetched = page_fetch(file, page, wanted);
            if (fetched < 0)
                return done ? done : fetched;
            slot = (uint32_t)fetched;
        }
        uint32_t room = pages_in_row(file, page, slot, wanted) * PAGE_BYTES - within;
        rref_t pool = slot_pool(slot, &at);
        n = n < room ? n : room;
        int64_t error = core_rref_copy(buffer, start + done, pool, at + within, n);
        if (error < 0)
            return done ? done : error;
        page_use(slot);
        done += n;
    }
    pages_read_ahead(file, offset, offset + done);
    return done;
}

RpcResult fs_do_read(uint64_t number, uint64_t offset, rref_t buffer, uint32_t start,
                     uint32_t length)
{
    if (!is_cached(number))
        return pass(fs_read(HANDLE_LOWER, number, offset, buffer, start, length));
    mutex_lock(&vfs_lock);
    uint32_t file = file_of_number(number);
    if (file == NO_FILE)
        return leave(-EBADF);
    if (length >= PAST_BYTES && read_goes_past(file, offset, length)) {
        int64_t past = read_past(file, offset, buffer, start, length);
        if (past == length || past == FS_QUEUED)
            return leave(past);
    } // the file may be longer here than below
    return leave(pages_read(file, offset, buffer, start, length));
}

RpcResult fs_do_write(uint64_t number, uint64_t offset, rref_t buffer, uint32_t start,
                      uint32_t length)
{
    if (!is_cached(number))
        return pass(fs_write(HANDLE_LOWER, number, offset, buffer, start, length));
    if (length > FS_WRITE_MAX)
        return rpc_error(-EINVAL);
    mutex_lock(&vfs_lock);
    uint32_t file = file_of_number(number);
    if (file == NO_FILE)
        return leave(-EBADF);
    if (file_appends(number))
        offset = kept->files[file].size;
    return leave(pages_write(file, offset, buffer, start, length));
}

RpcResult fs_do_sync(uint64_t number)
{
    int64_t result, told = 0;
    mutex_lock(&vfs_lock);
    uint32_t file = is_cached(number) ? file_of_number(number) : NO_FILE;
    if (file == NO_FILE) {
        result = files_write_back();
    } else {
        result = file_write_back(file, ALL_PAGES);
        told = file_error_take(file);
        result = result < 0 ? result : told;
    }
    mutex_unlock(&vfs_lock);
    RpcResult below = pass(fs_sync(HANDLE_LOWER, FS_WHOLE));
    return result < 0 ? rpc_error(result) : below;
}

// ---- The whole ----

// All that there is belongs to a file system that is not there from now on. What a damaged one does
// not take stays, and so does the file system: a negative errno. By force it is lost.
static int64_t whole_end(bool by_force)
{
    int64_t result = files_write_back();
    if (result < 0 && !by_force)
        return result;
    if (result < 0)
        log_printf("%u pages could not be written (error %d): they are lost", (unsigned)pages_dirty,
                   (int)-result);
    files_settle(WAIT_FOREVER);
    files_forget_all();
    files_start();
    pools_free();
    room_forget();
    return 0;
}

RpcResult fs_do_control(uint64_t file, uint64_t request, rref_t argument, uint64_t value)
{
    if (file != FS_WHOLE)
        return is_cached(file) ? rpc_error(-ENOTTY)
                               : pass(fs_control(HANDLE_LOWER, file, request, argument, value));
    if (request != FS_CONTROL_MOUNT && request != FS_CONTROL_UNMOUNT)
        return pass(fs_control(HANDLE_LOWER, file, request, argument, value));
    write_learn_time();
    mutex_lock(&vfs_lock);
    int64_t result = whole_end(request == FS_CONTROL_MOUNT || (value & FS_FORCE));
    if (result == 0)
        result = lower_result(fs_control(HANDLE_LOWER, file, request, argument, value));
    return leave(result);
}

RpcResult fs_do_poll(uint64_t file)
{
    return is_cached(file) ? rpc_ok(FS_POLL_IN | FS_POLL_OUT) : pass(fs_poll(HANDLE_LOWER, file));
}

// ---- Life cycle ----

static void recover(void)
{
    pages_recover();
    files_recover();
}

// What there is to hand over is in the kept memory, which goes to the successor by itself.
int64_t domain_attach(void)
{
    int64_t made = core_rref_alloc(SCRATCH_BYTES, 0);
    if (made < 0)
        return made;
    scratch = (rref_t)made;
    made = kept_start();
    if (made < 0)
        return made;
    write_learn_time();
    pages_start();
    fetch_start();
    room_forget();
    recover();
    if (DOMAIN_VERSION >= 2)
        log_printf("%u pages to write are taken over", (unsigned)pages_dirty);
    int64_t started = writer_start();
    if (pages_dirty || kept->hold_node)
        writer_wake();
    return started;
}

RpcResult domain_export(uint64_t schema)
{
    return kept_export(schema, DOMAIN_SCHEMA);
}

int64_t domain_import(rref_t state, uint64_t schema)
{
    return kept_import(state, schema, DOMAIN_SCHEMA);
}

// A successor that failed to attach may have dropped pages.
int64_t domain_detach(uint64_t resume)
{
    if (resume) {
        kept_resume();
        recover();
        return writer_start();
    }
    uint64_t deadline = core_time() + DETACH_NS;
    if (!mutex_lock_until(&vfs_lock, deadline))
        return -EBUSY; // the writer is at work
    bool is_settled = files_settle(deadline);
    if (is_settled)
        writer_stop();
    mutex_unlock(&vfs_lock);
    return is_settled ? 0 : -EBUSY;
}

int64_t domain_exit(void)
{
    if (kept_is_handed_over())
        return 0;
    mutex_lock(&vfs_lock);
    int64_t result = files_write_back();
    mutex_unlock(&vfs_lock);
    return result;
}
