// SPDX-License-Identifier: MIT
// Keys, their destructors, and cleanup handlers: what runs at a thread's end, and in which order.
#include "check.h"

static pthread_key_t key, again_key;
static char order[16];
static atomic_int order_length, destroyed, rounds;

static void note(char what)
{
    order[order_length++] = what;
}

static void destroy(void *value)
{
    CHECK(pthread_getspecific(key) == NULL); // cleared before
    destroyed += (int)(long)value;
    note('k');
}

// Sets its own value anew: a few rounds, then that is enough.
static void destroy_again(void *value)
{
    rounds++;
    pthread_setspecific(again_key, value);
}

static void *set_and_get(void *argument)
{
    long number = (long)argument + 1;
    CHECK(pthread_getspecific(key) == NULL);
    CHECK(pthread_setspecific(key, number_of(number)) == 0);
    for (int i = 0; i < 50; i++) {
        sched_yield();
        CHECK(pthread_getspecific(key) == number_of(number));
    }
    return NULL;
}

static void values_are_each_threads_own(void)
{
    CHECK(pthread_key_create(&key, destroy) == 0);
    destroyed = order_length = 0;
    threads_run(8, set_and_get);
    CHECK(destroyed == 1 + 2 + 3 + 4 + 5 + 6 + 7 + 8);
    CHECK(pthread_setspecific(key, number_of(5)) == 0);
    CHECK(pthread_key_delete(key) == 0);
    pthread_key_t other;
    CHECK(pthread_key_create(&other, NULL) == 0);
    CHECK(pthread_getspecific(other) == NULL); // also if it has the old one's number
    CHECK(pthread_key_delete(other) == 0);
}

static void *set_again(void *argument)
{
    pthread_setspecific(again_key, &order);
    return argument;
}

static void destructors_are_called_a_few_times(void)
{
    pthread_t thread;
    rounds = 0;
    CHECK(pthread_key_create(&again_key, destroy_again) == 0);
    CHECK(pthread_create(&thread, NULL, set_again, NULL) == 0);
    CHECK(pthread_join(thread, NULL) == 0);
    CHECK(rounds == PTHREAD_DESTRUCTOR_ITERATIONS);
    CHECK(pthread_key_delete(again_key) == 0);
}

static void handler(void *argument)
{
    note((char)(long)argument);
}

static void *leave_in_the_middle(void *argument)
{
    pthread_setspecific(key, number_of(1));
    pthread_cleanup_push(handler, number_of('a'));
    pthread_cleanup_push(handler, number_of('b'));
    pthread_cleanup_push(handler, number_of('x'));
    pthread_cleanup_pop(0);
    pthread_cleanup_push(handler, number_of('c'));
    pthread_cleanup_pop(1);
    pthread_exit(argument);
    pthread_cleanup_pop(0);
    pthread_cleanup_pop(0);
    return NULL;
}

// The innermost handler first, and all of them before the destructors.
static void the_end_is_in_order(void)
{
    pthread_t thread;
    CHECK(pthread_key_create(&key, destroy) == 0);
    order_length = 0;
    memset(order, 0, sizeof order);
    CHECK(pthread_create(&thread, NULL, leave_in_the_middle, NULL) == 0);
    CHECK(pthread_join(thread, NULL) == 0);
    CHECK(strcmp(order, "cbak") == 0);
    CHECK(pthread_key_delete(key) == 0);
}

void check_keys(void)
{
    values_are_each_threads_own();
    destructors_are_called_a_few_times();
    the_end_is_in_order();
}
