// SPDX-License-Identifier: MIT
// memory_hog [PROCESSES]: takes memory and touches it, until it is refused or killed; in that many
// processes at once, if a number is given.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PIECE (1024 * 1024)

int main(int count, char **arguments)
{
    long processes = count > 1 ? atol(arguments[1]) : 1;
    while (--processes > 0 && fork() > 0)
        ;
    for (long pieces = 0;; pieces++) {
        char *piece = malloc(PIECE);
        if (!piece) {
            printf("refused after %ld MiB\n", pieces);
            return 0;
        }
        memset(piece, 1, PIECE);
    }
}
