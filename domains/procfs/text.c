// SPDX-License-Identifier: MIT
#include "procfs.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "domain.h"
#include "kernel/abi/error.h"

static bool text_grow(struct text *text, uint64_t need)
{
    if (text->error || text->room - text->length > need)
        return !text->error;
    uint64_t room = (text->room + need) * 2 + 256;
    char *bytes = realloc(text->bytes, room);
    if (!bytes) {
        text->error = -ENOMEM;
        return false;
    }
    text->bytes = bytes;
    text->room = room;
    return true;
}

void text_add(struct text *text, const char *format, ...)
{
    char piece[512];
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(piece, sizeof piece, format, arguments);
    va_end(arguments);
    if (length > 0)
        text_add_bytes(text, piece,
                       (uint64_t)length < sizeof piece ? (uint64_t)length : sizeof piece - 1);
}

void text_add_bytes(struct text *text, const char *bytes, uint64_t length)
{
    if (!text_grow(text, length))
        return;
    memcpy(text->bytes + text->length, bytes, length);
    text->length += length;
}

RpcResult text_read(const struct text *text, uint64_t offset, rref_t buffer, uint32_t start,
                    uint32_t length)
{
    if (text->error)
        return rpc_error(text->error);
    uint64_t count = offset < text->length ? text->length - offset : 0;
    if (count > length)
        count = length;
    int64_t error = count ? core_rref_write(buffer, start, text->bytes + offset, count) : 0;
    return error < 0 ? rpc_error(error) : rpc_ok(count);
}

void text_free(struct text *text)
{
    free(text->bytes);
}
