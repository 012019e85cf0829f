// SPDX-License-Identifier: MIT
// Uses the rings of block requests rightly and wrongly; says what went otherwise than it must, and
// at the end "ring_check: N wrong". Reads only, but for the writes that must be refused.
#include <bulkhead.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>
#include "domainlib/include/block_ring.h"

#define SIZE   256
#define SECTOR 512
#define BLOCK  4096

static unsigned wrong;
static int device, file, pipes[2];
static char *blocks;    // SIZE of them
static char *read_only; // a page
static char *alone;     // a page with nothing behind it
static struct block_ring *ring;

static void expect(const char *what, long got, long wanted)
{
    if (got == wanted)
        return;
    printf("%s: %ld, must be %ld\n", what, got, wanted);
    wrong++;
}

static size_t ring_bytes(void)
{
    return sizeof *ring +
           SIZE * (sizeof(struct block_ring_request) + sizeof(struct block_ring_result));
}

static void *pages_map(size_t bytes)
{
    void *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED)
        exit(2);
    return memory;
}

static void ring_reset(void)
{
    memset(ring, 0, ring_bytes());
    ring->size = SIZE;
}

static void request_put(struct block_ring_request request)
{
    request.tag = ring->submitted;
    block_ring_requests(ring)[ring->submitted++ % SIZE] = request;
}

static struct block_ring_request request_good(unsigned number)
{
    return (struct block_ring_request){.address = (uintptr_t)blocks + number % SIZE * BLOCK,
                                       .offset = number % 1000 * BLOCK,
                                       .length = BLOCK,
                                       .file = device};
}

static int enter_error(struct block_ring *any, unsigned leave)
{
    return block_ring_enter(any, leave) < 0 ? errno : 0;
}

// ---- Rings that make no sense ----

static void rings_refuse(void)
{
    static const uint32_t sizes[] = {0, 3, 2 * SIZE, 0x80000000u, UINT32_MAX};
    expect("no ring", enter_error(NULL, 0), EFAULT);
    expect("a ring of the core's", enter_error((void *)0xffffffff80000000u, 0), EFAULT);
    expect("a ring at an odd address", enter_error((void *)((char *)ring + 4), 0), EINVAL);
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        ring_reset();
        ring->size = sizes[i];
        expect("a ring of a bad size", enter_error(ring, 0), EINVAL);
    }
    ring_reset();
    ring->submitted = SIZE + 1;
    expect("more than the ring holds", enter_error(ring, 0), EINVAL);
    ring_reset();
    ring->taken = 1;
    expect("taken more than submitted", enter_error(ring, 0), EINVAL);
    struct block_ring *last = (void *)(read_only + BLOCK - sizeof *last);
    expect("a ring that ends with its page", enter_error(last, 0), EFAULT);
}

// ---- Requests that cannot be: each its own result, and the good ones between are done ----

static const struct {
    const char *name;
    struct block_ring_request request; // over a good one: what is not 0
    int error;
} bad[] = {
    {"a descriptor that is none", {.file = 250}, EBADF},
    {"a negative descriptor", {.file = -1}, EBADF},
    {"a file", {.file = 1000}, ENOTBLK},
    {"a pipe", {.file = 1001}, ENOTBLK},
    {"half a sector", {.length = SECTOR / 2}, EINVAL},
    {"an offset within a sector", {.offset = 3}, EINVAL},
    {"past the end", {.offset = 1ull << 40}, EINVAL},
    {"an offset below 0", {.offset = -(uint64_t)BLOCK}, EINVAL},
    {"an unknown operation", {.operation = 7}, EINVAL},
    {"a write to what is open for reading", {.operation = BLOCK_RING_WRITE}, EBADF},
    {"memory of the core", {.address = 0xffffffff80000000u}, EFAULT},
    {"memory that is none", {.address = 0x3000000000u}, EFAULT},
    {"all that a length can say", {.length = UINT32_MAX / SECTOR * SECTOR}, EFAULT},
};

static void bad_put(const struct block_ring_request *change)
{
    struct block_ring_request request = request_good(ring->submitted);
    if (change->file)
        request.file = change->file == 1000 ? file : change->file == 1001 ? pipes[0] : change->file;
    if (change->length)
        request.length = change->length;
    if (change->length > BLOCK) // what comes before the end of memory may be written
        request.address = (uintptr_t)alone;
    if (change->offset)
        request.offset = change->offset;
    if (change->address)
        request.address = change->address;
    request.operation = change->operation;
    request_put(request);
}

static void requests_refuse(void)
{
    const unsigned count = sizeof bad / sizeof *bad;
    ring_reset();
    for (unsigned i = 0; i < count; i++) {
        bad_put(&bad[i].request);
        request_put(request_good(i));
    }
    struct block_ring_request request = request_good(0);
    request.address = (uintptr_t)read_only;
    request_put(request);
    request = request_good(0);
    request.length = 0;
    request_put(request);
    expect("bad requests", block_ring_enter(ring, 0), 0);
    expect("results of bad requests", ring->completed, 2 * count + 2);
    for (uint32_t i = 0; i < ring->completed; i++) {
        const struct block_ring_result *result = &block_ring_results(ring)[i];
        if (result->tag < 2 * count)
            expect(result->tag % 2 ? "a good one" : bad[result->tag / 2].name, (long)result->result,
                   result->tag % 2 ? BLOCK : -bad[result->tag / 2].error);
        else
            expect("a page that may not be written, or no bytes", (long)result->result,
                   result->tag == 2 * count ? -EFAULT : -EINVAL);
    }
}

// ---- Each request has one result ----

static void results_check(unsigned count)
{
    static uint8_t seen[SIZE];
    memset(seen, 0, sizeof seen);
    expect("results", ring->completed, count);
    for (uint32_t i = 0; i < ring->completed; i++) {
        const struct block_ring_result *result = &block_ring_results(ring)[i % SIZE];
        expect("a request's result", (long)result->result, BLOCK);
        if (result->tag >= count || seen[result->tag]++)
            expect("a tag that was given once", (long)result->tag, -1);
    }
}

static void many_are_done_once(void)
{
    ring_reset();
    for (unsigned i = 0; i < SIZE; i++)
        request_put(request_good(i));
    expect("a full ring", block_ring_enter(ring, 0), 0);
    results_check(SIZE);
    char *copy = malloc(BLOCK);
    for (unsigned i = 0; i < SIZE; i++)
        if (pread(device, copy, BLOCK, i % 1000 * BLOCK) != BLOCK ||
            memcmp(copy, blocks + i * BLOCK, BLOCK))
            expect("what was read", i, -1);
    free(copy);
}

// ---- Those that end meanwhile ----

static void flight_begin(void)
{
    ring_reset();
    for (unsigned i = 0; i < 48; i++)
        request_put(request_good(i));
    if (block_ring_enter(ring, 48) < 0)
        _exit(3);
}

static void child_exits(void)
{
    _exit(0);
}

static void child_executes(void)
{
    execl("/bin/true", "true", NULL);
    _exit(4);
}

static void child_is_killed(void)
{
    kill(getpid(), SIGKILL);
}

static void child_faults(void)
{
    *(volatile int *)(uintptr_t)(wrong + 8) = 1;
}

static void child_loses_its_ring(void)
{
    munmap(ring, ring_bytes());
    _exit(enter_error(ring, 0) == EFAULT ? 0 : 5);
}

static void child_uses_another(void)
{
    struct block_ring *other = pages_map(ring_bytes());
    other->size = SIZE;
    int error = enter_error(other, 0); // what is in flight may have ended: nobody waited for it
    _exit(error == EBUSY || error == 0 ? 0 : 6);
}

static void children_end(void)
{
    static const struct {
        void (*run)(void);
        int status;
    } children[] = {{child_exits, 0},        {child_executes, 0},       {child_is_killed, SIGKILL},
                    {child_faults, SIGSEGV}, {child_loses_its_ring, 0}, {child_uses_another, 0}};
    for (size_t i = 0; i < sizeof children / sizeof *children; i++) {
        int status = -1;
        pid_t child = fork();
        if (child == 0) {
            flight_begin();
            children[i].run();
        }
        waitpid(child, &status, 0);
        expect("a child's status", status, children[i].status);
    }
}

// Whoever forks has the results before, in its own memory and in the child's.
static void fork_waits(void)
{
    int status = -1;
    flight_begin();
    pid_t child = fork();
    if (child == 0) {
        results_check(48);
        _exit(wrong != 0);
    }
    results_check(48);
    waitpid(child, &status, 0);
    expect("the status of a child that looks", status, 0);
}

int main(int argc, char **argv)
{
    device = open(argc > 1 ? argv[1] : "/dev/vda", O_RDONLY);
    file = open("/bin/true", O_RDONLY);
    if (device < 0 || file < 0 || pipe(pipes) < 0)
        return 2;
    ring = pages_map(ring_bytes());
    blocks = pages_map(SIZE * BLOCK);
    alone = pages_map(2 * BLOCK);
    munmap(alone + BLOCK, BLOCK);
    read_only = pages_map(2 * BLOCK);
    munmap(read_only + BLOCK, BLOCK);
    memset(read_only, 0, BLOCK);
    ((struct block_ring *)(read_only + BLOCK - sizeof *ring))->size = SIZE;
    ((struct block_ring *)(read_only + BLOCK - sizeof *ring))->submitted = 1;
    mprotect(read_only, BLOCK, PROT_READ);
    rings_refuse();
    requests_refuse();
    many_are_done_once();
    fork_waits();
    children_end();
    printf("ring_check: %u wrong\n", wrong);
    return wrong != 0;
}
