// SPDX-License-Identifier: MIT
#include "log.h"
#include <stdarg.h>
#include <stdio.h>
#include "core.h"

void log_printf(const char *format, ...)
{
    char line[LOG_LINE_SIZE];
    va_list arguments;

    va_start(arguments, format);
    int length = vsnprintf(line, sizeof line, format, arguments);
    va_end(arguments);
    if (length < 0)
        return;
    core_log(line, length < (int)sizeof line ? (uint64_t)length : sizeof line - 1);
}
