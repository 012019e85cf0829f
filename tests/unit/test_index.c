// SPDX-License-Identifier: MIT
// test-sources: domains/ext2/index.c
// test-flags: -Idomains/ext2
//
// The index of directories beside what the directories hold. The test is directory.c and the
// library: it indexes what is due, tells of each change, and now and then undoes some or drops a
// directory.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>
#include "index.h"

#define DIRECTORIES 6u
#define NAMES       48u
#define LARGE       (INDEX_NAMES + 100)

static uint64_t seed;

static uint32_t chance(uint32_t of)
{
    seed = seed * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(seed >> 33) % of;
}

// ---- The directories: names in their order, of which a damaged one has some twice ----

static struct directory {
    uint32_t count;
    struct {
        uint32_t name, number;
    } entries[LARGE];
} directories[DIRECTORIES];

static uint32_t answered, absent; // by the index

// Short ones, some with a beginning in common that is longer than what the index has of a name, and
// some that differ in the last bytes only.
static size_t name_write(uint32_t name, char text[256])
{
    const char *alike = name / 4 % 2 ? "Aa" : "BB"; // of the same hash
    switch (name % 4) {
    case 0:
        return (size_t)snprintf(text, 256, "%u", name);
    case 1:
        return (size_t)snprintf(text, 256, "name-%s-%u", alike, name / 8);
    case 2:
        return (size_t)snprintf(text, 256, "twenty-bytes-and-%04u", name);
    }
    return (size_t)snprintf(text, 256, "a-name-longer-than-the-index-has-room-for-%s-%u", alike,
                            name / 8);
}

// Its place; count: none.
static uint32_t place_of(const struct directory *directory, uint32_t name)
{
    uint32_t i = 0;
    while (i < directory->count && directory->entries[i].name != name)
        i++;
    return i;
}

// Of a disk on which now and then a block cannot be read.
static uint32_t reads_fail; // one of so many; 0: none

static int64_t directory_read(uint32_t number)
{
    const struct directory *directory = &directories[number];
    uint32_t readable = reads_fail && chance(reads_fail) == 0 ? chance(NAMES) : UINT32_MAX;
    for (uint32_t i = 0; i < directory->count; i++) {
        char text[256];
        if (i == readable)
            return -EIO;
        size_t length = name_write(directory->entries[i].name, text);
        if (!index_enter(text, length, directory->entries[i].number))
            break;
    }
    return 0;
}

static void look(uint32_t number, uint32_t name)
{
    const struct directory *directory = &directories[number];
    uint32_t place = place_of(directory, name), found = 0;
    char text[256];
    size_t length = name_write(name, text);
    int64_t result = index_find(number, text, length, &found);
    if (result == INDEX_DUE) {
        index_make(number, directory_read);
        result = index_find(number, text, length, &found);
        assert_int_not_equal(result, INDEX_DUE);
    }
    if (result == -ENOENT) {
        absent++;
        assert_int_equal(place, directory->count);
    } else if (result == 0) {
        answered++;
        assert_true(place < directory->count);
        assert_int_equal(found, directory->entries[place].number);
    } else {
        assert_int_equal(result, INDEX_UNKNOWN);
    }
}

// ---- What happens to them ----

static void entry_put(struct directory *directory, uint32_t name, uint32_t number)
{
    uint32_t i = chance(directory->count + 1); // where there is room
    memmove(&directory->entries[i + 1], &directory->entries[i],
            (directory->count - i) * sizeof directory->entries[0]);
    directory->entries[i].name = name;
    directory->entries[i].number = number;
    directory->count++;
}

static void entry_take(struct directory *directory, uint32_t place)
{
    directory->count--;
    memmove(&directory->entries[place], &directory->entries[place + 1],
            (directory->count - place) * sizeof directory->entries[0]);
}

// Anything: a directory of another time, which may be damaged.
static void directory_fill(struct directory *directory)
{
    directory->count = 0;
    for (uint32_t i = chance(NAMES); i; i--)
        entry_put(directory, chance(NAMES), chance(1000));
}

static void change(uint32_t number)
{
    struct directory *directory = &directories[number];
    uint32_t name = chance(NAMES), place = place_of(directory, name), inode = chance(1000);
    char text[256];
    size_t length = name_write(name, text);
    if (place == directory->count) {
        entry_put(directory, name, inode);
        index_add(number, text, length, inode);
    } else if (chance(3)) {
        index_remove(number, text, length, directory->entries[place].number);
        entry_take(directory, place);
    } else {
        directory->entries[place].number = inode;
        index_replace(number, text, length, inode);
    }
}

static void step(void)
{
    uint32_t number = chance(DIRECTORIES);
    switch (chance(400)) {
    case 0: // an operation is undone
        directory_fill(&directories[number]);
        index_forget();
        break;
    case 1: // a change failed half way, or a directory has got the inode of another
    case 2:
        directory_fill(&directories[number]);
        index_drop(number);
        break;
    case 3 ... 60:
        change(number);
        break;
    default:
        look(number, chance(NAMES));
    }
}

static void the_index_says_what_the_directory_says(void **state)
{
    (void)state;
    for (uint64_t world = 1; world <= 100; world++) {
        seed = world;
        reads_fail = world % 2 ? 4 : 0;
        answered = absent = 0;
        index_forget();
        for (uint32_t i = 0; i < DIRECTORIES; i++)
            directory_fill(&directories[i]);
        for (int i = 0; i < 20000; i++)
            step();
        assert_true(answered > 2000);
        assert_true(absent > 2000);
    }
    reads_fail = 0;
}

static void names_fill(uint32_t number, uint32_t count)
{
    directories[number].count = count;
    for (uint32_t i = 0; i < count; i++) {
        directories[number].entries[i].name = 4 * i;
        directories[number].entries[i].number = i + number;
    }
}

static void many_look(uint32_t number, uint32_t count)
{
    answered = absent = 0;
    for (uint32_t i = 0; i < count; i++)
        look(number, chance(4 * count));
}

static void directories_that_do_not_fit_together_take_turns(void **state)
{
    (void)state;
    index_forget();
    for (uint32_t i = 0; i < DIRECTORIES; i++)
        names_fill(i, INDEX_NAMES / 2);
    for (uint32_t round = 0; round < 20; round++) {
        many_look(round % DIRECTORIES, 200);
        assert_true(answered + absent > 190);
    }
}

static void what_does_not_fit_is_not_indexed(void **state)
{
    (void)state;
    index_forget();
    names_fill(0, LARGE);
    names_fill(1, 100);
    many_look(0, 100);
    assert_int_equal(answered + absent, 0);
    many_look(1, 100);
    assert_true(answered + absent > 90);
}

static void questions_ask(uint32_t directory, int64_t last)
{
    uint32_t number;
    for (uint32_t i = 0; i < 4; i++)
        assert_int_equal(index_find(directory, "x", 1, &number), INDEX_UNKNOWN);
    assert_int_equal(index_find(directory, "x", 1, &number), last);
}

static void what_could_not_be_read_is_indexed_later(void **state)
{
    (void)state;
    index_forget();
    names_fill(0, NAMES);
    reads_fail = 1;
    for (uint32_t attempt = 0; attempt < 3; attempt++) {
        questions_ask(0, INDEX_DUE);
        index_make(0, directory_read);
    }
    reads_fail = 0;
    many_look(0, 100);
    assert_int_equal(answered + absent, 96);
}

static uint32_t entered;

static int64_t alike_read(uint32_t directory)
{
    (void)directory;
    entered = 0;
    for (bool fits = true; fits && entered < INDEX_NAMES / 2; entered += fits) {
        char text[24];
        for (uint32_t bit = 0; bit < 12; bit++)
            memcpy(text + 2 * bit, entered >> bit & 1 ? "Aa" : "BB", 2);
        fits = index_enter(text, sizeof text, entered + 1);
    }
    return 0;
}

// Else each of them would cost as much as all before it, under the volume's lock.
static void names_that_were_chosen_to_be_of_one_hash_are_not_indexed(void **state)
{
    (void)state;
    index_forget();
    questions_ask(1, INDEX_DUE);
    index_make(1, alike_read);
    assert_in_range(entered, 32, 256);
    questions_ask(1, INDEX_UNKNOWN);
}

// What is in the way of a directory that grows is not found.
static void a_directory_that_grows_out_of_the_index_is_asked_again(void **state)
{
    char text[256];
    (void)state;
    index_forget();
    names_fill(0, 1000);
    many_look(0, 10);
    for (uint32_t i = 1000; i < LARGE; i++) {
        names_fill(0, i + 1);
        size_t length = name_write(4 * i, text);
        index_add(0, text, length, i);
        if (i % 50 == 0)
            look(0, 4 * i);
    }
    many_look(0, 100);
    assert_int_equal(answered + absent, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_index_says_what_the_directory_says),
        cmocka_unit_test(directories_that_do_not_fit_together_take_turns),
        cmocka_unit_test(what_does_not_fit_is_not_indexed),
        cmocka_unit_test(what_could_not_be_read_is_indexed_later),
        cmocka_unit_test(names_that_were_chosen_to_be_of_one_hash_are_not_indexed),
        cmocka_unit_test(a_directory_that_grows_out_of_the_index_is_asked_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
