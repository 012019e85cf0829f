// SPDX-License-Identifier: MIT
#include "microcore/panic.h"
#include <stdarg.h>
#include "microcore/console.h"
#include "microcore/csr.h"
#include "microcore/devicetree.h"
#include "microcore/hart.h"
#include "microcore/lock.h"
#include "microcore/pagetable.h"
#include "microcore/sbi.h"
#include "microcore/task.h"
#include "microcore/timer.h"
#include "microcore/trap.h"

#define BACKTRACE_MAX 24
#define STOP_NS       1000000 // other harts get this long to stop

#define TEST_PASS 0x5555 // registers of sifive_test
#define TEST_FAIL 0x3333

extern char trap_handled[]; // trap.S

static uint32_t panic_hart; // index + 1 of the hart that panics

bool panic_is_on(void)
{
    return __atomic_load_n(&panic_hart, __ATOMIC_ACQUIRE);
}

__attribute__((noreturn)) static void hart_halt(void)
{
    csr_write(sie, 0);
    for (;;)
        __asm__ volatile("wfi");
}

void panic_check(void)
{
    if (panic_is_on())
        hart_halt();
}

static void harts_stop(void)
{
    for (uint32_t index = 0; index < hart_count; index++)
        if (harts[index].online && &harts[index] != hart_current())
            hart_interrupt(index);
    // They may have interrupts off, so they are not waited for but given time.
    for (uint64_t end = time_now() + STOP_NS; hart_count > 1 && time_now() < end;)
        ;
}

static void caller_print(uint64_t address)
{
    uint64_t offset, line;
    const char *name = symbol_find(address, &offset), *file = symbol_line(address, &line);
    console_printf(file ? "  0x%lx %s+0x%lx (%s:%lu)\n" : "  0x%lx %s+0x%lx\n", address, name,
                   offset, file, line);
}

static bool frame_is_sound(uint64_t frame, const struct task *task)
{
    return frame % 8 == 0 && frame > task->core_stack_low + 16 && frame <= task->core_stack_high;
}

void backtrace_print(uint64_t pc, uint64_t frame)
{
    const struct task *task = task_current();
    if (pc)
        caller_print(pc);
    for (unsigned depth = 0; depth < BACKTRACE_MAX && frame_is_sound(frame, task); depth++) {
        uint64_t caller = ((const uint64_t *)frame)[-1], next = ((const uint64_t *)frame)[-2];
        if (!caller)
            break;
        if (caller == (uint64_t)trap_handled) { // trap.S called it with sp at the trap's frame
            const struct trap_frame *trap = (const struct trap_frame *)frame;
            caller = trap->pc + 4;
            next = trap->x[8];
        }
        caller_print(caller - 4); // the call, not what follows it
        if (next <= frame)
            break;
        frame = next;
    }
}

void panic(const char *format, ...)
{
    interrupts_disable();
    struct hart *hart = hart_current();
    uint32_t expected = 0;
    uint32_t self = (hart ? hart->index : 0) + 1;
    if (!__atomic_compare_exchange_n(&panic_hart, &expected, self, false, __ATOMIC_SEQ_CST,
                                     __ATOMIC_SEQ_CST)) {
        if (expected == self)
            machine_power_off(PANIC_STATUS); // a panic within the panic
        hart_halt();
    }
    harts_stop();
    char text[256];
    va_list arguments;
    va_start(arguments, format);
    format_text_list(text, sizeof(text), format, arguments);
    va_end(arguments);
    char line[sizeof(text) + 64];
    format_text(line, sizeof(line), "panic: hart %u, task %s: %s", self - 1, task_current()->name,
                text);
    console_write_line(line);
    backtrace_print(0, (uint64_t)__builtin_frame_address(0));
    machine_power_off(PANIC_STATUS);
}

void machine_power_off(uint32_t status)
{
    if (machine.test_address && core_pagetable) {
        volatile uint32_t *test = mmio_pointer(machine.test_address);
        *test = status ? status << 16 | TEST_FAIL : TEST_PASS;
    }
    sbi_shutdown(status != 0);
    interrupts_disable();
    hart_halt();
}
