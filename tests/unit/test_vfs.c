// SPDX-License-Identifier: MIT
// test-sources: domains/vfs/vfs.c domains/vfs/files.c domains/vfs/pages.c domains/vfs/kept.c domains/vfs/fetch.c domains/vfs/write.c domains/vfs/write_back.c domainlib/kept_state.c domainlib/fs_defaults.c
// test-flags: -iquote tests/unit/fake_vfs -DHOST -Idomains/vfs -Idomainlib/include
//
// The page cache through its interface, beside a model of what files hold. The test is the core and
// the file system below. It ends the instance in the middle of requests, at any call that it makes,
// and lets the disk answer late, into what was lent to an instance that is gone.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <cmocka.h>
#include "domain.h"
#include "fs.h"
#include "fs_server.h"
#include "write.h"

int64_t domain_attach(void);

static uint64_t seed;

static uint32_t chance(uint32_t of)
{
    seed = seed * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(seed >> 33) % of;
}

// ---- The instance ends at a call that it makes ----

static jmp_buf end_of_instance;
static bool may_end;

static void perhaps_end(void)
{
    if (may_end && chance(60) == 0) {
        vfs_lock.locked = 0;
        longjmp(end_of_instance, 1);
    }
}

void mutex_lock(struct mutex *mutex)
{
    assert_int_equal(mutex->locked, 0);
    mutex->locked = 1;
}

bool mutex_lock_until(struct mutex *mutex, uint64_t deadline)
{
    (void)deadline;
    mutex_lock(mutex);
    return true;
}

void mutex_unlock(struct mutex *mutex)
{
    assert_int_equal(mutex->locked, 1);
    mutex->locked = 0;
}

void log_printf(const char *format, ...)
{
    (void)format;
}

static uint64_t date;

uint64_t wall_boot(void)
{
    return 1;
}

uint64_t wall_time(void)
{
    return ++date;
}

void wall_learn_kept(handle_t rtc, uint64_t *kept_boot)
{
    (void)rtc;
    *kept_boot = 1;
}

uint64_t ticket_take(void)
{
    static uint64_t next;
    return ++next * STACK_THREADS + 1; // of another thread than the requests' own
}

int64_t writer_start(void)
{
    return 0;
}

void writer_stop(void) {}

void writer_wake(void) {}

// ---- RRefs: memory with a 32-bit address, as in a slot ----

#define RREFS 256

static struct buffer {
    rref_t rref;
    uint64_t length, key; // key + 1
    uint32_t lent;        // to the disk
    uint64_t tag;
    bool is_heard; // its completions come to the event of this instance
} buffers[RREFS];

static struct buffer *buffer_of(rref_t rref)
{
    for (struct buffer *buffer = buffers; buffer < buffers + RREFS; buffer++)
        if (buffer->rref == rref && rref)
            return buffer;
    fail_msg("no RRef");
    return NULL;
}

static char *bytes_of(rref_t rref, uint64_t offset, uint64_t n)
{
    struct buffer *buffer = buffer_of(rref);
    assert_true(offset <= buffer->length && n <= buffer->length - offset);
    return (char *)(uintptr_t)rref + offset;
}

int64_t core_rref_alloc(uint64_t bytes, uint64_t type)
{
    (void)type;
    for (struct buffer *buffer = buffers; buffer < buffers + RREFS; buffer++) {
        if (buffer->rref)
            continue;
        void *place = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
                           MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
        assert_true(place != MAP_FAILED);
        *buffer = (struct buffer){.rref = (uintptr_t)place, .length = bytes};
        return (int64_t)buffer->rref;
    }
    return -ENOMEM;
}

static uint64_t events;
static struct completion completed[64];
static uint32_t completed_count;

// A freed RRef takes its completions along.
static void completions_forget(uint64_t tag)
{
    uint32_t left = 0;
    for (uint32_t i = 0; i < completed_count; i++)
        if (completed[i].tag != tag)
            completed[left++] = completed[i];
    completed_count = left;
}

int64_t core_rref_free(rref_t rref)
{
    struct buffer *buffer = buffer_of(rref);
    if (buffer->lent)
        return -EBUSY;
    completions_forget(buffer->tag);
    munmap((void *)(uintptr_t)rref, buffer->length);
    *buffer = (struct buffer){0};
    return 0;
}

int64_t core_rref_length(rref_t rref)
{
    return (int64_t)buffer_of(rref)->length;
}

int64_t core_rref_keep(rref_t rref, uint64_t key, uint64_t schema)
{
    (void)schema;
    buffer_of(rref)->key = key + 1;
    return 0;
}

int64_t core_rref_kept(uint64_t key, uint64_t schema)
{
    (void)schema;
    for (struct buffer *buffer = buffers; buffer < buffers + RREFS; buffer++)
        if (buffer->rref && buffer->key == key + 1)
            return (int64_t)buffer->rref;
    return -ENOENT;
}

int64_t core_rref_copy(rref_t target, uint64_t target_offset, rref_t source, uint64_t source_offset,
                       uint64_t n)
{
    uint64_t half = chance(2) ? n : n / 2;
    memcpy(bytes_of(target, target_offset, n), bytes_of(source, source_offset, n), half);
    perhaps_end();
    memcpy(bytes_of(target, target_offset, n), bytes_of(source, source_offset, n), n);
    return 0;
}

int64_t core_rref_fill(rref_t rref, uint64_t offset, uint8_t byte, uint64_t n)
{
    perhaps_end();
    memset(bytes_of(rref, offset, n), byte, n);
    return 0;
}

int64_t core_rref_read(rref_t rref, uint64_t offset, void *target, uint64_t n)
{
    memcpy(target, bytes_of(rref, offset, n), n);
    return 0;
}

int64_t core_rref_write(rref_t rref, uint64_t offset, const void *source, uint64_t n)
{
    memcpy(bytes_of(rref, offset, n), source, n);
    return 0;
}

int64_t core_system_info(struct system_info *out)
{
    *out = (struct system_info){.pages = 8 * 2 * POOL_SLOTS}; // two pools
    return 0;
}

uint64_t core_time(void)
{
    static uint64_t now;
    return now += 1000;
}

// ---- The disk: reads that are queued are done when somebody waits, or when another is queued ----

#define QUEUE 8

static struct queued {
    rref_t rref; // 0: the place is free
    uint32_t start, length;
    uint64_t node, offset;
} queue[QUEUE];

static void read_now(uint64_t node, uint64_t offset, rref_t buffer, uint32_t start,
                     uint32_t length);

static void queued_finish(struct queued *one)
{
    struct buffer *buffer = buffer_of(one->rref);
    read_now(one->node, one->offset, one->rref, one->start, one->length);
    buffer->lent--;
    one->rref = 0;
    if (!buffer->is_heard)
        return;
    assert_true(completed_count < 64);
    completed[completed_count++] = (struct completion){buffer->tag, 0};
    events++;
}

static void disk_work(uint32_t one_in)
{
    for (struct queued *one = queue; one < queue + QUEUE; one++)
        if (one->rref && chance(one_in) == 0)
            queued_finish(one);
}

int64_t core_event_create(void)
{
    completed_count = 0; // those went to the event of an instance that is gone
    return 7;
}

int64_t core_event_count(handle_t event)
{
    (void)event;
    return (int64_t)events;
}

int64_t core_rref_completion(rref_t rref, handle_t event, uint64_t tag)
{
    (void)event;
    buffer_of(rref)->tag = tag;
    buffer_of(rref)->is_heard = true;
    return 0;
}

int64_t core_completion_reap(handle_t event, struct completion *out, uint64_t max)
{
    (void)event, (void)max;
    if (!completed_count)
        return 0;
    *out = completed[0];
    memmove(completed, completed + 1, --completed_count * sizeof *completed);
    return 1;
}

// Nobody waits for what does not come.
int64_t core_wait(const struct wait_item *items, uint64_t count, uint64_t deadline)
{
    static uint32_t in_vain;
    (void)count, (void)deadline;
    perhaps_end();
    disk_work(1);
    in_vain = events == items->seen ? in_vain + 1 : 0;
    assert_true(in_vain < 5);
    return events == items->seen ? -EINTR : 0;
}

// ---- The file system below ----

#define FILES            6
#define SIZE_MAX_OF_FILE 900000u
#define NODE(i)          ((uint64_t)below[i].generation << 32 | (i + 1))

static struct below {
    uint8_t bytes[SIZE_MAX_OF_FILE];
    uint64_t size;
    uint32_t generation, links, opens;
    bool has[SIZE_MAX_OF_FILE / 4096 + 1]; // blocks; the others are holes
} below[FILES];

static uint64_t tickets[4];           // the last of each thread
static uint64_t room_below = 1 << 20; // blocks

static struct below *below_of(uint64_t node)
{
    uint32_t i = (uint32_t)node - 1;
    assert_true(i < FILES);
    bool lives = below[i].links || below[i].opens;
    return lives && below[i].generation == node >> 32 ? &below[i] : NULL;
}

static bool is_counted(uint64_t ticket)
{
    bool is = tickets[ticket % STACK_THREADS] == ticket;
    tickets[ticket % STACK_THREADS] = ticket;
    return is;
}

static void below_settle(struct below *file)
{
    if (file->links || file->opens)
        return;
    memset(file->has, 0, sizeof file->has);
    file->size = 0;
    file->generation++;
}

static void read_now(uint64_t node, uint64_t offset, rref_t buffer, uint32_t start, uint32_t length)
{
    memcpy(bytes_of(buffer, start, length), below[(uint32_t)node - 1].bytes + offset, length);
}

static void below_size(struct below *file, uint64_t size)
{
    if (size > file->size)
        memset(file->bytes + file->size, 0, size - file->size);
    for (uint64_t block = (size + 4095) / 4096; block <= SIZE_MAX_OF_FILE / 4096; block++)
        file->has[block] = false;
    file->size = size;
}

RpcResult fs_open(handle_t handle, uint64_t node, uint32_t flags, uint64_t ticket)
{
    (void)handle;
    perhaps_end();
    struct below *file = below_of(node);
    if (!file)
        return rpc_error(-ESTALE);
    if (!is_counted(ticket))
        file->opens++;
    if (flags & FS_OPEN_TRUNCATE)
        below_size(file, 0);
    perhaps_end();
    return rpc_ok(node);
}

RpcResult fs_close(handle_t handle, uint64_t node, uint64_t ticket)
{
    (void)handle;
    perhaps_end();
    struct below *file = below_of(node);
    if (is_counted(ticket))
        return rpc_ok(0);
    if (!file || !file->opens)
        return rpc_error(-EBADF);
    file->opens--;
    below_settle(file);
    perhaps_end();
    return rpc_ok(0);
}

RpcResult fs_stat(handle_t handle, uint64_t node, rref_t out)
{
    (void)handle;
    perhaps_end();
    struct below *file = below_of(node);
    if (!file)
        return rpc_error(-ESTALE);
    struct fs_stat stat = {.size = file->size, .mode = FS_FILE, .links = file->links};
    core_rref_write(out, 0, &stat, sizeof stat);
    return rpc_ok(0);
}

RpcResult fs_read(handle_t handle, uint64_t node, uint64_t offset, rref_t buffer, uint32_t start,
                  uint32_t length)
{
    (void)handle;
    perhaps_end();
    disk_work(2);
    struct below *file = below_of(node);
    assert_non_null(file);
    assert_true(file->opens > 0);
    if (offset >= file->size)
        return rpc_ok(0);
    uint32_t n = file->size - offset < length ? (uint32_t)(file->size - offset) : length;
    for (struct queued *one = queue; n == length && length % 4096 == 0 && one < queue + QUEUE;
         one++) {
        if (one->rref)
            continue;
        *one = (struct queued){buffer, start, length, node, offset};
        buffer_of(buffer)->lent++;
        perhaps_end();
        return rpc_ok(FS_QUEUED);
    }
    read_now(node, offset, buffer, start, n);
    return rpc_ok(n);
}

static uint64_t blocks_used(void)
{
    uint64_t used = 0;
    for (uint32_t i = 0; i < FILES; i++)
        for (uint32_t block = 0; block <= SIZE_MAX_OF_FILE / 4096; block++)
            used += below[i].has[block];
    return used;
}

RpcResult fs_write(handle_t handle, uint64_t node, uint64_t offset, rref_t buffer, uint32_t start,
                   uint32_t length)
{
    (void)handle;
    perhaps_end();
    struct below *file = below_of(node);
    if (!file || !file->opens)
        return rpc_error(-EBADF);
    assert_true(offset + length <= SIZE_MAX_OF_FILE);
    if (length >= FS_WRITE_LENT)
        buffer_of(buffer)->is_heard = false; // completions came here
    struct below before = *file;
    if (offset + length > file->size)
        below_size(file, offset + length);
    for (uint64_t block = offset / 4096; block <= (offset + length - 1) / 4096; block++)
        file->has[block] = true;
    if (blocks_used() > room_below) {
        *file = before;
        return rpc_error(-ENOSPC);
    }
    memcpy(file->bytes + offset, bytes_of(buffer, start, length), length);
    perhaps_end();
    return rpc_ok(length);
}

RpcResult fs_truncate(handle_t handle, uint64_t node, uint64_t size)
{
    (void)handle;
    perhaps_end();
    struct below *file = below_of(node);
    if (!file)
        return rpc_error(-ESTALE);
    below_size(file, size);
    perhaps_end();
    return rpc_ok(0);
}

RpcResult fs_control(handle_t handle, uint64_t file, uint64_t request, rref_t argument,
                     uint64_t value)
{
    (void)handle, (void)file, (void)value;
    perhaps_end();
    assert_int_equal(request, FS_CONTROL_SPACE);
    struct fs_space space = {.block_size = 4096, .free_blocks = room_below - blocks_used()};
    core_rref_write(argument, 0, &space, sizeof space);
    return rpc_ok(0);
}

static uint32_t named(rref_t name)
{
    return *(const uint8_t *)bytes_of(name, 0, 1);
}

RpcResult fs_lookup(handle_t handle, uint64_t dir, rref_t name, uint32_t length)
{
    (void)handle, (void)dir, (void)length;
    perhaps_end();
    uint32_t i = named(name);
    return below[i].links ? rpc_ok(NODE(i)) : rpc_error(-ENOENT);
}

RpcResult fs_remove(handle_t handle, uint64_t dir, rref_t name, uint32_t length, uint32_t directory)
{
    (void)handle, (void)dir, (void)length, (void)directory;
    struct below *file = &below[named(name)];
    if (!file->links)
        return rpc_error(-ENOENT);
    file->links = 0;
    below_settle(file);
    return rpc_ok(0);
}

RpcResult fs_set_attribute(handle_t handle, uint64_t node, uint32_t attribute, uint64_t value)
{
    (void)handle, (void)node, (void)attribute, (void)value;
    perhaps_end();
    return rpc_ok(0);
}

RpcResult fs_sync(handle_t handle, uint64_t file)
{
    (void)handle, (void)file;
    perhaps_end();
    return rpc_ok(0);
}

#define NOT_ASKED(call)                                                                            \
    {                                                                                              \
        fail_msg(call);                                                                            \
        return rpc_error(-EIO);                                                                    \
    }

RpcResult fs_root(handle_t handle)
{
    (void)handle;
    NOT_ASKED("root")
}

RpcResult fs_readdir(handle_t handle, uint64_t node, uint64_t position, rref_t buffer,
                     uint32_t length)
{
    (void)handle, (void)node, (void)position, (void)buffer, (void)length;
    NOT_ASKED("readdir")
}

RpcResult fs_create(handle_t handle, uint64_t dir, rref_t name, uint32_t length, uint32_t mode,
                    uint32_t target_length)
{
    (void)handle, (void)dir, (void)name, (void)length, (void)mode, (void)target_length;
    NOT_ASKED("create")
}

RpcResult fs_rename(handle_t handle, uint64_t dir, rref_t name, uint32_t length, uint64_t new_dir,
                    rref_t new_name, uint32_t new_length)
{
    (void)handle, (void)dir, (void)name, (void)length, (void)new_dir, (void)new_name;
    (void)new_length;
    NOT_ASKED("rename")
}

RpcResult fs_link(handle_t handle, uint64_t node, uint64_t dir, rref_t name, uint32_t length)
{
    (void)handle, (void)node, (void)dir, (void)name, (void)length;
    NOT_ASKED("link")
}

RpcResult fs_readlink(handle_t handle, uint64_t node, rref_t out, uint32_t length)
{
    (void)handle, (void)node, (void)out, (void)length;
    NOT_ASKED("readlink")
}

RpcResult fs_poll(handle_t handle, uint64_t file)
{
    (void)handle, (void)file;
    NOT_ASKED("poll")
}

// ---- The user: requests, repeated where the instance ended, and what files must hold ----

static struct model {
    uint8_t bytes[SIZE_MAX_OF_FILE];
    uint64_t size, node;
    uint32_t opens;
    uint64_t numbers[4];
} models[FILES];

static rref_t user;
static uint64_t ticket_of_request;
static uint32_t ends;       // of instances
static uint32_t past_cache; // reads that the disk has made for the user

struct request {
    enum { OPEN, CLOSE, READ, WRITE, TRUNCATE, SYNC, REMOVE, STAT, TEND } kind;
    uint64_t number, offset;
    uint32_t start, length;
};

static RpcResult request_make(const struct request *request)
{
    switch (request->kind) {
    case OPEN:
        return fs_do_open(request->number, (uint32_t)request->offset, ticket_of_request);
    case CLOSE:
        return fs_do_close(request->number, ticket_of_request);
    case READ:
        return fs_do_read(request->number, request->offset, user, request->start, request->length);
    case WRITE:
        return fs_do_write(request->number, request->offset, user, request->start, request->length);
    case TRUNCATE:
        return fs_do_truncate(request->number, request->offset);
    case SYNC:
        return fs_do_sync(request->number);
    case REMOVE:
        return fs_do_remove(0, user, 1, 0);
    case STAT:
        return fs_do_stat(request->number, user);
    case TEND:
        hold_recover();
        write_back_tend();
        return rpc_ok(0);
    }
    return rpc_error(-EINVAL);
}

static void instance_begin(void)
{
    may_end = false;
    vfs_lock.locked = 0;
    assert_int_equal(domain_attach(), 0);
}

// The names do not survive being removed twice, so that is not ended in the middle.
static RpcResult ask(struct request request)
{
    static struct request now;
    now = request;
    ticket_of_request += STACK_THREADS; // of thread 0
    if (setjmp(end_of_instance)) {
        ends++;
        instance_begin();
    }
    may_end = now.kind != REMOVE;
    RpcResult result = request_make(&now);
    may_end = false;
    assert_int_equal(vfs_lock.locked, 0);
    return result;
}

static void step_open(uint32_t i)
{
    struct model *model = &models[i];
    if (model->opens == 4 || !below[i].links)
        return;
    uint32_t flags = 2 | (chance(8) == 0 ? FS_OPEN_TRUNCATE : 0);
    RpcResult opened = ask((struct request){OPEN, model->node, flags, 0, 0});
    assert_int_equal(opened.status, 0);
    if (flags & FS_OPEN_TRUNCATE)
        model->size = 0;
    model->numbers[model->opens++] = opened.value;
}

static void step_close(uint32_t i)
{
    struct model *model = &models[i];
    if (!model->opens)
        return;
    model->opens--;
    RpcResult closed = ask((struct request){CLOSE, model->numbers[model->opens], 0, 0, 0});
    assert_int_equal(closed.status, 0);
}

static void span_choose(const struct model *model, uint64_t *offset, uint32_t *length)
{
    *length = chance(3) ? chance(9000) + 1 : chance(200000) + 1;
    *offset = chance(2) ? chance(SIZE_MAX_OF_FILE) : chance((uint32_t)model->size + 1);
    if (chance(2))
        *offset &= ~4095ull;
    if (chance(5) == 0) {
        *offset &= ~4095ull;
        *length = (32 + chance(32)) * 4096;
    }
    if (*offset + *length > SIZE_MAX_OF_FILE)
        *length = (uint32_t)(SIZE_MAX_OF_FILE - *offset);
}

static void step_read(uint32_t i)
{
    struct model *model = &models[i];
    uint64_t offset;
    uint32_t length;
    if (!model->opens)
        return;
    span_choose(model, &offset, &length);
    if (!length)
        return;
    RpcResult got = ask((struct request){READ, model->numbers[0], offset, 64, length});
    assert_int_equal(got.status, 0);
    if (got.value == FS_QUEUED) {
        past_cache++;
        got.value = length;
    }
    while (buffer_of(user)->lent)
        disk_work(1);
    uint64_t wanted = offset >= model->size           ? 0
                      : model->size - offset < length ? model->size - offset
                                                      : length;
    assert_int_equal(got.value, wanted);
    assert_memory_equal(bytes_of(user, 64, wanted), model->bytes + offset, wanted);
}

static void step_write(uint32_t i)
{
    struct model *model = &models[i];
    uint64_t offset;
    uint32_t length;
    if (!model->opens)
        return;
    span_choose(model, &offset, &length);
    if (!length)
        return;
    uint8_t *bytes = (uint8_t *)bytes_of(user, 64, length);
    for (uint32_t k = 0; k < length; k++)
        bytes[k] = (uint8_t)(chance(256));
    RpcResult put = ask((struct request){WRITE, model->numbers[0], offset, 64, length});
    if (put.status == -ENOSPC)
        return;
    assert_int_equal(put.status, 0);
    uint64_t end = offset + put.value;
    if (end > model->size) {
        memset(model->bytes + model->size, 0, end - model->size);
        model->size = end;
    }
    memcpy(model->bytes + offset, bytes, put.value);
}

static void step_truncate(uint32_t i)
{
    struct model *model = &models[i];
    uint64_t size = chance(2) ? chance(SIZE_MAX_OF_FILE) : chance((uint32_t)model->size + 1);
    if (!below[i].links)
        return;
    assert_int_equal(ask((struct request){TRUNCATE, model->node, size, 0, 0}).status, 0);
    if (size > model->size)
        memset(model->bytes + model->size, 0, size - model->size);
    model->size = size;
}

static void step_stat(uint32_t i)
{
    struct fs_stat stat;
    if (!below[i].links)
        return;
    assert_int_equal(ask((struct request){STAT, models[i].node, 0, 0, 0}).status, 0);
    core_rref_read(user, 0, &stat, sizeof stat);
    assert_int_equal(stat.size, models[i].size);
}

// A name goes, and where nobody has the file open a new one gets its place.
static void step_remove(uint32_t i)
{
    struct model *model = &models[i];
    if (below[i].links) {
        uint8_t name = (uint8_t)i;
        core_rref_write(user, 0, &name, 1);
        assert_int_equal(ask((struct request){REMOVE, 0, 0, 0, 0}).status, 0);
    }
    if (!below[i].links && !below[i].opens) {
        below[i].links = 1;
        *model = (struct model){.node = NODE(i)};
    }
}

static void step(void)
{
    uint32_t i = chance(FILES);
    switch (chance(16)) {
    case 0:
        step_open(i);
        break;
    case 1:
        step_close(i);
        break;
    case 2:
        if (chance(4) == 0)
            step_truncate(i);
        break;
    case 3:
        if (chance(8) == 0)
            step_remove(i);
        break;
    case 4:
        ask((struct request){SYNC, models[i].opens ? models[i].numbers[0] : FS_WHOLE, 0, 0, 0});
        break;
    case 5:
        ask((struct request){TEND, 0, 0, 0, 0});
        break;
    case 6:
        step_stat(i);
        break;
    case 7 ... 10:
        step_write(i);
        break;
    default:
        step_read(i);
    }
    disk_work(8);
}

static void world_begin(uint64_t number)
{
    seed = number;
    for (uint32_t i = 0; i < RREFS; i++)
        if (buffers[i].rref)
            munmap((void *)(uintptr_t)buffers[i].rref, buffers[i].length);
    memset(buffers, 0, sizeof buffers);
    memset(queue, 0, sizeof queue);
    memset(models, 0, sizeof models);
    memset(tickets, 0, sizeof tickets);
    completed_count = ends = 0;
    room_below = 1 << 20;
    for (uint32_t i = 0; i < FILES; i++) {
        below[i] = (struct below){.generation = below[i].generation + 1, .links = 1};
        models[i].node = NODE(i);
    }
    user = (rref_t)core_rref_alloc(1 << 20, 0);
    instance_begin();
}

static void world_end(void)
{
    assert_int_equal(ask((struct request){SYNC, FS_WHOLE, 0, 0, 0}).status, 0);
    assert_int_equal(pages_dirty, 0);
    for (uint32_t i = 0; i < FILES; i++) {
        if (!below[i].links)
            continue;
        assert_int_equal(below[i].size, models[i].size);
        assert_memory_equal(below[i].bytes, models[i].bytes, models[i].size);
    }
    for (uint32_t i = 0; i < FILES; i++)
        while (models[i].opens)
            step_close(i);
    ask((struct request){TEND, 0, 0, 0, 0});
    for (uint32_t i = 0; i < FILES; i++)
        assert_int_equal(below[i].opens, 0);
}

static void files_hold_what_was_written_though_the_instance_ends_anywhere(void **state)
{
    uint32_t all = 0;
    (void)state;
    for (uint64_t world = 1; world <= 60; world++) {
        world_begin(world);
        for (int i = 0; i < 600; i++)
            step();
        world_end();
        all += ends;
    }
    assert_true(all > 1000);
    assert_true(past_cache > 50);
}

static void what_is_promised_has_room_on_a_small_disk(void **state)
{
    (void)state;
    for (uint64_t world = 100; world < 110; world++) {
        world_begin(world);
        room_below = 500;
        for (int i = 0; i < 600; i++)
            step();
        world_end();
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(files_hold_what_was_written_though_the_instance_ends_anywhere),
        cmocka_unit_test(what_is_promised_has_room_on_a_small_disk),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
