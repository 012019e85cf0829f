// SPDX-License-Identifier: MIT
// Names of the host's directories, which headers of e2fsprogs speak of and nothing here calls.
#pragma once
typedef struct directory_of_nobody DIR;
struct dirent;
