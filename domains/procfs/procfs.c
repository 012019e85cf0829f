// SPDX-License-Identifier: MIT
#include "procfs.h"

#include <string.h>
#include "command.h"
#include "domain.h"
#include "fs_server.h"
#include "kernel/abi/error.h"
#include "wall.h"

#define LOG_SIZE 65536u // of the kernel's ring
#define PIECE    1024u

static struct open_file files_new[OPEN_MAX]; // what an update brings, until attach
struct open_file *files = files_new;
uint64_t opens_total;
static struct mutex files_lock;

// NULL: it is not open, or has no record.
static struct open_file *file_find(uint64_t number)
{
    uint64_t index = number & 0xFFFF, uses = number >> 16;
    if (index >= OPEN_MAX || !files[index].node || files[index].uses != uses)
        return NULL;
    return &files[index];
}

// The node of an open file and its record, if it has one. 0: it is not open.
static uint64_t file_node(uint64_t number, struct open_file **file)
{
    *file = NULL;
    if (number & FILE_STATELESS)
        return number & FILE_NODE;
    *file = file_find(number);
    return *file ? (*file)->node : 0;
}

RpcResult fs_do_root(void)
{
    return rpc_ok(NODE_ROOT);
}

RpcResult fs_do_lookup(uint64_t dir, rref_t name, uint32_t length)
{
    char text[FS_NAME_MAX + 1] = {0};
    struct node node;
    if (!node_find(dir, &node))
        return rpc_error(-ESTALE);
    if ((node.mode & FS_TYPE) != FS_DIRECTORY)
        return rpc_error(-ENOTDIR);
    if (length > FS_NAME_MAX)
        return rpc_error(-ENAMETOOLONG);
    int64_t error = core_rref_read(name, 0, text, length);
    if (error < 0)
        return rpc_error(error);
    uint64_t position = 0, child = node_child(dir, &position, text, &node);
    return child ? rpc_ok(child) : rpc_error(-ENOENT);
}

RpcResult fs_do_stat(uint64_t number, rref_t out)
{
    struct node node;
    if (!node_find(number, &node))
        return rpc_error(-ESTALE);
    wall_learn(HANDLE_RTC);
    uint64_t now = wall_time();
    struct fs_stat stat = {.node = number,
                           .mode = node.mode,
                           .links = 1,
                           .block_size = 4096,
                           .accessed = now,
                           .modified = now,
                           .changed = now};
    int64_t error = core_rref_write(out, 0, &stat, sizeof stat);
    return error < 0 ? rpc_error(error) : rpc_ok(0);
}

// The opening that a crash has made before its number was told, or else a free place of the table.
// Where there is none, the places go round: their holders may be gone without a close, with a crash
// of posix, and the way to give commands must not be lost by that.
static uint64_t place_take(uint64_t ticket)
{
    static uint64_t next;
    for (uint64_t index = 0; index < OPEN_MAX; index++)
        if (files[index].node && files[index].ticket == ticket)
            return index;
    for (uint64_t index = 0; index < OPEN_MAX; index++)
        if (!files[index].node)
            return index;
    return next++ % OPEN_MAX;
}

RpcResult fs_do_open(uint64_t number, uint32_t flags, uint64_t ticket)
{
    struct node node;
    struct system_info info = {0};
    if (!node_find(number, &node))
        return rpc_error(-ESTALE);
    if ((node.mode & FS_TYPE) == FS_DIRECTORY && flags & FS_OPEN_ACCESS)
        return rpc_error(-EISDIR);
    if (flags & FS_OPEN_ACCESS && !node.command && (node.mode & FS_TYPE) == FS_FILE)
        return rpc_error(-EACCES);
    uint64_t opening = __atomic_fetch_add(&opens_total, 1, __ATOMIC_RELAXED);
    if (!node.command && !node.log)
        return rpc_ok(FILE_STATELESS | (opening << FILE_OPENING_SHIFT & FILE_OPENING) | number);
    core_system_info(&info);
    mutex_lock(&files_lock);
    uint64_t index = place_take(ticket);
    struct open_file *file = &files[index];
    file->node = 0;
    file->uses++;
    file->ticket = ticket;
    file->reply[0] = 0;
    file->reply_at = 0;
    file->log_base = info.log_end > LOG_SIZE ? info.log_end - LOG_SIZE : 0;
    __atomic_store_n(&file->node, number, __ATOMIC_RELEASE); // last: a crash here loses nothing
    uint64_t opened = (uint64_t)file->uses << 16 | index;
    mutex_unlock(&files_lock);
    return rpc_ok(opened);
}

// A number is of one opening: a close that is repeated finds it closed.
RpcResult fs_do_close(uint64_t number, uint64_t ticket)
{
    (void)ticket;
    struct open_file *file;
    if (!file_node(number, &file))
        return rpc_error(-EBADF);
    if (file)
        file->node = 0;
    else
        snapshot_forget(number);
    return rpc_ok(0);
}

static RpcResult read_log(struct open_file *file, uint64_t offset, rref_t buffer, uint32_t start,
                          uint32_t length)
{
    char piece[PIECE];
    uint32_t done = 0;
    while (done < length) {
        uint32_t count = length - done < PIECE ? length - done : PIECE;
        int64_t got = core_log_read(HANDLE_LOG, file->log_base + offset + done, piece, count);
        if (got <= 0)
            break;
        int64_t error = core_rref_write(buffer, start + done, piece, (uint64_t)got);
        if (error < 0)
            return rpc_error(error);
        done += (uint32_t)got;
    }
    return rpc_ok(done);
}

static RpcResult read_reply(struct open_file *file, rref_t buffer, uint32_t start, uint32_t length)
{
    uint32_t left = (uint32_t)strlen(file->reply) - file->reply_at;
    uint32_t count = left < length ? left : length;
    int64_t error = core_rref_write(buffer, start, file->reply + file->reply_at, count);
    if (error < 0)
        return rpc_error(error);
    file->reply_at += count;
    return rpc_ok(count);
}

// Made at the read from its start; the reads that go on there are of the same text.
static RpcResult read_report(const struct node *node, uint64_t number, uint64_t opened,
                             uint64_t offset, rref_t buffer, uint32_t start, uint32_t length)
{
    RpcResult result = rpc_ok(0);
    if (offset && snapshot_read(number, offset, buffer, start, length, &result))
        return result;
    struct text text = {0};
    node->report(&text, opened);
    result = text_read(&text, offset, buffer, start, length);
    if (result.status == RPC_OK && !offset)
        snapshot_keep(number, &text);
    else
        text_free(&text);
    return result;
}

RpcResult fs_do_read(uint64_t number, uint64_t offset, rref_t buffer, uint32_t start,
                     uint32_t length)
{
    struct node node;
    struct open_file *file;
    uint64_t opened = file_node(number, &file);
    if (!opened)
        return rpc_error(-EBADF);
    if (!node_find(opened, &node) || ((node.log || node.command) && !file))
        return rpc_error(-ESRCH);
    if (node.log)
        return read_log(file, offset, buffer, start, length);
    if (node.command)
        return read_reply(file, buffer, start, length);
    if (!node.report)
        return rpc_error(-EISDIR);
    return read_report(&node, number, opened, offset, buffer, start, length);
}

// A command is one line of one write: it is carried out before the write returns.
RpcResult fs_do_write(uint64_t number, uint64_t offset, rref_t buffer, uint32_t start,
                      uint32_t length)
{
    char line[COMMAND_LINE_MAX];
    struct node node;
    struct open_file *file;
    uint64_t opened = file_node(number, &file);
    (void)offset;
    if (!opened)
        return rpc_error(-EBADF);
    if (!node_find(opened, &node) || !node.command || !file)
        return rpc_error(-EACCES);
    if (length > sizeof line) {
        log_printf("command refused: it has %u bytes, at most 4096 are possible", (unsigned)length);
        return rpc_error(-E2BIG);
    }
    int64_t error = core_rref_read(buffer, start, line, length);
    if (error < 0)
        return rpc_error(error);
    char reply[REPLY_SIZE];
    error = operator_run(line, length, reply);
    strcpy(file->reply, reply);
    file->reply_at = 0;
    return error < 0 ? rpc_error(error) : rpc_ok(length);
}

RpcResult fs_do_readdir(uint64_t dir, uint64_t position, rref_t buffer, uint32_t length)
{
    uint64_t record[FS_ENTRY_LENGTH(FS_NAME_MAX) / 8 + 1];
    struct fs_entry *entry = (struct fs_entry *)record;
    uint32_t filled = 0;
    struct node node;
    if (!node_find(dir, &node))
        return rpc_error(-ESTALE);
    if ((node.mode & FS_TYPE) != FS_DIRECTORY)
        return rpc_error(-ENOTDIR);
    for (;;) {
        memset(&node, 0, sizeof node);
        node.mode = FS_DIRECTORY;
        uint64_t child = dir, next = position - 2;
        if (position < 2)
            strcpy(node.name, position ? ".." : ".");
        else
            child = node_child(dir, &next, NULL, &node);
        next = position < 2 ? position + 1 : next + 2;
        if (!child)
            return rpc_ok(filled);
        uint32_t size = (uint32_t)FS_ENTRY_LENGTH(strlen(node.name));
        if (size > length - filled)
            return filled ? rpc_ok(filled) : rpc_error(-EINVAL);
        memset(record, 0, size);
        entry->node = child;
        entry->next = next;
        entry->length = (uint16_t)size;
        entry->type = (uint8_t)((node.mode & FS_TYPE) >> 12);
        strcpy(entry->name, node.name);
        int64_t error = core_rref_write(buffer, filled, record, size);
        if (error < 0)
            return rpc_error(error);
        filled += size;
        position = next;
    }
}

RpcResult fs_do_readlink(uint64_t number, rref_t out, uint32_t length)
{
    struct node node;
    if (!node_find(number, &node))
        return rpc_error(-ESTALE);
    if ((node.mode & FS_TYPE) != FS_SYMLINK)
        return rpc_error(-EINVAL);
    struct text text = {0};
    node.report(&text, number);
    RpcResult result = text_read(&text, 0, out, 0, length);
    text_free(&text);
    return result;
}

// `> command` opens with O_TRUNC.
RpcResult fs_do_truncate(uint64_t number, uint64_t size)
{
    struct node node;
    (void)size;
    return node_find(number, &node) && node.command ? rpc_ok(0) : rpc_error(-EACCES);
}
