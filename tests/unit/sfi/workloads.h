// SPDX-License-Identifier: MIT
// C in all its shapes, with results that do not depend on the machine: run plain on the host and
// confined under the loader, it must say the same.
#pragma once
#include <stddef.h>

int workloads_run(void);
void workload_say(const char *text, size_t length);
