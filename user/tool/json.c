// SPDX-License-Identifier: MIT
#include "json.h"

#include <string.h>
#include "tool.h"

void json_print_string(const char *text)
{
    putchar('"');
    for (; *text; text++) {
        if (*text == '"' || *text == '\\')
            printf("\\%c", *text);
        else if ((unsigned char)*text < ' ')
            printf("\\u%04x", *text);
        else
            putchar(*text);
    }
    putchar('"');
}

void json_print_value(const char *text)
{
    size_t digits = strspn(text, "0123456789");
    if (digits > 0 && digits < 20 && !text[digits] && (digits == 1 || text[0] != '0'))
        fputs(text, stdout);
    else
        json_print_string(text);
}
