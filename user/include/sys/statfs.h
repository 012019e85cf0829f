// SPDX-License-Identifier: MIT
// How large file systems are and how full: struct statfs of Linux on 64-bit machines.
#pragma once

struct statfs {
    long f_type;
    long f_bsize;
    unsigned long f_blocks, f_bfree, f_bavail;
    unsigned long f_files, f_ffree;
    int f_fsid[2];
    long f_namelen;
    long f_frsize;
    long f_flags;
    long f_spare[4];
};

int statfs(const char *path, struct statfs *result);
int fstatfs(int file, struct statfs *result);
