// SPDX-License-Identifier: MIT
// syscall_fuzz CALLS SEED: makes CALLS system calls with random numbers and arguments, in children
// of its own that may die of it, hang in it, or stop. The parent replaces a child that has ended
// and kills one that does not get on. Prints how many calls were made and how children ended; the
// seed repeats a run as far as timing allows.
//
// Left out are only the calls that are meant to end the system or that hit others by design:
// power off, signals to anybody but the caller, and writes to the disk.
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#define CALLS_PER_CHILD 400
#define LOOK_MS         20
#define PATIENCE_MS     400 // without a call made, a child is taken to sleep for ever
#define ARENA_SIZE      65536

#define CALL_KILL      129
#define CALL_TKILL     130
#define CALL_TGKILL    131
#define CALL_REBOOT    142
#define CALL_RENAMEAT2 276
#define CALL_POWEROFF  0x42000

static uint64_t state;
static volatile uint64_t *made; // calls, shared with the children
static uint8_t *arena;          // what pointers point to

static uint64_t random_next(void)
{
    state += 0x9E3779B97F4A7C15u;
    uint64_t z = state;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
    return z ^ (z >> 31);
}

static uint64_t below(uint64_t n)
{
    return random_next() % n;
}

static const char *const paths[] = {
    "a",         "b",          "dir",        "dir/c",     "link",          "dir/../a",
    "/",         "/tmp",       "/proc",      "/dev/null", "/dev/zero",     "/dev/random",
    "/dev/tty",  "/dev/empty", "/proc/self", "/bin/true", "/proc/meminfo", "/boot/null.elf",
    "..",        ".",          "",           "//",        "/dev/nullb0",   "a/b",
    "nosuch/x",  "dir/",       "/dev",       "link/c",    "/proc/1",       "/dev/bench",
    "/bin/init", "/proc/sys",
};

static const uint64_t numbers[] = {
    0,          1,          2,          3,          4,          7,          8,
    16,         63,         64,         255,        256,        4095,       4096,
    4097,       65535,      65536,      0x5401,     0x5402,     0x5413,     0x541B,
    0x7FFFFFFF, 0x80000000, 0xFFFFFFFF, 1ull << 32, 1ull << 38, 1ull << 47, 1ull << 63,
    INT64_MAX,  UINT64_MAX, -100ull,    -4096ull,   -14ull,     0x80081272,
};

static uint64_t path_pointer(void)
{
    uint8_t *at = arena + below(ARENA_SIZE / 64) * 64;
    strcpy((char *)at, paths[below(sizeof paths / sizeof *paths)]);
    return (uint64_t)at;
}

// A pointer into the arena (with a path, a vector, a time or noise there), near its end, or to
// where a program has no business.
static uint64_t random_pointer(void)
{
    uint8_t *at = arena + below(ARENA_SIZE / 64) * 64;
    switch (below(10)) {
    case 0:
        return below(2) ? 0 : 8;
    case 1:
        return (uint64_t)arena + ARENA_SIZE - below(32);
    case 2:
        return 0xFFFFFFC000000000u + below(1u << 30) * 8; // the core's half
    case 3:
        return random_next();
    case 4:
        return (uint64_t)&random_next;
    case 5:
        for (int i = 0; i < 8; i += 2) { // pairs of address and length
            ((uint64_t *)at)[i] = (uint64_t)arena + below(ARENA_SIZE);
            ((uint64_t *)at)[i + 1] = below(8192);
        }
        return (uint64_t)at;
    case 6:
        ((uint64_t *)at)[0] = 0; // a short time
        ((uint64_t *)at)[1] = below(1000000);
        return (uint64_t)at;
    default:
        return path_pointer();
    }
}

static uint64_t random_argument(void)
{
    switch (below(8)) {
    case 0:
        return random_next();
    case 1:
    case 2:
        return numbers[below(sizeof numbers / sizeof *numbers)];
    case 3:
    case 4:
        return below(12); // a descriptor
    default:
        return random_pointer();
    }
}

static uint64_t random_call(void)
{
    for (;;) {
        uint64_t number = below(20) ? below(300) : random_argument();
        if (number != CALL_REBOOT && number != CALL_POWEROFF)
            return number;
    }
}

static long raw_call(uint64_t number, const uint64_t *a)
{
    register uint64_t a0 __asm__("a0") = a[0];
    register uint64_t a1 __asm__("a1") = a[1];
    register uint64_t a2 __asm__("a2") = a[2];
    register uint64_t a3 __asm__("a3") = a[3];
    register uint64_t a4 __asm__("a4") = a[4];
    register uint64_t a5 __asm__("a5") = a[5];
    register uint64_t a7 __asm__("a7") = number;
    __asm__ volatile("ecall"
                     : "+r"(a0)
                     : "r"(a1), "r"(a2), "r"(a3), "r"(a4), "r"(a5), "r"(a7)
                     : "memory");
    return (long)a0;
}

// Signals only to the caller; never those that stop it, which would only cost time.
static void signal_aim(uint64_t number, uint64_t *a)
{
    a[0] = (uint64_t)getpid();
    a[number == CALL_TGKILL] = a[0];
    a[1 + (number == CALL_TGKILL)] = below(8) ? below(70) : random_next();
}

static void one_call(pid_t self)
{
    uint64_t number = random_call(), a[6];
    for (int i = 0; i < 6; i++)
        a[i] = random_argument();
    if (below(4) == 0) { // as calls with a path have it: openat, renameat2, ...
        a[0] = a[2] = AT_FDCWD;
        a[1] = path_pointer();
        a[number == CALL_RENAMEAT2 ? 3 : 2] = below(3) ? path_pointer() : random_argument();
    }
    if (number == CALL_KILL || number == CALL_TKILL || number == CALL_TGKILL)
        signal_aim(number, a);
    (*made)++;
    raw_call(number, a);
    if (getpid() != self)
        _exit(0); // a child of its own
}

static void child_run(uint64_t seed)
{
    state = seed;
    signal(SIGALRM, SIG_DFL);
    setsid(); // the terminal is not its own
    for (int i = 0; i < 3; i++) {
        close(i);
        open(i ? "out" : "/dev/zero", O_RDWR | O_CREAT, 0666);
    }
    arena = malloc(ARENA_SIZE);
    for (uint32_t i = 0; i < ARENA_SIZE / 8; i++)
        ((uint64_t *)arena)[i] = random_next();
    for (int i = 0; i < CALLS_PER_CHILD; i++)
        one_call(getpid());
    _exit(0);
}

static void interrupt(int number)
{
    (void)number;
}

// Waits for the child, looking up now and then; kills it where it does not get on. Its status.
static int child_end(pid_t child, int *killed)
{
    int status = 0, idle = 0;
    uint64_t before = *made;
    while (waitpid(child, &status, 0) != child) {
        if (errno != EINTR) {
            printf("waitpid: %s\n", strerror(errno));
            exit(1);
        }
        idle = *made == before ? idle + LOOK_MS : 0;
        before = *made;
        if (idle == PATIENCE_MS) {
            kill(child, SIGKILL);
            (*killed)++;
        }
    }
    return status;
}

// A signal every LOOK_MS ends the wait for a child.
static void interrupts_start(void)
{
    struct sigaction action = {.sa_handler = interrupt};
    struct itimerval timer = {{0, LOOK_MS * 1000}, {0, LOOK_MS * 1000}};
    sigaction(SIGALRM, &action, NULL);
    setitimer(ITIMER_REAL, &timer, NULL);
}

int main(int count, char **arguments)
{
    uint64_t calls = count > 1 ? strtoull(arguments[1], NULL, 0) : 100000;
    uint64_t seed = count > 2 ? strtoull(arguments[2], NULL, 0) : 1;
    int children = 0, killed = 0, signalled = 0;
    char folder[32];
    snprintf(folder, sizeof folder, "/tmp/fuzz.%d", (int)getpid());
    if (mkdir(folder, 0777) < 0 || chdir(folder) < 0 || mkdir("dir", 0777) < 0)
        return 2;
    made = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (made == MAP_FAILED)
        return 2;
    interrupts_start();
    while (*made < calls) {
        pid_t child = fork();
        if (child == 0)
            child_run(seed + (uint64_t)children);
        if (child < 0) {
            printf("fork: %s\n", strerror(errno));
            return 1;
        }
        int status = child_end(child, &killed);
        signalled += WIFSIGNALED(status) != 0;
        children++;
    }
    printf("%llu calls, %d children, %d hung, %d signalled\n", (unsigned long long)*made, children,
           killed, signalled);
    return 0;
}
