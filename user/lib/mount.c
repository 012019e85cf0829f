// SPDX-License-Identifier: MIT
// File systems as a whole.
#include <sys/mount.h>
#include <sys/statfs.h>
#include "syscall.h"

int mount(const char *source, const char *target, const char *type, unsigned long flags,
          const void *data)
{
    return (int)SYSCALL5(mount, source, target, type, flags, data);
}

int umount2(const char *target, int flags)
{
    return (int)SYSCALL2(umount2, target, flags);
}

int umount(const char *target)
{
    return umount2(target, 0);
}

int statfs(const char *path, struct statfs *result)
{
    return (int)SYSCALL2(statfs, path, result);
}

int fstatfs(int file, struct statfs *result)
{
    return (int)SYSCALL2(fstatfs, file, result);
}
