// SPDX-License-Identifier: MIT
// A driver that wants its disk to read or write memory that is not its own. Every sector of the
// disk is full of a mark, which the host then looks for in the machine's memory (attacks.py); and
// what is on the disk in the end must come from here.
#include "../attack.h"
#include "domain.h"
#include "empty_client.h"
#include "virtio.h"

#define QUEUE     16
#define SECTOR    512
#define PAGE      4096
#define STATUS    2048 // where in the request's RRef the device writes its status
#define LIMIT_NS  2000000000
#define DISK_WORD 0x6B736944u // "Disk": what the sectors are full of
#define OWN_BYTE  0x77        // what this driver writes

enum { READ_SECTORS = 0, WRITE_SECTORS = 1 };

// virtio 1.2, 5.2.6
struct request {
    uint32_t type, reserved;
    uint64_t sector;
};

static rref_t header, data;

static int64_t setup(void)
{
    uint64_t accepted;
    header = (rref_t)core_rref_alloc(PAGE, 0);
    data = (rref_t)core_rref_alloc(PAGE, 0);
    return virtio_start(HANDLE_DISK, 0, 1, QUEUE, &accepted);
}

static void request_make(uint32_t type)
{
    volatile struct request *request = (volatile struct request *)(uintptr_t)header;
    request->type = type;
    request->sector = type == READ_SECTORS ? 8 : 64;
    *(volatile uint8_t *)(uintptr_t)(header + STATUS) = 0xFF;
}

// Posts a request of one buffer: the device writes it or reads it.
static int64_t post(rref_t buffer, uint32_t offset, uint32_t length, bool device_writes)
{
    request_make(device_writes ? READ_SECTORS : WRITE_SECTORS);
    const struct virtio_buffer pieces[] = {
        virtio_read_by_device(header, 0, sizeof(struct request)),
        {.rref = buffer, .offset = offset, .length = length, .device_writes = device_writes},
        virtio_written_by_device(header, STATUS, 1),
    };
    return core_virtio_post(HANDLE_DISK, 0, pieces, 3, 7);
}

// Is it refused in both directions?
static bool is_refused(rref_t buffer, uint32_t offset, uint32_t length)
{
    return post(buffer, offset, length, true) < 0 && post(buffer, offset, length, false) < 0;
}

// How many of COUNT requests come back in time.
static uint64_t reap(uint64_t count)
{
    struct virtio_done done[4];
    uint64_t end = (uint64_t)core_time() + LIMIT_NS, reaped = 0;
    core_virtio_notify(HANDLE_DISK, 0);
    while (reaped < count && (uint64_t)core_time() < end) {
        int64_t got = core_virtio_reap(HANDLE_DISK, 0, done, 4);
        if (got < 0)
            return reaped;
        reaped += (uint64_t)got;
        core_yield();
    }
    return reaped;
}

// What an honest driver does works, or the rest would prove nothing.
static int64_t honest_driver(rref_t lent, uint64_t number)
{
    (void)lent, (void)number;
    if (setup() < 0 || post(data, 0, PAGE, true) < 0 || reap(1) != 1)
        return 1;
    for (uint32_t i = 0; i < PAGE / 4; i++) {
        if (((volatile uint32_t *)(uintptr_t)data)[i] != DISK_WORD)
            return 2;
    }
    memset((void *)(uintptr_t)data, OWN_BYTE, PAGE);
    return post(data, 0, PAGE, false) < 0 || reap(1) != 1 ||
           *(volatile uint8_t *)(uintptr_t)(header + STATUS) != 0;
}

static int64_t post_what_is_foreign(rref_t lent, uint64_t number)
{
    (void)number;
    if (setup() < 0)
        return 1;
    for (uint64_t index = 0; index < 512; index++) {
        for (uint64_t generation = 1; generation < 4; generation++) {
            for (uint64_t page = 0; page < 16; page++) {
                rref_t name = generation << 48 | index << 32 | (0xC0000000 + page * PAGE);
                if (name != lent && name != header && name != data && !is_refused(name, 0, SECTOR))
                    return (int64_t)name;
            }
        }
    }
    return 0;
}

static int64_t post_what_is_forged(rref_t lent, uint64_t number)
{
    (void)number;
    if (setup() < 0)
        return 1;
    for (uint64_t bit = 0; bit < 64; bit++) {
        if (!is_refused(data ^ 1ull << bit, 0, SECTOR) ||
            !is_refused(lent ^ 1ull << bit, 0, SECTOR) || !is_refused(1ull << bit, 0, SECTOR) ||
            !is_refused(UINT64_MAX << bit, 0, SECTOR))
            return 2 + (int64_t)bit;
    }
    // Physical addresses, the core's own, the slot's.
    const uint64_t bogus[] = {0,
                              0x80200000,
                              0x88000000,
                              0xFFFFFFC080200000,
                              0xFFFFFFFF80000000,
                              (uintptr_t)&header,
                              UINT64_MAX};
    for (uint32_t i = 0; i < sizeof bogus / sizeof *bogus; i++) {
        if (!is_refused(bogus[i], 0, SECTOR))
            return 100 + i;
    }
    return 0;
}

static int64_t post_what_is_freed(rref_t lent, uint64_t number)
{
    (void)lent, (void)number;
    if (setup() < 0 || core_rref_free(data) < 0)
        return 1;
    rref_t next = (rref_t)core_rref_alloc(PAGE, 0); // perhaps in its place
    return !is_refused(data, 0, SECTOR) || core_rref_free(next) < 0;
}

static int64_t post_what_is_overlong(rref_t lent, uint64_t number)
{
    static const uint32_t ranges[][2] = {
        {0, PAGE + SECTOR},
        {PAGE - SECTOR + 1, SECTOR},
        {PAGE, SECTOR},
        {UINT32_MAX, SECTOR},
        {UINT32_MAX - SECTOR + 1, SECTOR},
        {0, UINT32_MAX},
        {SECTOR, UINT32_MAX - SECTOR + 1},
        {0x80000000, 0x80000000},
        {4, UINT32_MAX},
    };
    (void)number;
    if (setup() < 0)
        return 1;
    for (uint32_t i = 0; i < sizeof ranges / sizeof *ranges; i++) {
        if (!is_refused(data, ranges[i][0], ranges[i][1]))
            return 2 + i;
    }
    return !is_refused(lent, (uint32_t)core_rref_length(lent), SECTOR);
}

static int64_t post_odd_requests(rref_t lent, uint64_t number)
{
    struct virtio_buffer pieces[17];
    (void)lent, (void)number;
    if (setup() < 0)
        return 1;
    for (uint32_t i = 0; i < 17; i++)
        pieces[i] = virtio_read_by_device(data, 0, 16);
    pieces[1].device_writes = 1; // and what the device reads behind it
    const struct {
        uint64_t queue, pointer, count;
    } odd[] = {
        {0, core_pointer(pieces), 0},
        {0, core_pointer(pieces), 17},
        {0, core_pointer(pieces), 3},
        {0, core_pointer(pieces), 1ull << 32 | 1},
        {1, core_pointer(pieces), 1},
        {4, core_pointer(pieces), 1},
        {UINT64_MAX, core_pointer(pieces), 1},
        {0, 0x5000, 1},
        {0, 0xFFFFFFF0, 1},
        {0, UINT64_MAX, 1},
    };
    for (uint32_t i = 0; i < sizeof odd / sizeof *odd; i++) {
        if (core_call8(ENTRY_virtio_post, HANDLE_DISK, odd[i].queue, odd[i].pointer, odd[i].count,
                       0, 0, 0, 0) >= 0)
            return 2 + i;
    }
    for (uint64_t bit = 2; bit < 64; bit++) { // flags that there are not
        if (core_call8(ENTRY_virtio_post, HANDLE_DISK, 0, core_pointer(pieces), 1, 0, 1ull << bit,
                       0, 0) >= 0)
            return 100 + (int64_t)bit;
    }
    core_call4(ENTRY_virtio_reap, HANDLE_DISK, 0, UINT64_MAX - 8, 16);
    core_call4(ENTRY_virtio_reap, HANDLE_DISK, 9, 0x5000, UINT64_MAX);
    core_call2(ENTRY_virtio_notify, HANDLE_DISK, UINT64_MAX);
    return core_call4(ENTRY_virtio_config, HANDLE_DISK, UINT64_MAX - 3, core_pointer(pieces), 8) >=
               0 ||
           core_call4(ENTRY_virtio_config, HANDLE_DISK, 0, 0x10000, 8) >= 0 ||
           core_call4(ENTRY_virtio_config, HANDLE_DISK, 0, core_pointer(pieces), 1 << 20) >= 0;
}

// The disk has it until it is reaped: it is neither freed nor moved nor kept.
static int64_t take_back_what_is_posted(rref_t lent, uint64_t number)
{
    (void)lent, (void)number;
    if (setup() < 0 || post(data, 0, PAGE, true) < 0)
        return 1;
    if (core_rref_free(data) >= 0 || core_rref_free(header) >= 0)
        return 2;
    if (empty_pass(HANDLE_NULL, data).status == RPC_OK || core_rref_complete(data, 0) >= 0)
        return 3;
    core_virtio_notify(HANDLE_DISK, 0);
    if (core_rref_free(data) >= 0) // it may have ended by now, but nobody has said so
        return 4;
    return reap(1) != 1 || core_rref_free(data) < 0 || core_rref_free(header) < 0;
}

// A loan that is with the device goes on, whatever its borrower says: that is noted, once.
static int64_t complete_what_is_posted(rref_t lent, uint64_t number)
{
    (void)number;
    if (setup() < 0 || core_rref_hold(lent) < 0 || post(lent, 0, 1, false) < 0)
        return 1;
    if (core_rref_complete(lent, 0) < 0 || core_rref_complete(lent, 0) >= 0)
        return 2;
    if (core_rref_length(lent) < 0)
        return 3;
    return core_virtio_stop(HANDLE_DISK) < 0;
}

static int64_t write_the_registers(rref_t lent, uint64_t number)
{
    (void)lent, (void)number;
    if (setup() < 0)
        return 1;
    for (uint64_t offset = 0; offset < 0x1000; offset += 4) {
        if (core_mmio_write(HANDLE_DISK, offset, 4, 0x80200000) >= 0 ||
            core_mmio_read(HANDLE_DISK, offset, 4) >= 0)
            return 2 + (int64_t)offset;
    }
    // The same by addresses: the device's window is nobody's but the core's.
    for (uint64_t device = 0; device < 8; device++)
        core_rref_read(data, 0, (void *)(0xFFFFFFC410001000 + device * PAGE), 64);
    return 0;
}

static int64_t start_it_oddly(rref_t lent, uint64_t number)
{
    (void)lent, (void)number;
    if (setup() < 0)
        return 1;
    for (uint64_t bit = 24; bit <= 41; bit++) { // the transport's are the core's
        if (core_virtio_start(HANDLE_DISK, 1ull << bit, 1, QUEUE) >= 0)
            return (int64_t)bit;
    }
    static const uint64_t odd[][2] = {{0, 16}, {5, 16},  {UINT64_MAX, 16}, {1, 0},
                                      {1, 3},  {1, 256}, {1, 1ull << 32},  {1, UINT64_MAX}};
    for (uint32_t i = 0; i < sizeof odd / sizeof *odd; i++) {
        if (core_virtio_start(HANDLE_DISK, 0, odd[i][0], odd[i][1]) >= 0)
            return 100 + i;
    }
    if (setup() < 0 || post(data, 0, PAGE, true) < 0)
        return 200;
    return core_virtio_start(HANDLE_DISK, 0, 1, QUEUE) >= 0; // its rings are in use
}

// After a stop all comes back, once, and is the driver's again.
static int64_t stop_in_flight(rref_t lent, uint64_t number)
{
    (void)lent, (void)number;
    struct virtio_done done[QUEUE];
    if (setup() < 0)
        return 1;
    uint64_t posted = 0;
    while (posted < 1000 && post(data, 0, PAGE, true) >= 0)
        posted++;
    if (posted != QUEUE)
        return 2;
    core_virtio_notify(HANDLE_DISK, 0);
    if (core_virtio_stop(HANDLE_DISK) < 0 || post(data, 0, PAGE, true) >= 0)
        return 3;
    uint64_t reaped = 0;
    for (int64_t got; (got = core_virtio_reap(HANDLE_DISK, 0, done, QUEUE)) > 0;)
        reaped += (uint64_t)got;
    return reaped != posted || core_rref_free(data) < 0;
}

// The device is at work on memory of one who is no more.
static int64_t die_in_flight(rref_t lent, uint64_t number)
{
    (void)lent, (void)number;
    if (setup() < 0)
        return 1;
    for (uint32_t i = 0; i < QUEUE - 1; i++) {
        rref_t buffer = (rref_t)core_rref_alloc(PAGE, 0);
        if (post(buffer, 0, PAGE, true) < 0)
            return 2;
        if (i % 2)
            core_virtio_notify(HANDLE_DISK, 0);
    }
    core_abort();
}

static volatile rref_t racing;
static volatile uint32_t raced;

static void race_free(uint64_t argument)
{
    (void)argument;
    while (!raced) {
        core_rref_free(racing);
        core_yield();
    }
    raced = 2;
}

// One thread posts what another frees.
static int64_t race_of_two_threads(rref_t lent, uint64_t number)
{
    (void)lent, (void)number;
    if (setup() < 0 || core_thread_create(race_free, 0) < 0)
        return 1;
    for (uint32_t i = 0; i < 300; i++) {
        rref_t buffer = (rref_t)core_rref_alloc(PAGE, 0);
        racing = buffer;
        if (post(buffer, 0, PAGE, true) >= 0 && reap(1) != 1)
            return 2;
        core_rref_free(buffer);
    }
    raced = 1;
    while (raced != 2)
        core_yield();
    return 0;
}

// ---- virtio_buffer.ends ----

// A read of a sector into BUFFER, with what each piece says that it ends.
static int64_t post_ending(rref_t buffer, uint32_t length, const uint32_t *ends)
{
    request_make(READ_SECTORS);
    const struct virtio_buffer pieces[] = {
        {.rref = header, .length = sizeof(struct request), .ends = ends[0]},
        {.rref = buffer, .length = length, .device_writes = 1, .ends = ends[1]},
        {.rref = header, .offset = STATUS, .length = 1, .device_writes = 1, .ends = ends[2]},
    };
    return core_virtio_post(HANDLE_DISK, 0, pieces, 3, 7);
}

// What is not on loan does not end, whatever the field says, and stays the driver's.
static int64_t end_what_is_no_loan(rref_t lent, uint64_t number)
{
    uint64_t state = 7;
    struct virtio_done done;
    (void)lent, (void)number;
    if (setup() < 0)
        return 1;
    for (uint32_t i = 0; i < 200; i++) {
        uint32_t ends[3];
        for (uint32_t k = 0; k < 3; k++)
            ends[k] = i < 32   ? 1u << i
                      : i < 64 ? UINT32_MAX << (i - 32)
                               : (uint32_t)attack_random(&state);
        if (post_ending(data, PAGE, ends) < 0)
            return 2;
        core_virtio_notify(HANDLE_DISK, 0);
        int64_t got = 0;
        for (uint64_t end = (uint64_t)core_time() + LIMIT_NS; !got && (uint64_t)core_time() < end;)
            got = core_virtio_reap(HANDLE_DISK, 0, &done, 1);
        if (got != 1 || done.completed || core_rref_length(data) != PAGE)
            return 3;
    }
    return core_rref_free(data) < 0 || core_rref_free(header) < 0;
}

// One loan in all requests that there is room for, each of which says that it ends it: once each.
static int64_t end_one_loan_often(rref_t lent, uint64_t number)
{
    static const uint32_t ends[] = {UINT32_MAX, 0x80000000, UINT32_MAX};
    static const uint32_t lengths[] = {SECTOR, 0}; // nothing of it, too: the device never sees it
    (void)number;
    if (setup() < 0)
        return 1;
    const uint32_t only_lent[] = {0, ends[1], 0};
    for (uint32_t round = 0; round < 20; round++) {
        for (uint32_t i = 0; i < QUEUE; i++) {
            const uint32_t *which = i % 3 ? only_lent : ends; // or the driver's own as the last
            if (post_ending(lent, lengths[i % 5 == 0] * (core_rref_length(lent) >= SECTOR), which) <
                0)
                return 2;
        }
        if (reap(QUEUE) != QUEUE)
            return 3;
    }
    while (core_rref_complete(lent, 0) >= 0) // requests that ended something else left it posted
        if (++raced > 100000)
            return 4;
    return core_rref_length(lent) < 0; // the call has it still
}

static void race_complete(uint64_t argument)
{
    (void)argument;
    while (!raced) {
        core_rref_complete(racing, 0);
        core_yield();
    }
    raced = 2;
}

// One thread ends by hand what the interrupt ends as well.
static int64_t race_for_the_end(rref_t lent, uint64_t number)
{
    static const uint32_t ends[] = {0, 3, 0};
    (void)number;
    raced = 0;
    racing = lent;
    if (setup() < 0 || core_thread_create(race_complete, 0) < 0)
        return 1;
    uint32_t length = core_rref_length(lent) >= SECTOR ? SECTOR : 0;
    uint64_t posted = 0, reaped = 0;
    for (uint32_t i = 0; i < 300; i++) {
        for (uint32_t k = 0; k < 4; k++)
            posted += post_ending(lent, length, ends) >= 0;
        reaped += reap(posted - reaped);
    }
    raced = 1;
    while (raced != 2)
        core_yield();
    return posted != reaped || !posted || core_rref_length(lent) < 0;
}

// The interrupt ends the loans of one who is no more.
static int64_t die_before_the_end(rref_t lent, uint64_t number)
{
    static const uint32_t ends[] = {1, UINT32_MAX, 1};
    (void)number;
    if (setup() < 0)
        return 1;
    uint32_t length = core_rref_length(lent) >= SECTOR ? SECTOR : 0;
    for (uint32_t i = 0; i < QUEUE; i++)
        post_ending(i % 2 ? lent : data, i % 2 ? length : PAGE, ends);
    core_virtio_notify(HANDLE_DISK, 0);
    core_abort();
}

static void first_ask(uint64_t answer)
{
    *(volatile int64_t *)(uintptr_t)answer = core_irq_event(HANDLE_DISK) + 1;
}

static int64_t all_interrupts(rref_t lent, uint64_t number)
{
    static volatile int64_t other; // 0: not yet
    (void)lent, (void)number;
    if (setup() < 0 || core_thread_create(first_ask, (uint64_t)(uintptr_t)&other) < 0)
        return 1;
    int64_t first = core_irq_event(HANDLE_DISK);
    while (!other)
        core_yield();
    if (other - 1 != first)
        return 3;
    for (uint32_t i = 0; i < 1000; i++) {
        if (core_irq_event(HANDLE_DISK) != first)
            return 2;
        core_irq_done(HANDLE_DISK);
    }
    return first < 0 || core_handle_close((handle_t)first) < 0;
}

const uint32_t attack_mark = 0x646D6100;
const struct attack attacks[] = {
    LIVES(honest_driver),
    LIVES(post_what_is_foreign),
    LIVES(post_what_is_forged),
    LIVES(post_what_is_freed),
    LIVES(post_what_is_overlong),
    LIVES(post_odd_requests),
    LIVES(take_back_what_is_posted),
    LIVES(complete_what_is_posted),
    LIVES(write_the_registers),
    LIVES(start_it_oddly),
    LIVES(stop_in_flight),
    REPEAT(die_in_flight, 3),
    LIVES(race_of_two_threads),
    LIVES(end_what_is_no_loan),
    LIVES(end_one_loan_often),
    LIVES(race_for_the_end),
    REPEAT(die_before_the_end, 3),
    LIVES(all_interrupts),
};
const uint32_t attack_count = sizeof attacks / sizeof *attacks;
