// SPDX-License-Identifier: MIT
// newlib's port, per-thread data: the library's `struct _reent` lies in the reserved bytes at the
// top of each stack. A stack is zero when it is new, and lasts as long as the instance: what an
// earlier call on it left there is still good.
#include <reent.h>
#include "thread.h"

_Static_assert(sizeof(struct _reent) <= STACK_RESERVED, "the C library's data fits its place");

struct _reent *__getreent(void);

struct _reent *__getreent(void)
{
    struct _reent *reent = thread_reserved();
    if (!reent->_stdin)
        _REENT_INIT_PTR_ZEROED(reent);
    return reent;
}
