// SPDX-License-Identifier: MIT
// time: how long a command takes. Its exit status is the command's.
#include <errno.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include "tool.h"

static void line_print(const char *title, long seconds, long nanoseconds)
{
    fprintf(stderr, "%-4s %ld.%03ld\n", title, seconds, nanoseconds / 1000000);
}

static void usage_report(const struct timespec *start, const struct timespec *end,
                         const struct rusage *usage)
{
    long seconds = end->tv_sec - start->tv_sec, rest = end->tv_nsec - start->tv_nsec;
    line_print("real", seconds - (rest < 0), rest + (rest < 0) * 1000000000L);
    line_print("user", usage->ru_utime.tv_sec, usage->ru_utime.tv_usec * 1000);
    line_print("sys", usage->ru_stime.tv_sec, usage->ru_stime.tv_usec * 1000);
}

static int command_run(char **words)
{
    struct timespec start, end;
    struct rusage usage = {0};
    int status;
    clock_gettime(CLOCK_MONOTONIC, &start);
    pid_t child = fork();
    if (child < 0)
        tool_fail("fork");
    if (child == 0) {
        execvp(words[0], words);
        int missing = errno == ENOENT;
        tool_error(words[0]);
        _exit(missing ? 127 : 126);
    }
    signal(SIGINT, SIG_IGN); /* Ctrl-C ends the command, and its time is told */
    while (wait4(child, &status, 0, &usage) < 0 && errno == EINTR)
        continue;
    clock_gettime(CLOCK_MONOTONIC, &end);
    usage_report(&start, &end, &usage);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

int main(int argc, char **argv)
{
    int next = 1;
    tool_begin("time", "COMMAND [ARGUMENT]...");
    if (argc > 1 && argv[1][0] == '-' && argv[1][1] == '-' && !argv[1][2])
        next = 2;
    else if (argc > 1 && argv[1][0] == '-')
        tool_option(2, argv, "");
    if (next >= argc)
        tool_usage_error("no command given");
    return command_run(argv + next);
}
