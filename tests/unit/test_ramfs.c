// SPDX-License-Identifier: MIT
// test-sources: domains/ramfs/ramfs.c domains/ramfs/node.c domains/ramfs/directory.c domains/ramfs/content.c domains/ramfs/load.c domains/ramfs/cpio.c domains/ramfs/arena.c domains/ramfs/recover.c domainlib/state.c domainlib/fs_defaults.c
// test-flags: -Itests/unit/fake_core -DHOST -Idomains/ramfs -Idomainlib/include
//
// The root file system through its interface, with the address sanitizer watching.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "arena.h"
#include "core.h"
#include "fs_server.h"
#include "mutex.h"
#include "node.h"
#include "wall.h"
#include "ticket.h"

int64_t domain_attach(void);

void mutex_lock_late(struct mutex *mutex)
{
    (void)mutex;
    fail_msg("there is one thread, and it has locked already");
}

void mutex_wake(const struct mutex *mutex)
{
    (void)mutex;
    fail_msg("nobody sleeps");
}

void log_printf(const char *format, ...)
{
    (void)format;
}

static uint64_t date = 1; // what the clock tells

void wall_learn(handle_t rtc)
{
    (void)rtc;
}

void wall_learn_kept(handle_t rtc, uint64_t *kept)
{
    (void)rtc;
    *kept = date;
}

uint64_t wall_boot(void)
{
    return date;
}

void wall_restore(uint64_t boot)
{
    date = boot;
}

uint64_t wall_time(void)
{
    return date;
}

static uint64_t root;

static rref_t lend(const void *bytes)
{
    return (rref_t)(uintptr_t)bytes;
}

static uint64_t make(uint64_t dir, const char *name, uint32_t mode)
{
    RpcResult result = fs_do_create(dir, lend(name), (uint32_t)strlen(name), mode, 0);
    assert_int_equal(result.status, 0);
    return result.value;
}

static RpcResult find(uint64_t dir, const char *name)
{
    return fs_do_lookup(dir, lend(name), (uint32_t)strlen(name));
}

static int64_t drop(uint64_t dir, const char *name, bool directory)
{
    return fs_do_remove(dir, lend(name), (uint32_t)strlen(name), directory).status;
}

static int64_t move(uint64_t dir, const char *name, uint64_t new_dir, const char *new_name)
{
    return fs_do_rename(dir, lend(name), (uint32_t)strlen(name), new_dir, lend(new_name),
                        (uint32_t)strlen(new_name))
        .status;
}

static struct fs_stat stat_of(uint64_t node)
{
    struct fs_stat stat;
    assert_int_equal(fs_do_stat(node, lend(&stat)).status, 0);
    return stat;
}

static int start(void **state)
{
    static bool started;
    (void)state;
    if (!started)
        assert_int_equal(domain_attach(), 0);
    started = true;
    root = fs_do_root().value;
    return 0;
}

static void what_is_written_is_read_again_with_zeros_in_gaps(void **state)
{
    uint8_t out[20000], in[20000];
    (void)state;
    for (size_t i = 0; i < sizeof out; i++)
        out[i] = (uint8_t)(i * 7 + 1);
    uint64_t node = make(root, "data", FS_FILE | 0644);
    uint64_t file = fs_do_open(node, 2, TICKET_NONE).value;
    assert_int_equal(fs_do_write(file, 5000, lend(out), 100, 9000).value, 9000);
    assert_int_equal(stat_of(node).size, 14000);
    assert_int_equal(fs_do_read(file, 0, lend(in), 0, sizeof in).value, 14000);
    for (size_t i = 0; i < 5000; i++)
        assert_int_equal(in[i], 0);
    assert_memory_equal(in + 5000, out + 100, 9000);
    assert_int_equal(fs_do_truncate(node, 6000).status, 0);
    assert_int_equal(fs_do_truncate(node, 12000).status, 0);
    assert_int_equal(fs_do_read(file, 5999, lend(in), 0, 100).value, 100);
    assert_int_equal(in[0], out[100 + 999]);
    for (size_t i = 1; i < 100; i++)
        assert_int_equal(in[i], 0);
    assert_int_equal(fs_do_close(file, TICKET_NONE).status, 0);
    assert_int_equal(drop(root, "data", false), 0);
    assert_int_equal(fs_do_stat(node, lend(in)).status, -ESTALE);
}

static void a_removed_file_lives_while_it_is_open(void **state)
{
    char text[8];
    (void)state;
    uint64_t node = make(root, "gone", FS_FILE | 0644);
    uint64_t file = fs_do_open(node, 2, TICKET_NONE).value;
    assert_int_equal(drop(root, "gone", false), 0);
    assert_int_equal(find(root, "gone").status, -ENOENT);
    assert_int_equal(fs_do_write(file, 0, lend("still"), 0, 5).value, 5);
    assert_int_equal(fs_do_read(file, 0, lend(text), 0, 8).value, 5);
    assert_memory_equal(text, "still", 5);
    assert_int_equal(fs_do_close(file, TICKET_NONE).status, 0);
    assert_int_equal(fs_do_read(file, 0, lend(text), 0, 8).status, -EBADF);
    assert_int_equal(fs_do_close(file, TICKET_NONE).status, -EBADF);
}

static void what_is_repeated_with_its_ticket_counts_once(void **state)
{
    const uint64_t tickets[] = {STACK_THREADS + 5, 2 * STACK_THREADS + 6, 3 * STACK_THREADS + 5};
    char text[8];
    (void)state;
    uint64_t node = make(root, "twice", FS_FILE | 0644);
    uint64_t file = fs_do_open(node, 2, tickets[0]).value;
    assert_int_equal(fs_do_write(file, 0, lend("still"), 0, 5).value, 5);
    assert_int_equal(fs_do_open(node, 2 | FS_OPEN_TRUNCATE, tickets[0]).value, file);
    assert_int_equal(fs_do_open(node, 2, tickets[1]).value, file);
    assert_int_equal(drop(root, "twice", false), 0);
    for (int times = 0; times < 3; times++)
        assert_int_equal(fs_do_close(file, tickets[2]).status, 0);
    assert_int_equal(fs_do_read(file, 0, lend(text), 0, 8).value, 5); // the second has it open
    for (int times = 0; times < 2; times++)
        assert_int_equal(fs_do_close(file, 4 * STACK_THREADS + 6).status, 0);
    assert_int_equal(fs_do_close(file, 5 * STACK_THREADS + 6).status, -EBADF);
    assert_int_equal(fs_do_stat(node, lend(text)).status, -ESTALE);
}

static void a_rename_replaces_files_and_refuses_loops(void **state)
{
    (void)state;
    uint64_t a = make(root, "a", FS_DIRECTORY | 0755), b = make(a, "b", FS_DIRECTORY | 0755);
    uint64_t one = make(a, "one", FS_FILE | 0644);
    make(b, "two", FS_FILE | 0644);
    assert_int_equal(move(root, "a", b, "c"), -EINVAL);
    assert_int_equal(move(root, "a", a, "c"), -EINVAL);
    assert_int_equal(move(a, "one", b, "two"), 0);
    assert_int_equal(find(b, "two").value, one);
    assert_int_equal(find(a, "one").status, -ENOENT);
    assert_int_equal(move(a, "b", root, "a"), -ENOTEMPTY);
    assert_int_equal(move(b, "two", root, "a"), -EISDIR);
    assert_int_equal(move(a, "b", root, "moved"), 0);
    assert_int_equal(find(b, "..").value, root);
    assert_int_equal(stat_of(a).links, 2);
    assert_int_equal(move(b, "two", b, "two"), 0);
    assert_int_equal(drop(b, "two", false), 0);
    assert_int_equal(drop(root, "moved", true), 0);
    assert_int_equal(drop(root, "a", false), -EISDIR);
    assert_int_equal(drop(root, "a", true), 0);
}

static void a_second_name_keeps_the_file(void **state)
{
    (void)state;
    uint64_t node = make(root, "first", FS_FILE | 0644);
    assert_int_equal(fs_do_link(node, root, lend("second"), 6).status, 0);
    assert_int_equal(stat_of(node).links, 2);
    assert_int_equal(fs_do_link(node, root, lend("second"), 6).status, -EEXIST);
    assert_int_equal(drop(root, "first", false), 0);
    assert_int_equal(find(root, "second").value, node);
    assert_int_equal(drop(root, "second", false), 0);
}

static void a_link_tells_its_target(void **state)
{
    char target[16] = "linkto/there";
    (void)state;
    RpcResult made = fs_do_create(root, lend(target), 4, FS_SYMLINK | 0777, 8);
    assert_int_equal(made.status, 0);
    memset(target, 0, sizeof target);
    assert_int_equal(fs_do_readlink(made.value, lend(target), 16).value, 8);
    assert_memory_equal(target, "to/there", 8);
    assert_int_equal(fs_do_open(made.value, 0, TICKET_NONE).status, -ELOOP);
    assert_int_equal(drop(root, "link", false), 0);
}

static uint32_t list(uint64_t node, uint32_t room)
{
    uint64_t buffer[64];
    uint64_t position = 0;
    uint32_t names = 0;
    for (;;) {
        RpcResult result = fs_do_readdir(node, position, lend(buffer), room);
        assert_int_equal(result.status, 0);
        if (result.value == 0)
            return names;
        for (uint32_t at = 0; at < result.value;) {
            const struct fs_entry *entry = (const struct fs_entry *)((char *)buffer + at);
            at += entry->length;
            position = entry->next;
            names++;
        }
    }
}

static void a_listing_has_every_name_once(void **state)
{
    char name[16];
    (void)state;
    uint64_t dir = make(root, "many", FS_DIRECTORY | 0755);
    for (int i = 0; i < 50; i++) {
        snprintf(name, sizeof name, "name%d", i);
        make(dir, name, FS_FILE | 0644);
    }
    assert_int_equal(list(dir, 64), 52);
    assert_int_equal(list(dir, 512), 52);
    for (int i = 0; i < 50; i += 2) {
        snprintf(name, sizeof name, "name%d", i);
        assert_int_equal(drop(dir, name, false), 0);
    }
    assert_int_equal(list(dir, 100), 27);
    assert_int_equal(drop(root, "many", true), -ENOTEMPTY);
    for (int i = 1; i < 50; i += 2) {
        snprintf(name, sizeof name, "name%d", i);
        assert_int_equal(drop(dir, name, false), 0);
    }
    assert_int_equal(drop(root, "many", true), 0);
    assert_int_equal(fs_do_readdir(dir, 0, lend(name), 16).status, -ESTALE);
}

static void names_that_are_none_are_refused(void **state)
{
    static const struct {
        const char *name;
        uint32_t length;
        int64_t status;
    } cases[] = {
        {"", 0, -ENOENT},  {"a/b", 3, -EINVAL}, {"a\0b", 3, -EINVAL},
        {".", 1, -EEXIST}, {"..", 2, -EEXIST},  {"long", 256, -ENAMETOOLONG},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_int_equal(
            fs_do_create(root, lend(cases[i].name), cases[i].length, FS_FILE | 0644, 0).status,
            cases[i].status);
}

static void the_initrd_becomes_a_tree_that_never_leaves_the_root(void **state)
{
    static char archive[4096];
    static const struct {
        const char *name;
        uint32_t mode;
        const char *data;
    } entries[] = {
        {"etc/motd", 0100644, "welcome"},  {"../escape", 0100644, "x"},
        {"boot/null.elf", 0100644, "elf"}, {"/dev2/../x", 0100644, "x"},
        {"./bin/sh", 0100755, "shell"},    {"TRAILER!!!", 0, ""},
    };
    uint32_t made;
    char text[16];
    size_t length = 0;
    (void)state;
    for (size_t i = 0; i < sizeof entries / sizeof *entries; i++) {
        length += (size_t)sprintf(
            archive + length, "070701%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X", 0u,
            entries[i].mode, 0u, 0u, 1u, 0u, (unsigned)strlen(entries[i].data), 0u, 0u, 0u, 0u,
            (unsigned)strlen(entries[i].name) + 1, 0u);
        strcpy(archive + length, entries[i].name);
        length = (length + strlen(entries[i].name) + 1 + 3) & ~(size_t)3;
        memcpy(archive + length, entries[i].data, strlen(entries[i].data));
        length = (length + strlen(entries[i].data) + 3) & ~(size_t)3;
    }
    assert_int_equal(tree_load(archive, length, &made), 0);
    assert_int_equal(made, 3);
    uint64_t motd = find(find(root, "etc").value, "motd").value;
    uint64_t file = fs_do_open(motd, 2, TICKET_NONE).value;
    assert_int_equal(fs_do_write(file, 3, lend("C"), 0, 1).value, 1);
    assert_int_equal(fs_do_read(file, 0, lend(text), 0, 16).value, 7);
    assert_memory_equal(text, "welCome", 7);
    assert_null(strstr(archive, "welCome"));
    fs_do_close(file, TICKET_NONE);
    uint64_t boot = find(root, "boot").value;
    assert_int_equal(fs_do_open(find(boot, "null.elf").value, 1, TICKET_NONE).status, -EROFS);
    assert_int_equal(drop(boot, "null.elf", false), -EROFS);
    assert_int_equal(drop(root, "boot", true), -ENOTEMPTY);
    assert_int_equal(move(root, "boot", root, "other"), -EROFS);
    assert_int_equal(fs_do_create(boot, lend("x"), 1, FS_FILE | 0644, 0).status, -EROFS);
    assert_int_equal(fs_do_truncate(find(boot, "null.elf").value, 0).status, -EROFS);
}

static void files_leave_memory_to_programs(void **state)
{
    static char out[FS_TRANSFER_MAX];
    uint64_t file = fs_do_open(make(root, "big", FS_FILE | 0644), 1, TICKET_NONE).value, offset = 0;
    int64_t status = 0;
    (void)state;
    fake_pages_free = FAKE_PAGES / 8 + 300; // there is place for one more pool, and for no other
    while (status == 0 && offset < 4 * 1024 * 1024) {
        RpcResult result = fs_do_write(file, offset, lend(out), 0, sizeof out);
        status = result.status;
        offset += result.value;
        if (offset)
            fake_pages_free = FAKE_PAGES / 8;
    }
    assert_int_equal(status, -ENOSPC);
    assert_in_range(offset, 1, 2 * 1024 * 1024);
    assert_int_equal(fs_do_close(file, TICKET_NONE).status, 0);
    assert_int_equal(drop(root, "big", false), 0);
    make(root, "small", FS_FILE | 0644); // what there is already goes on
    assert_int_equal(drop(root, "small", false), 0);
    fake_pages_free = FAKE_PAGES;
}

static struct fs_space space_now(void)
{
    struct fs_space space;
    assert_int_equal(fs_do_control(FS_WHOLE, FS_CONTROL_SPACE, lend(&space), 0).status, 0);
    return space;
}

static void a_file_takes_all_that_is_told_to_be_free(void **state)
{
    static char out[FS_TRANSFER_MAX];
    (void)state;
    struct fs_space before = space_now();
    uint64_t told = before.free_blocks * before.block_size, offset = 0;
    uint64_t file = fs_do_open(make(root, "big", FS_FILE | 0644), 1, TICKET_NONE).value;
    int64_t status = 0;
    assert_int_equal(before.files - before.free_files + 1,
                     space_now().files - space_now().free_files);
    while (status == 0) {
        RpcResult result = fs_do_write(file, offset, lend(out), 0, sizeof out);
        status = result.status;
        offset += result.value;
    }
    assert_int_equal(status, -ENOSPC);
    assert_in_range(told, 200 << 20, 256 << 20);
    assert_in_range(offset, told - (1 << 20), told + (1 << 20));
    assert_in_range(space_now().free_blocks, 0, (1 << 20) / CHUNK_SIZE);
    assert_int_equal(fs_do_close(file, TICKET_NONE).status, 0);
    assert_int_equal(drop(root, "big", false), 0);
    assert_int_equal(space_now().free_blocks, before.free_blocks);
    assert_int_equal(space_now().blocks, before.blocks);
    fake_pages_free = FAKE_PAGES / 8;
    assert_in_range(space_now().free_blocks, 0, POOL_BYTES / CHUNK_SIZE);
    fake_pages_free = FAKE_PAGES;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_written_is_read_again_with_zeros_in_gaps),
        cmocka_unit_test(a_removed_file_lives_while_it_is_open),
        cmocka_unit_test(what_is_repeated_with_its_ticket_counts_once),
        cmocka_unit_test(a_rename_replaces_files_and_refuses_loops),
        cmocka_unit_test(a_second_name_keeps_the_file),
        cmocka_unit_test(a_link_tells_its_target),
        cmocka_unit_test(a_listing_has_every_name_once),
        cmocka_unit_test(names_that_are_none_are_refused),
        cmocka_unit_test(files_leave_memory_to_programs),
        cmocka_unit_test(a_file_takes_all_that_is_told_to_be_free),
        cmocka_unit_test(the_initrd_becomes_a_tree_that_never_leaves_the_root),
    };
    return cmocka_run_group_tests(tests, start, NULL);
}
