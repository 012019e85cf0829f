// SPDX-License-Identifier: MIT
// Registers: National Semiconductor PC16550D data sheet, table 2.
#include "microcore/console.h"
#include <stdint.h>
#include "microcore/devicetree.h"
#include "microcore/lock.h"
#include "microcore/panic.h"
#include "microcore/sbi.h"
#include "microcore/string.h"
#include "microcore/task.h"
#include "microcore/timer.h"

#define UART_TRANSMIT       0
#define UART_LINE_STATUS    5
#define UART_TRANSMIT_EMPTY 0x20

#define LINE_LIMIT_NS 100000000 // a line whose last byte is older is a prompt
#define LINE_POLL_NS  1000000

#define STALL_LIMIT_NS 1000000000

static volatile bool in_line;           // the last byte that went out was not a newline
static volatile uint64_t registered_at; // when the driver's last one did

static struct lock console_lock = LOCK_INIT(LOCK_CONSOLE, "console");
static volatile uint8_t *uart; // NULL: the firmware's console

void console_init(void)
{
    for (uint32_t i = 0; i < machine.device_count && !uart; i++)
        if (!strcmp(machine.devices[i].compatible, "ns16550a"))
            uart = mmio_pointer(machine.devices[i].address);
}

// Who takes no byte for STALL_LIMIT_NS, as a terminal that is stopped, misses what comes until it
// takes one again; the kernel's log has it all. Locks are held here, and others wait for this hart.
static void byte_write(char byte)
{
    static bool stalled;
    if (!uart) {
        sbi_console_putchar(byte);
        return;
    }
    for (uint64_t began = 0; !(uart[UART_LINE_STATUS] & UART_TRANSMIT_EMPTY);) {
        began = began ? began : time_now();
        stalled |= time_now() - began >= STALL_LIMIT_NS;
        if (stalled)
            return;
    }
    stalled = false;
    uart[UART_TRANSMIT] = (uint8_t)byte;
}

static void text_write(const char *text, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        if (text[i] == '\n')
            byte_write('\r');
        byte_write(text[i]);
    }
    if (length)
        in_line = text[length - 1] != '\n';
}

static void line_write(const char *text)
{
    if (in_line)
        text_write("\n", 1);
    text_write(text, strlen(text));
    text_write("\n", 1);
}

// In a panic, whoever holds the lock may have been stopped.
static bool console_take(interrupt_state *state)
{
    if (panic_is_on())
        return false;
    *state = lock_take(&console_lock);
    return true;
}

void console_write(const char *text, size_t length)
{
    interrupt_state state;
    bool taken = console_take(&state);
    text_write(text, length);
    if (taken)
        lock_release(&console_lock, state);
}

void console_write_line(const char *text)
{
    interrupt_state state;
    bool taken = console_take(&state);
    line_write(text);
    if (taken)
        lock_release(&console_lock, state);
}

void console_write_register(volatile uint8_t *data, uint8_t byte)
{
    interrupt_state state = lock_take(&console_lock);
    *data = byte;
    in_line = byte != '\n';
    registered_at = time_now();
    lock_release(&console_lock, state);
}

void console_write_line_between(const char *text)
{
    interrupt_state state = lock_take(&console_lock);
    while (in_line && time_now() - registered_at < LINE_LIMIT_NS) {
        lock_release(&console_lock, state);
        task_block(time_now() + LINE_POLL_NS);
        state = lock_take(&console_lock);
    }
    line_write(text);
    lock_release(&console_lock, state);
}

void console_printf(const char *format, ...)
{
    char text[256];
    va_list arguments;
    va_start(arguments, format);
    size_t length = (size_t)format_text_list(text, sizeof(text), format, arguments);
    va_end(arguments);
    console_write(text, length < sizeof(text) ? length : sizeof(text) - 1);
}
