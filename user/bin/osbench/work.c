// SPDX-License-Identifier: MIT
#include "work.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>
#include "tool.h"

#define PROGRAM   "/bin/true"
#define FILE_READ "/bin/osbench" /* on the root file system, and longer than a page */
#define PAGE      4096

// ---- One system call ----

static void getpid_once(void)
{
    getpid();
}

// ---- Processes ----

static void child_wait(pid_t child)
{
    int status;
    pid_t ended;
    do
        ended = waitpid(child, &status, 0);
    while (ended < 0 && errno == EINTR);
    if (ended < 0)
        tool_fail("waitpid");
    if (status != 0) {
        tool_complain("child", "ended with status %#x", (unsigned)status);
        _exit(1);
    }
}

static void fork_once(void)
{
    pid_t child = fork();
    if (child < 0)
        tool_fail("fork");
    if (child == 0)
        _exit(0);
    child_wait(child);
}

static void exec_once(void)
{
    static char *const words[] = {PROGRAM, NULL};
    pid_t child = fork();
    if (child < 0)
        tool_fail("fork");
    if (child == 0) {
        execve(PROGRAM, words, environ);
        _exit(127);
    }
    child_wait(child);
}

// ---- A pipe to a process that sends back what it gets ----

static int pipe_to, pipe_from;
static pid_t echo;

_Noreturn static void echo_run(int from, int to)
{
    char byte;
    while (read(from, &byte, 1) == 1 && write(to, &byte, 1) == 1)
        continue;
    _exit(0);
}

static void pipe_prepare(void)
{
    int there[2], back[2];
    if (pipe(there) < 0 || pipe(back) < 0)
        tool_fail("pipe");
    echo = fork();
    if (echo < 0)
        tool_fail("fork");
    if (echo == 0) {
        close(there[1]);
        close(back[0]);
        echo_run(there[0], back[1]);
    }
    close(there[0]);
    close(back[1]);
    pipe_to = there[1];
    pipe_from = back[0];
}

static void pipe_once(void)
{
    char byte = 'x';
    if (write(pipe_to, &byte, 1) != 1 || read(pipe_from, &byte, 1) != 1)
        tool_fail("pipe");
}

static void pipe_finish(void)
{
    close(pipe_to);
    close(pipe_from);
    child_wait(echo);
}

// ---- A file that has been read before ----

static int file;

static void read_once(void)
{
    static char page[PAGE] __attribute__((aligned(PAGE)));
    if (pread(file, page, PAGE, 0) != PAGE)
        tool_fail(FILE_READ);
}

static void read_prepare(void)
{
    file = open(FILE_READ, O_RDONLY);
    if (file < 0)
        tool_fail(FILE_READ);
}

static void read_finish(void)
{
    close(file);
}

const struct work works[] = {
    {"getpid", "a system call that does nothing else", 101, 1000, NULL, getpid_once, NULL},
    {"fork", "fork, exit and wait", 51, 2, NULL, fork_once, NULL},
    {"exec", "fork, exec of " PROGRAM ", exit and wait", 51, 2, NULL, exec_once, NULL},
    {"pipe", "a byte to another process and back", 51, 100, pipe_prepare, pipe_once, pipe_finish},
    {"read", "4 KiB of a file that was read before", 51, 100, read_prepare, read_once, read_finish},
};
const size_t work_count = sizeof works / sizeof *works;
