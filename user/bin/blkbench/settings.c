// SPDX-License-Identifier: MIT
#include "settings.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>
#include "tool.h"

#define BLOCK_SIZE_MAX (16u << 20)
#define VERIFY_SIZE    (64ull << 20) /* of a job, where --size does not say */
#define NSEC_PER_SEC   1000000000ull
#define NSEC_PER_MSEC  1000000ull

static const char usage[] =
    "[--dev=/dev/vda] [--rw=read|write|randread|randwrite|rw|randrw] [--bs=4k]\n"
    "                [--size=SIZE] [--numjobs=1] [--iodepth=1] [--runtime=5 | --ios=N]\n"
    "                [--verify] [--seed=N] [--force] [--gtod_reduce] [-j [--counts]]\n"
    "                [--write_iops_log=FILE [--log_avg_msec=10]]\n"
    "  --size     bytes of the device that each job uses (all of it, shared out; with --verify at "
    "most 64m)\n"
    "  --iodepth  requests in flight of each job, through rings; of a file (and not a device)\n"
    "             each made by a process of its own\n"
    "  --runtime  seconds; --ios: requests of each job\n"
    "  --verify   blocks carry address, generation and checksum, and each read is checked\n"
    "  --force    write to a device although it is mounted\n"
    "  --gtod_reduce  read the clock once in 64 requests: their speed without it, no latencies\n"
    "  --write_iops_log  lines `msec since boot, requests` for each 10 ms, or --log_avg_msec; "
    "needs "
    "--runtime\n"
    "  -j         the result as one JSON object\n"
    "  --counts   in it also how many requests were made and have ended, those of --verify's\n"
    "             preparing and checking included";

_Noreturn static void refuse(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    fputs("blkbench: ", stderr);
    vfprintf(stderr, format, arguments);
    fputc('\n', stderr);
    exit(2);
}

/* A whole number with k, m or g behind it, in either case. */
static bool size_parse(const char *text, uint64_t *value)
{
    char *end;
    errno = 0;
    if (*text < '0' || *text > '9')
        return false;
    uint64_t number = strtoul(text, &end, 10);
    const char *units = "kmg", *unit = *end ? strchr(units, *end | 0x20) : NULL;
    int shift = unit ? 10 * (int)(unit - units + 1) : 0;
    if (errno || end[unit != NULL] || number > UINT64_MAX >> shift)
        return false;
    *value = number << shift;
    return true;
}

static uint64_t number_setting(const char *name, const char *text, uint64_t low, uint64_t high)
{
    uint64_t number;
    if (!size_parse(text, &number) || number < low || number > high)
        refuse("--%s=%s: must be a whole number from %lu to %lu", name, text, low, high);
    return number;
}

static void pattern_set(struct settings *settings, const char *name)
{
    static const struct {
        const char *name;
        enum pattern_direction direction;
        bool random;
    } patterns[] = {
        {"read", DIRECTION_READ, false},    {"write", DIRECTION_WRITE, false},
        {"randread", DIRECTION_READ, true}, {"randwrite", DIRECTION_WRITE, true},
        {"rw", DIRECTION_BOTH, false},      {"randrw", DIRECTION_BOTH, true},
    };
    for (size_t i = 0; i < sizeof patterns / sizeof *patterns; i++)
        if (strcmp(name, patterns[i].name) == 0) {
            settings->pattern = patterns[i].name;
            settings->direction = patterns[i].direction;
            settings->random = patterns[i].random;
            return;
        }
    refuse("--rw=%s: must be read, write, randread, randwrite, rw or randrw", name);
}

/* The value behind "--name=", or NULL if the word is another option. */
static const char *value_of(const char *word, const char *name)
{
    size_t length = strlen(name);
    if (strncmp(word, "--", 2) != 0 || strncmp(word + 2, name, length) != 0 ||
        word[2 + length] != '=')
        return NULL;
    return word + 2 + length + 1;
}

static bool flag_parse(struct settings *settings, const char *word)
{
    if (strcmp(word, "--verify") == 0)
        settings->verify = true;
    else if (strcmp(word, "--force") == 0)
        settings->force = true;
    else if (strcmp(word, "--gtod_reduce") == 0)
        settings->clock_seldom = true;
    else if (strcmp(word, "--counts") == 0)
        settings->counts = true;
    else if (strcmp(word, "-j") == 0)
        settings->json = true;
    else
        return false;
    return true;
}

static void option_parse(struct settings *settings, const char *word)
{
    const char *value;
    if (flag_parse(settings, word))
        return;
    if ((value = value_of(word, "dev")))
        settings->device = value;
    else if ((value = value_of(word, "rw")))
        pattern_set(settings, value);
    else if ((value = value_of(word, "bs")))
        settings->block_size = number_setting("bs", value, 1, BLOCK_SIZE_MAX);
    else if ((value = value_of(word, "size")))
        settings->size = number_setting("size", value, 1, INT64_MAX);
    else if ((value = value_of(word, "numjobs")))
        settings->jobs = (unsigned)number_setting("numjobs", value, 1, 64);
    else if ((value = value_of(word, "iodepth")))
        settings->depth = (unsigned)number_setting("iodepth", value, 1, 64);
    else if ((value = value_of(word, "runtime")))
        settings->runtime_ns = number_setting("runtime", value, 1, 1000000) * NSEC_PER_SEC;
    else if ((value = value_of(word, "ios")))
        settings->ios = number_setting("ios", value, 1, 1ul << 40);
    else if ((value = value_of(word, "write_iops_log")))
        settings->log = value;
    else if ((value = value_of(word, "log_avg_msec")))
        settings->log_window = number_setting("log_avg_msec", value, 1, 60000) * NSEC_PER_MSEC;
    else if ((value = value_of(word, "seed")))
        settings->seed = number_setting("seed", value, 0, UINT64_MAX);
    else
        refuse("%s: no such option, or one without its =VALUE (see blkbench -h)", word);
}

void settings_parse(struct settings *settings, int argc, char **argv)
{
    *settings = (struct settings){.device = "/dev/vda",
                                  .block_size = 4096,
                                  .jobs = 1,
                                  .depth = 1,
                                  .seed = 1,
                                  .log_window = 10 * NSEC_PER_MSEC};
    pattern_set(settings, "read");
    tool_begin("blkbench", usage);
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "-h") == 0 || strcmp(argv[i], "--help") == 0) {
            printf("usage: blkbench %s\n", usage);
            exit(tool_status());
        }
        option_parse(settings, argv[i]);
    }
    if (settings->ios && settings->runtime_ns)
        refuse("--ios and --runtime: give one of them");
    if (settings->log && settings->ios)
        refuse("--write_iops_log: needs --runtime, not --ios");
    if (settings->log && settings->clock_seldom)
        refuse("--write_iops_log: needs the clock, not --gtod_reduce");
    if (!settings->ios && !settings->runtime_ns)
        settings->runtime_ns = 5 * NSEC_PER_SEC;
    if (settings->jobs * settings->depth > WORKERS_MAX)
        refuse("--numjobs=%u --iodepth=%u: together more than %d requests in flight",
               settings->jobs, settings->depth, WORKERS_MAX);
}

/* Are these two names of one device, or of one file that serves as a disk? */
static bool is_same(const struct stat *one, const struct stat *other)
{
    if (S_ISBLK(one->st_mode) && S_ISBLK(other->st_mode))
        return one->st_rdev == other->st_rdev;
    return one->st_dev == other->st_dev && one->st_ino == other->st_ino;
}

/* /proc/mounts begins each line with what is mounted. The device may have other names than that
 * one. */
static bool device_is_mounted(const char *device)
{
    char *line = NULL;
    size_t room = 0;
    bool found = false;
    struct stat wanted, info;
    FILE *mounts = fopen("/proc/mounts", "r");
    if (!mounts)
        return false;
    bool exists = stat(device, &wanted) == 0;
    while (exists && !found && getline(&line, &room, mounts) > 0) {
        line[strcspn(line, " ")] = 0;
        found = stat(line, &info) == 0 && is_same(&wanted, &info);
    }
    free(line);
    fclose(mounts);
    return found;
}

/* Size in bytes, and the sector size; a file may be used like a device. */
static uint64_t device_measure(struct settings *settings, int file)
{
    struct stat info;
    uint64_t size = 0;
    int sector = 512;
    if (fstat(file, &info) < 0)
        tool_fail(settings->device);
    if (S_ISREG(info.st_mode)) {
        size = (uint64_t)info.st_size;
    } else if (!S_ISBLK(info.st_mode)) {
        refuse("%s: neither a block device nor a file (see ls -l /dev)", settings->device);
    } else if (ioctl(file, BLKGETSIZE64, &size) < 0 || ioctl(file, BLKSSZGET, &sector) < 0) {
        tool_fail(settings->device);
    }
    settings->is_device = S_ISBLK(info.st_mode);
    settings->sector_size = (unsigned)sector;
    return size;
}

static void sizes_check(struct settings *settings, uint64_t capacity)
{
    uint64_t block = settings->block_size;
    if (block % settings->sector_size)
        refuse("--bs=%lu: must be a multiple of %u, the device's block size", block,
               settings->sector_size);
    if (settings->size % block)
        refuse("--size=%lu: must be a multiple of the block size, %lu", settings->size, block);
    uint64_t part = capacity / settings->jobs / block * block;
    if (part == 0)
        refuse("%s: has %lu bytes, too few for %u job(s) with blocks of %lu", settings->device,
               capacity, settings->jobs, block);
    if (settings->size > part)
        refuse("--size=%lu: %s has %lu bytes, so that each of %u job(s) can use %lu",
               settings->size, settings->device, capacity, settings->jobs, part);
    if (!settings->size) {
        settings->size = part;
        if (settings->verify && part > VERIFY_SIZE)
            settings->size = VERIFY_SIZE / block * block;
    }
    if (settings->size / block < settings->depth)
        refuse("--iodepth=%u: a job has only %lu blocks", settings->depth, settings->size / block);
}

int settings_open_device(struct settings *settings)
{
    bool writes = settings->direction != DIRECTION_READ || settings->verify;
    int access = writes ? O_RDWR : O_RDONLY;
    if (writes && !settings->force && device_is_mounted(settings->device))
        refuse("%s: is mounted, and this run would write to it (unmount it, or add --force)",
               settings->device);
    int file = open(settings->device, access | O_DIRECT);
    if (file < 0 && errno == EINVAL)
        file = open(settings->device, access); /* a file on a file system without direct access */
    if (file < 0)
        tool_fail(settings->device);
    int read_only = 0;
    sizes_check(settings, device_measure(settings, file));
    if (writes && settings->is_device && ioctl(file, BLKROGET, &read_only) == 0 && read_only)
        refuse("%s: is read-only, and this run would write to it", settings->device);
    settings->rings = settings->depth > 1 && settings->is_device;
    return file;
}
