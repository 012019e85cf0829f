// SPDX-License-Identifier: MIT
// init: the first process. Runs the commands of /boot/run.sh and powers off with their status, or
// keeps a shell on the console; and waits for every process whose parent is gone. With the argument
// `again` it is the first process of a system whose posix has crashed.
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>
#include <bulkhead.h>
#include "tool.h"

#define CONSOLE   "/dev/console"
#define COMMANDS  "/boot/run.sh"
#define WELCOME   "/etc/motd"
#define SHELL     "/bin/sh"
#define HOME      "/root"
#define LOST      70    /* exit status of commands that a crash of posix has ended */
#define RUN_LIMIT 65536 /* bytes of commands that the contract promises */

static char *shell_environment[] = {
    "HOME=" HOME, "PATH=/bin", "SHELL=/bin/sh", "USER=root", "TERM=vt100", "PS1=$PWD # ", NULL};

static long boot_milliseconds(void)
{
    struct timespec now = {0};
    clock_gettime(CLOCK_BOOTTIME, &now);
    return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Descriptors 0, 1 and 2 become the console. Without one, init goes on with what it was given. */
static void console_open(void)
{
    int console = open(CONSOLE, O_RDWR | O_NOCTTY);
    if (console < 0)
        return;
    for (int file = 0; file <= 2; file++)
        dup2(console, file);
    if (console > 2)
        close(console);
}

/* A new session with the console as its terminal, so that Ctrl-C reaches what runs in it. */
static void session_begin(void)
{
    setsid();
    if (ioctl(STDIN_FILENO, TIOCSCTTY, 0) == 0)
        tcsetpgrp(STDIN_FILENO, getpid());
}

/* A disk that was not made by us may have no such folder. */
static void home_find(void)
{
    struct stat info;
    if (stat(HOME, &info) < 0 || !S_ISDIR(info.st_mode))
        shell_environment[0] = "HOME=/";
}

static pid_t shell_start(char *const arguments[])
{
    pid_t child = fork();
    if (child < 0)
        tool_error("fork");
    if (child != 0)
        return child;
    session_begin();
    home_find();
    execve(SHELL, arguments, shell_environment);
    tool_error(SHELL);
    _exit(127);
}

/* Reaps everything until `child` ends; its exit status as a shell would give it. */
static int child_wait(pid_t child)
{
    int status;
    for (pid_t ended; (ended = wait(&status)) != child;)
        if (ended < 0 && errno != EINTR)
            return 127;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/* By our own system call only: tried under an emulator of user programs, init must not stop the
 * host. */
_Noreturn static void machine_stop(int status)
{
    sync();
    if (poweroff(status) < 0)
        tool_error("power off");
    _exit(status);
}

/* The whole of COMMANDS, or NULL with *status 0 if there is no such file, 126 if it cannot be run.
 */
static char *commands_read(int *status)
{
    static char text[RUN_LIMIT + 1];
    size_t length = 0;
    int file = open(COMMANDS, O_RDONLY);
    *status = 0;
    if (file < 0)
        return NULL;
    *status = 126;
    for (ssize_t part; length < sizeof text; length += (size_t)part) {
        part = read(file, text + length, sizeof text - length);
        if (part < 0)
            tool_error(COMMANDS);
        if (part <= 0)
            break;
    }
    close(file);
    if (length > RUN_LIMIT || memchr(text, 0, length)) {
        tool_complain(COMMANDS, "more than %d bytes or a zero byte (shorten RUN)", RUN_LIMIT);
        return NULL;
    }
    *status = 0;
    return text;
}

/* What whoever set up the system wants to be read first, if there is such a file. */
static void welcome_print(void)
{
    char text[1024];
    int file = open(WELCOME, O_RDONLY);
    if (file < 0)
        return;
    ssize_t length = read(file, text, sizeof text);
    close(file);
    if (length > 0)
        tool_write(STDOUT_FILENO, text, (size_t)length);
}

_Noreturn static void shell_keep(bool again)
{
    const char *root = getenv("ROOT");
    if (root)
        printf("boot: / is %s\n", root);
    if (again)
        printf("boot: a new shell, in place of all programs, which ended with posix\n");
    else
        printf("boot: shell ready in %ld ms\n", boot_milliseconds());
    fflush(stdout);
    if (!again)
        welcome_print();
    for (;;) {
        long started = boot_milliseconds();
        pid_t shell = shell_start((char *[]){"sh", "-i", NULL});
        if (shell > 0)
            child_wait(shell);
        if (boot_milliseconds() - started < 500)
            sleep(1); /* a shell that cannot start must not fill the console */
    }
}

/* Whoever had the terminal has not given it back as it was. */
static void terminal_mend(void)
{
    struct termios settings;
    if (tcgetattr(STDIN_FILENO, &settings) < 0)
        return;
    settings.c_iflag |= ICRNL;
    settings.c_oflag |= OPOST | ONLCR;
    settings.c_lflag |= ISIG | ICANON | ECHO | ECHOE | ECHOK | IEXTEN;
    tcsetattr(STDIN_FILENO, TCSAFLUSH, &settings);
}

int main(int argc, char **argv)
{
    tool_begin("init", "[again] (started by the system)");
    tool_help_alone(argc, argv);
    bool again = argc == 2 && strcmp(argv[1], "again") == 0;
    if (argc > 1 && !again)
        tool_usage_error("%s: no such word", argv[1]);
    if (getpid() != 1) {
        tool_complain("started by hand", "the system starts it, as its first process");
        return EXIT_FAILURE;
    }
    console_open();
    if (again)
        terminal_mend();
    int status;
    char *commands = commands_read(&status);
    if (again && (commands || status)) {
        tool_complain(COMMANDS, "lost by a crash of posix");
        machine_stop(LOST);
    }
    if (status)
        machine_stop(status);
    if (!commands)
        shell_keep(again);
    pid_t shell = shell_start((char *[]){"sh", "-c", commands, NULL});
    machine_stop(shell < 0 ? 126 : child_wait(shell));
}
