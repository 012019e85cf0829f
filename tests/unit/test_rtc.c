// SPDX-License-Identifier: MIT
// test-flags: -Itests/unit/fake_domain
//
// The clock's driver against a device that does as it is told.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "domain.h"

enum { HANDLE_CLOCK };

static uint64_t since_boot, device_ns;
static int64_t device_error;
static uint32_t high_latched; // by reading the low half
static bool ticks;            // while it is being read, past the end of its low half

static uint64_t core_time(void)
{
    return since_boot;
}

static int64_t core_mmio_read(handle_t device, uint64_t offset, uint64_t width)
{
    assert_int_equal(device, HANDLE_CLOCK);
    assert_int_equal(width, 4);
    if (device_error)
        return device_error;
    if (offset == 4)
        return high_latched;
    assert_int_equal(offset, 0);
    high_latched = (uint32_t)(device_ns >> 32);
    uint32_t low = (uint32_t)device_ns;
    device_ns += ticks;
    return low;
}

static void core_rref_free(rref_t rref)
{
    (void)rref;
}

rref_t fake_kept;

void log_printf(const char *format, ...)
{
    (void)format;
}

#include "domains/rtc/rtc.c"

static int64_t start(uint64_t device, uint64_t since)
{
    boot = 0;
    fake_kept = 0;
    device_error = 0;
    device_ns = device;
    since_boot = since;
    return domain_attach();
}

static void boot_is_the_device_s_time_less_what_has_passed(void **state)
{
    (void)state;
    assert_int_equal(start(1795713122000000000, 50000000), 0);
    assert_int_equal(clock_do_boot().value, 1795713121950000000);
    since_boot += 1000000000; // it does not change with time
    assert_int_equal(clock_do_boot().value, 1795713121950000000);
    assert_int_equal(clock_do_boot().status, RPC_OK);
}

static void a_carry_between_the_halves_does_no_harm(void **state)
{
    (void)state;
    ticks = true;
    assert_int_equal(start(0x18EBC2A3FFFFFFFF, 1), 0);
    ticks = false;
    assert_int_equal(clock_do_boot().value, 0x18EBC2A3FFFFFFFE);
}

static void a_clock_that_was_not_set_is_none(void **state)
{
    (void)state;
    assert_int_equal(start(0, 50000000), -ERANGE);
    assert_int_equal(start(50000000, 50000000), -ERANGE);
}

static void a_device_that_cannot_be_read_is_none(void **state)
{
    (void)state;
    device_error = -EBADF;
    device_ns = 1795713122000000000;
    assert_int_equal(domain_attach(), -EBADF);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(boot_is_the_device_s_time_less_what_has_passed),
        cmocka_unit_test(a_carry_between_the_halves_does_no_harm),
        cmocka_unit_test(a_clock_that_was_not_set_is_none),
        cmocka_unit_test(a_device_that_cannot_be_read_is_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
