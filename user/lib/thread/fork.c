// SPDX-License-Identifier: MIT
// Fork. The child has the calling thread alone. While it is made, the caller holds the library's
// locks, so that the child finds the heap, the environment, the list of streams and that of threads
// whole; of streams that others were using, the child may use what they had left in the middle.
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>
#include "../syscall.h"
#include "newlib_lock.h"
#include "stream.h"
#include "thread.h"

struct handlers {
    void (*prepare)(void);
    void (*parent)(void);
    void (*child)(void);
    struct handlers *earlier, *later;
};

static pthread_mutex_t handlers_lock = PTHREAD_MUTEX_INITIALIZER;
static struct handlers *first, *last;

int pthread_atfork(void (*prepare)(void), void (*parent)(void), void (*child)(void))
{
    struct handlers *new = malloc(sizeof *new);
    if (!new)
        return ENOMEM;
    *new = (struct handlers){prepare, parent, child, NULL, NULL};
    pthread_mutex_lock(&handlers_lock);
    new->earlier = last;
    *(last ? &last->later : &first) = new;
    last = new;
    pthread_mutex_unlock(&handlers_lock);
    return 0;
}

/* In the child: the caller is its first thread, under a new number. */
static void child_begin(void)
{
    struct __pthread *self = thread_self();
    self->tid = 0;
    self->is_of_process = true;
    self->has_robust_list = false;
    self->robust.first.__next = NULL;
    thread_count = 1;
    blocks_after_fork();
    streams_after_fork();
}

/* newlib's own system() and the like come by the other names. */
pid_t fork(void)
{
    pthread_mutex_lock(&handlers_lock);
    for (struct handlers *each = last; each; each = each->earlier)
        if (each->prepare)
            each->prepare();
    pthread_mutex_lock(&blocks_lock);
    newlib_locks_take();
    pid_t pid = (pid_t)SYSCALL5(clone, SIGCHLD, 0, 0, 0, 0);
    if (pid == 0)
        child_begin();
    newlib_locks_release();
    pthread_mutex_unlock(&blocks_lock);
    for (struct handlers *each = first; each; each = each->later) {
        void (*handler)(void) = pid == 0 ? each->child : each->parent;
        if (handler)
            handler();
    }
    pthread_mutex_unlock(&handlers_lock);
    return pid;
}

__typeof__(fork) _fork __attribute__((alias("fork"), copy(fork)));
__typeof__(fork) vfork __attribute__((alias("fork"), copy(fork)));
