// SPDX-License-Identifier: MIT
// name_check FOLDER WORKERS STEPS SEED: workers that make, link, rename, remove and look up names
// of their own in one folder, beside a model of what must be there, while what is below may crash
// and be replaced. With -w they go on until /tmp/stop is there, STEPS at least. What an operation
// that met a crash has done is read from the folder's listing.
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define NAMES    40
#define PATIENCE 10000

enum { NONE = 0 };

static const char *const folders[2] = {"a", "b"};
static ino_t folder_inodes[2];

static struct {
    char text[64];
    mode_t type; /* NONE: it is not there */
    ino_t inode; /* 0: not known yet */
} names[NAMES];

static unsigned long seed;
static unsigned worker, wrong, met;

static unsigned chance(unsigned of)
{
    seed = seed * 6364136223846793005ul + 1442695040888963407ul;
    return (unsigned)(seed >> 33) % of;
}

static void complain(const char *what, int name)
{
    printf("wrong: %s %s (errno %d)\n", what, names[name].text, errno);
    wrong++;
}

/* An operation may end so where something below it has crashed. */
static bool is_crash(void)
{
    return errno == EIO || errno == ENXIO || errno == ETIMEDOUT || errno == EAGAIN;
}

static mode_t type_of(unsigned char type)
{
    return type == DT_DIR ? S_IFDIR : type == DT_LNK ? S_IFLNK : S_IFREG;
}

/* Entries of ours that a folder lists, into `found`. False: it could not be read. */
static bool listing_read(int folder, struct dirent found[NAMES])
{
    DIR *stream = opendir(folders[folder]);
    struct dirent *each;
    if (!stream)
        return false;
    for (errno = 0; (each = readdir(stream)); errno = 0)
        for (int i = folder; i < NAMES; i += 2)
            if (strcmp(each->d_name, names[i].text + 2) == 0)
                found[i] = *each;
    bool is_whole = errno == 0;
    closedir(stream);
    return is_whole;
}

static void listing_get(struct dirent found[NAMES])
{
    memset(found, 0, NAMES * sizeof *found);
    for (int folder = 0, tries = 0; folder < 2;) {
        if (listing_read(folder, found)) {
            folder++;
        } else if (!is_crash() || ++tries == PATIENCE) {
            complain("the listing", folder);
            exit(1);
        }
    }
}

/* What has become of two names. */
static void settle(int a, int b)
{
    static struct dirent found[NAMES];
    met++;
    listing_get(found);
    for (int i = 0; i < NAMES; i++)
        if (i == a || i == b) {
            names[i].type = found[i].d_ino ? type_of(found[i].d_type) : NONE;
            names[i].inode = found[i].d_ino;
        }
}

static int stat_get(const char *path, struct stat *info)
{
    int result, tries = 0;
    do
        result = lstat(path, info);
    while (result < 0 && is_crash() && ++tries < PATIENCE);
    return result;
}

static void look(int name)
{
    struct stat info;
    char up[80];
    int result = stat_get(names[name].text, &info);
    if (result < 0 && names[name].type == NONE && errno == ENOENT)
        return;
    if (result < 0 || names[name].type == NONE || (info.st_mode & S_IFMT) != names[name].type ||
        (names[name].inode && info.st_ino != names[name].inode)) {
        complain(result < 0 ? "not found" : "found", name);
        return;
    }
    names[name].inode = info.st_ino;
    snprintf(up, sizeof up, "%s/..", names[name].text);
    if (S_ISDIR(info.st_mode) &&
        (stat_get(up, &info) < 0 || info.st_ino != folder_inodes[name % 2]))
        complain("what is above", name);
}

/* The end of an operation on two names that must succeed, or fail with ERROR. */
static bool conclude(const char *what, int result, int error, int a, int b)
{
    if (result < 0 && is_crash()) {
        settle(a, b);
        return false;
    }
    if (result < 0 ? errno != error : error != 0)
        complain(what, a);
    return result >= 0;
}

static int file_make(const char *name)
{
    int descriptor = open(name, O_CREAT | O_EXCL | O_WRONLY, 0644);
    if (descriptor >= 0)
        close(descriptor);
    return descriptor < 0 ? -1 : 0;
}

static void make(int name)
{
    mode_t type = chance(2) ? S_IFREG : chance(2) ? S_IFDIR : S_IFLNK;
    const char *text = names[name].text;
    int result = type == S_IFREG   ? file_make(text)
                 : type == S_IFDIR ? mkdir(text, 0755)
                                   : symlink("target", text);
    if (conclude("made", result, names[name].type == NONE ? 0 : EEXIST, name, name)) {
        names[name].type = type;
        names[name].inode = 0;
    }
}

static void take(int name)
{
    mode_t type = names[name].type;
    int result = type == S_IFDIR ? rmdir(names[name].text) : unlink(names[name].text);
    if (conclude("removed", result, type == NONE ? ENOENT : 0, name, name))
        names[name].type = NONE;
}

static void again(int name, int other)
{
    if (names[name].type != S_IFREG)
        return;
    int error = names[other].type == NONE ? 0 : EEXIST;
    if (conclude("linked", link(names[name].text, names[other].text), error, other, name)) {
        names[other].type = S_IFREG;
        names[other].inode = names[name].inode;
    }
}

static void move(int name, int other)
{
    mode_t from = names[name].type, to = names[other].type;
    bool is_same = names[name].inode == names[other].inode;
    int error = from == NONE                                     ? ENOENT
                : from == S_IFDIR && to != S_IFDIR && to != NONE ? ENOTDIR
                : from != S_IFDIR && to == S_IFDIR               ? EISDIR
                                                                 : 0;
    if (name == other || (from == S_IFREG && to == S_IFREG && is_same))
        return; /* two names of one file: both stay */
    if (conclude("moved", rename(names[name].text, names[other].text), error, name, other)) {
        names[other].type = from;
        names[other].inode = names[name].inode;
        names[name].type = NONE;
    }
}

static void step(void)
{
    int name = (int)chance(NAMES), other = (int)chance(NAMES);
    switch (chance(10)) {
    case 0:
    case 1:
        make(name);
        break;
    case 2:
        take(name);
        break;
    case 3:
        look(name); /* its inode is known, then */
        again(name, other);
        break;
    case 4:
        look(name);
        look(other);
        move(name, other);
        break;
    default:
        look(name);
    }
}

/* At the end the folder holds what the model does. */
static void all_check(void)
{
    static struct dirent found[NAMES];
    listing_get(found);
    for (int i = 0; i < NAMES; i++) {
        look(i);
        if (!found[i].d_ino != (names[i].type == NONE))
            complain("listed", i);
    }
}

static int work(unsigned steps, bool waits)
{
    unsigned done = 0;
    seed += worker;
    for (int i = 0; i < NAMES; i++)
        snprintf(names[i].text, sizeof names[i].text,
                 i % 8 > 1 ? "%s/%u-%d" : "%s/%u-a-name-longer-than-what-most-of-them-are-%d",
                 folders[i % 2], worker, i);
    while (done < steps || (waits && access("/tmp/stop", F_OK) < 0)) {
        step();
        done++;
    }
    all_check();
    printf("names: %u steps, %u met a crash, %u wrong\n", done, met, wrong);
    fflush(stdout);
    return wrong != 0;
}

int main(int argc, char **argv)
{
    bool waits = argc == 6 && strcmp(argv[5], "-w") == 0;
    int failed = 0, status;
    if (argc < 5 || chdir(argv[1]) < 0)
        return 2;
    seed = strtoul(argv[4], NULL, 10) * 1000;
    for (int i = 0; i < 2; i++) {
        struct stat info;
        if (mkdir(folders[i], 0755) < 0 || stat_get(folders[i], &info) < 0)
            return 2;
        folder_inodes[i] = info.st_ino;
    }
    for (worker = 0; worker < (unsigned)atoi(argv[2]); worker++)
        if (fork() == 0)
            exit(work((unsigned)atoi(argv[3]), waits));
    while (wait(&status) > 0)
        failed |= status;
    return failed != 0;
}
