// SPDX-License-Identifier: MIT
// The workloads of the rewriter's test, and whole domains' code.
#include "cases.h"
#include "tests/unit/sfi/workloads.c"

_Static_assert(sizeof workloads / sizeof workloads[0] + 2 == CASES, "all of them");

void cases_prepare(void)
{
    buffers_fill();
}

uint64_t case_run(uint32_t number)
{
    uint32_t others = sizeof workloads / sizeof workloads[0];
    if (number < others)
        return workloads[number].run();
    return number == others ? case_zlib(buffer_a, 1500) : case_ramfs(buffer_a, 6000);
}
