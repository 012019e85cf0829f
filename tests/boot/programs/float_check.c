// SPDX-License-Identifier: MIT
// The f registers of a program are its own, whatever preempts it and wherever: several processes
// keep different numbers in them, over computing, system calls and sleeps. Their shell's status
// tells.
#include <sched.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#define PROCESSES 4
#define ROUNDS    4000

// The number comes from memory each time, so that no compiler keeps it in a register beside these.
static int round_is_right(volatile const double *number, int kind)
{
    double first = *number, low, middle, high;
    __asm__ volatile("fmv.d fs0, %0; fmv.d fs5, %0; fmv.d fs11, %0"
                     :
                     : "f"(first)
                     : "fs0", "fs5", "fs11");
    if (kind == 0)
        getppid();
    else if (kind == 1)
        sched_yield();
    else if (kind == 2)
        usleep(10);
    else
        for (volatile int i = 0; i < 200; i++)
            continue;
    __asm__ volatile("fmv.d %0, fs0; fmv.d %1, fs5; fmv.d %2, fs11"
                     : "=f"(low), "=f"(middle), "=f"(high));
    return low == *number && middle == *number && high == *number;
}

static int process(int place)
{
    volatile const double number = place + 0.5;
    int wrong = 0;
    for (int round = 0; round < ROUNDS; round++)
        wrong += !round_is_right(&number, round % 4);
    if (wrong)
        printf("process %d: %d of %d rounds\n", place, wrong, ROUNDS);
    fflush(stdout);
    return wrong != 0;
}

int main(void)
{
    int failed = 0, status;
    for (int place = 0; place < PROCESSES; place++)
        if (fork() == 0)
            _exit(process(place));
    while (wait(&status) > 0)
        failed += status != 0;
    return failed != 0;
}
