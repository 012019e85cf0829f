// SPDX-License-Identifier: MIT
// reset: puts the terminal back into line mode with echo, and clears the screen.
#include <termios.h>
#include <unistd.h>
#include "tool.h"

int main(int argc, char **argv)
{
    struct termios attributes;
    tool_begin("reset", "");
    while (tool_option(argc, argv, "") >= 0)
        ;
    if (tcgetattr(STDIN_FILENO, &attributes) < 0)
        tool_fail("terminal");
    attributes.c_iflag = ICRNL | IXON;
    attributes.c_oflag = OPOST | ONLCR;
    attributes.c_lflag = ISIG | ICANON | ECHO | ECHOE | ECHOK | IEXTEN;
    if (tcsetattr(STDIN_FILENO, TCSANOW, &attributes) < 0)
        tool_fail("terminal");
    fputs("\033c\033[0m", stdout);
    return tool_status();
}
