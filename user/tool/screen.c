// SPDX-License-Identifier: MIT
#include "screen.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>
#include "kernel_words.h"
#include "tool.h"

bool screen_is_attended(int file)
{
    return isatty(file) && !kernel_word_is_set("run");
}

static struct termios before;
static int keyboard = -1;

static void terminal_restore(void)
{
    tcsetattr(keyboard, TCSANOW, &before);
}

void screen_keys_begin(int file)
{
    if (tcgetattr(file, &before) < 0)
        tool_fail("terminal");
    keyboard = file;
    atexit(terminal_restore);
    struct termios raw = before;
    raw.c_lflag &= ~(ICANON | ECHO);
    tcsetattr(file, TCSANOW, &raw);
}

int screen_key(int wait_ms)
{
    struct pollfd entry = {.fd = keyboard, .events = POLLIN};
    unsigned char key;
    int ready = poll(&entry, 1, wait_ms);
    if (ready == 0 || (ready < 0 && errno == EINTR))
        return -1;
    return ready > 0 && read(keyboard, &key, 1) == 1 ? key : 'q';
}

void screen_size(int file, int *rows, int *columns)
{
    struct winsize size = {0};
    bool known = ioctl(file, TIOCGWINSZ, &size) == 0;
    *rows = known && size.ws_row ? size.ws_row : 24;
    *columns = known && size.ws_col ? size.ws_col : 80;
}
