// SPDX-License-Identifier: MIT
// Streams in a program with threads: their locks for everybody, and what becomes of them when
// the program forks or ends while other threads use them.
#include "stream.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include "newlib_lock.h"
#include "thread.h"

void __retarget_lock_acquire_recursive(_LOCK_T lock);
void __retarget_lock_release_recursive(_LOCK_T lock);
void __sinit(struct _reent *reent);
int _fwalk(struct _reent *reent, int (*function)(FILE *));
void __call_exitprocs(int status, void *object);

/* newlib sets the locks of the standard streams up with the first that is used. */
static _LOCK_T lock_of(FILE *stream)
{
    if (!_GLOBAL_REENT->__sdidinit)
        __sinit(_GLOBAL_REENT);
    return stream->_lock;
}

void flockfile(FILE *stream)
{
    __retarget_lock_acquire_recursive(lock_of(stream));
}

int ftrylockfile(FILE *stream)
{
    return newlib_lock_try(lock_of(stream)) ? 0 : -1;
}

void funlockfile(FILE *stream)
{
    __retarget_lock_release_recursive(stream->_lock);
}

/* ---- After a fork, in the child ---- */

static int lock_forget(FILE *stream)
{
    newlib_lock_forget(stream->_lock);
    return 0;
}

void streams_after_fork(void)
{
    if (_GLOBAL_REENT->__sdidinit)
        _fwalk(_GLOBAL_REENT, lock_forget);
}

/* ---- At the end of the program ---- */

/* Somebody may be in the middle of reading for as long as he likes: that stream is left alone. Who
   writes is waited for. */
static int stream_finish(FILE *stream)
{
    bool writes = stream->_flags & __SWR;
    if (!writes && ftrylockfile(stream) != 0)
        return 0;
    int result = fflush(stream);
    if (!writes)
        funlockfile(stream);
    return result;
}

void (*streams_end)(void);

void streams_finish(void)
{
    if (_GLOBAL_REENT->__cleanup)
        _fwalk(_GLOBAL_REENT, stream_finish);
}

/* Nothing is freed: other threads run on until the last line. A second one that comes here waits.
 */
void exit(int status)
{
    static struct __pthread *_Atomic exiting;
    struct __pthread *nobody = NULL, *self = thread_self();
    if (!atomic_compare_exchange_strong(&exiting, &nobody, self) && nobody != self)
        for (;;)
            pause();
    __call_exitprocs(status, NULL);
    if (streams_end)
        streams_end();
    _exit(status);
}
