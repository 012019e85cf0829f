// SPDX-License-Identifier: MIT
// Where every failed system call ends.
#include <errno.h>

/* `negative` is what the kernel returned. Called by syscalls.S in the place of the caller. */
long syscall_failed(long negative)
{
    errno = (int)-negative;
    return -1;
}
