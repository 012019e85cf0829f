// SPDX-License-Identifier: MIT
// What programs expect of Linux's system calls, checked from inside; prints a line for each check
// that fails, and their number at the end. The same binary must find nothing on Linux, either.
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/times.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include "check.h"

static volatile int seen, seen_sender;
static volatile double kept = 1.5;

static void note(int number)
{
    seen = number;
    kept = kept * 2; // floating-point registers change in the handler
}

static void note_sender(int number, siginfo_t *info, void *context)
{
    (void)context;
    seen = number;
    seen_sender = info->si_pid;
}

static void handle(int number, void (*handler)(int), int flags)
{
    struct sigaction action = {.sa_handler = handler, .sa_flags = flags};
    CHECK(sigaction(number, &action, NULL) == 0);
}

static void pause_ms(long ms)
{
    struct timespec time = {ms / 1000, ms % 1000 * 1000000};
    nanosleep(&time, NULL);
}

static int child_status(pid_t child)
{
    int status = -1;
    CHECK(waitpid(child, &status, 0) == child);
    return status;
}

// ---- Signals ----

static void signals_reach_handlers(void)
{
    double before = 3.25, result;
    struct sigaction action = {.sa_sigaction = note_sender, .sa_flags = SA_SIGINFO};
    handle(SIGUSR1, note, 0);
    __asm__ volatile("fmv.d %0, %1" : "=f"(result) : "f"(before));
    kill(getpid(), SIGUSR1);
    CHECK(seen == SIGUSR1);
    CHECK(result == 3.25 && kept == 3.0);
    CHECK(sigaction(SIGUSR2, &action, NULL) == 0);
    kill(getpid(), SIGUSR2);
    CHECK(seen == SIGUSR2 && seen_sender == getpid());
    FAILS(sigaction(SIGKILL, &action, NULL), EINVAL);
    FAILS(kill(getpid(), 65), EINVAL);
    FAILS(kill(32000, 0), ESRCH);
}

static void blocked_signals_wait(void)
{
    sigset_t set, old, pending;
    handle(SIGUSR1, note, 0);
    sigemptyset(&set);
    sigaddset(&set, SIGUSR1);
    CHECK(sigprocmask(SIG_BLOCK, &set, &old) == 0);
    seen = 0;
    kill(getpid(), SIGUSR1);
    CHECK(seen == 0);
    CHECK(sigpending(&pending) == 0 && sigismember(&pending, SIGUSR1));
    FAILS(sigsuspend(&old), EINTR);
    CHECK(seen == SIGUSR1);
    CHECK(sigprocmask(SIG_SETMASK, &old, &set) == 0 && sigismember(&set, SIGUSR1));
}

static pid_t signal_later(int number, long ms)
{
    pid_t parent = getpid(), child = fork();
    if (child == 0) {
        pause_ms(ms);
        kill(parent, number);
        _exit(0);
    }
    return child;
}

static void reads_are_interrupted_or_restarted(void)
{
    int ends[2];
    char byte;
    CHECK(pipe(ends) == 0);
    handle(SIGUSR1, note, 0);
    pid_t child = signal_later(SIGUSR1, 50);
    FAILS(read(ends[0], &byte, 1), EINTR);
    child_status(child);
    handle(SIGUSR1, note, SA_RESTART);
    child = fork();
    if (child == 0) {
        pause_ms(50);
        kill(getppid(), SIGUSR1);
        pause_ms(50);
        _exit(write(ends[1], "x", 1) != 1);
    }
    seen = 0;
    CHECK(read(ends[0], &byte, 1) == 1 && byte == 'x');
    CHECK(seen == SIGUSR1);
    CHECK(child_status(child) == 0);
    // a signal that nobody handles does not show at all
    handle(SIGCHLD, SIG_DFL, 0);
    child = fork();
    if (child == 0) {
        pid_t other = fork();
        if (other == 0)
            _exit(0);
        waitpid(other, NULL, 0);
        pause_ms(50);
        _exit(write(ends[1], "y", 1) != 1);
    }
    CHECK(read(ends[0], &byte, 1) == 1 && byte == 'y');
    CHECK(child_status(child) == 0);
    close(ends[0]);
    close(ends[1]);
}

static sigjmp_buf fault_exit;

static void fault_leave(int number)
{
    seen = number;
    siglongjmp(fault_exit, 1);
}

static void faults_are_signals(void)
{
    handle(SIGSEGV, fault_leave, SA_NODEFER);
    seen = 0;
    if (sigsetjmp(fault_exit, 1) == 0)
        *(volatile int *)8 = 1;
    CHECK(seen == SIGSEGV);
    handle(SIGSEGV, SIG_DFL, 0);
    handle(SIGTRAP, fault_leave, SA_NODEFER);
    if (sigsetjmp(fault_exit, 1) == 0)
        __asm__ volatile("ebreak");
    CHECK(seen == SIGTRAP);
    handle(SIGTRAP, SIG_DFL, 0);
}

static void alarms_ring(void)
{
    struct itimerval late = {.it_value = {1000, 0}}, soon = {.it_value = {0, 50000}}, rest;
    handle(SIGALRM, note, 0);
    seen = 0;
    CHECK(setitimer(ITIMER_REAL, &late, NULL) == 0);
    CHECK(getitimer(ITIMER_REAL, &rest) == 0 && rest.it_value.tv_sec > 900);
    CHECK(setitimer(ITIMER_REAL, &soon, &rest) == 0 && rest.it_value.tv_sec > 900);
    for (int tries = 0; tries < 1000 && !seen; tries++)
        pause_ms(20); // the signal ends it
    CHECK(seen == SIGALRM);
    CHECK(getitimer(ITIMER_REAL, &rest) == 0 && !rest.it_value.tv_sec && !rest.it_value.tv_usec);
    handle(SIGALRM, SIG_DFL, 0);
}

// ---- Processes ----

static void children_tell_how_they_ended(void)
{
    int status;
    pid_t child = fork();
    if (child == 0)
        _exit(42);
    CHECK(WEXITSTATUS(child_status(child)) == 42);
    child = fork();
    if (child == 0) {
        pause();
        _exit(1);
    }
    CHECK(waitpid(child, &status, WNOHANG) == 0);
    kill(child, SIGSTOP);
    CHECK(waitpid(child, &status, WUNTRACED) == child && WIFSTOPPED(status) &&
          WSTOPSIG(status) == SIGSTOP);
    kill(child, SIGCONT);
    CHECK(waitpid(child, &status, WCONTINUED) == child && WIFCONTINUED(status));
    kill(child, SIGTERM);
    status = child_status(child);
    CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGTERM);
    FAILS(waitpid(-1, &status, 0), ECHILD);
}

static void forks_do_not_share_memory(void)
{
    static volatile int value = 1;
    int *shared = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    CHECK(shared != MAP_FAILED);
    pid_t child = fork();
    if (child == 0) {
        value = 2;
        *shared = 3;
        _exit(value != 2);
    }
    CHECK(child_status(child) == 0);
    CHECK(value == 1 && *shared == 3);
    CHECK(munmap(shared, 4096) == 0);
}

static void programs_are_run_with_their_arguments(char *self)
{
    char *arguments[] = {self, "echo", "two words", "", NULL}, *environment[] = {"X=1", NULL};
    int ends[2];
    char text[64] = "";
    CHECK(pipe(ends) == 0);
    pid_t child = fork();
    if (child == 0) {
        dup2(ends[1], 1);
        execve(self, arguments, environment);
        _exit(127);
    }
    close(ends[1]);
    CHECK(read(ends[0], text, sizeof text - 1) > 0);
    CHECK(strcmp(text, "4 two words  X=1") == 0);
    CHECK(child_status(child) == 0);
    close(ends[0]);
    FAILS(execve("/nonexistent", arguments, environment), ENOENT);
    FAILS(execve("/tmp", arguments, environment), EACCES);
}

// ---- Files ----

static void names_and_files_behave(void)
{
    struct stat status;
    char text[64];
    int file = open("/tmp/check", O_RDWR | O_CREAT | O_TRUNC, 0644);
    CHECK(file >= 0);
    CHECK(write(file, "0123456789", 10) == 10);
    CHECK(lseek(file, 2, SEEK_SET) == 2 && read(file, text, 3) == 3 && text[0] == '2');
    CHECK(lseek(file, 0, SEEK_CUR) == 5 && lseek(file, -1, SEEK_END) == 9);
    FAILS(lseek(file, -1, SEEK_SET), EINVAL);
    CHECK(pwrite(file, "x", 1, 100) == 1 && fstat(file, &status) == 0 && status.st_size == 101);
    CHECK(pread(file, text, 64, 50) == 51 && text[0] == 0 && text[50] == 'x');
    CHECK(ftruncate(file, 4) == 0 && pread(file, text, 64, 0) == 4);
    FAILS(open("/tmp/check", O_CREAT | O_EXCL | O_WRONLY, 0644), EEXIST);
    FAILS(open("/tmp/check/x", O_RDONLY), ENOTDIR);
    FAILS(open("/tmp/none/x", O_CREAT | O_WRONLY, 0644), ENOENT);
    FAILS(open("/tmp", O_WRONLY), EISDIR);
    FAILS(open("/tmp/check", O_RDONLY | O_DIRECTORY), ENOTDIR);
    CHECK(link("/tmp/check", "/tmp/check2") == 0 && stat("/tmp/check2", &status) == 0 &&
          status.st_nlink == 2);
    CHECK(rename("/tmp/check2", "/tmp/check3") == 0 && access("/tmp/check2", F_OK) == -1);
    CHECK(unlink("/tmp/check") == 0 && unlink("/tmp/check3") == 0);
    CHECK(pread(file, text, 64, 0) == 4);
    CHECK(fstat(file, &status) == 0 && status.st_nlink == 0);
    CHECK(close(file) == 0);
    FAILS(close(file), EBADF);
}

static void links_and_folders_behave(void)
{
    char text[64];
    struct stat status;
    CHECK(mkdir("/tmp/dir", 0755) == 0);
    FAILS(mkdir("/tmp/dir", 0755), EEXIST);
    CHECK(symlink("dir/../dir/./", "/tmp/link") == 0);
    CHECK(readlink("/tmp/link", text, sizeof text) == 13);
    CHECK(lstat("/tmp/link", &status) == 0 && S_ISLNK(status.st_mode));
    CHECK(stat("/tmp/link", &status) == 0 && S_ISDIR(status.st_mode));
    CHECK(close(open("/tmp/link/file", O_CREAT | O_WRONLY, 0600)) == 0);
    CHECK(stat("/tmp/dir/file", &status) == 0 && (status.st_mode & 07777) == 0600);
    CHECK(chdir("/tmp/link") == 0 && getcwd(text, sizeof text) && strcmp(text, "/tmp/dir") == 0);
    CHECK(chdir("..") == 0 && getcwd(text, sizeof text) && strcmp(text, "/tmp") == 0);
    CHECK(symlink("loop", "/tmp/loop") == 0);
    FAILS(open("/tmp/loop", O_RDONLY), ELOOP);
    FAILS(rmdir("/tmp/dir"), ENOTEMPTY);
    FAILS(unlink("/tmp/dir/none"), ENOENT);
    FAILS(rename("/tmp/dir", "/tmp/dir/inside"), EINVAL);
    CHECK(unlink("/tmp/dir/file") == 0 && rmdir("/tmp/dir") == 0);
    FAILS(open("/tmp/link", O_RDONLY), ENOENT);
    CHECK(unlink("/tmp/link") == 0 && unlink("/tmp/loop") == 0);
    CHECK(mkdir("/tmp/gone", 0755) == 0 && chdir("/tmp/gone") == 0 && rmdir("/tmp/gone") == 0);
    FAILS(open("file", O_CREAT | O_WRONLY, 0600), ENOENT);
    FAILS(stat(".", &status), ENOENT);
    CHECK(chdir("/") == 0);
}

static void descriptors_behave(void)
{
    int file = open("/tmp/dup", O_RDWR | O_CREAT | O_TRUNC, 0644);
    int copy = dup(file);
    char text[8];
    CHECK(write(file, "abc", 3) == 3 && lseek(copy, 0, SEEK_CUR) == 3);
    CHECK(dup2(file, 30) == 30 && write(30, "d", 1) == 1 && lseek(file, 0, SEEK_CUR) == 4);
    CHECK(fcntl(file, F_SETFD, FD_CLOEXEC) == 0 && fcntl(file, F_GETFD) == FD_CLOEXEC &&
          fcntl(copy, F_GETFD) == 0);
    CHECK(fcntl(file, F_DUPFD, 40) == 40 && close(40) == 0);
    CHECK((fcntl(file, F_GETFL) & O_ACCMODE) == O_RDWR);
    int appending = open("/tmp/dup", O_WRONLY | O_APPEND);
    CHECK(write(appending, "ef", 2) == 2 && pread(file, text, 8, 0) == 6);
    FAILS(read(appending, text, 1), EBADF);
    FAILS(read(99, text, 1), EBADF);
    FAILS(write(file, (void *)8, 4), EFAULT);
    FAILS(pread(file, (void *)8, 4, 0), EFAULT);
    close(appending);
    close(copy);
    close(30);
    close(file);
    unlink("/tmp/dup");
}

static void pipes_behave(void)
{
    static char block[70000];
    int ends[2], filled;
    CHECK(pipe(ends) == 0);
    struct pollfd ready = {ends[0], POLLIN, 0};
    CHECK(poll(&ready, 1, 0) == 0);
    CHECK(write(ends[1], "hello", 5) == 5);
    CHECK(poll(&ready, 1, 1000) == 1 && ready.revents == POLLIN);
    CHECK(ioctl(ends[0], FIONREAD, &filled) == 0 && filled == 5);
    CHECK(read(ends[0], block, 3) == 3 && read(ends[0], block, 100) == 2);
    FAILS(lseek(ends[0], 0, SEEK_SET), ESPIPE);
    CHECK(fcntl(ends[0], F_SETFL, O_NONBLOCK) == 0);
    FAILS(read(ends[0], block, 1), EAGAIN);
    CHECK(fcntl(ends[1], F_SETFL, O_NONBLOCK) == 0);
    CHECK(write(ends[1], block, sizeof block) == 65536);
    FAILS(write(ends[1], block, 1), EAGAIN);
    ready = (struct pollfd){ends[1], POLLOUT, 0};
    CHECK(poll(&ready, 1, 0) == 0);
    close(ends[0]);
    handle(SIGPIPE, SIG_IGN, 0);
    FAILS(write(ends[1], "x", 1), EPIPE);
    CHECK(poll(&ready, 1, 0) == 1 && (ready.revents & POLLERR));
    close(ends[1]);
    CHECK(pipe(ends) == 0 && close(ends[1]) == 0 && read(ends[0], block, 1) == 0);
    close(ends[0]);
}

static void large_transfers_through_a_pipe_arrive_whole(void)
{
    enum { SIZE = 300000 };
    int ends[2];
    unsigned char *bytes = malloc(SIZE);
    CHECK(pipe(ends) == 0);
    for (int i = 0; i < SIZE; i++)
        bytes[i] = (unsigned char)(i * 7 + i / 251);
    pid_t child = fork();
    if (child == 0) {
        close(ends[0]);
        _exit(write(ends[1], bytes, SIZE) != SIZE);
    }
    close(ends[1]);
    long done = 0, wrong = 0, part;
    unsigned char piece[1000];
    while ((part = read(ends[0], piece, sizeof piece)) > 0)
        for (long i = 0; i < part; i++, done++)
            wrong += piece[i] != (unsigned char)(done * 7 + done / 251);
    CHECK(done == SIZE && wrong == 0);
    CHECK(child_status(child) == 0);
    close(ends[0]);
    free(bytes);
}

// ---- Memory and time ----

static void memory_maps_behave(char *self)
{
    char *first = mmap(NULL, 3 * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    CHECK(first != MAP_FAILED && first[0] == 0 && first[3 * 4096 - 1] == 0);
    memset(first, 'a', 3 * 4096);
    CHECK(munmap(first + 4096, 4096) == 0);
    handle(SIGSEGV, fault_leave, SA_NODEFER);
    seen = 0;
    if (sigsetjmp(fault_exit, 1) == 0)
        first[4096] = 'b';
    CHECK(seen == SIGSEGV);
    CHECK(first[4095] == 'a' && first[8192] == 'a');
    CHECK(mprotect(first, 4096, PROT_READ) == 0);
    seen = 0;
    if (sigsetjmp(fault_exit, 1) == 0)
        first[0] = 'b';
    CHECK(seen == SIGSEGV && first[0] == 'a');
    handle(SIGSEGV, SIG_DFL, 0);
    CHECK(mmap(first, 3 * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1,
               0) == first);
    CHECK(first[0] == 0 && first[8192] == 0);
    CHECK(munmap(first, 3 * 4096) == 0);
    int file = open(self, O_RDONLY);
    char *program = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, file, 0);
    CHECK(program != MAP_FAILED && memcmp(program, "\177ELF", 4) == 0);
    munmap(program, 4096);
    close(file);
    FAILS((long)mmap(NULL, 0, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), EINVAL);
    FAILS((long)mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, 99, 0), EBADF);
    char *large = malloc(3000000);
    CHECK(large != NULL);
    memset(large, 1, 3000000);
    free(large);
}

static void time_passes(void)
{
    struct timespec before, after;
    CHECK(clock_gettime(CLOCK_MONOTONIC, &before) == 0);
    pause_ms(50);
    CHECK(clock_gettime(CLOCK_MONOTONIC, &after) == 0);
    long ms = (after.tv_sec - before.tv_sec) * 1000 + (after.tv_nsec - before.tv_nsec) / 1000000;
    CHECK(ms >= 50);
    struct timespec wrong = {0, 1000000000};
    FAILS(nanosleep(&wrong, NULL), EINVAL);
    CHECK(poll(NULL, 0, 20) == 0);
}

// ---- /proc ----

ssize_t getdents64(int file, void *buffer, size_t length);

// Reads on until it has seen that process; false at the end.
static int listing_finds(int folder, pid_t wanted)
{
    char records[64]; // two or three at a time
    ssize_t length;
    while ((length = getdents64(folder, records, sizeof records)) > 0) {
        for (ssize_t at = 0; at < length;) {
            uint16_t size;
            memcpy(&size, records + at + 16, sizeof size);
            if (atoi(records + at + 19) == wanted)
                return 1;
            at += size;
        }
    }
    return 0;
}

static void listings_miss_nobody_where_others_end(void)
{
    pid_t children[4];
    for (int i = 0; i < 4; i++) {
        children[i] = fork();
        if (children[i] == 0) {
            pause_ms(20000);
            _exit(0);
        }
    }
    int folder = open("/proc", O_RDONLY);
    CHECK(folder >= 0);
    CHECK(listing_finds(folder, children[1]));
    for (int i = 0; i < 2; i++) {
        kill(children[i], SIGKILL);
        child_status(children[i]);
    }
    CHECK(listing_finds(folder, children[3]));
    close(folder);
    for (int i = 2; i < 4; i++) {
        kill(children[i], SIGKILL);
        child_status(children[i]);
    }
}

static double seconds(clockid_t clock)
{
    struct timespec time = {0};
    CHECK(clock_gettime(clock, &time) == 0);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

/* However they are asked for, they do not run backwards; files are dated by them, and one can sleep
   until a moment of theirs. */
static void clocks_of_the_calendar_agree(void)
{
    struct timeval now;
    struct stat info;
    double first = seconds(CLOCK_REALTIME);
    CHECK(gettimeofday(&now, NULL) == 0);
    double second = (double)now.tv_sec + (double)now.tv_usec / 1e6;
    CHECK(first - 1e-5 <= second); /* which counts microseconds */
    CHECK(second <= seconds(CLOCK_REALTIME));
    CHECK(first > seconds(CLOCK_MONOTONIC) + 86400); /* it has not begun with the system */

    int file = open("/tmp/dated", O_CREAT | O_TRUNC | O_WRONLY, 0600);
    double before = seconds(CLOCK_REALTIME);
    CHECK(write(file, "x", 1) == 1);
    CHECK(fstat(file, &info) == 0);
    close(file);
    unlink("/tmp/dated");
    double written = (double)info.st_mtim.tv_sec + (double)info.st_mtim.tv_nsec / 1e9;
    CHECK(before - 0.02 <= written && written <= seconds(CLOCK_REALTIME)); /* Linux's have ticks */

    struct timespec until = {0};
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_nsec += 20000000;
    until.tv_sec += until.tv_nsec / 1000000000;
    until.tv_nsec %= 1000000000;
    CHECK(clock_nanosleep(CLOCK_REALTIME, TIMER_ABSTIME, &until, NULL) == 0);
    CHECK(seconds(CLOCK_REALTIME) >= (double)until.tv_sec + (double)until.tv_nsec / 1e9 - 1e-6);
}

// ---- CPU time ----

/* Computes, and asks the system now and then, until so much was used. */
static void work(double used)
{
    double until = seconds(CLOCK_PROCESS_CPUTIME_ID) + used;
    while (seconds(CLOCK_PROCESS_CPUTIME_ID) < until)
        for (volatile int i = 0; i < 10000; i++)
            continue;
}

static double usage_seconds(const struct rusage *usage)
{
    return (double)(usage->ru_utime.tv_sec + usage->ru_stime.tv_sec) +
           (double)(usage->ru_utime.tv_usec + usage->ru_stime.tv_usec) / 1e6;
}

static double usage_of(int who)
{
    struct rusage usage = {0};
    CHECK(getrusage(who, &usage) == 0);
    return usage_seconds(&usage);
}

static double ticks_of(clock_t own, clock_t children)
{
    return (double)(own + children) / (double)sysconf(_SC_CLK_TCK);
}

static void a_child_that_is_waited_for_counts(void)
{
    struct rusage usage = {0};
    struct tms before, after;
    int status = -1;
    double children = usage_of(RUSAGE_CHILDREN), own = usage_of(RUSAGE_SELF);
    times(&before);
    pid_t child = fork();
    if (child == 0) {
        CHECK(usage_of(RUSAGE_SELF) < own + 0.05); /* it begins anew */
        if (fork() == 0) {
            work(0.03);
            _exit(0);
        }
        work(0.05);
        wait(NULL);
        _exit(failures != 0);
    }
    pause_ms(20);
    CHECK(usage_of(RUSAGE_CHILDREN) == children);
    CHECK(wait4(child, &status, 0, &usage) == child && status == 0);
    CHECK(usage_seconds(&usage) >= 0.0799 &&
          usage_seconds(&usage) < 100); /* with its own child's */
    CHECK(usage_of(RUSAGE_CHILDREN) >= children + usage_seconds(&usage) - 1e-5);
    times(&after);
    CHECK(ticks_of(after.tms_cutime, after.tms_cstime) >=
          ticks_of(before.tms_cutime, before.tms_cstime) + 0.06); /* each counts whole ticks */
}

static void processor_time_is_counted(void)
{
    struct tms ticks;
    double wall = seconds(CLOCK_MONOTONIC), used = seconds(CLOCK_PROCESS_CPUTIME_ID);
    double own = usage_of(RUSAGE_SELF);
    work(0.1);
    CHECK(usage_of(RUSAGE_SELF) >= own + 0.0999);
    CHECK(usage_of(RUSAGE_SELF) <= seconds(CLOCK_PROCESS_CPUTIME_ID));
    CHECK(seconds(CLOCK_THREAD_CPUTIME_ID) <= seconds(CLOCK_PROCESS_CPUTIME_ID));
    CHECK(seconds(CLOCK_PROCESS_CPUTIME_ID) - used <= seconds(CLOCK_MONOTONIC) - wall + 1e-4);
    CHECK(times(&ticks) != (clock_t)-1);
    CHECK(ticks_of(ticks.tms_utime, ticks.tms_stime) >= 0.08);

    wall = seconds(CLOCK_MONOTONIC);
    used = seconds(CLOCK_PROCESS_CPUTIME_ID);
    pause_ms(500);
    CHECK(seconds(CLOCK_PROCESS_CPUTIME_ID) - used < (seconds(CLOCK_MONOTONIC) - wall) / 2);
    FAILS(getrusage(77, &(struct rusage){0}), EINVAL);
    a_child_that_is_waited_for_counts();
}

static void random_bytes_differ(void)
{
    unsigned char bytes[4][32], large[4096] = {0};
    for (int i = 0; i < 4; i++) {
        CHECK(getrandom(bytes[i], sizeof bytes[i], 0) == sizeof bytes[i]);
        for (int j = 0; j < i; j++)
            CHECK(memcmp(bytes[i], bytes[j], sizeof bytes[i]) != 0);
    }
    CHECK(getrandom(large, sizeof large, 0) == sizeof large);
    int counts[256] = {0}, most = 0;
    for (size_t i = 0; i < sizeof large; i++)
        if (++counts[large[i]] > most)
            most = counts[large[i]];
    CHECK(most < 64); /* 16 are to be expected */
    FAILS(getrandom((void *)8, 16, 0), EFAULT);
}

static char *page_make(char *at)
{
    char *made = mmap(at, 4096, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS | (at ? MAP_FIXED : 0), -1, 0);
    CHECK(made != MAP_FAILED && *made == 0);
    return made;
}

// The same address is another page from one transfer to the next, is not there, or is a child's,
// too.
static void a_buffer_is_what_is_at_its_address_now(const char *path)
{
    static char first[8192];
    int file = open(path, O_RDONLY), status;
    if (file < 0)
        return; // not every system has such a device
    CHECK(pread(file, first, sizeof first, 0) == sizeof first);
    char *at = page_make(NULL);
    for (int i = 0; i < 3; i++) {
        CHECK(pread(file, at, 4096, 0) == 4096 && memcmp(at, first, 4096) == 0);
        page_make(at);
    }
    CHECK(pread(file, at, 4096, 0) == 4096 && memcmp(at, first, 4096) == 0);
    pid_t child = fork();
    if (child == 0)
        _exit(pread(file, at, 4096, 4096) != 4096 || memcmp(at, first + 4096, 4096) != 0);
    CHECK(waitpid(child, &status, 0) == child && status == 0);
    CHECK(memcmp(at, first, 4096) == 0);
    child = fork();
    CHECK(pread(file, at, 4096, 4096) == 4096 && memcmp(at, first + 4096, 4096) == 0);
    if (child == 0)
        _exit(memcmp(at, first + 4096, 4096) != 0);
    CHECK(waitpid(child, &status, 0) == child && status == 0);
    mprotect(at, 4096, PROT_READ);
    FAILS(pread(file, at, 4096, 0), EFAULT);
    CHECK(memcmp(at, first + 4096, 4096) == 0);
    munmap(at, 4096);
    FAILS(pread(file, at, 4096, 0), EFAULT);
    close(file);
}

static void buffers_are_what_is_there_now(void)
{
    static const char *const paths[] = {"/tmp/pages", "/dev/nullb0", "/dev/vda"};
    static char pages[8192];
    int file = open("/tmp/pages", O_RDWR | O_CREAT | O_TRUNC, 0600);
    memset(pages, 'a', 4096);
    memset(pages + 4096, 'b', 4096);
    CHECK(pwrite(file, pages, sizeof pages, 0) == sizeof pages);
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++)
        a_buffer_is_what_is_at_its_address_now(paths[i]);

    char *at = page_make(NULL);
    memset(at, 'c', 4096);
    CHECK(pwrite(file, at, 4096, 0) == 4096);
    memset(page_make(at), 'd', 4096);
    CHECK(pwrite(file, at, 4096, 4096) == 4096);
    CHECK(pread(file, pages, sizeof pages, 0) == sizeof pages);
    CHECK(pages[0] == 'c' && pages[4095] == 'c' && pages[4096] == 'd' && pages[8191] == 'd');
    munmap(at, 4096);
    FAILS(pwrite(file, at, 4096, 0), EFAULT);
    close(file);
    unlink("/tmp/pages");
}

// ---- Limits ----

static void limit_lower(int which, rlim_t to)
{
    struct rlimit limit = {0};
    CHECK(getrlimit(which, &limit) == 0);
    limit.rlim_cur = to;
    CHECK(setrlimit(which, &limit) == 0);
    CHECK(getrlimit(which, &limit) == 0 && limit.rlim_cur == to);
}

// Each in a child, whose parent keeps its own limits.
static void limited(void (*what)(void), int signal)
{
    pid_t child = fork();
    if (child == 0) {
        what();
        fflush(stdout);
        _exit(failures != 0);
    }
    int status = child_status(child);
    CHECK(signal ? WIFSIGNALED(status) && WTERMSIG(status) == signal : status == 0);
}

static void descriptors_are_limited(void)
{
    limit_lower(RLIMIT_NOFILE, 8);
    int last = -1;
    for (int file; (file = dup(0)) >= 0;)
        last = file;
    CHECK(errno == EMFILE && last == 7);
    FAILS(fcntl(0, F_DUPFD, 8), EINVAL);
    FAILS(dup2(0, 8), EBADF);
    FAILS(open("/", O_RDONLY), EMFILE);
    CHECK(dup2(0, 7) == 7);
}

static void files_are_limited(void)
{
    static char bytes[8192];
    signal(SIGXFSZ, SIG_IGN);
    limit_lower(RLIMIT_FSIZE, 5000);
    int file = open("/tmp/limited", O_RDWR | O_CREAT | O_TRUNC, 0600);
    CHECK(write(file, bytes, 4000) == 4000);
    CHECK(write(file, bytes, 4000) == 1000);
    FAILS(write(file, bytes, 1), EFBIG);
    FAILS(pwrite(file, bytes, 4096, 5000), EFBIG);
    CHECK(pwrite(file, bytes, sizeof bytes, 0) == 5000);
    FAILS(ftruncate(file, 5001), EFBIG);
    CHECK(ftruncate(file, 4990) == 0);
    FAILS(truncate("/tmp/limited", 6000), EFBIG);
    close(file);
    file = open("/tmp/limited", O_WRONLY | O_APPEND);
    CHECK(write(file, bytes, 100) == 10);
    FAILS(write(file, bytes, 100), EFBIG);
    close(file);
    unlink("/tmp/limited");
}

static void too_large_a_file_is_a_signal(void)
{
    int file = open("/tmp/limited", O_WRONLY | O_CREAT | O_TRUNC, 0600);
    unlink("/tmp/limited");
    limit_lower(RLIMIT_FSIZE, 10);
    CHECK(write(file, "0123456789a", 11) == 10);
    write(file, "a", 1);
}

static void memory_is_limited(void)
{
    limit_lower(RLIMIT_AS, 64 << 20);
    void *at = mmap(NULL, 16 << 20, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    CHECK(at != MAP_FAILED);
    errno = 0;
    CHECK(mmap(NULL, 60 << 20, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED);
    CHECK(errno == ENOMEM);
    CHECK(munmap(at, 16 << 20) == 0);
    CHECK(malloc(100 << 20) == NULL);
}

static void the_most_is_never_raised(void)
{
    struct rlimit limit = {5, 6}, more = {5, 7}, odd = {6, 5};
    CHECK(setrlimit(RLIMIT_NOFILE, &limit) == 0);
    CHECK(setrlimit(RLIMIT_NOFILE, &limit) == 0);
    if (geteuid() != 0)
        FAILS(setrlimit(RLIMIT_NOFILE, &more), EPERM);
    FAILS(setrlimit(RLIMIT_NOFILE, &odd), EINVAL);
    FAILS(getrlimit(1000, &limit), EINVAL);
}

static void limits_are_obeyed(void)
{
    limited(descriptors_are_limited, 0);
    limited(files_are_limited, 0);
    limited(too_large_a_file_is_a_signal, SIGXFSZ);
    limited(memory_is_limited, 0);
    limited(the_most_is_never_raised, 0);
}

static void errors_have_the_names_of_linux(void)
{
    char text[32];
    CHECK(!strcmp(strerror(0), "Success") && !strcmp(strerror(EIO), "Input/output error"));
    CHECK(!strcmp(strerror(EAGAIN), "Resource temporarily unavailable"));
    CHECK(!strcmp(strerror(ESTALE), "Stale file handle"));
    CHECK(!strcmp(strerror(-2147483647 - 1), "Unknown error -2147483648"));
    CHECK(!strcmp(strerror(58), "Unknown error 58") &&
          !strcmp(strerror(4000), "Unknown error 4000"));
    CHECK(strerror_r(EPERM, text, sizeof text) && strstr(strerror(EPERM), "not permitted"));
}

int main(int argc, char **argv, char **environment)
{
    if (argc > 1 && strcmp(argv[1], "echo") == 0) {
        printf("%d %s %s %s", argc, argv[2], argv[3], environment[0]);
        return 0;
    }
    signals_reach_handlers();
    blocked_signals_wait();
    reads_are_interrupted_or_restarted();
    faults_are_signals();
    alarms_ring();
    children_tell_how_they_ended();
    forks_do_not_share_memory();
    programs_are_run_with_their_arguments(argv[0]);
    names_and_files_behave();
    links_and_folders_behave();
    descriptors_behave();
    pipes_behave();
    large_transfers_through_a_pipe_arrive_whole();
    memory_maps_behave(argv[0]);
    time_passes();
    clocks_of_the_calendar_agree();
    processor_time_is_counted();
    random_bytes_differ();
    buffers_are_what_is_there_now();
    listings_miss_nobody_where_others_end();
    errors_have_the_names_of_linux();
    limits_are_obeyed();
    printf("%d checks failed\n", failures);
    return failures != 0;
}
