// SPDX-License-Identifier: MIT
#include <stdarg.h>
#include "target.h"
#include "tool.h"

static char wrong_text[160];

enum outcome answer_judge(long result, bool right, const char *format, ...)
{
    if (result < 0)
        return OUTCOME_ERROR;
    if (right)
        return OUTCOME_RIGHT;
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(wrong_text, sizeof wrong_text, format, arguments);
    va_end(arguments);
    return OUTCOME_WRONG;
}

const char *answer_wrong(void)
{
    return wrong_text;
}
