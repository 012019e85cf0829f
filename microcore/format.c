// SPDX-License-Identifier: MIT
#include "microcore/console.h"
#include <stdint.h>
#include "microcore/string.h"

struct output {
    char *text;
    size_t size, length; // length counts what did not fit as well
};

struct conversion {
    bool left, zero;
    unsigned width;
    bool wide; // l, ll, z: 64 bits
};

static void output_put(struct output *output, char byte)
{
    if (output->length + 1 < output->size)
        output->text[output->length] = byte;
    output->length++;
}

static void output_repeat(struct output *output, char byte, unsigned count)
{
    while (count--)
        output_put(output, byte);
}

// SIGN is "", "-" or "0x": it comes before zeros that pad, and after spaces.
static void output_field(struct output *output, const struct conversion *conversion,
                         const char *sign, const char *text, size_t length)
{
    size_t all = strlen(sign) + length;
    unsigned padding = conversion->width > all ? conversion->width - all : 0;
    if (!conversion->left && !conversion->zero)
        output_repeat(output, ' ', padding);
    while (*sign)
        output_put(output, *sign++);
    if (!conversion->left && conversion->zero)
        output_repeat(output, '0', padding);
    while (length--)
        output_put(output, *text++);
    if (conversion->left)
        output_repeat(output, ' ', padding);
}

static void output_number(struct output *output, const struct conversion *conversion,
                          const char *sign, uint64_t value, unsigned base)
{
    char digits[20];
    size_t start = sizeof(digits);
    do
        digits[--start] = "0123456789abcdef"[value % base];
    while (value /= base);
    output_field(output, conversion, sign, digits + start, sizeof(digits) - start);
}

// Reads flags, width and size behind a %. Returns the conversion's letter's place.
static const char *conversion_read(const char *format, struct conversion *conversion)
{
    *conversion = (struct conversion){0};
    for (; *format == '-' || *format == '0'; format++)
        *(*format == '-' ? &conversion->left : &conversion->zero) = true;
    for (; *format >= '0' && *format <= '9'; format++)
        conversion->width = conversion->width * 10 + (unsigned)(*format - '0');
    for (; *format == 'l' || *format == 'z'; format++)
        conversion->wide = true;
    return format;
}

int format_text_list(char *out, size_t size, const char *format, va_list arguments)
{
    struct output output = {out, size, 0};
    struct conversion conversion;
    for (; *format; format++) {
        if (*format != '%') {
            output_put(&output, *format);
            continue;
        }
        format = conversion_read(format + 1, &conversion);
        switch (*format) {
        case 's': {
            const char *text = va_arg(arguments, const char *);
            text = text ? text : "(null)";
            conversion.zero = false;
            output_field(&output, &conversion, "", text, strlen(text));
            break;
        }
        case 'c': {
            char byte = (char)va_arg(arguments, int);
            output_field(&output, &conversion, "", &byte, 1);
            break;
        }
        case 'd':
        case 'i': {
            int64_t value = conversion.wide ? va_arg(arguments, int64_t) : va_arg(arguments, int);
            uint64_t positive = value < 0 ? -(uint64_t)value : (uint64_t)value;
            output_number(&output, &conversion, value < 0 ? "-" : "", positive, 10);
            break;
        }
        case 'u':
        case 'x': {
            uint64_t value =
                conversion.wide ? va_arg(arguments, uint64_t) : va_arg(arguments, unsigned);
            output_number(&output, &conversion, "", value, *format == 'u' ? 10 : 16);
            break;
        }
        case 'p':
            output_number(&output, &conversion, "0x", (uint64_t)va_arg(arguments, void *), 16);
            break;
        default:
            output_put(&output, *format);
            format -= !*format;
        }
    }
    if (size)
        out[output.length < size ? output.length : size - 1] = '\0';
    return (int)output.length;
}

int format_text(char *out, size_t size, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    int length = format_text_list(out, size, format, arguments);
    va_end(arguments);
    return length;
}
