// SPDX-License-Identifier: MIT
// power_work FOLDER DEVICE OFFSET STEPS SEED: creates, appends to, renames and removes files in
// FOLDER and syncs each, and tells behind the file system, in sectors of DEVICE from OFFSET on,
// what it is about to do and what is done. Who logs the writes of the disk thus knows at each of
// them which files must be there. Each file has a number, from which its bytes follow
// (content_byte; power.py has the same).
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SECTOR       512
#define MARK_SECTORS 1024
#define PLACES       12
#define APPEND_MOST  30000u
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

static void name_of(char name[16], uint32_t place)
{
    snprintf(name, 16, "f%u", (unsigned)place);
}

static void file_sync(int file)
{
    if (fsync(file) < 0 || close(file) < 0)
        fail("fsync");
}

// A new file, or more of one that is there.
static void file_grow(uint32_t index, uint32_t number, uint32_t more)
{
    static uint8_t bytes[APPEND_MOST];
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

static void file_rename(uint32_t from, uint32_t to)
{
    char name[16], other[16], text[64];
    name_of(name, from);
    name_of(other, to);
    snprintf(text, sizeof text, "begin rename %s %u %s", name, (unsigned)places[from].number,
             other);
    mark(text);
    if (rename(name, other) < 0)
        fail("rename");
    int file = open(other, O_RDONLY);
    if (file < 0)
        fail(other);
    file_sync(file);
    places[to] = places[from];
    places[from] = (struct place){0};
    snprintf(text, sizeof text, "done rename %s %u %s", name, (unsigned)places[to].number, other);
    mark(text);
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
        file_grow(index, number, 1 + random_below(APPEND_MOST));
    else if (choice < 3 && place->size < SIZE_MOST)
        file_grow(index, place->number, 1 + random_below(APPEND_MOST));
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
    for (uint32_t number = 1; number <= steps; number++)
        step(number);
    mark("end");
    printf("power_work: %u steps\n", (unsigned)steps);
    return 0;
}
