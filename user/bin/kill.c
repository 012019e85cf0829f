// SPDX-License-Identifier: MIT
// kill: sends a signal (TERM, or -9, -KILL, -s KILL) to processes; -l lists the signals.
#include <ctype.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>
#include "tool.h"

static const char *const names[] = {
    [0] = "0",          [SIGHUP] = "HUP",   [SIGINT] = "INT",     [SIGQUIT] = "QUIT",
    [SIGILL] = "ILL",   [SIGTRAP] = "TRAP", [SIGABRT] = "ABRT",   [SIGBUS] = "BUS",
    [SIGFPE] = "FPE",   [SIGKILL] = "KILL", [SIGUSR1] = "USR1",   [SIGSEGV] = "SEGV",
    [SIGUSR2] = "USR2", [SIGPIPE] = "PIPE", [SIGALRM] = "ALRM",   [SIGTERM] = "TERM",
    [SIGCHLD] = "CHLD", [SIGCONT] = "CONT", [SIGSTOP] = "STOP",   [SIGTSTP] = "TSTP",
    [SIGTTIN] = "TTIN", [SIGTTOU] = "TTOU", [SIGWINCH] = "WINCH",
};
#define NAMES (int)(sizeof names / sizeof *names)

static int signal_parse(const char *text)
{
    long number;
    if (isdigit((unsigned char)*text) && tool_number(text, 0, SIGRTMAX, &number))
        return (int)number;
    if (strncasecmp(text, "SIG", 3) == 0)
        text += 3;
    for (int i = 1; i < NAMES; i++)
        if (names[i] && strcasecmp(text, names[i]) == 0)
            return i;
    tool_usage_error("%s: no such signal (see kill -l)", text);
}

/* All, or the names of numbers (an exit status of 128 more is as good) and the numbers of names. */
static int signals_list(int count, char **words)
{
    for (int i = 1; count == 0 && i < NAMES; i++)
        if (names[i])
            printf("%2d %s\n", i, names[i]);
    for (int i = 0; i < count; i++) {
        long number;
        bool is_number = tool_number(words[i], 0, 128 + SIGRTMAX, &number);
        number = is_number ? number - (number > 128) * 128 : signal_parse(words[i]);
        if (!is_number)
            printf("%ld\n", number);
        else if (number < NAMES && names[number])
            printf("%s\n", names[number]);
        else
            tool_complain(words[i], "a signal without a name");
    }
    return tool_status();
}

int main(int argc, char **argv)
{
    int number = SIGTERM, next = 1;
    tool_begin("kill", "[-SIGNAL | -s SIGNAL] PID..., or kill -l [SIGNAL]...");
    tool_help_alone(argc, argv);
    if (next < argc && strcmp(argv[next], "-l") == 0)
        return signals_list(argc - 2, argv + 2);
    if (next + 1 < argc && strcmp(argv[next], "-s") == 0) {
        number = signal_parse(argv[next + 1]);
        next += 2;
    } else if (next < argc && strcmp(argv[next], "--") == 0) {
        next++;
    } else if (next < argc && argv[next][0] == '-' && argv[next][1]) {
        number = signal_parse(argv[next++] + 1);
        next += next < argc && strcmp(argv[next], "--") == 0;
    }
    if (next == argc)
        tool_usage_error("no process given");
    for (; next < argc; next++) {
        char *end;
        long pid = strtol(argv[next], &end, 10);
        if (end == argv[next] || *end)
            tool_usage_error("%s: not a process number", argv[next]);
        if (kill((pid_t)pid, number) < 0)
            tool_error(argv[next]);
    }
    return tool_status();
}
