// SPDX-License-Identifier: MIT
// test-sources: kernel/cpio.c
//
// The initrd as the core reads it: several archives behind one another, and nothing that a broken
// one says leads outside of it. Each archive lies at the end of a heap block of its exact size, so
// that the address sanitizer sees a byte read too far.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "kernel/cpio.h"

#define HEADER_SIZE     110
#define FILE_SIZE_FIELD (6 + 8 * 6) // offsets in a header
#define NAME_SIZE_FIELD (6 + 8 * 11)

struct archive {
    char bytes[4096];
    uint64_t length;
};

static void pad(struct archive *archive)
{
    while (archive->length % 4)
        archive->bytes[archive->length++] = 0;
}

static void append(struct archive *archive, const void *bytes, uint64_t length)
{
    memcpy(archive->bytes + archive->length, bytes, length);
    archive->length += length;
}

// One entry in `newc` form; SIZE bytes of DATA.
static void add(struct archive *archive, const char *name, uint32_t mode, const void *data,
                uint64_t size)
{
    char header[HEADER_SIZE + 1];
    snprintf(header, sizeof header, "070701%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x",
             7u, mode, 0u, 0u, 1u, 42u, (unsigned)size, 0u, 0u, 0u, 0u, (unsigned)strlen(name) + 1,
             0u);
    append(archive, header, HEADER_SIZE);
    append(archive, name, strlen(name) + 1);
    pad(archive);
    append(archive, data, size);
    pad(archive);
}

static void add_text(struct archive *archive, const char *name, const char *text)
{
    add(archive, name, 0100644, text, strlen(text));
}

static void end(struct archive *archive)
{
    add(archive, "TRAILER!!!", 0, "", 0);
}

// A copy that ends where its heap block ends. The caller frees it.
static char *exact(const char *bytes, uint64_t length)
{
    char *copy = malloc(length ? length : 1);
    assert_non_null(copy);
    memcpy(copy, bytes, length);
    return copy;
}

// Reads all entries and touches every byte that they claim. The names, with a blank behind each.
static const char *names_of(const char *bytes, uint64_t length)
{
    static char names[4096];
    static volatile char sink;
    char *copy = exact(bytes, length);
    struct cpio_entry entry;
    uint64_t position = 0, before = 0;
    names[0] = 0;
    while (cpio_next(copy, length, &position, &entry)) {
        assert_true(position > before && position <= length);
        before = position;
        strncat(names, entry.name, 64);
        strcat(names, " ");
        for (uint64_t i = 0; i < entry.size; i++)
            sink = entry.data[i];
    }
    (void)sink;
    free(copy);
    return names;
}

static void an_archive_gives_its_entries_in_order(void **state)
{
    (void)state;
    static const char binary[] = {0, 1, 0, (char)255, 10};
    struct archive archive = {0};
    add(&archive, ".", 040755, "", 0);
    add_text(&archive, "boot/services", "load null\n");
    add(&archive, "bin/sh", 0100755, binary, sizeof binary);
    end(&archive);

    struct cpio_entry entry;
    uint64_t position = 0;
    assert_true(cpio_next(archive.bytes, archive.length, &position, &entry));
    assert_string_equal(entry.name, ".");
    assert_int_equal(entry.mode, 040755);
    assert_int_equal(entry.size, 0);
    assert_true(cpio_next(archive.bytes, archive.length, &position, &entry));
    assert_string_equal(entry.name, "boot/services");
    assert_int_equal(entry.mode, 0100644);
    assert_int_equal(entry.size, 10);
    assert_memory_equal(entry.data, "load null\n", 10);
    assert_true(cpio_next(archive.bytes, archive.length, &position, &entry));
    assert_string_equal(entry.name, "bin/sh");
    assert_int_equal(entry.size, sizeof binary);
    assert_memory_equal(entry.data, binary, sizeof binary);
    assert_false(cpio_next(archive.bytes, archive.length, &position, &entry));
    assert_int_equal(position, archive.length);
    assert_false(cpio_next(archive.bytes, archive.length, &position, &entry));
}

static void a_leading_dot_and_slash_is_left_out_of_a_name(void **state)
{
    (void)state;
    struct archive archive = {0};
    add_text(&archive, "./boot/null.elf", "x");
    add_text(&archive, "../up", "x");
    add_text(&archive, ".hidden", "x");
    end(&archive);
    assert_string_equal(names_of(archive.bytes, archive.length), "boot/null.elf ../up .hidden ");
}

static void an_archive_behind_another_is_read_whatever_zeros_lie_between(void **state)
{
    (void)state;
    for (uint64_t zeros = 0; zeros < 600; zeros = zeros < 8 ? zeros + 4 : zeros * 3) {
        struct archive archive = {0};
        add_text(&archive, "first", "1");
        end(&archive);
        archive.length += zeros;
        add_text(&archive, "second", "22");
        end(&archive);
        archive.length += zeros;
        assert_string_equal(names_of(archive.bytes, archive.length), "first second ");
    }
}

static void nothing_is_in_an_empty_archive_or_one_of_zeros(void **state)
{
    (void)state;
    struct archive archive = {0};
    assert_string_equal(names_of(archive.bytes, 0), "");
    assert_string_equal(names_of(archive.bytes, 512), "");
    end(&archive);
    assert_string_equal(names_of(archive.bytes, archive.length), "");
}

static void digits_may_be_of_either_case(void **state)
{
    (void)state;
    struct archive archive = {0};
    char data[0xAB];
    memset(data, 'd', sizeof data);
    add(&archive, "a", 0100644, data, sizeof data);
    end(&archive);
    struct cpio_entry entry;
    for (int upper = 0; upper < 2; upper++) {
        uint64_t position = 0;
        memcpy(archive.bytes + FILE_SIZE_FIELD, upper ? "000000AB" : "000000ab", 8);
        assert_true(cpio_next(archive.bytes, archive.length, &position, &entry));
        assert_int_equal(entry.size, sizeof data);
    }
}

static void an_archive_cut_anywhere_ends_there(void **state)
{
    (void)state;
    struct archive archive = {0};
    add_text(&archive, "one", "first file");
    uint64_t first = archive.length;
    add_text(&archive, "two", "second file");
    uint64_t second = archive.length;
    end(&archive);
    for (uint64_t length = 0; length <= archive.length; length++) {
        // The padding behind the data of the last entry may be missing: it is no part of the file.
        const char *expected = length >= second - 1  ? "one two "
                               : length >= first - 2 ? "one "
                                                     : "";
        assert_string_equal(names_of(archive.bytes, length), expected);
    }
}

static void a_broken_header_ends_the_reading_without_a_look_outside(void **state)
{
    (void)state;
    static const struct {
        const char *what;
        uint64_t offset;
        const char *bytes;
    } cases[] = {
        {"magic of the old form", 0, "070707"},
        {"magic of the form with checksums", 0, "070702"},
        {"no magic", 0, "xxxxxx"},
        {"mode that is no number", 6 + 8, "0010x644"},
        {"size that is no number", FILE_SIZE_FIELD, "0000000g"},
        {"size with a sign", FILE_SIZE_FIELD, "-0000001"},
        {"size with blanks", FILE_SIZE_FIELD, "       1"},
        {"size one past the end", FILE_SIZE_FIELD, "00001000"},
        {"largest size", FILE_SIZE_FIELD, "ffffffff"},
        {"name of no bytes", NAME_SIZE_FIELD, "00000000"},
        {"name without its end", NAME_SIZE_FIELD, "00000003"},
        {"name past the end", NAME_SIZE_FIELD, "00001000"},
        {"largest name", NAME_SIZE_FIELD, "ffffffff"},
        {"name size that is no number", NAME_SIZE_FIELD, "0000000/"},
        {"name size above the digits", NAME_SIZE_FIELD, "0000000:"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct archive archive = {0};
        add_text(&archive, "good", "data");
        uint64_t bad = archive.length;
        add_text(&archive, "bad", "more data");
        end(&archive);
        memcpy(archive.bytes + bad + cases[i].offset, cases[i].bytes, strlen(cases[i].bytes));
        if (strcmp(names_of(archive.bytes, archive.length), "good "))
            fail_msg("%s: read \"%s\"", cases[i].what, names_of(archive.bytes, archive.length));
    }
}

static void garbage_between_archives_ends_the_reading(void **state)
{
    (void)state;
    struct archive archive = {0};
    add_text(&archive, "first", "1");
    end(&archive);
    append(&archive, "garbage", 7);
    add_text(&archive, "second", "2");
    assert_string_equal(names_of(archive.bytes, archive.length), "first ");
}

static void no_archive_with_random_changes_leads_outside(void **state)
{
    (void)state;
    struct archive archive = {0};
    add_text(&archive, "bin/one", "some text");
    add_text(&archive, "./bin/two", "");
    end(&archive);
    add_text(&archive, "three", "more");
    end(&archive);
    srand(20261);
    for (int round = 0; round < 20000; round++) {
        char bytes[sizeof archive.bytes];
        memcpy(bytes, archive.bytes, archive.length);
        for (int change = rand() % 4; change >= 0; change--) {
            static const char likely[] = "0123456789abcdefABCDEF\0\xff";
            bytes[(uint64_t)rand() % archive.length] =
                rand() % 2 ? (char)rand() : likely[(uint64_t)rand() % (sizeof likely - 1)];
        }
        names_of(bytes, (uint64_t)rand() % (archive.length + 1));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_archive_gives_its_entries_in_order),
        cmocka_unit_test(a_leading_dot_and_slash_is_left_out_of_a_name),
        cmocka_unit_test(an_archive_behind_another_is_read_whatever_zeros_lie_between),
        cmocka_unit_test(nothing_is_in_an_empty_archive_or_one_of_zeros),
        cmocka_unit_test(digits_may_be_of_either_case),
        cmocka_unit_test(an_archive_cut_anywhere_ends_there),
        cmocka_unit_test(a_broken_header_ends_the_reading_without_a_look_outside),
        cmocka_unit_test(garbage_between_archives_ends_the_reading),
        cmocka_unit_test(no_archive_with_random_changes_leads_outside),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
