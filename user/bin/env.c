// SPDX-License-Identifier: MIT
// env: runs a command with a changed environment, or prints the environment. -i: starts from
// nothing.
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "tool.h"

int main(int argc, char **argv)
{
    static char *nothing[] = {NULL};
    int next = 1;
    tool_begin("env", "[-i] [NAME=VALUE]... [COMMAND [ARGUMENT]...]");
    if (argc > 1 && strcmp(argv[1], "-i") == 0) {
        environ = nothing;
        next = 2;
    } else if (argc > 1 && argv[1][0] == '-') {
        tool_option(argc, argv, "i");
    }
    for (; next < argc && strchr(argv[next], '='); next++)
        if (putenv(argv[next]) < 0)
            tool_fail(argv[next]);
    if (next == argc) {
        for (char **each = environ; each && *each; each++)
            puts(*each);
        return tool_status();
    }
    execvp(argv[next], argv + next);
    int status = errno == ENOENT ? 127 : 126;
    tool_error(argv[next]);
    return status;
}
