// SPDX-License-Identifier: MIT
// test-sources: kernel/object.c
//
// Handle tables: what a number may name, and that each object goes with its last use.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>
#include "kernel/abi/error.h"
#include "kernel/domain.h"
#include "kernel/event.h"
#include "microcore/fail.h"

#define NEEDS 3
#define LIMIT 10
#define MORE  5 // handles that the gate does not look at

struct proxy proxy_none;
static struct image image;
static struct domain domain, other;
static uint32_t destroyed;

interrupt_state lock_take(struct lock *lock)
{
    lock->taken = 1;
    return 0;
}

void lock_release(struct lock *lock, interrupt_state state)
{
    (void)state;
    lock->taken = 0;
}

uint64_t event_signal(struct event *event)
{
    return ++event->count;
}

uint32_t fail_armed;

bool fail_count(void)
{
    return false;
}

static void note_destroyed(struct object *object)
{
    (void)object;
    destroyed++;
}

static void domain_clear(struct domain *cleared, struct handle_entry *table)
{
    memset(cleared, 0, sizeof(*cleared));
    cleared->image = &image;
    cleared->handles = table;
    cleared->handle_count = HANDLES_CALLED + MORE;
    for (uint32_t i = 0; i < cleared->handle_count; i++)
        table[i] = (struct handle_entry){.proxy = &proxy_none};
}

static int setup(void **state)
{
    (void)state;
    destroyed = 0;
    image.header.need_count = NEEDS;
    image.header.limits.handles = LIMIT;
    static struct handle_entry tables[2][HANDLES_CALLED + MORE];
    domain_clear(&domain, tables[0]);
    domain_clear(&other, tables[1]);
    return 0;
}

static struct object make(enum object_kind kind)
{
    struct object object;
    object_init(&object, kind, note_destroyed);
    return object;
}

static void an_object_goes_with_its_last_use(void **state)
{
    (void)state;
    struct object object = make(OBJECT_EVENT);
    object_get(&object);
    object_put(&object);
    assert_int_equal(destroyed, 0);
    object_put(&object);
    assert_int_equal(destroyed, 1);
}

static void the_manifests_handles_are_never_given_to_others(void **state)
{
    (void)state;
    struct object object = make(OBJECT_EVENT);
    for (int i = NEEDS; i < LIMIT; i++)
        assert_int_equal(handle_insert(&domain, &object, 0), i);
    assert_int_equal(handle_insert(&domain, &object, 0), -ENFILE);
    assert_int_equal(handle_close(&domain, 5), 0);
    assert_int_equal(handle_insert(&domain, &object, 0), 5);
}

static void a_handle_is_of_one_kind(void **state)
{
    (void)state;
    struct object object = make(OBJECT_EVENT);
    int handle = handle_insert(&domain, &object, 0);
    assert_ptr_equal(handle_object(&domain, (handle_t)handle, OBJECT_EVENT), &object);
    assert_int_equal(object.users, 2);
    assert_null(handle_object(&domain, (handle_t)handle, OBJECT_SPACE));
    assert_int_equal(object.users, 2);
    assert_null(handle_object(&domain, NEEDS - 1, OBJECT_EVENT));
    assert_null(handle_object(&domain, domain.handle_count, OBJECT_EVENT));
    assert_null(handle_object(&domain, UINT32_MAX, OBJECT_EVENT));
}

static void a_closed_handle_names_nothing(void **state)
{
    (void)state;
    struct object object = make(OBJECT_EVENT);
    handle_t handle = (handle_t)handle_insert(&domain, &object, 0);
    assert_int_equal(handle_close(&domain, handle), 0);
    assert_int_equal(destroyed, 1);
    assert_int_equal(handle_close(&domain, handle), -EBADF);
    assert_int_equal(handle_close(&domain, UINT32_MAX), -EBADF);
    assert_null(handle_object(&domain, handle, OBJECT_EVENT));
}

static void a_service_is_called_within_its_rights_only(void **state)
{
    (void)state;
    struct proxy proxy = {.fast = 0xF};
    object_init(&proxy.object, OBJECT_PROXY, note_destroyed);
    handle_insert_at(&domain, 1, &proxy.object, 0x6);
    assert_ptr_equal(domain.handles[1].proxy, &proxy);
    assert_int_equal(domain.handles[1].rights, 0x6);
    assert_int_equal(domain.handles[1].fast, 0x6);
    handle_close(&domain, 1);
    assert_ptr_equal(domain.handles[1].proxy, &proxy_none);
    assert_int_equal(domain.handles[1].rights | domain.handles[1].fast, 0);
}

static void a_service_gets_a_handle_that_the_gate_finds(void **state)
{
    (void)state;
    struct object event = make(OBJECT_EVENT);
    struct proxy proxy = {.fast = 0xF};
    object_init(&proxy.object, OBJECT_PROXY, note_destroyed);
    image.header.limits.handles = HANDLES_CALLED + MORE;
    for (int i = HANDLES_CALLED; i < HANDLES_CALLED + MORE; i++)
        assert_int_equal(handle_insert(&domain, &event, 0), i);
    assert_int_equal(handle_insert(&domain, &proxy.object, 1), NEEDS);
    handle_close(&domain, HANDLES_CALLED + 1);
    assert_int_equal(handle_insert(&domain, &event, 0), HANDLES_CALLED + 1);
    for (int i = NEEDS + 1; i < HANDLES_CALLED; i++)
        assert_int_equal(handle_insert(&domain, &event, 0), i);
    assert_int_equal(handle_insert(&domain, &proxy.object, 1), -ENFILE);
    assert_int_equal(handle_insert(&domain, &event, 0), -ENFILE);
    handle_close(&domain, HANDLES_CALLED - 1);
    assert_int_equal(handle_insert(&domain, &proxy.object, 1), HANDLES_CALLED - 1);
}

static void what_is_no_service_cannot_be_called(void **state)
{
    (void)state;
    struct object object = make(OBJECT_CORE);
    handle_insert_at(&domain, 0, &object, CORE_LOG);
    assert_ptr_equal(domain.handles[0].proxy, &proxy_none);
    assert_int_equal(domain.handles[0].fast, 0);
}

static void a_capability_is_its_bit_on_a_core_handle(void **state)
{
    (void)state;
    struct object core = make(OBJECT_CORE), event = make(OBJECT_EVENT);
    handle_insert_at(&domain, 0, &core, CORE_LOG);
    handle_insert_at(&domain, 1, &event, UINT64_MAX);
    assert_true(handle_has_capability(&domain, 0, CORE_LOG));
    assert_false(handle_has_capability(&domain, 0, CORE_POWER));
    assert_false(handle_has_capability(&domain, 1, CORE_LOG));
    assert_false(handle_has_capability(&domain, 2, CORE_LOG));
    assert_int_equal(core.users, 1);
}

static void a_copy_has_the_same_rights_and_a_use_of_its_own(void **state)
{
    (void)state;
    struct object core = make(OBJECT_CORE);
    handle_insert_at(&domain, 0, &core, CORE_LOG);
    int copy = handle_copy(&domain, 0, &other);
    assert_true(copy >= NEEDS);
    assert_true(handle_has_capability(&other, (handle_t)copy, CORE_LOG));
    assert_int_equal(handle_copy(&domain, 1, &other), -EBADF);
    image.header.limits.handles = NEEDS;
    assert_int_equal(handle_copy(&domain, 0, &other), -ENFILE);
    assert_int_equal(core.users, 2);
    handle_close_all(&domain);
    handle_close_all(&other);
    assert_int_equal(destroyed, 1);
}

static void a_successor_inherits_what_gives_no_rights_all_at_once(void **state)
{
    (void)state;
    struct object event = make(OBJECT_EVENT), space = make(OBJECT_SPACE), core = make(OBJECT_CORE);
    struct proxy proxy = {.object = make(OBJECT_PROXY)};
    int32_t handles[] = {handle_insert(&domain, &space, 0),
                         handle_insert(&domain, &core, CORE_POWER),
                         handle_insert(&domain, &proxy.object, 1),
                         handle_insert(&domain, &event, 0),
                         LIMIT - 1,
                         INT32_MAX,
                         -1};
    handles_inherit(&domain, handles, sizeof handles / sizeof handles[0], &other);
    assert_int_equal(handles[0], NEEDS);
    assert_ptr_equal(other.handles[NEEDS].object, &space);
    assert_int_equal(handles[3], NEEDS + 1);
    assert_ptr_equal(other.handles[NEEDS + 1].object, &event);
    assert_int_equal(event.users, 2);
    for (size_t i = 0; i < sizeof handles / sizeof handles[0]; i++)
        if (i != 0 && i != 3)
            assert_int_equal(handles[i], -EBADF);
    assert_int_equal(core.users + proxy.object.users, 2);
    handle_close_all(&other);
    assert_int_equal(event.users, 1);
}

static void who_inherits_more_than_there_is_room_for_has_no_use_of_the_rest(void **state)
{
    (void)state;
    struct object event = make(OBJECT_EVENT), own = make(OBJECT_EVENT);
    for (int i = NEEDS; i < LIMIT - 1; i++)
        handle_insert(&other, &own, 0);
    int32_t handles[3];
    for (int i = 0; i < 3; i++)
        handles[i] = handle_insert(&domain, &event, 0);
    event.users = 3;
    handles_inherit(&domain, handles, 3, &other);
    assert_int_equal(handles[0], LIMIT - 1);
    assert_int_equal(handles[1], -ENFILE);
    assert_int_equal(handles[2], -ENFILE);
    assert_int_equal(event.users, 4);
}

static void who_waits_for_the_events_of_a_domain_hears_of_its_end(void **state)
{
    (void)state;
    struct event event = {0};
    object_init(&event.object, OBJECT_EVENT, note_destroyed);
    handle_insert(&domain, &event.object, 0);
    handle_announce_end(&domain);
    assert_int_equal(event.count, 1);
    handle_close_all(&domain);
    assert_int_equal(event.count, 1);
    assert_int_equal(destroyed, 1);
}

#define TEST(name) cmocka_unit_test_setup(name, setup)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(an_object_goes_with_its_last_use),
        TEST(the_manifests_handles_are_never_given_to_others),
        TEST(a_handle_is_of_one_kind),
        TEST(a_closed_handle_names_nothing),
        TEST(a_service_is_called_within_its_rights_only),
        TEST(a_service_gets_a_handle_that_the_gate_finds),
        TEST(what_is_no_service_cannot_be_called),
        TEST(a_capability_is_its_bit_on_a_core_handle),
        TEST(a_copy_has_the_same_rights_and_a_use_of_its_own),
        TEST(a_successor_inherits_what_gives_no_rights_all_at_once),
        TEST(who_inherits_more_than_there_is_room_for_has_no_use_of_the_rest),
        TEST(who_waits_for_the_events_of_a_domain_hears_of_its_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
