// SPDX-License-Identifier: MIT
// Streams that are pipes to and from a shell.
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define NO_SHELL 127

/* What popen started and pclose has not ended. */
struct child {
    FILE *stream;
    pid_t pid;
    struct child *next;
};

static struct child *children;
static pthread_mutex_t children_lock = PTHREAD_MUTEX_INITIALIZER;

static _Noreturn void shell_run(const char *command, int file, int end)
{
    for (const struct child *each = children; each; each = each->next)
        close(fileno(each->stream)); /* POSIX: those of before are closed in the new one */
    if (file == end)
        fcntl(file, F_SETFD, 0);
    else
        dup2(file, end);
    execl("/bin/sh", "sh", "-c", command, (char *)NULL);
    _exit(NO_SHELL);
}

FILE *popen(const char *command, const char *mode)
{
    int ends[2];
    int reads = mode[0] == 'r';
    if ((!reads && mode[0] != 'w') || strspn(mode + 1, "e") != strlen(mode + 1)) {
        errno = EINVAL;
        return NULL;
    }
    struct child *child = malloc(sizeof *child);
    if (!child || pipe2(ends, O_CLOEXEC) < 0) {
        free(child);
        return NULL;
    }
    child->stream = fdopen(ends[!reads], reads ? "r" : "w");
    child->pid = child->stream ? fork() : -1;
    if (child->pid == 0)
        shell_run(command, ends[reads], reads ? STDOUT_FILENO : STDIN_FILENO);
    close(ends[reads]);
    if (child->pid > 0) {
        pthread_mutex_lock(&children_lock);
        child->next = children;
        children = child;
        pthread_mutex_unlock(&children_lock);
        return child->stream;
    }
    if (child->stream)
        fclose(child->stream);
    else
        close(ends[!reads]);
    free(child);
    return NULL;
}

static struct child *child_take(const FILE *stream)
{
    pthread_mutex_lock(&children_lock);
    struct child **link = &children;
    while (*link && (*link)->stream != stream)
        link = &(*link)->next;
    struct child *child = *link;
    if (child)
        *link = child->next;
    pthread_mutex_unlock(&children_lock);
    return child;
}

int pclose(FILE *stream)
{
    struct child *child = child_take(stream);
    if (!child) {
        errno = ECHILD;
        return -1;
    }
    fclose(stream);
    int status;
    pid_t ended;
    do
        ended = waitpid(child->pid, &status, 0);
    while (ended < 0 && errno == EINTR);
    free(child);
    return ended < 0 ? -1 : status;
}
