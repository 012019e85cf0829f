// SPDX-License-Identifier: MIT
// The C half of program start: environment, constructors, main, exit.
#include <stdlib.h>
#include <unistd.h>
#include "clock.h"
#include "thread/thread.h"

typedef void Constructor(void);

extern Constructor *__init_array_start[], *__init_array_end[];
extern int main(int argc, char **argv, char **envp);

char **environ;

_Noreturn void program_start(long *block)
{
    int argc = (int)block[0];
    char **argv = (char **)(block + 1);
    environ = argv + argc + 1;
    thread_start_first();
    char **end = environ;
    while (*end)
        end++;
    clock_find((const unsigned long *)(end + 1));
    for (Constructor **each = __init_array_start; each < __init_array_end; each++)
        (*each)();
    exit(main(argc, argv, environ));
}
