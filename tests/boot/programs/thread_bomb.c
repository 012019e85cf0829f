// SPDX-License-Identifier: MIT
// thread_bomb: makes threads until there is no place for more, says so, and sleeps with all of
// them.
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define FLAGS       0x50F00 // memory, directory, files, handlers, thread, semaphores
#define STACK_BYTES 4096

__asm__(".globl sleeper_clone\n" // the new thread sleeps for ever
        "sleeper_clone: li a7, 220\n"
        "ecall\n"
        "bnez a0, 1f\n"
        "2: li a0, 0\n"
        "li a1, 0\n"
        "li a2, 0\n"
        "li a3, 0\n"
        "li a4, 0\n"
        "li a7, 73\n" // ppoll
        "ecall\n"
        "j 2b\n"
        "1: ret\n");
long sleeper_clone(long flags, void *stack);

int main(void)
{
    long result;
    int count = 0;
    do {
        char *stack =
            mmap(NULL, STACK_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        result = sleeper_clone(FLAGS, stack + STACK_BYTES);
        count += result > 0;
    } while (result > 0);
    printf("no place for more than %d: %s\n", count, strerror((int)-result));
    fflush(stdout);
    for (;;)
        pause();
}
