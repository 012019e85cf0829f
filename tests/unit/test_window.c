// SPDX-License-Identifier: MIT
// test-sources: kernel/rref.c kernel/passing.c kernel/loan.c kernel/kept.c kernel/transfer.c kernel/window.c kernel/heap.c tests/unit/fake_machine/machine.c tests/unit/fake_machine/program.c tests/unit/fake_machine/rrefs.c
// test-flags: -Itests/unit/fake_machine -pthread
//
// The bytes of RRefs, and windows over memory of a program.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "kernel/abi/core_entry.h"
#include "kernel/abi/error.h"
#include "kernel/registry.h"
#include "kernel/rref.h"
#include "kernel/space.h"
#include "machine.h"
#include "program.h"
#include "rrefs.h"

static rref_t window_make(uint64_t address, uint64_t bytes, uint64_t protection)
{
    int64_t window = rref_window(domain(A), program_space(), address, bytes, protection);
    assert_true(window > 0);
    assert_int_equal((uint32_t)window, 0); // it has no address
    return (rref_t)window;
}

static int64_t window_aim(rref_t window, uint64_t address, uint64_t bytes, uint64_t protection)
{
    return rref_window_aim(domain(A), window, bytes ? program_space() : NULL, address, bytes,
                           protection);
}

// A window keeps its name wherever it is aimed, and has no bytes where it is aimed nowhere.
static void a_window_shows_what_it_was_last_aimed_at(void **state)
{
    (void)state;
    char bytes[64] = "seen through the window";
    rref_t window = window_make(0x20000, 64, PROTECTION_WRITE);
    assert_int_equal(window_aim(window, 0x21FC0, 20000, PROTECTION_WRITE), 0);
    assert_int_equal(rref_length(domain(A), window), 20000);
    assert_int_equal(rref_write(domain(A), window, 19936, (uint64_t)bytes, 64), 0);
    assert_int_equal(*program_byte(0x21FC0 + 19936), 's');
    assert_int_equal(window_aim(window, 0x20000, 64, PROTECTION_READ), 0);
    assert_int_equal(rref_read(domain(A), window, 0, (uint64_t)bytes, 64), 0);
    assert_int_equal(bytes[0], 0); // these are other pages
    assert_int_equal(rref_write(domain(A), window, 0, (uint64_t)bytes, 1), -EACCES);
    assert_int_equal(rref_read(domain(A), window, 64, (uint64_t)bytes, 1), -EINVAL);

    assert_int_equal(program_space()->object.users, 2);
    assert_int_equal(window_aim(window, 0, 0, 0), 0);
    assert_int_equal(program_space()->object.users, 1);
    assert_int_equal(rref_read(domain(A), window, 0, (uint64_t)bytes, 1), -EINVAL);
    assert_int_equal(rref_free(domain(A), window), 0);
}

// Whoever makes one learns at once that there is no such memory; who aims one, when it is used.
static void a_window_over_no_memory_fails_where_it_is_used(void **state)
{
    (void)state;
    char byte;
    rref_t heap = make(A, 4096), window = window_make(0x20000, 64, PROTECTION_WRITE);
    struct rref *pinned;
    program_seal();
    assert_int_equal(rref_window(domain(A), program_space(), 0x30000, 64, PROTECTION_WRITE),
                     -EFAULT);
    assert_int_equal(window_aim(window, 0x20FFF, 64, PROTECTION_WRITE), 0);
    assert_int_equal(rref_read(domain(A), window, 0, (uint64_t)&byte, 1), 0);
    assert_int_equal(rref_read(domain(A), window, 1, (uint64_t)&byte, 1), -EFAULT);
    assert_int_equal(rref_copy(domain(A), window, 0, heap, 0, 64), -EFAULT);
    assert_int_equal(rref_copy(domain(A), heap, 0, window, 1, 63), -EFAULT);
    assert_int_equal(rref_fill(domain(A), window, 1, 7, 63), -EFAULT);
    assert_int_equal(rref_pin(domain(A), window, &pinned), -EFAULT);
    assert_int_equal(rref_free(domain(A), window), 0); // nothing of that is left
    assert_int_equal(rref_free(domain(A), heap), 0);
}

// Nothing is pinned but while a device has it, so a page that went meanwhile is not seen again.
static void a_window_shows_the_pages_that_the_program_has_now(void **state)
{
    (void)state;
    char byte;
    rref_t heap = make(A, 4096), window = window_make(0x20000, 4096, PROTECTION_WRITE);
    *program_byte(0x20000) = 1;
    assert_int_equal(rref_read(domain(A), window, 0, (uint64_t)&byte, 1), 0);
    assert_int_equal(byte, 1);
    assert_true(program_unmap(0x20000));
    *program_byte(0x20000) = 2;
    assert_int_equal(rref_copy(domain(A), heap, 0, window, 0, 4096), 0);
    assert_int_equal(rref_read(domain(A), heap, 0, (uint64_t)&byte, 1), 0);
    assert_int_equal(byte, 2);

    struct rref *first, *second;
    uint64_t physical, again, length = 1;
    assert_int_equal(rref_pin(domain(A), window, &first), 0);
    assert_int_equal(rref_pin(domain(A), window, &second), 0);
    assert_int_equal(program_pins(), 1);
    assert_int_equal(rref_physical(first, 0, true, &physical, &length), 0);
    assert_false(program_unmap(0x20000)); // the device goes on with it
    rref_unpin(first, NULL);
    assert_int_equal(rref_physical(second, 0, true, &again, &length), 0);
    assert_int_equal(again, physical);
    assert_true(rref_unpin_early(second));
    assert_int_equal(program_pins(), 0);
    *program_byte(0x20000) = 3;
    assert_int_equal(rref_pin(domain(A), window, &first), 0);
    assert_int_equal(rref_physical(first, 0, true, &physical, &length), 0);
    assert_int_equal(*(char *)physical, 3);
    rref_unpin(first, NULL);
    assert_int_equal(rref_free(domain(A), window), 0);
    assert_int_equal(rref_free(domain(A), heap), 0);
}

// The usual copy finds the page by itself; only where that is not there, or where somebody else's
// program runs on this hart, it is pinned, and let go.
static void a_page_that_is_there_is_not_pinned_for_a_copy(void **state)
{
    (void)state;
    rref_t heap = make(A, 0x5000), window = window_make(0x20000, 0x5000, PROTECTION_WRITE);
    uint64_t walks = program_walks();
    assert_int_equal(rref_copy(domain(A), window, 0, heap, 0, 4096), 0);
    assert_int_equal(rref_copy(domain(A), heap, 100, window, 5000, 12000), 0);
    assert_int_equal(rref_fill(domain(A), window, 100, 1, 9000), 0);
    assert_int_equal(program_walks(), walks);
    assert_true(program_unmap(0x21000));
    assert_int_equal(rref_copy(domain(A), window, 0, heap, 0, 0x5000), 0);
    assert_int_equal(program_walks(), walks + 1);
    program_runs(false);
    assert_int_equal(rref_copy(domain(A), window, 0, heap, 0, 4096), 0);
    assert_int_equal(program_walks(), walks + 2);
    assert_int_equal(program_pins(), 0);
    assert_int_equal(rref_free(domain(A), window), 0);
    assert_int_equal(rref_free(domain(A), heap), 0);
}

// Only its owner aims a window, only while nobody has it, and only where there is user memory.
static void a_window_in_use_is_not_aimed(void **state)
{
    (void)state;
    char byte;
    rref_t heap = make(A, 64);
    rref_t window = window_make(0x20000, 64, PROTECTION_WRITE);
    struct rref *pinned;
    assert_int_equal(rref_window_aim(domain(B), window, program_space(), 0x30000, 64, 0), -EACCES);
    assert_int_equal(window_aim(heap, 0x30000, 64, 0), -EACCES);
    assert_int_equal(window_aim(12345, 0x30000, 64, 0), -EINVAL);
    assert_int_equal(window_aim(window, UINT64_MAX - 10, 64, 0), -EFAULT);
    assert_int_equal(rref_lend(domain(A), window, domain(B)), RPC_OK);
    assert_int_equal(window_aim(window, 0x30000, 64, 0), -EBUSY);
    assert_int_equal(window_aim(window, 0, 0, 0), -EBUSY);
    assert_int_equal(rref_read(domain(B), window, 63, (uint64_t)&byte, 1), 0);
    rref_return(window, domain(B));
    assert_int_equal(rref_pin(domain(A), window, &pinned), 0);
    assert_int_equal(window_aim(window, 0, 0, 0), -EBUSY);
    rref_unpin(pinned, NULL);
    assert_int_equal(window_aim(window, 0, 0, 0), 0);
    assert_int_equal(rref_free(domain(A), window), 0);
    assert_int_equal(rref_free(domain(A), heap), 0);
}

static void bytes_copy_between_memory_rrefs_and_windows(void **state)
{
    (void)state;
    static uint8_t in[20000], out[20000];
    for (size_t i = 0; i < sizeof(in); i++)
        in[i] = (uint8_t)(i * 7 + i / 256);
    rref_t heap = make(A, 20000);
    rref_t window = window_make(0x10FF3, 20000, PROTECTION_WRITE);
    rref_t readable = window_make(0x10000, 100, PROTECTION_READ);
    assert_int_equal(rref_write(domain(A), heap, 0, (uint64_t)in, 20000), 0);
    assert_int_equal(rref_copy(domain(A), window, 100, heap, 100, 19000), 0);
    assert_int_equal(rref_read(domain(A), window, 0, (uint64_t)out, 20000), 0);
    assert_memory_equal(out + 100, in + 100, 19000);
    assert_int_equal(out[99] | out[19100], 0);
    assert_int_equal(rref_fill(domain(A), heap, 5000, 0xEE, 5000), 0);
    assert_int_equal(rref_read(domain(A), heap, 0, (uint64_t)out, 20000), 0);
    assert_int_equal(out[4999], in[4999]);
    assert_int_equal(out[5000], 0xEE);
    assert_int_equal(out[9999], 0xEE);
    assert_int_equal(out[10000], in[10000]);
    assert_int_equal(rref_write(domain(A), readable, 0, (uint64_t)in, 10), -EACCES);
    assert_int_equal(rref_write(domain(A), heap, 19999, (uint64_t)in, 2), -EINVAL);
    assert_int_equal(rref_write(domain(A), heap, UINT64_MAX, (uint64_t)in, 2), -EINVAL);
    assert_int_equal(rref_read(domain(B), heap, 0, (uint64_t)out, 1), -EACCES);
    assert_int_equal(rref_free(domain(A), window), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(bytes_copy_between_memory_rrefs_and_windows),
        TEST(a_window_shows_what_it_was_last_aimed_at),
        TEST(a_window_in_use_is_not_aimed),
        TEST(a_window_over_no_memory_fails_where_it_is_used),
        TEST(a_window_shows_the_pages_that_the_program_has_now),
        TEST(a_page_that_is_there_is_not_pinned_for_a_copy),
    };
    rref_init();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
