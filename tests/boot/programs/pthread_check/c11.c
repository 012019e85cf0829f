// SPDX-License-Identifier: MIT
// C11's names for the same.
#include <threads.h>
#include "check.h"

static mtx_t mutex;
static cnd_t condition;
static tss_t key;
static once_flag flag = ONCE_FLAG_INIT;
static int inits, count, destroyed;
static thread_local int local = 3;

static void init(void)
{
    inits++;
}

static void destroy(void *value)
{
    destroyed += *(int *)value;
}

static int work(void *argument)
{
    static int one = 1;
    call_once(&flag, init);
    tss_set(key, &one);
    local += (int)(long)argument;
    mtx_lock(&mutex);
    if (++count == 4)
        cnd_broadcast(&condition);
    while (count < 4)
        cnd_wait(&condition, &mutex);
    mtx_unlock(&mutex);
    if (argument == number_of(3))
        thrd_exit(-local);
    return tss_get(key) == &one ? local : 0;
}

void check_c11(void)
{
    thrd_t threads[4];
    int result;
    count = destroyed = 0;
    CHECK(mtx_init(&mutex, mtx_plain | mtx_recursive) == thrd_success);
    CHECK(cnd_init(&condition) == thrd_success && tss_create(&key, destroy) == thrd_success);
    for (long i = 0; i < 4; i++)
        CHECK(thrd_create(&threads[i], work, number_of(i)) == thrd_success);
    for (int i = 0; i < 4; i++) {
        CHECK(thrd_join(threads[i], &result) == thrd_success);
        CHECK(result == (i == 3 ? -6 : 3 + i));
    }
    CHECK(inits == 1 && destroyed == 4 && local == 3);
    struct timespec until = time_after(CLOCK_REALTIME, 10);
    CHECK(mtx_lock(&mutex) == thrd_success && mtx_trylock(&mutex) == thrd_success);
    int waited;
    mtx_unlock(&mutex);
    do
        waited = cnd_timedwait(&condition, &mutex, &until);
    while (waited == thrd_success);
    CHECK(waited == thrd_timedout && mtx_unlock(&mutex) == thrd_success);
    CHECK(thrd_equal(thrd_current(), thrd_current()));
    cnd_destroy(&condition);
    mtx_destroy(&mutex);
    tss_delete(key);
}
