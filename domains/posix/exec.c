// SPDX-License-Identifier: MIT
#include "exec.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "calls.h"
#include "core.h"
#include "kernel/abi/manifest.h"
#include "manifest.h"
#include "processes.h"
#include "ring.h"
#include "window.h"

// What a signal handler returns to where the program gave no restorer: li a7, 139; ecall.
static const uint32_t trampoline[] = {0x08B00893, 0x00000073};

// ---- Arguments ----

static int64_t arguments_grow(struct arguments *arguments, uint32_t more)
{
    uint32_t room = arguments->room ? arguments->room : 4096;
    while (room - arguments->used < more)
        room *= 2;
    if (room > 2 * ARGUMENT_BYTES)
        return -E2BIG;
    if (room == arguments->room)
        return 0;
    char *larger = realloc(arguments->bytes, room);
    if (!larger)
        return -ENOMEM;
    arguments->bytes = larger;
    arguments->room = room;
    return 0;
}

int64_t arguments_add(struct arguments *arguments, const char *text)
{
    uint32_t size = (uint32_t)strlen(text) + 1;
    int64_t result = arguments_grow(arguments, size);
    if (result < 0)
        return result;
    memcpy(arguments->bytes + arguments->used, text, size);
    arguments->used += size;
    return 0;
}

void arguments_free(struct arguments *arguments)
{
    free(arguments->bytes);
    *arguments = (struct arguments){0};
}

// One string from user memory; a long one makes room for itself.
static int64_t argument_read(struct thread *thread, struct arguments *arguments, uint64_t address)
{
    for (uint32_t room = 256;; room *= 8) {
        int64_t result = arguments_grow(arguments, room);
        if (result < 0)
            return result;
        result = core_space_read_string(thread->process->memory.space,
                                        arguments->bytes + arguments->used, address,
                                        arguments->room - arguments->used);
        if (result == -ENAMETOOLONG)
            continue;
        if (result < 0)
            return result;
        arguments->used += (uint32_t)result + 1;
        return arguments->used > ARGUMENT_BYTES ? -E2BIG : 0;
    }
}

// A NULL-terminated array of string pointers in user memory. The number of strings.
static int64_t array_read(struct thread *thread, struct arguments *arguments, uint64_t array)
{
    for (uint32_t count = 0; array; count++) {
        uint64_t address;
        if (count == ARGUMENTS_MAX)
            return -E2BIG;
        if (user_read(thread, &address, array + count * 8, sizeof address) < 0)
            return -EFAULT;
        if (!address)
            return count;
        int64_t result = argument_read(thread, arguments, address);
        if (result < 0)
            return result;
    }
    return 0;
}

static int64_t arguments_read(struct thread *thread, struct arguments *arguments, uint64_t array,
                              uint64_t environment)
{
    int64_t count = array_read(thread, arguments, array);
    if (count < 0)
        return count;
    arguments->count = (uint32_t)count;
    count = array_read(thread, arguments, environment);
    if (count < 0)
        return count;
    arguments->environment_count = (uint32_t)count;
    return 0;
}

// ---- Scripts: "#! interpreter [argument]" ----

// Splits the first line of HEAD. *ARGUMENT is NULL where there is none. False: not usable.
static bool script_read(char *head, int64_t length, char **interpreter, char **argument)
{
    char *end = memchr(head, '\n', (size_t)length);
    if (!end)
        return false;
    while (end > head && (end[-1] == ' ' || end[-1] == '\t' || end[-1] == '\r'))
        end--;
    *end = '\0';
    *interpreter = head + 2 + strspn(head + 2, " \t");
    *argument = *interpreter + strcspn(*interpreter, " \t");
    if (**argument) {
        *(*argument)++ = '\0';
        *argument += strspn(*argument, " \t");
    } else {
        *argument = NULL;
    }
    return **interpreter != '\0';
}

// The arguments become: interpreter, its argument, the script's path, and the old ones but the
// first.
static int64_t script_arguments(struct arguments *arguments, const char *interpreter,
                                const char *argument, const char *path)
{
    struct arguments new = {0};
    const char *words[] = {interpreter, argument, path};
    int64_t result = 0;
    for (int i = 0; i < 3 && result == 0; i++) {
        if (!words[i])
            continue;
        result = arguments_add(&new, words[i]);
        new.count++;
    }
    uint32_t skip = arguments->count ? (uint32_t)strlen(arguments->bytes) + 1 : 0;
    uint32_t rest = arguments->used - skip;
    if (result == 0)
        result = arguments_grow(&new, rest + 1);
    if (result < 0) {
        arguments_free(&new);
        return result;
    }
    memcpy(new.bytes + new.used, arguments->bytes + skip, rest);
    new.used += rest;
    new.count += arguments->count ? arguments->count - 1 : 0;
    new.environment_count = arguments->environment_count;
    free(arguments->bytes);
    *arguments = new;
    return 0;
}

// ---- Loading ----

static int64_t program_walk(struct thread *thread, const char *path, struct walk **walk)
{
    int64_t result = path_walk(thread, AT_CURRENT, path, WALK_FOLLOW, walk);
    if (result < 0)
        return result;
    uint32_t mode = (*walk)->stat.mode;
    if ((mode & FS_TYPE) == FS_FILE && (mode & 0111))
        return 0;
    free(*walk);
    return -EACCES;
}

// A file's first bytes: fewer where they tell enough, since each is copied three times. Their
// number.
static int64_t head_read(struct thread *thread, struct open_file *file, char *head)
{
    int64_t length = file_read_kernel(thread, file, head, ELF_HEADER_USUAL, 0);
    if (length < (int64_t)ELF_HEADER_USUAL || elf_is_whole(head, (uint64_t)length) ||
        (head[0] == '#' && memchr(head, '\n', (size_t)length)))
        return length;
    return file_read_kernel(thread, file, head, ELF_HEADER_ROOM, 0);
}

// Opens a program and reads its first bytes. Their number.
static int64_t program_open(struct thread *thread, const char *path, struct open_file **file,
                            uint64_t *size, char *head)
{
    struct walk *walk;
    int64_t result = program_walk(thread, path, &walk);
    if (result < 0)
        return result;
    *size = walk->stat.size;
    result = file_open(thread, walk, OPEN_READ, file);
    free(walk);
    if (result < 0)
        return result;
    result = head_read(thread, *file, head);
    if (result < 0)
        file_put(thread, *file);
    return result;
}

static int64_t segment_load(struct thread *thread, struct open_file *file, struct memory *memory,
                            const struct elf_segment *segment)
{
    uint64_t start = segment->address & ~(uint64_t)(PAGE_SIZE - 1);
    uint64_t length = PAGE_ROUND(segment->address + segment->memory_size) - start;
    int64_t result = range_take(memory, start, length);
    if (result >= 0)
        result = core_space_map(memory->space, start, length, PROTECTION_READ | PROTECTION_WRITE);
    if (result >= 0)
        result = file_read_space(thread, file, memory->space, segment->address, segment->file_size,
                                 segment->offset);
    if (result >= 0 && (uint64_t)result != segment->file_size)
        result = -EIO;
    if (result >= 0)
        result = core_space_protect(memory->space, start, length, segment->protection);
    return result;
}

// SIZE: STACK_SIZE at most.
static int64_t stack_map(struct memory *memory, uint64_t size)
{
    int64_t result = range_take(memory, STACK_END - size, size);
    if (result >= 0)
        result = core_space_map(memory->space, STACK_END - size, size,
                                PROTECTION_READ | PROTECTION_WRITE);
    if (result >= 0)
        result = core_space_map(memory->space, TRAMPOLINE, PAGE_SIZE,
                                PROTECTION_READ | PROTECTION_WRITE);
    if (result >= 0)
        result = core_space_write(memory->space, TRAMPOLINE, trampoline, sizeof trampoline);
    if (result >= 0)
        result = core_space_protect(memory->space, TRAMPOLINE, PAGE_SIZE,
                                    PROTECTION_READ | PROTECTION_EXECUTE);
    return result;
}

static int64_t memory_fill(struct thread *thread, struct open_file *file, struct image *image,
                           const struct arguments *arguments)
{
    const struct process *process = thread->process;
    struct memory *memory = &image->memory;
    int64_t result = 0;
    for (uint32_t i = 0; i < image->program.segment_count && result >= 0; i++)
        result = segment_load(thread, file, memory, &image->program.segments[i]);
    if (result >= 0)
        result = stack_map(memory, PAGE_ROUND(process->limits.of[LIMIT_STACK].now));
    if (result >= 0) {
        result = stack_build(image, arguments, &image->sp);
        if (result == -EFAULT)
            result = -E2BIG; // there is no room for them on such a stack
    }
    if (result >= 0 && memory_is_beyond(memory, process->limits.of[LIMIT_ADDRESSES].now, 0))
        result = -ENOMEM;
    memory->break_start = memory->break_end = PAGE_ROUND(image->program.end);
    return result;
}

static int64_t memory_load(struct thread *thread, struct open_file *file, struct image *image,
                           const struct arguments *arguments)
{
    int64_t space = core_space_create(HANDLE_PROCESS);
    if (space < 0)
        return space;
    image->memory = (struct memory){.space = (handle_t)space};
    int64_t result = memory_fill(thread, file, image, arguments);
    window_forget(thread);
    if (result < 0)
        memory_free(&image->memory);
    return result < 0 ? result : 0;
}

static void name_set(char *name, uint32_t size, const char *path)
{
    const char *slash = strrchr(path, '/');
    snprintf(name, size, "%s", slash ? slash + 1 : path);
}

// Is it a domain's image? It is linked for the same addresses as programs are, and would start to
// run. Its second segment is read-only data, its header first (docs/abi.md).
static bool program_is_domain(struct thread *thread, struct open_file *file,
                              const struct elf_program *program)
{
    const struct elf_segment *data = &program->segments[1];
    uint32_t magic = 0;
    return data->protection == PROTECTION_READ &&
           file_read_kernel(thread, file, &magic, sizeof magic, data->offset) > 0 &&
           magic == DOMAIN_MAGIC;
}

// One step: loads PATH, or answers 1 with *NEXT (allocated) where it is a script for another.
static int64_t image_try(struct thread *thread, const char *path, struct arguments *arguments,
                         struct image *image, char *head, char **next)
{
    struct open_file *file;
    uint64_t size;
    int64_t length = program_open(thread, path, &file, &size, head);
    if (length < 0)
        return length;
    int64_t result = -ENOEXEC;
    char *interpreter, *argument;
    if (length > 2 && head[0] == '#' && head[1] == '!') {
        if (script_read(head, length, &interpreter, &argument))
            result = script_arguments(arguments, interpreter, argument, path);
        *next = result == 0 ? strdup(interpreter) : NULL;
        result = result < 0 ? result : *next ? 1 : -ENOMEM;
    } else if (elf_read(head, (uint64_t)length, size, USER_START, BREAK_LIMIT, &image->program) &&
               !program_is_domain(thread, file, &image->program)) {
        result = memory_load(thread, file, image, arguments);
    }
    file_put(thread, file);
    return result;
}

int64_t image_load(struct thread *thread, const char *path, struct arguments *arguments,
                   struct image *image)
{
    char *head = malloc(ELF_HEADER_ROOM), *current = strdup(path);
    int64_t result = head && current ? 1 : -ENOMEM;
    if (result > 0)
        name_set(image->name, sizeof image->name, path);
    for (int depth = 0; result == 1; depth++) {
        char *next = NULL;
        result = depth > SCRIPT_DEPTH ? -ELOOP
                                      : image_try(thread, current, arguments, image, head, &next);
        if (next) {
            free(current);
            current = next;
        }
    }
    free(current);
    free(head);
    return result;
}

// ---- Taking over ----

static void arguments_show(struct process *process, const struct arguments *arguments)
{
    uint32_t length = 0;
    for (uint32_t i = 0; i < arguments->count; i++)
        length += (uint32_t)strlen(arguments->bytes + length) + 1;
    if (length > sizeof process->arguments)
        length = sizeof process->arguments;
    memcpy(process->arguments, arguments->bytes, length);
    process->arguments_length = length;
}

void image_adopt(struct thread *thread, struct image *image, const struct arguments *arguments,
                 struct user_registers *registers)
{
    struct process *process = thread->process;
    struct memory old = process->memory;
    ring_end(thread);
    window_forget(thread);
    process->memory = image->memory;
    thread->clear_tid = thread->robust_list = 0;
    if (old.space) {
        core_space_switch(image->memory.space);
        memory_free(&old);
    }
    files_close_on_exec(thread, &process->files);
    mutex_lock(&process_lock);
    signals_reset(&process->signals);
    memcpy(process->name, image->name, sizeof process->name);
    arguments_show(process, arguments);
    process->has_executed = true;
    mutex_unlock(&process_lock);
    memset(registers, 0, sizeof *registers);
    registers->pc = image->program.entry;
    registers->x[2] = image->sp;
}

int64_t call_execve(struct thread *thread, const uint64_t *a)
{
    struct arguments arguments = {0};
    struct user_registers registers;
    struct image *image = calloc(1, sizeof *image);
    char *path = malloc(PATH_SIZE);
    int64_t result = image && path ? 0 : -ENOMEM;
    if (result == 0)
        result = core_space_read_string(thread->process->memory.space, path, a[0], PATH_SIZE);
    if (result >= 0)
        result = arguments_read(thread, &arguments, a[1], a[2]);
    if (result >= 0)
        result = image_load(thread, path, &arguments, image);
    if (result >= 0) {
        result = threads_end_others(thread);
        if (result < 0)
            memory_free(&image->memory);
    }
    if (result >= 0) {
        image_adopt(thread, image, &arguments, &registers);
        core_user_registers(&registers, 1);
        result = CALL_REGISTERS;
    }
    arguments_free(&arguments);
    free(path);
    free(image);
    if (thread->process->executing == thread && result != CALL_REGISTERS && result != -EINTR) {
        process_exit(thread, SIGKILL); // the others are gone: there is no way back
        return CALL_ENDED;
    }
    return result;
}
