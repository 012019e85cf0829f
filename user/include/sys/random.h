// SPDX-License-Identifier: MIT
// Random bytes from the system.
#pragma once

#include <sys/types.h>

ssize_t getrandom(void *buffer, size_t length, unsigned int flags);
