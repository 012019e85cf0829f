// SPDX-License-Identifier: MIT
// Structure offsets for assembly: compiled to text, and made into build/gen/offsets.h.
#include <stddef.h>
#include "kernel/abi/layout.h"
#include "microcore/hart.h"
#include "microcore/layout.h"
#include "microcore/task.h"
#include "microcore/trap.h"

#define OFFSET(name, type, member)                                                                 \
    __asm__ volatile("\n->" #name " %0" ::"i"(offsetof(struct type, member)))
#define VALUE(name, value) __asm__ volatile("\n->" #name " %0" ::"i"(value))

_Static_assert(sizeof(struct trap_frame) % 16 == 0, "sp stays aligned");

void microcore_offsets(void);
void microcore_offsets(void)
{
    OFFSET(TASK_SCRATCH, task, scratch);
    OFFSET(TASK_INTERRUPTS_HELD, task, interrupts_held);
    OFFSET(TASK_INTERRUPTS_PUT_OFF, task, interrupts_put_off);
    OFFSET(TASK_CORE_STACK_LOW, task, core_stack_low);
    OFFSET(TASK_CORE_STACK_HIGH, task, core_stack_high);
    OFFSET(TASK_CORE_STACK, task, core_stack);
    OFFSET(TASK_HART, task, hart);
    VALUE(TASK_COUNTER_ENTERED,
          offsetof(struct task, counters) + offsetof(struct counter_offsets, entered));
    VALUE(TASK_COUNTER_LEFT,
          offsetof(struct task, counters) + offsetof(struct counter_offsets, left));
    OFFSET(TASK_CONTEXT, task, context);
    OFFSET(TASK_ON_HART, task, on_hart);
    OFFSET(TASK_FLOAT, task, float_registers);
    OFFSET(HART_ID, hart, id);
    OFFSET(HART_RESCHEDULE, hart, reschedule);
    VALUE(HART_SIZE, sizeof(struct hart));
    VALUE(TASK_SIZE, sizeof(struct task));
    OFFSET(TRAP_PC, trap_frame, pc);
    OFFSET(TRAP_X, trap_frame, x);
    OFFSET(TRAP_STATUS, trap_frame, status);
    OFFSET(TRAP_CAUSE, trap_frame, cause);
    OFFSET(TRAP_VALUE, trap_frame, value);
    VALUE(TRAP_SIZE, sizeof(struct trap_frame));
    // A pc or stack pointer shifted right by 32 tells the slot.
    VALUE(SLOT_FIRST, (int64_t)SLOT_AREA >> 32);
    VALUE(SLOT_AREA_COUNT, SLOT_COUNT);
}
