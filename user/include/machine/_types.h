// SPDX-License-Identifier: MIT
// Widths of the system types as Linux has them on riscv64; newlib asks for this file by name.
#pragma once

#include <machine/_default_types.h>

#define __machine_dev_t_defined
typedef __uint64_t __dev_t;
#define __machine_ino_t_defined
typedef __uint64_t __ino_t;
#define __machine_uid_t_defined
typedef __uint32_t __uid_t;
#define __machine_gid_t_defined
typedef __uint32_t __gid_t;
#define __machine_fsfilcnt_t_defined
typedef __uint64_t __fsfilcnt_t;
