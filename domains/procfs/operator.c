// SPDX-License-Identifier: MIT
// Carries out the operator's commands: finds the file that a name means, hands it to the core.
#include "procfs.h"

#include <stdio.h>
#include <string.h>
#include "command.h"
#include "domain.h"
#include "process_client.h"

#define FILE_MAX  0x400000u // bytes of an image
#define PIECE     0x10000u
#define PATH_SIZE (COMMAND_WORD_MAX + 16)

// Reads the file at PATH, as the calling process sees it, into an RRef of FILE_MAX bytes. The
// length, or a negative errno.
static int64_t file_read_pieces(const char *path, rref_t file, rref_t buffer)
{
    uint64_t done = 0;
    for (;;) {
        int64_t error = core_rref_write(buffer, 0, path, strlen(path));
        if (error < 0)
            return error;
        RpcResult result =
            process_read_file(HANDLE_POSIX, buffer, (uint32_t)strlen(path), done, PIECE);
        if (result.status < -4095)
            return -EIO;
        if (result.status < 0)
            return result.status;
        if (!result.value)
            return (int64_t)done;
        if (done + result.value > FILE_MAX)
            return -EFBIG;
        error = core_rref_copy(file, done, buffer, 0, result.value);
        if (error < 0)
            return error;
        done += result.value;
    }
}

static int64_t file_read(const char *path, rref_t *file)
{
    int64_t buffer = core_rref_alloc(PIECE, 0);
    if (buffer < 0)
        return buffer;
    int64_t whole = core_rref_alloc(FILE_MAX, 0);
    int64_t length = whole;
    if (whole >= 0) {
        length = file_read_pieces(path, (rref_t)whole, (rref_t)buffer);
        if (length == 0)
            length = -ENODATA;
        if (length < 0)
            core_rref_free((rref_t)whole);
    }
    core_rref_free((rref_t)buffer);
    *file = (rref_t)whole;
    return length;
}

// The first of the places where an image may be that has a file.
static int64_t file_find(const char *name, rref_t *file)
{
    static const char *const places[] = {"%s", "%s.elf", "/boot/%s", "/boot/%s.elf"};
    int64_t length = -ENOENT;
    for (uint32_t i = 0; i < sizeof places / sizeof *places && length == -ENOENT; i++) {
        char path[PATH_SIZE];
        snprintf(path, sizeof path, places[i], name);
        length = file_read(path, file);
    }
    return length;
}

static bool image_is_known(const char *name)
{
    struct image_info info;
    for (uint64_t i = 0; core_control_image(HANDLE_CONTROL, i, &info) >= 0; i++) {
        if (!strcmp(info.name, name))
            return true;
    }
    return false;
}

static int64_t reply_file_error(const char *name, int64_t error, char *reply)
{
    const char *why = error == -ENOENT    ? "no such image or file (see `domain images`)"
                      : error == -EFBIG   ? "is larger than 4 MiB (an image is not)"
                      : error == -EISDIR  ? "is a directory (give an ELF file)"
                      : error == -EACCES  ? "is no regular file (give an ELF file)"
                      : error == -ENODATA ? "is empty (give an ELF file)"
                                          : "cannot be read (check the file)";
    snprintf(reply, REPLY_SIZE, "domain: %.200s: %s\n", name, why);
    return error == -ENODATA ? -ENOEXEC : error;
}

// Registers or verifies the file that COMMAND names. control->image receives the image's name.
static int64_t run_on_file(const char *name, struct control_command *control, char *reply)
{
    int64_t length = file_find(name, &control->file);
    if (length < 0)
        return reply_file_error(name, length, reply);
    const char *slash = strrchr(name, '/'); // the core's answer begins with the file's name
    snprintf(control->image, sizeof control->image, "%s", slash ? slash + 1 : name);
    control->length = (uint64_t)length;
    int64_t result = core_control_command(HANDLE_CONTROL, control);
    core_rref_free(control->file);
    snprintf(reply, REPLY_SIZE, "%.256s\n", control->reply);
    return result;
}

// Makes sure that the image of a load or update is registered, and by which name.
static int64_t image_prepare(const struct command *command, struct control_command *control,
                             char *reply)
{
    if (image_is_known(command->image)) {
        strcpy(control->image, command->image); // known names fit
        return 0;
    }
    struct control_command registration = {.operation = CONTROL_REGISTER};
    int64_t result = run_on_file(command->image, &registration, reply);
    memcpy(control->image, registration.image, sizeof control->image);
    return result;
}

// Names of services stand in tables, in paths and in JSON.
static bool name_is_valid(const char *name)
{
    for (const char *c = name; *c; c++) {
        if (*c <= ' ' || *c > '~' || *c == '/' || *c == '"' || *c == '\\')
            return false;
    }
    return true;
}

static int64_t run(const struct command *command, char *reply)
{
    static const uint32_t operations[] = {
        [VERB_REGISTER] = CONTROL_REGISTER, [VERB_LOAD] = CONTROL_LOAD,
        [VERB_UPDATE] = CONTROL_UPDATE,     [VERB_ROLLBACK] = CONTROL_ROLLBACK,
        [VERB_RESTART] = CONTROL_RESTART,   [VERB_STOP] = CONTROL_STOP,
        [VERB_FAULT] = CONTROL_FAULT,       [VERB_VERIFY] = CONTROL_VERIFY,
        [VERB_SHADOW] = CONTROL_SHADOW,     [VERB_FORGET] = CONTROL_FORGET,
        [VERB_FAILNTH] = CONTROL_FAIL,
    };
    struct control_command control = {.operation = operations[command->verb],
                                      .flags = command->force,
                                      .interface = command->number};
    if (command->verb == VERB_REGISTER || command->verb == VERB_VERIFY)
        return run_on_file(command->image, &control, reply);
    bool valid = name_is_valid(command->service);
    if (command->verb == VERB_LOAD && (!valid || strlen(command->service) >= CONTROL_NAME_SIZE)) {
        snprintf(reply, REPLY_SIZE,
                 "domain: %.24s: cannot be a name (give at most %d letters, digits and signs)\n",
                 command->service, CONTROL_NAME_SIZE - 1);
        return -EINVAL;
    }
    if (strlen(command->service) >= CONTROL_NAME_SIZE) {
        snprintf(reply, REPLY_SIZE, "domain: %.24s...: no such service (see `domain list`)\n",
                 command->service);
        return -ENOENT;
    }
    strcpy(control.service, command->service);
    if (command->verb == VERB_LOAD || command->verb == VERB_UPDATE) {
        int64_t error = image_prepare(command, &control, reply);
        if (error < 0)
            return error;
    } else if (command->verb == VERB_FAULT || command->verb == VERB_SHADOW ||
               command->verb == VERB_FORGET || command->verb == VERB_FAILNTH) {
        snprintf(control.image, sizeof control.image, "%.23s", command->image);
        control.flags = command->verb == VERB_FAULT ? command->number : command->times;
    }
    int64_t result = core_control_command(HANDLE_CONTROL, &control);
    if (result != -EINTR) // else the caller asks again, perhaps while others wait for it to leave
        snprintf(reply, REPLY_SIZE, "%.256s\n", control.reply);
    return result;
}

int64_t operator_run(const char *line, uint64_t length, char reply[REPLY_SIZE])
{
    struct command command;
    const char *why;
    int64_t result = command_parse(line, length, &command, &why);
    if (result < 0) {
        snprintf(reply, REPLY_SIZE, "domain: command: %s\n", why);
        log_printf("command refused: %s", why);
        return result;
    }
    reply[0] = 0;
    result = run(&command, reply);
    if (result < 0 && result != -EINTR && reply[0])
        log_printf("%.*s", (int)strlen(reply) - 1, reply);
    return result;
}
