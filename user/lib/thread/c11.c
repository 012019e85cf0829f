// SPDX-License-Identifier: MIT
// C11's threads.h: POSIX's functions by other names and with other results.
#include <threads.h>

#include <errno.h>
#include <sched.h>
#include <stdlib.h>

static int result_of(int error)
{
    switch (error) {
    case 0:
        return thrd_success;
    case EBUSY:
        return thrd_busy;
    case ETIMEDOUT:
        return thrd_timedout;
    case ENOMEM:
        return thrd_nomem;
    }
    return thrd_error;
}

/* ---- Threads: a result is an int, and travels as a pointer ---- */

struct start {
    thrd_start_t function;
    void *argument;
};

static void *start(void *pointer)
{
    struct start begin = *(struct start *)pointer;
    free(pointer);
    return (void *)(long)begin.function(begin.argument);
}

int thrd_create(thrd_t *thread, thrd_start_t function, void *argument)
{
    struct start *begin = malloc(sizeof *begin);
    if (!begin)
        return thrd_nomem;
    *begin = (struct start){function, argument};
    int error = pthread_create(thread, NULL, start, begin);
    if (error)
        free(begin);
    return error == EAGAIN ? thrd_nomem : result_of(error);
}

thrd_t thrd_current(void)
{
    return pthread_self();
}

int thrd_detach(thrd_t thread)
{
    return result_of(pthread_detach(thread));
}

int thrd_equal(thrd_t one, thrd_t other)
{
    return pthread_equal(one, other);
}

void thrd_exit(int result)
{
    pthread_exit((void *)(long)result);
}

int thrd_join(thrd_t thread, int *result)
{
    void *pointer;
    int error = pthread_join(thread, &pointer);
    if (!error && result)
        *result = (int)(long)pointer;
    return result_of(error);
}

int thrd_sleep(const struct timespec *duration, struct timespec *rest)
{
    return nanosleep(duration, rest) == 0 ? 0 : errno == EINTR ? -1 : -2;
}

void thrd_yield(void)
{
    sched_yield();
}

/* ---- Mutexes and conditions ---- */

int mtx_init(mtx_t *mutex, int type)
{
    pthread_mutexattr_t attributes;
    pthread_mutexattr_init(&attributes);
    if (type & mtx_recursive)
        pthread_mutexattr_settype(&attributes, PTHREAD_MUTEX_RECURSIVE);
    return result_of(pthread_mutex_init(mutex, &attributes));
}

void mtx_destroy(mtx_t *mutex)
{
    pthread_mutex_destroy(mutex);
}

int mtx_lock(mtx_t *mutex)
{
    return result_of(pthread_mutex_lock(mutex));
}

int mtx_timedlock(mtx_t *mutex, const struct timespec *until)
{
    return result_of(pthread_mutex_timedlock(mutex, until));
}

int mtx_trylock(mtx_t *mutex)
{
    return result_of(pthread_mutex_trylock(mutex));
}

int mtx_unlock(mtx_t *mutex)
{
    return result_of(pthread_mutex_unlock(mutex));
}

int cnd_init(cnd_t *condition)
{
    return result_of(pthread_cond_init(condition, NULL));
}

void cnd_destroy(cnd_t *condition)
{
    pthread_cond_destroy(condition);
}

int cnd_wait(cnd_t *condition, mtx_t *mutex)
{
    return result_of(pthread_cond_wait(condition, mutex));
}

int cnd_timedwait(cnd_t *condition, mtx_t *mutex, const struct timespec *until)
{
    return result_of(pthread_cond_timedwait(condition, mutex, until));
}

int cnd_signal(cnd_t *condition)
{
    return result_of(pthread_cond_signal(condition));
}

int cnd_broadcast(cnd_t *condition)
{
    return result_of(pthread_cond_broadcast(condition));
}

/* ---- Once, and a thread's own data ---- */

void call_once(once_flag *once, void (*function)(void))
{
    pthread_once(once, function);
}

int tss_create(tss_t *key, tss_dtor_t destructor)
{
    return result_of(pthread_key_create(key, destructor));
}

void tss_delete(tss_t key)
{
    pthread_key_delete(key);
}

void *tss_get(tss_t key)
{
    return pthread_getspecific(key);
}

int tss_set(tss_t key, void *value)
{
    return result_of(pthread_setspecific(key, value));
}
