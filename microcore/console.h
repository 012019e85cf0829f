// SPDX-License-Identifier: MIT
// The early console (polled ns16550a, before that SBI) and formatted output into memory.
//
// The console's driver, a domain, writes to the same device: each byte of it and each line of the
// core's takes LOCK_CONSOLE, so that a line of the core's is never cut.
#pragma once
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// Writes text to the serial line at once, polling. Any context. Used by the boot, by panic and by
// the kernel log for what must be seen.
void console_write(const char *text, size_t length);
// The same for a line, without its newline; a line that a program has begun is ended first.
void console_write_line(const char *text);
// Gives a line that a program is writing just now the time to end. Task context.
void console_write_line_between(const char *text);
void console_init(void); // finds the ns16550a
void console_printf(const char *format, ...) __attribute__((format(printf, 1, 2)));

// Subset of C's: %s %c %d %i %u %x %lx %lu %ld %llu %p %% with width, 0 and - flags. Returns the
// length that it would have had; always terminates.
int format_text(char *out, size_t size, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
int format_text_list(char *out, size_t size, const char *format, va_list arguments);

// A byte of the console's driver goes to its device's data register.
void console_write_register(volatile uint8_t *data, uint8_t byte);
