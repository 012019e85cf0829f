// SPDX-License-Identifier: MIT
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include "failnth.h"
#include "file_at.h"
#include "system.h"
#include "tool.h"

#define PAUSE_NS   20000000
#define BLOCK      4096
#define SCRATCH    "f-%s" /* names of services of our own */
#define FOLDER     "/mnt"
#define DISK       "/dev/vda"
#define LEAK_BYTES 0x10000

void pause_shortly(void)
{
    struct timespec time = {0, PAUSE_NS};
    nanosleep(&time, NULL);
}

static bool fail(char *reason, const char *what, int error)
{
    snprintf(reason, REASON_MAX, "%s: %s", what, strerror(error));
    return false;
}

/* ---- Commands ---- */

static bool command_judge(int result, char *reason)
{
    if (result == 0)
        return true;
    command_answer(reason, REASON_MAX);
    return reason[0] ? false : fail(reason, "command", -result);
}

static bool load(const struct operation *operation, char *reason)
{
    return command_judge(command_run("load %s as " SCRATCH, operation->to, operation->to), reason);
}

static bool load_undo(const struct operation *operation, char *reason)
{
    return command_judge(command_run("stop " SCRATCH, operation->to), reason);
}

static bool restart(const struct operation *operation, char *reason)
{
    return command_judge(command_run("restart %s", operation->service), reason);
}

static bool update(const struct operation *operation, char *reason)
{
    return command_judge(command_run("update %s %s", operation->service, operation->to), reason);
}

/* An update that fails late, when the old instance has stopped to work and must go on. */
static bool refused(const struct operation *operation, char *reason)
{
    if (!command_judge(command_run("fault %s ebreak in import", operation->service), reason))
        return false;
    if (update(operation, reason))
        return fail(reason, "the fault in import", ENODATA);
    if (!strstr(reason, "import of") || !strstr(reason, "crashed"))
        return false;
    reason[0] = 0;
    return true;
}

/* Whatever serves it now, and if it is busy for a moment. */
static bool update_insist(const char *service, const char *image, char *reason)
{
    for (int tries = 0; tries < TRIES; tries++) {
        int result = command_run("update %s %s", service, image);
        if (result == 0 || result == -EALREADY)
            return true;
        command_judge(result, reason);
        if (result != -EBUSY)
            return false;
        pause_shortly();
    }
    return false;
}

static bool update_undo(const struct operation *operation, char *reason)
{
    return update_insist(operation->service, operation->from, reason);
}

/* Services that are as after a boot: what they once needed and kept, they ask for again. */
static bool renew(const char *const *services, char *reason)
{
    for (; *services; services++)
        if (!command_judge(command_run("restart %s", *services), reason))
            return false;
    return true;
}

/* posix, which cannot be restarted under us, in the same way. */
static bool posix_renew(const struct operation *operation, char *reason)
{
    (void)operation;
    return update_insist("posix", "posix_v2", reason) && update_insist("posix", "posix", reason);
}

/* ---- Calls ---- */

static bool block_read(const char *path, char *reason)
{
    static char bytes[BLOCK];
    int file = open(path, O_RDONLY);
    long done = file < 0 ? -1 : file_read_at(file, bytes, sizeof bytes, 0);
    int error = errno;
    if (file >= 0)
        close(file);
    return done < 0 ? fail(reason, path, error) : true;
}

/* Names and a page of data travel as RRefs, the console's event as a handle. */
static bool call(const struct operation *operation, char *reason)
{
    (void)operation;
    struct pollfd keyboard = {.fd = open("/dev/console", O_RDWR | O_NOCTTY), .events = POLLIN};
    int ready = keyboard.fd < 0 ? -1 : poll(&keyboard, 1, 1);
    int error = errno;
    if (keyboard.fd >= 0)
        close(keyboard.fd);
    if (ready < 0)
        return fail(reason, "poll", error);
    return block_read("/dev/nullb0", reason) && block_read("/dev/empty", reason) &&
           block_read("/proc/self/stat", reason);
}

static bool call_undo(const struct operation *operation, char *reason)
{
    static const char *const services[] = {"null", "nullblk", "console", "devfs", NULL};
    return renew(services, reason) && posix_renew(operation, reason);
}

/* The service dies, and is started again behind its shadow while the call waits. */
static bool crash(const struct operation *operation, char *reason)
{
    (void)operation;
    int file = open("/dev/nullb0", O_RDONLY);
    if (file < 0)
        return fail(reason, "/dev/nullb0", errno);
    bool armed = command_judge(command_run("fault nullblk ebreak"), reason);
    static char bytes[BLOCK];
    long done = armed ? file_read_at(file, bytes, sizeof bytes, 0) : 0;
    int error = errno;
    close(file);
    return done < 0 ? fail(reason, "/dev/nullb0", error) : armed;
}

static bool crash_undo(const struct operation *operation, char *reason)
{
    static const char *const services[] = {"nullblk", NULL}; /* the next pause is a short one */
    (void)operation;
    return renew(services, reason);
}

static bool pipe_make(const struct operation *operation, char *reason)
{
    int ends[2];
    char byte = 1;
    (void)operation;
    if (pipe(ends) < 0)
        return fail(reason, "pipe", errno);
    bool moved = write(ends[1], &byte, 1) == 1 && read(ends[0], &byte, 1) == 1;
    int error = errno;
    close(ends[0]);
    close(ends[1]);
    return moved || fail(reason, "pipe", error);
}

static bool file_write(const struct operation *operation, char *reason)
{
    static const char path[] = "/tmp/failnth.file";
    static char bytes[4 * BLOCK];
    (void)operation;
    int file = open(path, O_RDWR | O_CREAT | O_TRUNC, 0600);
    long done = file < 0 ? -1 : file_write_at(file, bytes, sizeof bytes, 0);
    int error = errno;
    if (file >= 0)
        close(file);
    if (done >= 0 && unlink(path) < 0)
        return fail(reason, "unlink", errno);
    return done == sizeof bytes || fail(reason, path, done < 0 ? error : ENOSPC);
}

static bool file_undo(const struct operation *operation, char *reason)
{
    static const char *const services[] = {"ramfs", NULL};
    return renew(services, reason) && posix_renew(operation, reason);
}

/* So much that the core has to note which pages of the program the device has. */
static bool disk_read(const struct operation *operation, char *reason)
{
    static char bytes[16 * BLOCK];
    (void)operation;
    int file = open(DISK, O_RDONLY);
    long done = file < 0 ? -1 : file_read_at(file, bytes, sizeof bytes, 0);
    int error = errno;
    if (file >= 0)
        close(file);
    return done == sizeof bytes || fail(reason, DISK, done < 0 ? error : EIO);
}

static bool disk_undo(const struct operation *operation, char *reason)
{
    static const char *const services[] = {"blk", "devfs", NULL};
    return renew(services, reason) && posix_renew(operation, reason);
}

static const char *disk_is_missing(void)
{
    return access(DISK, R_OK) < 0 ? "there is no disk" : NULL;
}

/* ---- Processes ---- */

/* The end of a child, which says with its status what it found. */
static bool child_await(pid_t child, const char *what, char *reason)
{
    int status;
    while (waitpid(child, &status, 0) < 0)
        if (errno != EINTR)
            return fail(reason, "waitpid", errno);
    if (WIFSIGNALED(status)) {
        snprintf(reason, REASON_MAX, "%s: killed by signal %d", what, WTERMSIG(status));
        return false;
    }
    return WEXITSTATUS(status) == 0 || fail(reason, what, WEXITSTATUS(status));
}

static bool fork_and_end(const struct operation *operation, char *reason)
{
    (void)operation;
    pid_t child = fork();
    if (child == 0)
        _exit(0);
    return child < 0 ? fail(reason, "fork", errno) : child_await(child, "child", reason);
}

static bool fork_and_exec(const struct operation *operation, char *reason)
{
    (void)operation;
    pid_t child = fork();
    if (child == 0) {
        execl("/bin/true", "true", (char *)NULL);
        _exit(errno);
    }
    return child < 0 ? fail(reason, "fork", errno) : child_await(child, "exec", reason);
}

/* ---- Mounts ---- */

#define EXT2 0xEF53

static const char *disk_is_root(void)
{
    struct statfs root;
    return statfs("/", &root) == 0 && root.f_type == EXT2 ? "the disk is /" : NULL;
}

static bool mount_disk(const struct operation *operation, char *reason)
{
    (void)operation;
    return mount(DISK, FOLDER, "ext2", 0, NULL) == 0 || fail(reason, "mount", errno);
}

static bool mount_disk_undo(const struct operation *operation, char *reason)
{
    static const char *const services[] = {"blk", "ext2", NULL};
    if (umount(FOLDER) < 0 && errno != EINVAL) /* EINVAL: is not mounted, we were here before */
        return fail(reason, "umount", errno);
    return renew(services, reason) && posix_renew(operation, reason);
}

/* ---- What the sweep must notice ---- */

static bool leak(const struct operation *operation, char *reason)
{
    (void)operation;
    char *bytes =
        mmap(NULL, LEAK_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (bytes == MAP_FAILED)
        return fail(reason, "mmap", errno);
    memset(bytes, 1, LEAK_BYTES);
    return true;
}

#define UPDATE(which)                                                                              \
    {                                                                                              \
        .name = "update-" #which, .service = #which, .from = #which, .to = #which "_v2",           \
        .run = update, .undo = update_undo                                                         \
    }
#define REFUSED(which)                                                                             \
    {                                                                                              \
        .name = "refused-" #which, .service = #which, .from = #which, .to = #which "_v2",          \
        .run = refused                                                                             \
    }
#define RESTART(which)                                                                             \
    {                                                                                              \
        .name = "restart-" #which, .service = #which, .from = #which, .run = restart               \
    }

const struct operation operations[] = {
    {.name = "call", .run = call, .undo = call_undo},
    {.name = "pipe", .run = pipe_make, .undo = posix_renew},
    {.name = "file", .run = file_write, .undo = file_undo},
    {.name = "disk", .run = disk_read, .undo = disk_undo, .why_not = disk_is_missing},
    {.name = "fork", .run = fork_and_end, .undo = posix_renew},
    {.name = "exec", .run = fork_and_exec, .undo = posix_renew},
    {.name = "load", .to = "zlib", .run = load, .undo = load_undo},
    {.name = "load-device", .to = "nullblk_discard", .run = load, .undo = load_undo},
    {.name = "crash", .service = "nullblk", .from = "nullblk", .run = crash, .undo = crash_undo},
    RESTART(null),
    RESTART(nullblk),
    RESTART(blk),
    RESTART(console),
    RESTART(ramfs),
    RESTART(devfs),
    RESTART(ext2),
    UPDATE(null),
    UPDATE(nullblk),
    UPDATE(blk),
    UPDATE(console),
    UPDATE(ramfs),
    UPDATE(devfs),
    UPDATE(procfs),
    UPDATE(ext2),
    UPDATE(posix),
    REFUSED(nullblk),
    REFUSED(blk),
    REFUSED(console),
    REFUSED(ramfs),
    {.name = "mount", .run = mount_disk, .undo = mount_disk_undo, .why_not = disk_is_root},
    {.name = "leak", .run = leak, .is_wrong = true},
};
const size_t operation_count = sizeof operations / sizeof *operations;

/* ---- The system's side ---- */

const char *const kinds[] = {"page", "object", "rref",  "handle", "event",
                             "slot", "thread", "stack", NULL};

bool failnth_arm(const char *kind, unsigned nth, unsigned times)
{
    return command_run("failnth %s %u %u", kind, nth, times) == 0;
}

bool failnth_disarm(bool *fired, unsigned *left)
{
    static const char missing[] = "not reached, ";
    char answer[REASON_MAX];
    int result;
    for (int tries = 0; (result = command_run("failnth off")) != 0 && tries < 3; tries++)
        continue; /* the request itself may have been the one */
    command_answer(answer, sizeof answer);
    const char *number = strstr(answer, missing);
    *fired = strstr(answer, "the request failed") != NULL;
    *left = 0;
    for (const char *digit = number ? number + strlen(missing) : ""; *digit >= '0' && *digit <= '9';
         digit++)
        *left = *left * 10 + (unsigned)(*digit - '0');
    return result == 0 && (*fired || number);
}
