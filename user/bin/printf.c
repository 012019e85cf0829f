// SPDX-License-Identifier: MIT
// printf: prints its arguments as FORMAT says: %s %d %u %x %o %c %b %f %e %g %% with width and
// precision, and the escapes of C. The format is used again as long as arguments are left.
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "tool.h"
#undef printf /* the one that knows fractions, too */

static char **next;

/* The byte after a backslash, and how many characters stood for it. */
static size_t escape_print(const char *text)
{
    static const char letters[] = "abfnrtv\\\"'", bytes[] = "\a\b\f\n\r\t\v\\\"'";
    const char *known = *text ? strchr(letters, *text) : NULL;
    if (known) {
        putchar(bytes[known - letters]);
        return 1;
    }
    size_t digits = strspn(text, "01234567");
    if (digits == 0) {
        putchar('\\');
        return 0;
    }
    digits = digits > 3 ? 3 : digits;
    char octal[4] = {0};
    memcpy(octal, text, digits);
    putchar((int)strtol(octal, NULL, 8));
    return digits;
}

static void escapes_print(const char *text)
{
    for (; *text; text++) {
        if (*text == '\\')
            text += escape_print(text + 1);
        else
            putchar(*text);
    }
}

static long number_parse(const char *text)
{
    char *end;
    errno = 0;
    if (*text == '\'' || *text == '"')
        return (unsigned char)text[1];
    long number = strtol(text, &end, 0);
    if (*text && (*end || errno))
        tool_complain(text, "not a number");
    return number;
}

static double fraction_parse(const char *text)
{
    char *end;
    double number = strtod(text, &end);
    if (*text && *end)
        tool_complain(text, "not a number");
    return number;
}

/* Prints one argument as the conversion at `format` says; how many characters that was. */
static size_t conversion_print(const char *format)
{
    char copy[32];
    size_t length = 1 + strspn(format + 1, "-+ #0123456789.");
    char letter = format[length];
    if (!letter || !strchr("sdiuxXocbfFeEgG%", letter) || length > sizeof copy - 4)
        tool_usage_error("%s: not a conversion", format);
    if (letter == '%') {
        putchar('%');
        return length + 1;
    }
    const char *argument = *next ? *next++ : "";
    memcpy(copy, format, length);
    if (letter == 'b') {
        escapes_print(argument);
    } else if (letter == 'c') {
        if (*argument)
            putchar(*argument);
    } else if (letter == 's') {
        strcpy(copy + length, "s");
        printf(copy, argument);
    } else if (strchr("fFeEgG", letter)) {
        copy[length] = letter;
        copy[length + 1] = 0;
        printf(copy, fraction_parse(argument));
    } else {
        copy[length] = 'l';
        copy[length + 1] = letter;
        copy[length + 2] = 0;
        printf(copy, number_parse(argument));
    }
    return length + 1;
}

int main(int argc, char **argv)
{
    tool_begin("printf", "FORMAT [ARGUMENT]...");
    tool_help_alone(argc, argv);
    if (argc < 2)
        tool_usage_error("no format given");
    char **before;
    next = argv + 2;
    do {
        before = next;
        for (const char *format = argv[1]; *format;) {
            if (*format == '%') {
                format += conversion_print(format);
            } else if (*format == '\\') {
                format += 1 + escape_print(format + 1);
            } else {
                putchar(*format++);
            }
        }
    } while (*next && next > before);
    return tool_status();
}
