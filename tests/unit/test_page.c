// SPDX-License-Identifier: MIT
//
// The page allocator and the core's small objects, on memory of the host: page.c is compiled into
// this file with the direct map at 0, so a frame's physical address is its address here.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <cmocka.h>
#include "microcore/layout.h"
#undef DIRECT_MAP
#define DIRECT_MAP 0
#include "microcore/hart.h"
#include "microcore/page.c"
#include "microcore/heap.c"
#include "microcore/panic.h"

#define MEMORY       (64ul << 20)
#define MEMORY_PAGES (MEMORY / PAGE_SIZE)

// ---- The machine that page.c expects ----

struct machine machine;
struct hart harts[HARTS_MAX];
static uint32_t hart_now;
static jmp_buf panicked;

struct hart *hart_current(void)
{
    harts[hart_now].index = hart_now;
    return &harts[hart_now];
}

interrupt_state interrupts_hold(void)
{
    return 0;
}

uint32_t fail_armed;

bool fail_count(void)
{
    return false;
}

void interrupts_let(interrupt_state state)
{
    (void)state;
}

interrupt_state lock_take(struct lock *lock)
{
    assert_int_equal(lock->taken, 0);
    lock->taken = 1;
    return 0;
}

void lock_release(struct lock *lock, interrupt_state state)
{
    (void)state;
    lock->taken = 0;
}

void panic(const char *format, ...)
{
    (void)format;
    longjmp(panicked, 1);
}

#define assert_panics(expression)                                                                  \
    do {                                                                                           \
        if (!setjmp(panicked)) {                                                                   \
            (void)(expression);                                                                    \
            fail_msg("no panic: %s", #expression);                                                 \
        }                                                                                          \
        page_lock.taken = 0;                                                                       \
    } while (0)

// ---- Set-up: 64 MiB at an address that is a multiple of the largest block ----

static uint64_t memory;

static int memory_create(void **state)
{
    (void)state;
    size_t block = (size_t)PAGE_SIZE << PAGE_ORDER_MAX;
    char *room = mmap(NULL, MEMORY + block, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (room == MAP_FAILED)
        return -1;
    memory = ((uint64_t)room + block - 1) & -block;
    machine.memory_start = memory;
    machine.memory_end = memory + MEMORY;
    page_add_range(memory + 3 * PAGE_SIZE, memory + MEMORY / 2 - PAGE_SIZE);
    page_add_range(memory + MEMORY / 2, memory + MEMORY);
    return 0;
}

static void all_memory_is_free(void)
{
    assert_int_equal(page_count_free(), page_count_total());
}

// ---- Tests ----

static void added_ranges_count_without_the_tables_of_the_allocator(void **state)
{
    (void)state;
    size_t tables = (MEMORY_PAGES * 13 + ORDERS * 12 + PAGE_SIZE - 1) / PAGE_SIZE;
    assert_int_equal(page_count_total(), MEMORY_PAGES - 4 - tables);
    all_memory_is_free();
}

static void blocks_are_aligned_to_their_size_and_inside_the_memory(void **state)
{
    (void)state;
    for (unsigned order = 0; order <= PAGE_ORDER_MAX; order++) {
        uint64_t block = page_alloc(order);
        assert_true(block >= memory && block + (PAGE_SIZE << order) <= memory + MEMORY);
        assert_int_equal(block & ((PAGE_SIZE << order) - 1), 0);
        page_free(block, order);
    }
    assert_int_equal(page_alloc(PAGE_ORDER_MAX + 1), 0);
    all_memory_is_free();
}

static void no_frame_is_given_out_twice(void **state)
{
    (void)state;
    static uint8_t used[MEMORY_PAGES];
    static struct {
        uint64_t block;
        unsigned order;
    } held[4096];
    size_t count = 0;
    memset(used, 0, sizeof(used));
    srand(1);
    for (int round = 0; round < 100000; round++) {
        hart_now = (uint32_t)rand() % HARTS_MAX;
        if (count < 4096 && rand() % 2) {
            unsigned order = rand() % 8 ? 0 : (unsigned)rand() % 6;
            uint64_t block = page_alloc(order);
            if (!block)
                continue;
            for (size_t i = 0; i < 1ul << order; i++)
                assert_int_equal(used[(block - memory) / PAGE_SIZE + i]++, 0);
            held[count].block = block;
            held[count++].order = order;
        } else if (count) {
            size_t which = (size_t)rand() % count;
            for (size_t i = 0; i < 1ul << held[which].order; i++)
                used[(held[which].block - memory) / PAGE_SIZE + i]--;
            page_free(held[which].block, held[which].order);
            held[which] = held[--count];
        }
    }
    while (count--)
        page_free(held[count].block, held[count].order);
    hart_now = 0;
    all_memory_is_free();
}

static void neighbours_join_again_into_the_largest_blocks(void **state)
{
    (void)state;
    static uint64_t pages[MEMORY_PAGES];
    size_t count = 0;
    while ((pages[count] = page_alloc(0)))
        count++;
    assert_int_equal(page_alloc(3), 0);
    while (count--)
        page_free(pages[count], 0);
    cache_flush(0); // leaves half
    for (uint32_t left = caches[0].count; left; left--)
        block_free(caches[0].pages[--caches[0].count], 0);
    uint64_t largest = page_alloc(PAGE_ORDER_MAX);
    assert_true(largest);
    page_free(largest, PAGE_ORDER_MAX);
    all_memory_is_free();
}

static void zeroed_pages_are_zero_whatever_was_there(void **state)
{
    (void)state;
    uint64_t block = page_alloc(2);
    memset(page_pointer(block), 0xAA, PAGE_SIZE << 2);
    page_free(block, 2);
    block = page_alloc_zeroed(2);
    const char *bytes = page_pointer(block);
    for (size_t i = 0; i < (size_t)PAGE_SIZE << 2; i++)
        assert_int_equal(bytes[i], 0);
    page_free(block, 2);
}

// More of them than a hart keeps, and then more than there are of any: all memory can be had.
static void pages_freed_as_zeros_are_zeros_and_are_anybodys(void **state)
{
    (void)state;
    uint64_t pages[2 * CACHE_CLEAR], *all = calloc(MEMORY_PAGES, sizeof(*all));
    for (size_t i = 0; i < 2 * CACHE_CLEAR; i++)
        pages[i] = page_alloc_zeroed(0);
    for (size_t i = 0; i < 2 * CACHE_CLEAR; i++)
        page_free_zeroed(pages[i]);
    all_memory_is_free();
    assert_panics(page_free_zeroed(pages[0]));
    uint64_t page = page_alloc(0);
    memset(page_pointer(page), 0xAA, PAGE_SIZE);
    page_free(page, 0);
    for (size_t i = 0; i < 2 * CACHE_CLEAR; i++) {
        pages[i] = page_alloc_zeroed(0);
        assert_true(page_is_clear(pages[i]));
        assert_int_equal(page_users(pages[i]), 1);
    }
    for (size_t i = 0; i < 2 * CACHE_CLEAR; i++)
        page_free_zeroed(pages[i]);
    size_t count = 0;
    for (hart_now = 0; hart_now < HARTS_MAX; hart_now++) // others keep some of earlier tests
        while ((all[count] = page_alloc(0)) != 0)
            count++;
    hart_now = 0;
    assert_int_equal(count, page_count_total());
    while (count)
        page_free(all[--count], 0);
    free(all);
    all_memory_is_free();
}

static void the_last_user_frees_a_shared_page(void **state)
{
    (void)state;
    uint64_t page = page_alloc(0);
    assert_int_equal(page_users(page), 1);
    page_get(page);
    page_get(page);
    assert_int_equal(page_users(page), 3);
    page_put(page);
    page_put(page);
    assert_int_equal(page_count_free(), page_count_total() - 1);
    page_put(page);
    all_memory_is_free();
}

static void misuse_is_a_panic(void **state)
{
    (void)state;
    uint64_t page = page_alloc(0), block = page_alloc(4);
    page_free(page, 0);
    assert_panics(page_free(page, 0));
    assert_panics(page_free(block + 17, 4));
    assert_panics(page_put(memory + MEMORY));
    page_free(block, 4);
}

static void small_objects_are_zeroed_apart_and_given_back_whole(void **state)
{
    (void)state;
    static const size_t sizes[] = {1, 24, 32, 33, 100, 512, 1000, 1024, 1025, 4096, 70000};
    char *objects[11][20];
    for (size_t kind = 0; kind < 11; kind++)
        for (size_t i = 0; i < 20; i++) {
            char *object = objects[kind][i] = core_alloc(sizes[kind]);
            assert_non_null(object);
            for (size_t at = 0; at < sizes[kind]; at++)
                assert_int_equal(object[at], 0);
            memset(object, (int)(kind * 20 + i), sizes[kind]);
        }
    for (size_t kind = 0; kind < 11; kind++)
        for (size_t i = 0; i < 20; i++) {
            for (size_t at = 0; at < sizes[kind]; at++)
                assert_int_equal(objects[kind][i][at], (char)(kind * 20 + i));
            core_free(objects[kind][i], sizes[kind]);
        }
    all_memory_is_free();
}

static void a_request_beyond_all_memory_is_refused(void **state)
{
    (void)state;
    assert_null(core_alloc(((size_t)PAGE_SIZE << PAGE_ORDER_MAX) + 1));
    core_free(NULL, 10);
    all_memory_is_free();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(added_ranges_count_without_the_tables_of_the_allocator),
        cmocka_unit_test(blocks_are_aligned_to_their_size_and_inside_the_memory),
        cmocka_unit_test(no_frame_is_given_out_twice),
        cmocka_unit_test(neighbours_join_again_into_the_largest_blocks),
        cmocka_unit_test(zeroed_pages_are_zero_whatever_was_there),
        cmocka_unit_test(pages_freed_as_zeros_are_zeros_and_are_anybodys),
        cmocka_unit_test(the_last_user_frees_a_shared_page),
        cmocka_unit_test(small_objects_are_zeroed_apart_and_given_back_whole),
        cmocka_unit_test(a_request_beyond_all_memory_is_refused),
        cmocka_unit_test(misuse_is_a_panic),
    };
    return cmocka_run_group_tests(tests, memory_create, NULL);
}
