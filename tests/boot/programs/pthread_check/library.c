// SPDX-License-Identifier: MIT
// The C library in the hands of several threads: the heap, streams, errno, and what keeps a state
// from one call to the next.
#include <fcntl.h>
#include <signal.h>
#include "check.h"

#define LINES 200

// ---- Heap ----

static bool is_filled(const unsigned char *bytes, size_t size, unsigned char with)
{
    for (size_t i = 0; i < size; i++)
        if (bytes[i] != with)
            return false;
    return true;
}

static void *use_heap(void *argument)
{
    unsigned char *blocks[32] = {0};
    size_t sizes[32] = {0};
    unsigned random = (unsigned)(long)argument + 1;
    for (int i = 0; i < 3000; i++) {
        random = random * 1664525 + 1013904223;
        unsigned at = random >> 27;
        unsigned char mark = (unsigned char)((long)argument * 32 + at);
        CHECK(is_filled(blocks[at], sizes[at], mark));
        sizes[at] = random >> 8 & 1023;
        free(blocks[at]);
        blocks[at] = malloc(sizes[at]);
        memset(blocks[at], mark, sizes[at]);
        if (i % 16 == 0) {
            sizes[at] += 100;
            blocks[at] = realloc(blocks[at], sizes[at]);
            CHECK(is_filled(blocks[at], sizes[at] - 100, mark));
            memset(blocks[at], mark, sizes[at]);
        }
    }
    for (int i = 0; i < 32; i++)
        free(blocks[i]);
    return NULL;
}

// ---- Streams ----

static FILE *stream;

static void *print_lines(void *argument)
{
    for (int i = 0; i < LINES; i++)
        fprintf(stream, "thread %ld line %d of %d: %s\n", (long)argument, i, LINES, "and the rest");
    return NULL;
}

// Lines of several threads come whole, and each thread's in order.
static void streams_keep_lines_whole(void)
{
    int next[8] = {0}, lines = 0;
    char line[100];
    stream = fopen("/tmp/pthread_check.lines", "w+");
    CHECK(stream);
    threads_run(8, print_lines);
    rewind(stream);
    while (fgets(line, sizeof line, stream)) {
        char expected[100];
        int number = line[7] - '0';
        CHECK(number >= 0 && number < 8);
        if (number < 0 || number >= 8)
            break;
        snprintf(expected, sizeof expected, "thread %d line %d of %d: %s\n", number, next[number]++,
                 LINES, "and the rest");
        CHECK(strcmp(line, expected) == 0);
        lines++;
    }
    CHECK(lines == 8 * LINES);
    fclose(stream);
    remove("/tmp/pthread_check.lines");
}

static void *try_stream(void *argument)
{
    CHECK((ftrylockfile(stdout) == 0) == !argument);
    if (!argument)
        funlockfile(stdout);
    return NULL;
}

static void streams_can_be_locked(void)
{
    pthread_t thread;
    flockfile(stdout);
    flockfile(stdout);
    CHECK(pthread_create(&thread, NULL, try_stream, stdout) == 0);
    CHECK(pthread_join(thread, NULL) == 0);
    funlockfile(stdout);
    funlockfile(stdout);
    CHECK(pthread_create(&thread, NULL, try_stream, NULL) == 0);
    CHECK(pthread_join(thread, NULL) == 0);
}

static void *open_and_close(void *argument)
{
    for (int i = 0; i < 100; i++) {
        FILE *file = fopen("/dev/null", "r");
        CHECK(file && fgetc(file) == EOF);
        fclose(file);
    }
    return argument;
}

// ---- State ----

static void *keep_errno(void *argument)
{
    int mine = (int)(long)argument + 100;
    for (int i = 0; i < 200; i++) {
        errno = mine;
        sched_yield();
        CHECK(errno == mine);
        CHECK(close(-1) == -1 && errno == EBADF);
        CHECK(open("/nowhere", O_RDONLY) == -1 && errno == ENOENT);
    }
    return NULL;
}

static void *keep_state(void *argument)
{
    long number = (long)argument;
    for (int i = 0; i < 50; i++) {
        char text[40], expected[16];
        time_t day = (number * 50 + i) * 86400;
        snprintf(text, sizeof text, "%ld,%d,%ld", number, i, number + i);
        char *word = strtok(text, ",");
        sched_yield();
        CHECK(strtol(word, NULL, 10) == number);
        word = strtok(NULL, ",");
        sched_yield();
        CHECK(strtol(word, NULL, 10) == i);
        word = strtok(NULL, ",");
        CHECK(strtol(word, NULL, 10) == number + i && !strtok(NULL, ","));
        struct tm parts;
        CHECK(gmtime_r(&day, &parts) && parts.tm_yday == (number * 50 + i) % 365 % 366);
        snprintf(expected, sizeof expected, "%.3f", (double)(number * 50 + i) / 8);
        CHECK(strtod(expected, NULL) * 8 - (double)(number * 50 + i) < 0.01);
        setenv("PTHREAD_CHECK", "value", 1);
        CHECK(getenv("PATH") != NULL);
    }
    return NULL;
}

// ---- The end of the program while somebody reads ----

static int held[2];

static void *read_for_ever(void *argument)
{
    FILE *input = argument;
    return fgetc(input) == EOF ? NULL : argument;
}

static void exit_does_not_wait_for_a_reader(void)
{
    pthread_t thread;
    CHECK(pipe(held) == 0);
    fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
        pthread_create(&thread, NULL, read_for_ever, fdopen(held[0], "r"));
        for (int i = 0; i < 20; i++)
            sched_yield();
        exit(5);
    }
    CHECK(child_status(child) == 5);
    close(held[0]);
    close(held[1]);
}

void check_library(void)
{
    threads_run(8, use_heap);
    streams_keep_lines_whole();
    streams_can_be_locked();
    threads_run(8, open_and_close);
    threads_run(8, keep_errno);
    threads_run(4, keep_state);
    exit_does_not_wait_for_a_reader();
}
