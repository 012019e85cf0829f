// SPDX-License-Identifier: MIT
// What is to be done once: begun by the first to come, while the others wait. Where that one is
// cancelled in it, the next begins anew.
#include <limits.h>
#include <pthread.h>
#include "futex.h"

enum { NOT_BEGUN, BEGUN, AWAITED, DONE };

static void give_up(void *once)
{
    if (atomic_exchange(word_of(once), NOT_BEGUN) == AWAITED)
        futex_wake(word_of(once), INT_MAX, false);
}

static void run(atomic_uint *word, void (*function)(void))
{
    pthread_cleanup_push(give_up, word);
    function();
    pthread_cleanup_pop(0);
    if (atomic_exchange(word, DONE) == AWAITED)
        futex_wake(word, INT_MAX, false);
}

int pthread_once(pthread_once_t *once, void (*function)(void))
{
    const struct futex_limit for_ever = {0};
    atomic_uint *word = word_of(&once->__word);
    while (atomic_load_explicit(word, memory_order_acquire) != DONE) {
        uint32_t state = NOT_BEGUN;
        if (atomic_compare_exchange_strong(word, &state, BEGUN)) {
            run(word, function);
        } else if (state == AWAITED ||
                   (state == BEGUN && atomic_compare_exchange_strong(word, &state, AWAITED))) {
            futex_wait(word, AWAITED, &for_ever);
        }
    }
    return 0;
}
