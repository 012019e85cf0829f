// SPDX-License-Identifier: MIT
// /dev/bench: write the name of a measure, read one line `INSNS NS`. Under `icount` one instruction
// takes one nanosecond, so the time is the count; otherwise INSNS is "-".
#include <stdio.h>
#include <string.h>

#include "bench.h"
#include "bench_client.h"
#include "core.h"
#include "device.h"
#include "mutex.h"
#include "state.h"

#define OPENS_MAX       16 // at a time
#define LINE_SIZE       48
#define WORD_SIZE       32
#define ROUNDS          10000
#define ROUNDS_RECOVERY 100 // each leaves a report in the log
#define ROUNDS_UPDATE   20

struct bench_open {
    uint32_t taken;
    char line[LINE_SIZE]; // what the next read returns
};

static struct mutex opens_lock;
static struct bench_open opens[OPENS_MAX];

static const char *const measure_names[] = {
    [BENCH_DIRECT] = "direct",
    [BENCH_CALL] = "call",
    [BENCH_CALL_RREF] = "call_rref",
    [BENCH_CALL_BORROW] = "call_borrow",
    [BENCH_SHADOW] = "shadow",
    [BENCH_SHADOW_RREF] = "shadow_rref",
    [BENCH_FAULT] = "fault",
    [BENCH_RESTART] = "restart",
    [BENCH_UPDATE_PAUSE] = "update_pause",
};

static struct bench_open *open_of(uint64_t file)
{
    uint64_t index = file >> FILE_PRIVATE_SHIFT;
    return index < OPENS_MAX ? &opens[index] : NULL;
}

static RpcResult bench_open(const struct device *device)
{
    RpcResult result = rpc_error(-EBUSY);
    (void)device;
    mutex_lock(&opens_lock);
    for (uint32_t i = 0; i < OPENS_MAX && result.status < 0; i++) {
        if (opens[i].taken)
            continue;
        opens[i] = (struct bench_open){.taken = 1};
        result = rpc_ok(i);
    }
    mutex_unlock(&opens_lock);
    return result;
}

static void bench_close(uint64_t file)
{
    struct bench_open *open = open_of(file);
    if (open)
        open->taken = 0;
}

// The first word of the text, cut at WORD_SIZE - 1.
static int64_t word_fetch(const struct transfer *transfer, char word[WORD_SIZE])
{
    uint32_t n = transfer->length < WORD_SIZE - 1 ? transfer->length : WORD_SIZE - 1;
    int64_t result = core_rref_read(transfer->buffer, transfer->start, word, n);
    if (result < 0)
        return result;
    word[n] = '\0';
    word[strcspn(word, " \t\n")] = '\0';
    return 0;
}

static int64_t measure_find(const char *word)
{
    for (uint32_t i = 0; i < sizeof measure_names / sizeof *measure_names; i++)
        if (measure_names[i] && strcmp(measure_names[i], word) == 0)
            return i;
    return -EINVAL;
}

static uint32_t measure_rounds(int64_t measure)
{
    if (measure == BENCH_UPDATE_PAUSE)
        return ROUNDS_UPDATE;
    return measure == BENCH_FAULT || measure == BENCH_RESTART ? ROUNDS_RECOVERY : ROUNDS;
}

static void line_print(char line[LINE_SIZE], uint64_t picoseconds)
{
    struct system_info info = {0};
    char instructions[24] = "-";
    core_system_info(&info);
    if (info.icount)
        snprintf(instructions, sizeof instructions, "%llu",
                 (unsigned long long)((picoseconds + 500) / 1000));
    snprintf(line, LINE_SIZE, "%s %llu.%03llu\n", instructions,
             (unsigned long long)(picoseconds / 1000), (unsigned long long)(picoseconds % 1000));
}

static RpcResult bench_write(const struct device *device, const struct transfer *transfer)
{
    char word[WORD_SIZE];
    struct bench_open *open = open_of(transfer->file);
    int64_t measure = open ? word_fetch(transfer, word) : -EBADF;
    if (measure >= 0)
        measure = measure_find(word);
    if (measure < 0)
        return rpc_error(measure);
    RpcResult result = bench_run(device->service, (uint32_t)measure, measure_rounds(measure));
    if (result.status < 0)
        return result;
    line_print(open->line, result.value);
    return rpc_ok(transfer->length);
}

// Each line is read once, by as many reads as it takes.
static RpcResult bench_read(const struct device *device, const struct transfer *transfer)
{
    struct bench_open *open = open_of(transfer->file);
    (void)device;
    if (!open)
        return rpc_error(-EBADF);
    size_t length = strlen(open->line);
    size_t n = length < transfer->length ? length : transfer->length;
    int64_t result = core_rref_write(transfer->buffer, transfer->start, open->line, n);
    if (result < 0)
        return rpc_error(result);
    memmove(open->line, open->line + n, length - n + 1);
    return rpc_ok(n);
}

void bench_export(struct state_writer *writer)
{
    state_write(writer, opens, sizeof opens);
}

void bench_import(struct state_reader *reader)
{
    state_read(reader, opens, sizeof opens);
    for (uint32_t i = 0; i < OPENS_MAX; i++)
        opens[i].line[LINE_SIZE - 1] = '\0';
}

const struct device_operations bench_operations = {
    .open = bench_open,
    .close = bench_close,
    .read = bench_read,
    .write = bench_write,
};
