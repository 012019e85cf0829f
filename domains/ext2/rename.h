// SPDX-License-Identifier: MIT
#pragma once
#include "volume.h"

struct rename {
    uint64_t from, to; // nodes of directories
    char name[FS_NAME_MAX + 1], new_name[FS_NAME_MAX + 1];
};

// An operation for volume_change, of a struct rename.
int64_t rename_do(void *argument);
