// SPDX-License-Identifier: MIT
// What is known of s10 and of registers that point near it, within one basic block. Knowing saves
// guards; being wrong here could only make a program wrong, never let it out of its slot.
#pragma once
#include <stdbool.h>

struct guard {
    bool near[32]; // register = what s10 was made of + distance[register]
    long distance[32];
    bool near_stack[32]; // register = sp + stack_distance[register]
    long stack_distance[32];
    int label; // s10 holds the upper part of a symbol's address, see %pcrel_lo; 0: does not
    int label_register; // which holds that whole address; REG_NONE: none does
};

void guard_forget_all(struct guard *guard);
// s10 has been written; what points near sp is still known.
void guard_forget_s10(struct guard *guard);
// A register gets a value of which nothing is known.
void guard_written(struct guard *guard, int number);
// destination = source + immediate
void guard_added(struct guard *guard, int destination, int source, long immediate);
// add.uw s10, number, gp
void guard_made(struct guard *guard, int number);
// auipc s10, %pcrel_hi(symbol) at the label .Lsfi<label>; `number` holds the address or REG_NONE
void guard_made_of_symbol(struct guard *guard, int label, int number);
