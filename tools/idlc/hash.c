// SPDX-License-Identifier: MIT
#include "interface.h"

#include <stdlib.h>

// FNV-1a, 64 bits: http://www.isthe.com/chongo/tech/comp/fnv/
static uint64_t fnv1a(const char *text, size_t length)
{
    uint64_t hash = 0xcbf29ce484222325u;
    for (size_t i = 0; i < length; i++)
        hash = (hash ^ (unsigned char)text[i]) * 0x100000001b3u;
    return hash;
}

static void write_canonical_method(FILE *file, const struct method *method)
{
    fprintf(file, "%s(", method->name);
    for (unsigned i = 0; i < method->argument_count; i++)
        fprintf(file, "%s%s", i ? "," : "", method->arguments[i].type->name);
    fprintf(file, ")");
    if (method->result)
        fprintf(file, "->%s", method->result->name);
    if (method->idempotent)
        fprintf(file, " idempotent");
    if (method->timeout_ms)
        fprintf(file, " timeout %u ms", method->timeout_ms);
    if (method->blocking)
        fprintf(file, " blocking");
    fprintf(file, ";");
}

uint64_t interface_hash(const struct interface *interface)
{
    char *text = NULL;
    size_t length = 0;
    FILE *file = open_memstream(&text, &length);
    if (!file)
        abort();
    fprintf(file, "interface %s = %u version %u {", interface->name, interface->number,
            interface->version);
    for (unsigned i = 0; i < interface->method_count; i++)
        write_canonical_method(file, &interface->methods[i]);
    fprintf(file, "}");
    if (fclose(file) != 0)
        abort();
    uint64_t hash = fnv1a(text, length);
    free(text);
    return hash;
}
