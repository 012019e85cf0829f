// SPDX-License-Identifier: MIT
// true: does nothing, successfully. Small, for scripts start it often.
#include <string.h>
#include <unistd.h>

int main(int argc, char **argv)
{
    static const char usage[] = "usage: true\n";
    if (argc == 2 && (strcmp(argv[1], "-h") == 0 || strcmp(argv[1], "--help") == 0))
        return write(STDOUT_FILENO, usage, sizeof usage - 1) < 0;
    return 0;
}
