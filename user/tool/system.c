// SPDX-License-Identifier: MIT
#include "system.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include "file_at.h"
#include "tool.h"

#define FOLDER     "/proc/sys/domain/"
#define TEXT_SIZE  8192
#define LINE_SIZE  256
#define TRIES_OPEN 3

#define PAGE_BYTES      4096
#define KEPT_GROWTH_MAX 1024
#define SETTLE_NS       2000000
#define SETTLE_TRIES    50

/* Reads a file of /proc whole. It stays open; where the service behind /proc was replaced, it is
   opened again. */
static bool text_read(int *file, const char *path, char text[TEXT_SIZE])
{
    for (int tries = 0; tries < TRIES_OPEN; tries++) {
        long length = *file >= 0 ? file_read_at(*file, text, TEXT_SIZE - 1, 0) : -1;
        if (length > 0) {
            text[length] = 0;
            return true;
        }
        file_reopen(file, path, O_RDONLY);
    }
    return false;
}

static int command_file = -1;

int command_run(const char *format, ...)
{
    char line[LINE_SIZE];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(line, sizeof line, format, arguments);
    va_end(arguments);
    int reason = ENOENT;
    for (int tries = 0; tries < TRIES_OPEN; tries++) {
        if (command_file < 0 && !file_reopen(&command_file, FOLDER "command", O_RDWR)) {
            reason = errno;
            continue;
        }
        if (file_write_at(command_file, line, strlen(line), 0) > 0)
            return 0;
        reason = errno;
        if (reason != EBADF && reason != ESTALE)
            break;
        close(command_file);
        command_file = -1;
    }
    return -reason;
}

void command_answer(char *answer, size_t size)
{
    long length = command_file >= 0 ? file_read_at(command_file, answer, size - 1, 0) : 0;
    answer[length > 0 ? length : 0] = 0;
    answer[strcspn(answer, "\n")] = 0;
}

/* The start of the line whose first word is `name`, or NULL. */
static const char *line_find(const char *text, const char *name)
{
    size_t length = strlen(name);
    for (const char *line = text; line; line = strchr(line, '\n')) {
        line += *line == '\n';
        if (strncmp(line, name, length) == 0 && (line[length] == ' ' || line[length] == ':'))
            return line + length;
    }
    return NULL;
}

/* The next word of the line, cut at the buffer's end; returns what follows it. */
static const char *word_take(const char *line, char *word, size_t size)
{
    size_t length = 0;
    while (*line == ' ')
        line++;
    for (; *line > ' '; line++)
        if (length + 1 < size)
            word[length++] = *line;
    word[length] = 0;
    return line;
}

static const char *number_take(const char *line, uint64_t *number)
{
    char word[24];
    line = word_take(line, word, sizeof word);
    *number = strtoul(word, NULL, 10);
    return line;
}

bool service_look(const char *name, struct service *service)
{
    static int file = -1;
    static char text[TEXT_SIZE];
    uint64_t unused;
    const char *line = text_read(&file, FOLDER "list", text) ? line_find(text, name) : NULL;
    if (!line)
        return false;
    line = word_take(line, service->image, sizeof service->image);
    line = number_take(line, &unused); /* version */
    line = number_take(line, &unused); /* id */
    line = word_take(line, service->state, sizeof service->state);
    line = number_take(line, &unused); /* calls */
    line = number_take(line, &service->faults);
    number_take(line, &service->restarts);
    return true;
}

bool service_is_up(const struct service *service)
{
    return strcmp(service->state, "running") == 0 || strcmp(service->state, "probation") == 0;
}

bool service_has_shadow(const char *name)
{
    static char text[TEXT_SIZE];
    char path[64];
    int file = -1;
    snprintf(path, sizeof path, FOLDER "service/%s", name);
    bool has = text_read(&file, path, text) && strstr(text, "\nshadow on\n");
    if (file >= 0)
        close(file);
    return has;
}

static int64_t value_of(const char *text, const char *name)
{
    uint64_t value = 0;
    const char *line = line_find(text, name);
    if (line)
        number_take(line + 1, &value);
    return (int64_t)value;
}

bool resources_read(struct resources *resources)
{
    static int file = -1;
    static char text[TEXT_SIZE];
    if (!text_read(&file, "/proc/meminfo", text))
        return false;
    resources->pages_kept = value_of(text, "PagesKept");
    resources->pages_free = value_of(text, "PagesFree") + resources->pages_kept;
    resources->object_bytes = value_of(text, "ObjectBytes");
    resources->rrefs_free = value_of(text, "RRefsFree");
    resources->threads = value_of(text, "Threads");
    resources->events = value_of(text, "Events");
    resources->handles = value_of(text, "Handles");
    resources->slots_free = value_of(text, "SlotsFree");
    return true;
}

int64_t pages_missing(const struct resources *now, const struct resources *before)
{
    int64_t grown = now->pages_kept - before->pages_kept;
    return before->pages_free - now->pages_free +
           (now->object_bytes - before->object_bytes) / PAGE_BYTES +
           (grown > KEPT_GROWTH_MAX ? grown : 0);
}

static bool is_less(const struct resources *now, const struct resources *before)
{
    return pages_missing(now, before) > 0 || now->rrefs_free < before->rrefs_free;
}

static void pause_for(uint64_t nanoseconds)
{
    struct timespec time = {0, (long)nanoseconds};
    nanosleep(&time, NULL);
}

bool resources_await(struct resources *resources, const struct resources *before)
{
    struct resources last = {0};
    for (int tries = 0; tries < SETTLE_TRIES; tries++) {
        if (!resources_read(resources))
            return false;
        bool quiet = !pages_missing(resources, &last) && resources->rrefs_free == last.rrefs_free;
        if (quiet && !(before && is_less(resources, before)))
            return true;
        last = *resources;
        pause_for(SETTLE_NS);
    }
    return true;
}
