// SPDX-License-Identifier: MIT
// fork_bomb: it and all of its children make children for ever. It says when there is no place for
// a further one.
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

int main(void)
{
    pid_t first = getpid();
    int is_told = 0;
    for (;;) {
        if (fork() >= 0 || is_told || getpid() != first)
            continue;
        printf("no place for more: %s\n", strerror(errno));
        fflush(stdout);
        is_told = 1;
    }
}
