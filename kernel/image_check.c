// SPDX-License-Identifier: MIT
#include "kernel/image_check.h"
#include "kernel/abi/error.h"
#include "kernel/abi/layout.h"
#include "kernel/object.h"
#include "microcore/string.h"

#define PAGES_MAX   262144 // 1 GiB
#define TIME_MAX_MS 60000
#define EVENTS_MAX  4096
#define RREFS_LIMIT 65535

static int refuse(const char **reason, const char *why)
{
    *reason = why;
    return -ENOEXEC;
}

// A name is there, ends within its field, and can be typed.
static bool name_is_valid(const char name[DOMAIN_NAME_SIZE])
{
    size_t length = strnlen(name, DOMAIN_NAME_SIZE);
    if (!length || length == DOMAIN_NAME_SIZE)
        return false;
    for (size_t i = 0; i < length; i++) {
        if (name[i] <= ' ' || name[i] > '~' || name[i] == '/')
            return false;
    }
    return true;
}

// Is this an address of an instruction? NULL is none.
static bool is_code(const struct image *image, uint64_t address)
{
    return address >= image->elf.text.address && address % 4 == 0 &&
           address - image->elf.text.address < image->elf.text.memory_size;
}

// The file's bytes of read-only data at a slot offset; NULL: not all inside.
static const uint8_t *rodata_at(const uint8_t *file, const struct image *image, uint64_t address,
                                uint64_t bytes)
{
    const struct elf_segment *rodata = &image->elf.rodata;
    if (address < rodata->address || address - rodata->address > rodata->file_size ||
        bytes > rodata->file_size - (address - rodata->address))
        return NULL;
    return file + rodata->file_offset + (address - rodata->address);
}

static int limits_check(const struct domain_limits *limits, uint32_t needs, const char **reason)
{
    if (!limits->pages || limits->pages > PAGES_MAX || limits->shared_pages > PAGES_MAX ||
        limits->rrefs > RREFS_LIMIT)
        return refuse(reason, "its limits on memory are out of range");
    if (limits->threads > STACK_THREADS || limits->events > EVENTS_MAX ||
        limits->handles > HANDLES_MAX || limits->handles < needs)
        return refuse(reason, "its limits on threads, events or handles are out of range");
    if (!limits->budget_ms || limits->budget_ms > TIME_MAX_MS || !limits->wait_ms ||
        limits->wait_ms > TIME_MAX_MS)
        return refuse(reason, "its limits on time are out of range, 1 to 60000 ms");
    return 0;
}

static int needs_check(const struct domain_header *header, const char **reason)
{
    if (header->need_count > DOMAIN_NEEDS_MAX)
        return refuse(reason, "it has more than 32 needs");
    for (uint32_t i = 0; i < header->need_count; i++) {
        const struct domain_need *need = &header->needs[i];
        if (need->kind < NEED_SERVICE || need->kind > NEED_CORE || need->optional > 1 ||
            !name_is_valid(need->name) || (need->kind == NEED_SERVICE && !need->interface))
            return refuse(reason, "one of its needs is malformed");
    }
    return 0;
}

static bool description_is_valid(const struct method_description *method)
{
    if (method->argument_count > DOMAIN_ARGUMENTS_MAX || method->timeout_ms > TIME_MAX_MS ||
        method->flags >= METHOD_RESULT_HANDLE * 2)
        return false;
    for (uint32_t i = 0; i < method->argument_count; i++) {
        if (method->arguments[i] < ARGUMENT_INTEGER || method->arguments[i] > ARGUMENT_HANDLE)
            return false;
    }
    return true;
}

static int methods_check(const uint8_t *file, struct image *image, const char **reason)
{
    const struct domain_header *header = &image->header;
    uint32_t count = header->method_count;
    if (count > DOMAIN_METHODS_MAX || !count != !header->interface)
        return refuse(reason, "it has no interface, or too many methods for one, at most 32");
    const uint8_t *methods =
        rodata_at(file, image, (uint64_t)header->methods, count * sizeof(uint64_t));
    const uint8_t *descriptions = rodata_at(file, image, (uint64_t)header->descriptions,
                                            count * sizeof(struct method_description));
    if (count && (!methods || !descriptions))
        return refuse(reason, "its method table lies outside of its read-only data");
    if (count) {
        memcpy(image->methods, methods, count * sizeof(uint64_t));
        memcpy(image->descriptions, descriptions, count * sizeof(struct method_description));
    }
    for (uint32_t i = 0; i < count; i++) {
        if (!is_code(image, image->methods[i]))
            return refuse(reason, "a method lies outside of its text");
        if (!description_is_valid(&image->descriptions[i]))
            return refuse(reason, "the description of a method is malformed");
    }
    return 0;
}

static int functions_check(const struct image *image, const char **reason)
{
    const struct domain_header *header = &image->header;
    const uint64_t functions[] = {
        (uint64_t)header->init,         (uint64_t)header->rehearse,
        (uint64_t)header->attach,       (uint64_t)header->export_state,
        (uint64_t)header->import_state, (uint64_t)header->detach,
        (uint64_t)header->exit,         (uint64_t)header->thread_main,
        (uint64_t)header->fault_commit,
    };
    for (uint32_t i = 0; i < sizeof(functions) / sizeof(functions[0]); i++) {
        if (!is_code(image, functions[i]))
            return refuse(reason, "a life-cycle function lies outside of its text");
    }
    return 0;
}

int image_check(const uint8_t *file, struct image *image, const char **reason)
{
    struct domain_header *header = &image->header;
    const uint8_t *bytes = rodata_at(file, image, image->elf.rodata.address, sizeof(*header));
    if (!bytes)
        return refuse(reason, "its read-only data is too short for a domain's header");
    memcpy(header, bytes, sizeof(*header));
    if (header->magic != DOMAIN_MAGIC)
        return refuse(reason, "it is no domain: its read-only data does not begin with a header");
    if (header->abi != DOMAIN_ABI)
        return refuse(reason, "it was built for another version of the ABI");
    if (!name_is_valid(header->name) || header->flags > (DOMAIN_STATELESS | DOMAIN_SHADOW) ||
        (header->interface && !name_is_valid(header->interface_name)) ||
        strnlen(header->interface_name, DOMAIN_NAME_SIZE) == DOMAIN_NAME_SIZE ||
        !name_is_valid(header->title) || header->accepts > header->schema)
        return refuse(reason, "its name, title, interface, flags or schema is malformed");
    int error = needs_check(header, reason);
    if (!error)
        error = limits_check(&header->limits, header->need_count, reason);
    if (!error)
        error = methods_check(file, image, reason);
    if (!error)
        error = functions_check(image, reason);
    return error;
}
