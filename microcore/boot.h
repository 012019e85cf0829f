// SPDX-License-Identifier: MIT
// From the first C instruction to kernel_main.
//
// start.S calls boot_start on the boot hart's idle task, which brings up the machine and starts a
// task of its own for kernel_main; the boot hart then is in its idle loop like all others.
#pragma once
#include <stdint.h>

// Linker symbols (linker/core.ld).
extern char core_text_start[], core_rodata_start[], core_data_start[], core_stacks_start[];
extern char core_end[];

void boot_start(uint64_t hart_id, uint64_t devicetree, uint64_t image);
void hart_started(uint64_t index); // secondary harts come here

// start.S: where the firmware starts a secondary hart.
extern char secondary_start[];

// The physical address of something in the core image.
uint64_t image_physical(const void *pointer);

// The kernel's entry, on a task of its own with interrupts on. May return: the task ends.
void kernel_main(void);

// Keys that the kernel takes from the command line, ended by NULL. Others are reported.
extern const char *const kernel_command_line_keys[];
