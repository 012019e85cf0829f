// SPDX-License-Identifier: MIT
#include "kernel/log.h"
#include "microcore/console.h"
#include "microcore/devicetree.h"
#include "microcore/hart.h"
#include "microcore/lock.h"
#include "microcore/string.h"
#include "microcore/timer.h"

#define LOG_SIZE  65536u // a power of two
#define LINE_SIZE 256

static char ring[LOG_SIZE];
static uint64_t ring_end; // bytes ever written
static struct lock log_lock = LOCK_INIT(LOCK_LOG, "log");

static void ring_add(const char *text, uint64_t length)
{
    for (uint64_t i = 0; i < length; i++)
        ring[ring_end++ % LOG_SIZE] = text[i];
}

void log_line(enum log_level level, const char *subsystem, const char *format, ...)
{
    char line[LINE_SIZE], stamp[64];
    uint64_t now = time_now();
    va_list arguments;
    va_start(arguments, format);
    format_text_list(line, sizeof(line), format, arguments);
    va_end(arguments);
    for (char *c = line; *c; c++) { // a domain's text keeps to its line
        if (*c < ' ')
            *c = ' ';
    }
    interrupt_state state = lock_take(&log_lock);
    int length = format_text(stamp, sizeof(stamp), "[%lu.%06lu] hart%u %s: ", now / 1000000000,
                             now / 1000 % 1000000, hart_current()->index, subsystem);
    ring_add(stamp, (uint64_t)length < sizeof(stamp) ? (uint64_t)length : sizeof(stamp) - 1);
    ring_add(line, strlen(line));
    ring_add("\n", 1);
    lock_release(&log_lock, state);
    static bool quiet, asked;
    if (!asked) {
        quiet = command_line_option("run", NULL, 0);
        asked = true;
    }
    if (level == LOG_FAULT || (level != LOG_QUIET && !quiet)) {
        char shown[LINE_SIZE + 64];
        format_text(shown, sizeof(shown), "%s: %s", subsystem, line);
        (level == LOG_SHOW ? console_write_line : console_write_line_between)(shown);
    }
}

uint64_t log_end(void)
{
    return __atomic_load_n(&ring_end, __ATOMIC_ACQUIRE);
}

uint64_t log_copy(uint64_t *position, char *destination, uint64_t bytes)
{
    interrupt_state state = lock_take(&log_lock);
    uint64_t oldest = ring_end > LOG_SIZE ? ring_end - LOG_SIZE : 0;
    if (*position < oldest)
        *position = oldest;
    uint64_t count = *position < ring_end ? ring_end - *position : 0;
    if (count > bytes)
        count = bytes;
    for (uint64_t i = 0; i < count; i++)
        destination[i] = ring[(*position + i) % LOG_SIZE];
    lock_release(&log_lock, state);
    return count;
}
