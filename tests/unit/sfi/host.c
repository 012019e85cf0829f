// SPDX-License-Identifier: MIT
// The workloads as a program of the host.
#include <unistd.h>
#include "tests/unit/sfi/workloads.h"

void workload_say(const char *text, size_t length)
{
    if (write(1, text, length) < 0)
        _exit(1);
}

int main(void)
{
    return workloads_run();
}
