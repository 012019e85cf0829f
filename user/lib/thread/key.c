// SPDX-License-Identifier: MIT
// Keys. Each has a generation, odd while the key exists: a value that was set for an earlier key of
// the same number counts for none, so nobody has to look for it when a key goes.
#include <errno.h>
#include <stddef.h>
#include "futex.h"
#include "thread.h"

struct key {
    atomic_uint generation;
    void (*_Atomic destructor)(void *);
};

static struct key keys[PTHREAD_KEYS_MAX];

static bool exists(uint32_t generation)
{
    return generation & 1;
}

int pthread_key_create(pthread_key_t *key, void (*destructor)(void *))
{
    for (uint32_t i = 0; i < PTHREAD_KEYS_MAX; i++) {
        uint32_t generation = atomic_load(&keys[i].generation);
        if (exists(generation) ||
            !atomic_compare_exchange_strong(&keys[i].generation, &generation, generation + 1))
            continue;
        keys[i].destructor = destructor;
        *key = i;
        return 0;
    }
    return EAGAIN;
}

int pthread_key_delete(pthread_key_t key)
{
    if (key >= PTHREAD_KEYS_MAX || !exists(atomic_load(&keys[key].generation)))
        return EINVAL;
    keys[key].destructor = NULL;
    atomic_fetch_add(&keys[key].generation, 1);
    return 0;
}

int pthread_setspecific(pthread_key_t key, const void *value)
{
    if (key >= PTHREAD_KEYS_MAX)
        return EINVAL;
    uint32_t generation = atomic_load_explicit(&keys[key].generation, memory_order_relaxed);
    if (!exists(generation))
        return EINVAL;
    thread_self()->values[key] = (struct thread_value){(void *)value, generation};
    return 0;
}

void *pthread_getspecific(pthread_key_t key)
{
    if (key >= PTHREAD_KEYS_MAX)
        return NULL;
    const struct thread_value *each = &thread_self()->values[key];
    return each->generation == atomic_load_explicit(&keys[key].generation, memory_order_relaxed)
               ? each->value
               : NULL;
}

/* Calls the destructor of one value, if there is one of both. */
static bool value_destroy(struct __pthread *self, uint32_t key)
{
    void *value = pthread_getspecific(key);
    void (*destructor)(void *) = keys[key].destructor;
    self->values[key].value = NULL;
    if (!value || !destructor)
        return false;
    destructor(value);
    return true;
}

/* A destructor may set values anew: a few rounds. */
void values_destroy(struct __pthread *self)
{
    bool is_changed = true;
    for (uint32_t round = 0; round < PTHREAD_DESTRUCTOR_ITERATIONS && is_changed; round++) {
        is_changed = false;
        for (uint32_t key = 0; key < PTHREAD_KEYS_MAX; key++)
            is_changed |= value_destroy(self, key);
    }
}
