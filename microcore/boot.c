// SPDX-License-Identifier: MIT
#include "microcore/boot.h"
#include "kernel/abi/error.h"
#include "microcore/console.h"
#include "microcore/csr.h"
#include "microcore/devicetree.h"
#include "microcore/hart.h"
#include "microcore/interrupt.h"
#include "microcore/page.h"
#include "microcore/pagetable.h"
#include "microcore/panic.h"
#include "microcore/string.h"
#include "microcore/task.h"
#include "microcore/timer.h"

#define BOOT_STACK       32768
#define DEVICETREE_LIMIT 0x100000

static struct {
    char guard[PAGE_SIZE]; // not mapped
    char stack[BOOT_STACK];
} boot_stack __attribute__((aligned(PAGE_SIZE), section(".stacks")));

static struct task boot_task;
static uint64_t image_start; // physical

uint64_t image_physical(const void *pointer)
{
    return (uint64_t)pointer - CORE_IMAGE + image_start;
}

// The free memory of [start, end): all but the image, what lies before it (the firmware), and the
// initrd. The device tree's blob is not needed any more.
static void memory_add(void)
{
    uint64_t image_end = image_physical(core_end);
    uint64_t initrd_start = machine.initrd_start & -PAGE_SIZE;
    uint64_t initrd_end = (machine.initrd_end + PAGE_SIZE - 1) & -PAGE_SIZE;
    if (machine.initrd_end <= image_end) {
        page_add_range(image_end, machine.memory_end);
        return;
    }
    page_add_range(image_end, initrd_start);
    page_add_range(initrd_end, machine.memory_end);
}

static bool key_is_known(const char *key, size_t length)
{
    for (const char *const *known = kernel_command_line_keys; *known; known++)
        if (strlen(*known) == length && !strncmp(*known, key, length))
            return true;
    return false;
}

static void command_line_check(void)
{
    const char *word = machine.command_line;
    while (*word) {
        size_t length = 0, key = 0;
        for (; word[length] && word[length] != ' '; length++)
            if (word[length] != '=' && key == length)
                key++;
        if (length && !key_is_known(word, key)) {
            char text[64];
            string_copy(text, word, length < sizeof(text) ? length + 1 : sizeof(text));
            console_printf("boot: unknown option \"%s\" on the command line\n", text);
        }
        word += length + (word[length] == ' ');
    }
}

static void boot_main(void *argument)
{
    (void)argument;
    command_line_check();
    kernel_main();
}

static void boot_task_start(void)
{
    boot_task.core_stack_low = (uint64_t)boot_stack.stack;
    boot_task.core_stack_high = boot_task.core_stack_low + sizeof(boot_stack.stack);
    boot_task.hart = &harts[0];
    task_prepare(&boot_task, "boot", boot_main, NULL);
    task_wake(&boot_task);
}

void boot_start(uint64_t hart_id, uint64_t devicetree, uint64_t image)
{
    image_start = image;
    hart_init(hart_id);
    int error = devicetree_parse(page_pointer(devicetree), DEVICETREE_LIMIT);
    if (error)
        panic("boot: the device tree at 0x%lx is malformed or lacks memory, harts or PLIC",
              devicetree);
    hart_init(hart_id);
    timer_init();
    memory_add();
    pagetable_init();
    console_init();
    interrupt_init();
    timer_init_hart();
    csr_set(sie, 1u << INTERRUPT_SOFTWARE | 1u << INTERRUPT_EXTERNAL);
    hart_start_others();
    boot_task_start();
    task_idle_loop();
}
