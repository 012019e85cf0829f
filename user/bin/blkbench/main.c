// SPDX-License-Identifier: MIT
// blkbench: the block benchmark, with fio's words.
//
// A job is a process, which has iodepth requests in flight through rings; of a file, each of these
// is made by a process of its own (psync). The first process starts them together, collects what
// they tell, and prints the sum.
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include "job.h"
#include "kernel_words.h"
#include "report.h"
#include "settings.h"
#include "tool.h"
#include "windows.h"

#define SECOND_NS 1000000000ul

struct run {
    struct settings settings;
    unsigned workers, ready, finished;
    int messages, go;        /* the ends of the two pipes that this process keeps */
    uint64_t started, shown; /* ns */
    uint64_t first_start, last_end;
    long insns_start, insns_end; /* the kernel's counts; -1: it has none */
    struct message last[WORKERS_MAX];
    struct outcome outcome;
    struct windows windows;
};

static uint64_t nanoseconds_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * SECOND_NS + (uint64_t)now.tv_nsec;
}

static void workers_start(struct run *run, int device)
{
    int messages[2], go[2];
    if (pipe(messages) < 0 || pipe(go) < 0)
        tool_fail("pipe");
    run->workers = run->settings.jobs * (run->settings.rings ? 1 : run->settings.depth);
    fflush(NULL);
    for (unsigned worker = 0; worker < run->workers; worker++) {
        pid_t pid = fork();
        if (pid < 0)
            tool_fail(
                "fork (fewer --numjobs or --iodepth)"); /* those that run see their pipe close */
        if (pid == 0) {
            close(messages[0]);
            close(go[1]);
            worker_run(&run->settings, device, worker, messages[1], go[0]);
        }
    }
    close(messages[1]);
    close(go[0]);
    run->messages = messages[0];
    run->go = go[1];
}

/* The count at which the measured part begins. What a reading takes is left out: there is one at
 * each end. */
static long insns_begin(void)
{
    if (!kernel_word_is_set("icount"))
        return -1;
    long once = kernel_instructions(), again = kernel_instructions();
    return again + (again - once);
}

/* All are prepared: the measured part begins. */
static void workers_release(struct run *run)
{
    char bytes[WORKERS_MAX] = {0};
    run->insns_start = run->insns_end = insns_begin();
    run->started = run->shown = nanoseconds_now();
    if (run->settings.log && !windows_begin(&run->windows, run->settings.log_window, run->started,
                                            run->settings.runtime_ns))
        tool_fail("memory for the log (give a larger --log_avg_msec)");
    if (!tool_write(run->go, bytes, run->workers))
        tool_fail("pipe");
}

static void result_take(struct run *run, const struct message *message)
{
    struct histogram *sum = &run->outcome.histogram;
    if (message->result.started < run->first_start)
        run->first_start = message->result.started;
    if (message->result.ended > run->last_end)
        run->last_end = message->result.ended;
    sum->sum += message->result.sum;
    if (message->ios && message->result.least < sum->least)
        sum->least = message->result.least;
    if (message->result.most > sum->most)
        sum->most = message->result.most;
    if (message->result.insns > run->insns_end)
        run->insns_end = message->result.insns;
}

static void progress_show(struct run *run)
{
    uint64_t now = nanoseconds_now(), ios = 0;
    if (now - run->shown < SECOND_NS || run->settings.json)
        return;
    run->shown = now;
    for (unsigned worker = 0; worker < run->workers; worker++)
        ios += run->last[worker].ios;
    report_progress(ios, run->settings.block_size, now - run->started);
}

static void message_take(struct run *run, const struct message *message)
{
    if (message->worker >= run->workers)
        return;
    run->last[message->worker] = *message;
    switch (message->kind) {
    case MESSAGE_READY:
        if (++run->ready == run->workers)
            workers_release(run);
        break;
    case MESSAGE_PROGRESS:
        progress_show(run);
        break;
    case MESSAGE_RESULT:
        result_take(run, message);
        break;
    case MESSAGE_BUCKETS:
        for (unsigned i = 0; i < MESSAGE_BUCKETS_EACH; i++)
            run->outcome.histogram.buckets[message->buckets.first + i] +=
                message->buckets.counts[i];
        break;
    case MESSAGE_WINDOWS:
        for (unsigned i = 0; i < MESSAGE_BUCKETS_EACH; i++)
            windows_add(&run->windows, message->buckets.first + i, message->buckets.counts[i]);
        break;
    case MESSAGE_FINISHED:
        run->finished++;
        break;
    }
}

/* The next whole message. False when no worker is left. */
static bool message_read(struct run *run, struct message *message)
{
    size_t filled = 0;
    while (filled < sizeof *message) {
        ssize_t part = read(run->messages, (char *)message + filled, sizeof *message - filled);
        if (part < 0 && errno == EINTR)
            continue;
        if (part <= 0)
            return false;
        filled += (size_t)part;
    }
    return true;
}

/* A worker that was killed never sends FINISHED; all that is left is to say so. */
static void workers_reap(struct run *run)
{
    int status;
    while (wait(&status) > 0 || errno == EINTR)
        if (WIFSIGNALED(status))
            tool_complain("worker", "ended by signal %d (%s)", WTERMSIG(status),
                          strsignal(WTERMSIG(status)));
    if (run->finished < run->workers) {
        tool_complain("workers", "%u of %u did not finish", run->workers - run->finished,
                      run->workers);
        exit(1);
    }
}

static void outcome_sum(struct run *run)
{
    struct outcome *outcome = &run->outcome;
    for (unsigned worker = 0; worker < run->workers; worker++) {
        outcome->ios += run->last[worker].ios;
        outcome->errors += run->last[worker].errors;
        outcome->verify_errors += run->last[worker].verify_errors;
        outcome->made += run->last[worker].made;
        outcome->ended += run->last[worker].ended;
    }
    outcome->elapsed_ns = run->last_end - run->first_start;
    bool counted = run->insns_start >= 0 && outcome->ios;
    outcome->insns_per_io = counted ? (run->insns_end - run->insns_start) / (long)outcome->ios : -1;
}

int main(int argc, char **argv)
{
    static struct run run;
    struct message message;
    settings_parse(&run.settings, argc, argv);
    int device = settings_open_device(&run.settings);
    histogram_begin(&run.outcome.histogram);
    run.first_start = UINT64_MAX;
    workers_start(&run, device);
    while (message_read(&run, &message))
        message_take(&run, &message);
    if (isatty(STDERR_FILENO) && !run.settings.json)
        fputs("\r\033[K", stderr);
    workers_reap(&run);
    outcome_sum(&run);
    if (run.settings.log && !windows_write(&run.windows, run.settings.log, run.last_end))
        tool_error(run.settings.log);
    (run.settings.json ? report_print_json : report_print)(&run.settings, &run.outcome);
    return tool_status() || run.outcome.errors || run.outcome.verify_errors;
}
