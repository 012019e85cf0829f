// SPDX-License-Identifier: MIT
#include "microcore/fail.h"
#include "microcore/task.h"

uint32_t fail_armed;
static int64_t left; // requests until the one that fails; <= 0: it was
static int64_t last; // of LEFT, for the last one that fails
static uint32_t run; // counts up with each arming, so that tasks of earlier ones count no more

static bool is_counted(void)
{
    uint32_t task_run = task_current()->fail_run;
    return task_run == run || task_run == FAIL_ALWAYS;
}

bool fail_count(void)
{
    if (!is_counted())
        return false;
    int64_t now = __atomic_sub_fetch(&left, 1, __ATOMIC_RELAXED);
    if (now <= last)
        __atomic_store_n(&fail_armed, FAIL_NONE, __ATOMIC_RELAXED);
    return now <= 0 && now >= last;
}

void fail_arm(enum fail_kind kind, uint32_t nth, uint32_t times)
{
    __atomic_store_n(&fail_armed, FAIL_NONE, __ATOMIC_RELEASE);
    if (kind == FAIL_NONE)
        return;
    run = run == FAIL_ALWAYS - 1 ? 1 : run + 1;
    left = nth;
    last = 1 - (int64_t)times;
    task_current()->fail_run = run;
    __atomic_store_n(&fail_armed, kind, __ATOMIC_RELEASE);
}

uint32_t fail_left(void)
{
    int64_t now = __atomic_load_n(&left, __ATOMIC_RELAXED);
    return now > 0 ? (uint32_t)now : 0;
}

uint32_t fail_inherit(void)
{
    bool armed = __atomic_load_n(&fail_armed, __ATOMIC_RELAXED) != FAIL_NONE;
    return armed && is_counted() ? run : 0;
}
