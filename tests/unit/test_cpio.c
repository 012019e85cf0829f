// SPDX-License-Identifier: MIT
// test-sources: domains/ramfs/cpio.c
// test-flags: -Idomains/ramfs
//
// The initrd's archive format: what is well formed is read, everything else is refused without a
// look outside the archive (the address sanitizer watches).
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "cpio.h"

struct archive {
    uint8_t bytes[4096];
    uint64_t length;
};

static void pad(struct archive *archive)
{
    while (archive->length % 4)
        archive->bytes[archive->length++] = 0;
}

static void add(struct archive *archive, const char *name, uint32_t mode, const char *data)
{
    char header[111];
    snprintf(header, sizeof header, "070701%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X",
             7u, mode, 0u, 0u, 1u, 42u, (unsigned)strlen(data), 0u, 0u, 0u, 0u,
             (unsigned)strlen(name) + 1, 0u);
    memcpy(archive->bytes + archive->length, header, 110);
    archive->length += 110;
    memcpy(archive->bytes + archive->length, name, strlen(name) + 1);
    archive->length += strlen(name) + 1;
    pad(archive);
    memcpy(archive->bytes + archive->length, data, strlen(data));
    archive->length += strlen(data);
    pad(archive);
}

// Reads all entries of a copy that ends exactly where the archive does. The number of entries, or
// -1 - number if the last one was refused.
static int read_all(const struct archive *archive, uint64_t length, struct cpio_entry *last)
{
    struct cpio_reader reader;
    struct cpio_entry entry;
    uint8_t *copy = malloc(length ? length : 1);
    int count = 0, more;
    memcpy(copy, archive->bytes, length);
    cpio_open(&reader, copy, length);
    while ((more = cpio_next(&reader, &entry)) > 0) {
        count++;
        *last = entry;
        assert_int_equal(strlen(entry.name), entry.name_length);
        for (uint64_t i = 0; i < entry.size; i++)
            count += entry.data[i] * 0;
    }
    free(copy);
    return more < 0 ? -1 - count : count;
}

static void an_archive_gives_its_entries(void **state)
{
    struct archive archive = {.length = 0};
    struct cpio_reader reader;
    struct cpio_entry entry;
    (void)state;
    add(&archive, "bin", 0040755, "");
    add(&archive, "bin/sh", 0100755, "hello");
    add(&archive, "TRAILER!!!", 0, "");
    cpio_open(&reader, archive.bytes, archive.length);
    assert_int_equal(cpio_next(&reader, &entry), 1);
    assert_string_equal(entry.name, "bin");
    assert_int_equal(entry.mode, 0040755);
    assert_int_equal(cpio_next(&reader, &entry), 1);
    assert_string_equal(entry.name, "bin/sh");
    assert_int_equal(entry.size, 5);
    assert_memory_equal(entry.data, "hello", 5);
    assert_int_equal(entry.modified, 42);
    assert_int_equal(cpio_next(&reader, &entry), 0);
}

static void archives_follow_each_other_with_zeros_between(void **state)
{
    struct archive archive = {.length = 0};
    struct cpio_entry last = {0};
    (void)state;
    add(&archive, "one", 0100644, "1");
    add(&archive, "TRAILER!!!", 0, "");
    memset(archive.bytes + archive.length, 0, 512);
    archive.length += 512;
    add(&archive, "two", 0100644, "2");
    add(&archive, "TRAILER!!!", 0, "");
    memset(archive.bytes + archive.length, 0, 300);
    archive.length += 300;
    assert_int_equal(read_all(&archive, archive.length, &last), 2);
    assert_int_equal(last.archive, 1);
}

static void an_archive_cut_anywhere_is_refused_or_ends(void **state)
{
    struct archive archive = {.length = 0};
    struct cpio_entry last;
    (void)state;
    add(&archive, "file", 0100644, "some bytes");
    add(&archive, "TRAILER!!!", 0, "");
    for (uint64_t length = 0; length < archive.length; length++) {
        int result = read_all(&archive, length, &last);
        assert_true(result >= -2 && result <= 1);
    }
}

static void any_byte_may_be_wrong(void **state)
{
    static const uint8_t values[] = {0, 1, '0', 'f', 'F', '/', 0x7F, 0xFF};
    struct archive archive = {.length = 0};
    struct cpio_entry last;
    (void)state;
    add(&archive, "a", 0100644, "some bytes");
    add(&archive, "b", 0100644, "more");
    add(&archive, "TRAILER!!!", 0, "");
    for (uint64_t at = 0; at < archive.length; at++)
        for (size_t i = 0; i < sizeof values; i++) {
            struct archive broken = archive;
            broken.bytes[at] = values[i];
            assert_true(read_all(&broken, broken.length, &last) <= 3);
        }
}

static void random_bytes_are_refused(void **state)
{
    struct archive archive;
    struct cpio_entry last;
    (void)state;
    srand(1);
    for (int round = 0; round < 200; round++) {
        archive.length = (uint64_t)(rand() % 1000 + 1);
        for (uint64_t i = 0; i < archive.length; i++)
            archive.bytes[i] = (uint8_t)(rand() | 1);
        assert_int_equal(read_all(&archive, archive.length, &last), -1);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_archive_gives_its_entries),
        cmocka_unit_test(archives_follow_each_other_with_zeros_between),
        cmocka_unit_test(an_archive_cut_anywhere_is_refused_or_ends),
        cmocka_unit_test(any_byte_may_be_wrong),
        cmocka_unit_test(random_bytes_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
