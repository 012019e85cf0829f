// SPDX-License-Identifier: MIT
// image_fuzz IMAGE DEVICE FOLDER SEED COUNT: damages a file system's image COUNT times, writes it
// to DEVICE, mounts it, uses all of it and unmounts it. Errors are what is expected; what takes
// longer than the limit, or cannot be unmounted, is not. Says what happened, in one line.
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define SECTOR        512u
#define PIECE         65536u
#define ENTRIES_MOST  400 /* looked at: a damaged folder may be its own child */
#define FILE_PIECES   8   /* read of a file: a damaged one may be of any size */
#define LIMIT_S       60  /* for one image, on a slow computer */
#define CHANGES_MOST  300
#define UNMOUNT_TRIES 400 /* 50 ms apart: the next start may be half a second away */

static uint8_t *image, *damaged;
static uint32_t image_bytes, *used, used_count;
static const char *folder;
static uint64_t random_state;
static int entries;
static struct counts {
    int mounted, read_only, refused, slow, stuck;
} counts;

static uint32_t random_below(uint32_t limit)
{
    random_state = random_state * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(random_state >> 33) % limit;
}

static void fail(const char *what)
{
    printf("image_fuzz: %s: %s\n", what, strerror(errno));
    exit(1);
}

static void image_load(const char *path)
{
    struct stat stat;
    int file = open(path, O_RDONLY);
    if (file < 0 || fstat(file, &stat) < 0)
        fail(path);
    image_bytes = (uint32_t)stat.st_size;
    image = malloc(image_bytes);
    damaged = malloc(image_bytes);
    used = malloc(image_bytes / SECTOR * sizeof *used);
    if (!image || !damaged || !used || read(file, image, image_bytes) != (ssize_t)image_bytes)
        fail(path);
    close(file);
    for (uint32_t at = 1024; at < image_bytes; at += SECTOR)
        for (uint32_t i = 0; i < SECTOR; i++)
            if (image[at + i]) {
                used[used_count++] = at;
                break;
            }
}

/* Mostly what describes the file system, which comes first; a byte, or a whole field, which becomes
   one of the values that go wrong most often. */
static void image_damage(void)
{
    static const uint32_t amounts[] = {1, 4, 30, CHANGES_MOST};
    static const uint32_t values[] = {0, 1, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF, 0xFFFF};
    const uint32_t parts[] = {2, 40, used_count};
    memcpy(damaged, image, image_bytes);
    for (uint32_t count = amounts[random_below(4)]; count; count--) {
        uint32_t part = parts[random_below(3)];
        uint8_t *at = damaged + used[random_below(part < used_count ? part : used_count)];
        uint32_t value = random_below(2) ? values[random_below(6)] : random_below(UINT32_MAX);
        if (random_below(2))
            at[random_below(SECTOR)] = (uint8_t)value;
        else
            memcpy(at + 4 * random_below(SECTOR / 4), &value, 4);
    }
}

static int device_write(const char *path)
{
    int device = open(path, O_WRONLY);
    for (uint32_t at = 0; device >= 0 && at < image_bytes; at += PIECE)
        if (pwrite(device, damaged + at, PIECE, at) != PIECE)
            fail(path);
    return device < 0 || fsync(device) < 0 || close(device) < 0 ? -1 : 0;
}

/* ---- Using it; whatever fails, fails ---- */

static void file_use(const char *path)
{
    static uint8_t piece[PIECE];
    char target[256];
    struct stat stat;
    if (lstat(path, &stat) == 0 && S_ISLNK(stat.st_mode))
        (void)readlink(path, target, sizeof target);
    int file = open(path, O_RDONLY);
    for (int i = 0; i < FILE_PIECES && file >= 0 && read(file, piece, PIECE) > 0; i++)
        ;
    if (file >= 0)
        close(file);
}

static void folder_walk(const char *path, int depth)
{
    char child[1024];
    struct dirent *entry;
    DIR *listing = opendir(path);
    while (listing && entries++ < ENTRIES_MOST && (entry = readdir(listing))) {
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
            continue;
        if (snprintf(child, sizeof child, "%s/%s", path, entry->d_name) >= (int)sizeof child)
            continue;
        file_use(child);
        if (depth < 4)
            folder_walk(child, depth + 1);
    }
    if (listing)
        closedir(listing);
}

static void folder_remove(const char *path)
{
    char child[1024];
    struct dirent *entry;
    DIR *listing = opendir(path);
    for (int i = 0; listing && i < ENTRIES_MOST && (entry = readdir(listing)); i++)
        if (snprintf(child, sizeof child, "%s/%s", path, entry->d_name) < (int)sizeof child)
            unlink(child);
    if (listing)
        closedir(listing);
    rmdir(path);
}

static void file_write(const char *path, int flags)
{
    static const uint8_t bytes[5000] = {1};
    int file = open(path, O_WRONLY | flags, 0644);
    for (int i = 0; i < 20 && file >= 0; i++)
        if (write(file, bytes, sizeof bytes) < 0)
            break;
    if (file >= 0)
        close(file);
}

static void all_use(void)
{
    entries = 0;
    folder_walk(".", 0);
    file_write("new", O_CREAT);
    file_write("larger", O_APPEND);
    file_write("d0/f0", O_TRUNC);
    mkdir("d9", 0755);
    rename("new", "d9/renamed");
    link("larger", "linked");
    symlink("larger", "pointed");
    truncate("larger", 100);
    folder_remove("d1");
    unlink("linked");
    sync();
}

/* ---- One image ---- */

/* A domain that crashed is started anew meanwhile; so what it does not answer is asked again, and
   what a damaged file system does not take is given up: after that, nothing is mounted (EINVAL). */
static int unmounted(void)
{
    for (int tries = 0; tries < UNMOUNT_TRIES; tries++) {
        if (umount2(folder, tries ? MNT_FORCE : 0) == 0 || errno == EINVAL)
            return 1;
        usleep(50000);
    }
    return 0;
}

static void image_try(const char *device)
{
    struct timespec begin, end;
    image_damage();
    if (device_write(device) < 0)
        fail(device);
    clock_gettime(CLOCK_MONOTONIC, &begin);
    if (mount(device, folder, "ext2", 0, NULL) < 0) {
        counts.refused++;
    } else {
        counts.mounted++;
        if (chdir(folder) == 0)
            all_use();
        counts.read_only += access(".", W_OK) < 0 && errno == EROFS;
        if (chdir("/") < 0 || !unmounted())
            counts.stuck++;
    }
    clock_gettime(CLOCK_MONOTONIC, &end);
    counts.slow += end.tv_sec - begin.tv_sec > LIMIT_S;
}

int main(int argc, char **argv)
{
    if (argc != 6)
        fail("usage: image_fuzz IMAGE DEVICE FOLDER SEED COUNT");
    image_load(argv[1]);
    folder = argv[3];
    random_state = strtoull(argv[4], NULL, 10);
    int count = atoi(argv[5]);
    for (int i = 0; i < count && !counts.stuck; i++)
        image_try(argv[2]);
    printf("{\"images\": %d, \"refused\": %d, \"mounted\": %d, \"read_only\": %d, \"slow\": %d, "
           "\"stuck\": %d}\n",
           counts.refused + counts.mounted, counts.refused, counts.mounted, counts.read_only,
           counts.slow, counts.stuck);
    return counts.slow || counts.stuck;
}
