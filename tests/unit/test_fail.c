// SPDX-License-Identifier: MIT
// test-sources: microcore/fail.c
//
// Which request fails: the Nth of the armed kind, of the task that armed and of those that work for
// it.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "microcore/fail.h"
#include "microcore/task.h"

static struct task one, other, *now = &one;

struct task *task_current(void)
{
    return now;
}

static int reset(void **state)
{
    (void)state;
    fail_arm(FAIL_NONE, 0, 0);
    one.fail_run = other.fail_run = 0;
    now = &one;
    return 0;
}

static void the_nth_request_fails_and_no_other(void **state)
{
    (void)state;
    fail_arm(FAIL_PAGE, 3, 1);
    assert_false(fail_now(FAIL_PAGE));
    assert_false(fail_now(FAIL_PAGE));
    assert_int_equal(fail_left(), 1);
    assert_true(fail_now(FAIL_PAGE));
    assert_int_equal(fail_left(), 0);
    for (int i = 0; i < 10; i++)
        assert_false(fail_now(FAIL_PAGE));
    assert_int_equal(fail_left(), 0);
}

static void as_many_in_a_row_fail_as_were_asked_for(void **state)
{
    (void)state;
    fail_arm(FAIL_RREF, 2, 3);
    assert_false(fail_now(FAIL_RREF));
    for (int i = 0; i < 3; i++)
        assert_true(fail_now(FAIL_RREF));
    assert_false(fail_now(FAIL_RREF));
}

static void requests_of_other_kinds_do_not_count(void **state)
{
    (void)state;
    fail_arm(FAIL_SLOT, 1, 1);
    assert_false(fail_now(FAIL_PAGE));
    assert_false(fail_now(FAIL_STACK));
    assert_true(fail_now(FAIL_SLOT));
}

static void requests_of_other_tasks_do_not_count(void **state)
{
    (void)state;
    fail_arm(FAIL_PAGE, 1, 1);
    now = &other;
    assert_false(fail_now(FAIL_PAGE));
    now = &one;
    assert_true(fail_now(FAIL_PAGE));
}

static void a_task_that_armed_before_another_counts_no_more(void **state)
{
    (void)state;
    fail_arm(FAIL_PAGE, 1, 1);
    now = &other;
    fail_arm(FAIL_PAGE, 1, 1);
    now = &one;
    assert_false(fail_now(FAIL_PAGE));
    now = &other;
    assert_true(fail_now(FAIL_PAGE));
}

static void who_works_for_all_and_who_is_made_meanwhile_count(void **state)
{
    (void)state;
    fail_arm(FAIL_PAGE, 3, 1);
    other.fail_run = fail_inherit();
    now = &other;
    assert_false(fail_now(FAIL_PAGE));
    other.fail_run = FAIL_ALWAYS;
    assert_false(fail_now(FAIL_PAGE));
    assert_true(fail_now(FAIL_PAGE));
    assert_int_equal(fail_inherit(), 0); // nothing is armed any more
}

static void what_is_disarmed_does_not_fail(void **state)
{
    (void)state;
    fail_arm(FAIL_PAGE, 2, 1);
    fail_arm(FAIL_NONE, 0, 1);
    for (int i = 0; i < 4; i++)
        assert_false(fail_now(FAIL_PAGE));
    assert_int_equal(fail_left(), 2);
}

#define TEST(name) cmocka_unit_test_setup(name, reset)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(the_nth_request_fails_and_no_other),
        TEST(as_many_in_a_row_fail_as_were_asked_for),
        TEST(requests_of_other_kinds_do_not_count),
        TEST(requests_of_other_tasks_do_not_count),
        TEST(a_task_that_armed_before_another_counts_no_more),
        TEST(who_works_for_all_and_who_is_made_meanwhile_count),
        TEST(what_is_disarmed_does_not_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
