// SPDX-License-Identifier: MIT
// dmesg: prints the kernel's log.
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>
#include "tool.h"

#define LOG "/proc/kmsg"

int main(int argc, char **argv)
{
    char buffer[16384];
    tool_begin("dmesg", "");
    while (tool_option(argc, argv, "") >= 0)
        ;
    int file = open(LOG, O_RDONLY | O_NONBLOCK);
    if (file < 0)
        tool_fail(LOG);
    for (ssize_t length; (length = read(file, buffer, sizeof buffer)) != 0;) {
        if (length < 0 && errno == EINTR)
            continue;
        if (length < 0 && errno == EAGAIN)
            break; /* all that there is now */
        if (length < 0)
            tool_fail(LOG);
        if (!tool_write(STDOUT_FILENO, buffer, (size_t)length))
            tool_fail("stdout");
    }
    return 0;
}
