// SPDX-License-Identifier: MIT
// newlib's unistd.h and what it leaves out.
#pragma once

#include_next <unistd.h>

int setresuid(uid_t real, uid_t effective, uid_t saved);
int setresgid(gid_t real, gid_t effective, gid_t saved);
