// SPDX-License-Identifier: MIT
// What programs expect of POSIX threads, checked from inside; prints a line for each check that
// fails, and their number at the end. `pthread_check PART` runs one part.
#include <sys/wait.h>
#include "check.h"

static atomic_int failures;

void check_failed(const char *file, int line, const char *condition)
{
    const char *slash = strrchr(file, '/');
    printf("%s:%d: %s\n", slash ? slash + 1 : file, line, condition);
    failures++;
}

void threads_run(int count, void *(*function)(void *))
{
    pthread_t threads[THREADS_MAX];
    for (int i = 0; i < count; i++)
        CHECK(pthread_create(&threads[i], NULL, function, number_of(i)) == 0);
    for (int i = 0; i < count; i++)
        CHECK(pthread_join(threads[i], NULL) == 0);
}

struct timespec time_after(clockid_t clock, long ms)
{
    struct timespec time;
    clock_gettime(clock, &time);
    time.tv_sec += (time.tv_nsec + ms * 1000000) / 1000000000;
    time.tv_nsec = (time.tv_nsec + ms * 1000000) % 1000000000;
    return time;
}

void await_value(atomic_int *word, int value)
{
    while (*word != value)
        sched_yield();
}

int child_status(pid_t child)
{
    int status = -1;
    CHECK(waitpid(child, &status, 0) == child);
    return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

static const struct {
    const char *name;
    void (*function)(void);
} parts[] = {
    {"threads", check_threads},
    {"mutexes", check_mutexes},
    {"conditions", check_conditions},
    {"rwlocks", check_rwlocks},
    {"barriers", check_barriers},
    {"semaphores", check_semaphores},
    {"keys", check_keys},
    {"cancellation", check_cancellation},
    {"library", check_library},
    {"forks", check_forks},
    {"c11", check_c11},
};

int main(int argc, char **argv)
{
    bool is_known = argc < 2;
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        if (argc > 1 && strcmp(argv[1], parts[i].name) != 0)
            continue;
        is_known = true;
        parts[i].function();
    }
    if (!is_known)
        return 2;
    printf("%d checks failed\n", failures);
    return failures != 0;
}
