// SPDX-License-Identifier: MIT
// Pipes, open files and the descriptors that lead to them.
#include <stdlib.h>
#include "backend.h"
#include "handover_parts.h"

struct file_record {
    uint32_t flags, mode, device, pipe;
    uint32_t mount, has_path;
    uint64_t node, file, position;
}; // and its path

struct descriptor_record {
    uint16_t number, close_on_exec;
    uint32_t file;
};

static void pipe_note(struct catalogue *catalogue, struct pipe *pipe)
{
    if (!pipe || pipe->number)
        return;
    pipe->number = ++catalogue->pipe_count;
    pipe->next_numbered = NULL;
    *catalogue->pipes_end = pipe;
    catalogue->pipes_end = &pipe->next_numbered;
}

static void file_note(struct catalogue *catalogue, struct open_file *file)
{
    if (file->number)
        return;
    file->number = ++catalogue->file_count;
    file->next_numbered = NULL;
    *catalogue->files_end = file;
    catalogue->files_end = &file->next_numbered;
    pipe_note(catalogue, file->pipe);
}

// FUNCTION(entry) for each descriptor that refers to a file; an entry's number is its place.
#define EACH_DESCRIPTOR(table, entry)                                                              \
    for (const struct descriptor *entry = (table)->entries, *end = entry + (table)->used;          \
         entry < end; entry++)                                                                     \
        if (entry->file)

void catalogue_make(struct catalogue *catalogue)
{
    *catalogue = (struct catalogue){0};
    catalogue->files_end = &catalogue->files;
    catalogue->pipes_end = &catalogue->pipes;
    for (uint32_t i = 0; i < places_used; i++) {
        struct file_table *table = &processes[i].files;
        uint32_t open = 0;
        if (!processes[i].pid)
            continue;
        EACH_DESCRIPTOR(table, entry)
        {
            file_note(catalogue, entry->file);
            open++;
        }
        table->open = open;
    }
}

void catalogue_forget(const struct catalogue *catalogue)
{
    for (struct open_file *file = catalogue->files; file; file = file->next_numbered)
        file->number = 0;
    for (struct pipe *pipe = catalogue->pipes; pipe; pipe = pipe->next_numbered)
        pipe->number = 0;
}

static void pipe_export(struct state_writer *writer, const struct pipe *pipe)
{
    uint32_t first = PIPE_SIZE - pipe->start;
    if (first > pipe->filled)
        first = pipe->filled;
    state_write_u64(writer, pipe->filled);
    state_write_u64(writer, first);
    state_write(writer, pipe->bytes + pipe->start, first);
    state_write(writer, pipe->bytes, pipe->filled - first);
}

static void file_export(struct state_writer *writer, const struct open_file *file)
{
    struct file_record *record = state_room(writer, sizeof *record);
    record->flags = file->flags;
    record->mode = file->mode;
    record->device = file->device;
    record->pipe = file->pipe ? file->pipe->number : 0;
    record->mount = file->place.mount;
    record->has_path = file->path != NULL;
    record->node = file->place.node;
    record->file = file->file;
    record->position = file->position;
    if (file->path)
        state_write_text(writer, file->path);
}

void catalogue_export(struct state_writer *writer, const struct catalogue *catalogue)
{
    for (struct pipe *pipe = catalogue->pipes; pipe; pipe = pipe->next_numbered)
        pipe_export(writer, pipe);
    for (struct open_file *file = catalogue->files; file; file = file->next_numbered)
        file_export(writer, file);
}

void descriptors_export(struct state_writer *writer, const struct process *process)
{
    const struct file_table *table = &process->files;
    struct descriptor_record *record = state_room(writer, table->open * sizeof *record);
    EACH_DESCRIPTOR(table, entry)
    {
        record->number = (uint16_t)(entry - table->entries);
        record->close_on_exec = entry->close_on_exec;
        record->file = entry->file->number;
        record++;
    }
}

static struct pipe *pipe_import(struct state_reader *reader)
{
    struct pipe *pipe = calloc(1, sizeof *pipe);
    uint64_t filled = state_read_u64(reader), first = state_read_u64(reader);
    if (pipe)
        pipe->bytes = malloc(PIPE_SIZE);
    if (!pipe || !pipe->bytes)
        state_fail(reader, -ENOMEM);
    else if (filled > PIPE_SIZE || first > filled)
        state_refuse(reader);
    if (reader->failed)
        return pipe;
    pipe->filled = (uint32_t)filled;
    state_read(reader, pipe->bytes, first);
    state_read(reader, pipe->bytes + first, filled - first);
    return pipe;
}

// An end of a pipe counts for it.
static void file_pipe_join(struct open_file *file, struct pipe *pipe)
{
    file->pipe = pipe;
    if ((file->flags & OPEN_ACCESS) == OPEN_READ)
        pipe->readers++;
    else
        pipe->writers++;
}

static struct open_file *file_import(struct state_reader *reader, const struct found *found)
{
    const struct file_record *record = state_view(reader, sizeof *record);
    struct open_file *file = ready_alloc(sizeof *file);
    if (!file)
        state_fail(reader, -ENOMEM);
    if (!file || record->pipe > found->pipe_count || record->mount >= mount_count) {
        state_refuse(reader);
        return file;
    }
    file->flags = record->flags;
    file->mode = record->mode;
    file->device = record->device;
    file->place = (struct place){record->mount, record->node};
    file->file = record->file;
    file->position = record->position;
    if (record->pipe)
        file_pipe_join(file, found->pipes[record->pipe - 1]);
    else
        mounts[record->mount].opens++;
    if (!record->pipe)
        file_prepare(file);
    if (record->has_path)
        file->path = ready_text(reader, PATH_SIZE);
    return file;
}

void found_import(struct state_reader *reader, struct found *found)
{
    uint32_t pipes = found->pipe_count, files = found->file_count;
    found->pipe_count = found->file_count = 0;
    found->pipes = reader->failed ? NULL : ready_alloc((pipes + files + 1) * sizeof(void *));
    found->files = (struct open_file **)(found->pipes + pipes);
    if (!found->pipes)
        state_fail(reader, -ENOMEM);
    while (!reader->failed && found->pipe_count < pipes)
        found->pipes[found->pipe_count++] = pipe_import(reader);
    while (!reader->failed && found->file_count < files)
        found->files[found->file_count++] = file_import(reader, found);
}

// The last of COUNT records has the highest number.
static void table_make(struct state_reader *reader, struct file_table *table,
                       const struct descriptor_record *records, uint32_t count)
{
    uint32_t last = count ? records[count - 1].number : 0;
    if (last >= DESCRIPTORS_MAX) {
        state_refuse(reader);
        return;
    }
    uint32_t room = files_room(last);
    *table = (struct file_table){.entries = ready_alloc(room * sizeof *table->entries)};
    if (table->entries)
        table->room = room;
    else
        state_fail(reader, -ENOMEM);
}

void descriptors_import(struct state_reader *reader, const struct found *found,
                        struct file_table *table, uint32_t count)
{
    if (count > DESCRIPTORS_MAX) {
        state_refuse(reader);
        return;
    }
    const struct descriptor_record *record = state_view(reader, count * sizeof *record);
    table_make(reader, table, record, count);
    if (reader->failed)
        return;
    uint32_t room = table->room, used = 0, known = found->file_count;
    struct descriptor *entries = table->entries;
    struct open_file *const *files = found->files;
    for (const struct descriptor_record *end = record + count; record < end; record++) {
        uint32_t number = record->number, from = record->file;
        if (number < used || number >= room || !from || from > known) {
            state_refuse(reader);
            return;
        }
        struct open_file *file = files[from - 1];
        file->references++;
        entries[number] = (struct descriptor){file, record->close_on_exec};
        used = number + 1;
    }
    table->used = used;
}
