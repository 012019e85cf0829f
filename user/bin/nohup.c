// SPDX-License-Identifier: MIT
// nohup: runs a command that goes on when the shell that started it ends. What it would print on
// the terminal goes to the end of nohup.out, in the current folder or else in $HOME.
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include "tool.h"

#define OUTPUT     "nohup.out"
#define FAILED     125 /* what kept the command from being tried */
#define NOT_RUN    126
#define NOT_FOUND  127
#define NAME_ROOM  4096
#define OWNER_ONLY (S_IRUSR | S_IWUSR)

_Noreturn static void give_up(const char *what)
{
    tool_error(what);
    exit(FAILED);
}

/* Opens it, and says where it is. */
static int output_open(void)
{
    char path[NAME_ROOM];
    const char *home = getenv("HOME"), *place = OUTPUT;
    int file = open(place, O_WRONLY | O_CREAT | O_APPEND, OWNER_ONLY);
    if (file < 0 && home && tool_path(path, sizeof path, home, OUTPUT))
        file = open(place = path, O_WRONLY | O_CREAT | O_APPEND, OWNER_ONLY);
    if (file < 0)
        give_up(place);
    fprintf(stderr, "nohup: what it prints goes to %s\n", place);
    return file;
}

int main(int argc, char **argv)
{
    tool_begin("nohup", "COMMAND [ARGUMENT]...");
    tool_help_alone(argc, argv);
    if (argc < 2)
        tool_usage_error("a command is missing");
    signal(SIGHUP, SIG_IGN);
    if (isatty(STDIN_FILENO)) {
        int nothing = open("/dev/null", O_RDONLY);
        if (nothing < 0 || dup2(nothing, STDIN_FILENO) < 0)
            give_up("/dev/null");
        close(nothing);
    }
    bool errors_too = isatty(STDERR_FILENO);
    if (isatty(STDOUT_FILENO)) {
        int output = output_open();
        if (dup2(output, STDOUT_FILENO) < 0)
            give_up(OUTPUT);
        close(output);
    }
    int messages = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
    if (errors_too && dup2(STDOUT_FILENO, STDERR_FILENO) < 0)
        give_up("stderr");
    execvp(argv[1], argv + 1);
    int reason = errno;
    if (messages >= 0)
        dup2(messages, STDERR_FILENO);
    errno = reason;
    tool_error(argv[1]);
    return reason == ENOENT ? NOT_FOUND : NOT_RUN;
}
