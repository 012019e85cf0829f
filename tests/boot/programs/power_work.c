// SPDX-License-Identifier: MIT
// power_work FOLDER DEVICE OFFSET STEPS SEED: creates, appends to, moves and removes files in
// folders of FOLDER and syncs each, and tells behind the file system, in sectors of DEVICE from
// OFFSET on, what it is about to do and what is done. Who logs the writes of the disk thus knows at
// each of them which files must be there. Each file has a number, from which its bytes follow
// (content_byte; power.py has the same).
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define SECTOR       512
#define MARK_SECTORS 1024
#define PLACES       12
#define APPEND_MOST  30000u
#define LARGE_MOST   150000u // in one piece of memory: such bytes go to the disk past all caches
#define SIZE_MOST    120000u

struct place {
    uint32_t number; // 0: no file
    uint32_t size;
};

static struct place places[PLACES];
static uint64_t random_state, offset, marks;
static int device;

static uint32_t random_below(uint32_t limit)
{
    random_state = random_state * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(random_state >> 33) % limit;
}

static void fail(const char *what)
{
    printf("power_work: %s: %s\n", what, strerror(errno));
    exit(1);
}

static uint8_t content_byte(uint32_t number, uint32_t at)
{
    return (uint8_t)(at * 7 + number * 31 + (at >> 8));
}

static void mark(const char *text)
{
    static char sector[SECTOR] __attribute__((aligned(SECTOR)));
    memset(sector, 0, sizeof sector);
    snprintf(sector, sizeof sector, "MARK %lu %s\n", (unsigned long)marks, text);
    if (pwrite(device, sector, SECTOR, (off_t)(offset + marks++ % MARK_SECTORS * SECTOR)) != SECTOR)
        fail("mark");
}

// Neighbours lie in different folders, so that half of the renames lead from one to the other.
static void name_of(char name[16], uint32_t place)
{
    snprintf(name, 16, "%s/f%u", place % 2 ? "b" : "a", (unsigned)place);
}

static void file_sync(int file)
{
    if (fsync(file) < 0 || close(file) < 0)
        fail("fsync");
}

static uint32_t more_choose(void)
{
    return 1 + random_below(random_below(4) ? APPEND_MOST : LARGE_MOST);
}

// A new file, or more of one that is there.
static void file_grow(uint32_t index, uint32_t number, uint32_t more)
{
    static uint8_t bytes[LARGE_MOST];
    struct place *place = &places[index];
    char name[16], text[64];
    const char *what = place->number ? "append" : "create";
    name_of(name, index);
    snprintf(text, sizeof text, "begin %s %s %u %u", what, name, (unsigned)number,
             (unsigned)(place->size + more));
    mark(text);
    int file = open(name, O_WRONLY | O_CREAT | O_APPEND, 0644);
    for (uint32_t i = 0; i < more; i++)
        bytes[i] = content_byte(number, place->size + i);
    if (file < 0 || write(file, bytes, more) != (ssize_t)more)
        fail(name);
    file_sync(file);
    *place = (struct place){number, place->size + more};
    snprintf(text, sizeof text, "done %s %s %u %u", what, name, (unsigned)number,
             (unsigned)place->size);
    mark(text);
}

static void rename_mark(const char *state, const char *name, uint32_t number, const char *other)
{
    char text[64];
    snprintf(text, sizeof text, "%s rename %s %u %s", state, name, (unsigned)number, other);
    mark(text);
}

// Moves by rename, or by a second name and the removal of the first.
static void name_move(const char *name, const char *other, int by_link)
{
    if (by_link ? link(name, other) < 0 || unlink(name) < 0 : rename(name, other) < 0)
        fail(other);
}

static void name_sync(const char *name)
{
    int file = open(name, O_RDONLY);
    if (file < 0)
        fail(name);
    file_sync(file);
}

// Into a folder made for it, synced; when it is moved out again, the folder goes at the same time.
static void file_enclose(const char *name, char inner[16], uint32_t number)
{
    if (mkdir("c", 0755) < 0)
        fail("mkdir");
    snprintf(inner, 16, "c/%s", name + 2);
    rename_mark("begin", name, number, inner);
    name_move(name, inner, 0);
    name_sync(inner);
    rename_mark("done", name, number, inner);
}

static void file_rename(uint32_t from, uint32_t to)
{
    char name[16], other[16], inner[16];
    uint32_t number = places[from].number, enclose = random_below(3) == 0;
    int by_link = !places[to].number && random_below(2);
    name_of(name, from);
    name_of(other, to);
    if (enclose)
        file_enclose(name, inner, number);
    const char *start = enclose ? inner : name;
    rename_mark("begin", start, number, other);
    name_move(start, other, by_link);
    if (enclose && rmdir("c") < 0)
        fail("rmdir");
    name_sync(other);
    places[to] = places[from];
    places[from] = (struct place){0};
    rename_mark("done", start, number, other);
}

static void file_remove(uint32_t index)
{
    char name[16], text[64];
    name_of(name, index);
    snprintf(text, sizeof text, "begin unlink %s %u", name, (unsigned)places[index].number);
    mark(text);
    if (unlink(name) < 0)
        fail("unlink");
    places[index] = (struct place){0};
}

static void step(uint32_t number)
{
    uint32_t index = random_below(PLACES), other = random_below(PLACES), choice = random_below(8);
    struct place *place = &places[index];
    if (!place->number)
        file_grow(index, number, more_choose());
    else if (choice < 3 && place->size < SIZE_MOST)
        file_grow(index, place->number, more_choose());
    else if (choice < 6 && other != index)
        file_rename(index, other); // which may replace one that is there
    else
        file_remove(index);
}

int main(int argc, char **argv)
{
    if (argc != 6 || chdir(argv[1]) < 0 || (device = open(argv[2], O_WRONLY)) < 0)
        fail("usage: power_work FOLDER DEVICE OFFSET STEPS SEED");
    offset = strtoull(argv[3], NULL, 10);
    random_state = strtoull(argv[5], NULL, 10);
    uint32_t steps = (uint32_t)strtoul(argv[4], NULL, 10);
    if (mkdir("a", 0755) < 0 || mkdir("b", 0755) < 0)
        fail("mkdir");
    for (uint32_t number = 1; number <= steps; number++)
        step(number);
    mark("end");
    printf("power_work: %u steps\n", (unsigned)steps);
    return 0;
}
