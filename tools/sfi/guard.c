// SPDX-License-Identifier: MIT
#include "tools/sfi/guard.h"

#include <string.h>
#include "tools/sfi/sfi.h"

void guard_forget_s10(struct guard *guard)
{
    memset(guard->near, 0, sizeof guard->near);
    guard->label = 0;
    guard->label_register = REG_NONE;
}

void guard_forget_all(struct guard *guard)
{
    guard_forget_s10(guard);
    memset(guard->near_stack, 0, sizeof guard->near_stack);
}

void guard_written(struct guard *guard, int number)
{
    if (number == REG_NONE || number == REG_ZERO)
        return;
    if (number == REG_S10) {
        guard_forget_s10(guard);
        return;
    }
    if (number == REG_SP)
        memset(guard->near_stack, 0, sizeof guard->near_stack);
    guard->near[number] = false;
    guard->near_stack[number] = false;
    if (guard->label_register == number)
        guard->label_register = REG_NONE;
}

void guard_added(struct guard *guard, int destination, int source, long immediate)
{
    bool near = guard->near[source];
    bool near_stack = source == REG_SP || guard->near_stack[source];
    long distance = guard->distance[source] + immediate;
    long stack_distance = (source == REG_SP ? 0 : guard->stack_distance[source]) + immediate;

    if (destination == REG_SP && source == REG_SP) {
        for (int i = 0; i < 32; i++)
            guard->stack_distance[i] -= immediate;
        return;
    }
    guard_written(guard, destination);
    if (destination == REG_ZERO || destination == REG_SP || destination == REG_S10)
        return;
    guard->near[destination] = near;
    guard->distance[destination] = distance;
    guard->near_stack[destination] = near_stack;
    guard->stack_distance[destination] = stack_distance;
}

void guard_made(struct guard *guard, int number)
{
    guard->label = 0;
    guard->label_register = REG_NONE;
    // Who was near the same thing as `number` still is.
    if (!guard->near[number]) {
        memset(guard->near, 0, sizeof guard->near);
        guard->near[number] = true;
        guard->distance[number] = 0;
        return;
    }
    long origin = guard->distance[number];
    for (int i = 0; i < 32; i++)
        guard->distance[i] -= origin;
}

void guard_made_of_symbol(struct guard *guard, int label, int number)
{
    guard_forget_s10(guard);
    guard->label = label;
    guard->label_register = number;
}
