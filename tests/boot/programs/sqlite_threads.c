// SPDX-License-Identifier: MIT
// SQLite, which knows nothing of this system, in the hands of several threads: all with one
// connection, and each with its own. Prints the counts that the database has in the end.
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include "sqlite3.h"

#define THREADS 4
#define ROWS    50

static sqlite3 *common;
static int failures;

static void run(sqlite3 *database, const char *text)
{
    char *message = NULL;
    if (sqlite3_exec(database, text, NULL, NULL, &message) == SQLITE_OK)
        return;
    printf("%s: %s\n", text, message ? message : "?");
    __atomic_fetch_add(&failures, 1, __ATOMIC_RELAXED);
}

static void *insert(void *argument)
{
    char text[100];
    for (int i = 0; i < ROWS; i++) {
        snprintf(text, sizeof text, "insert into common values (%ld, %d)", (long)argument, i);
        run(common, text);
    }
    return NULL;
}

static void *compute(void *argument)
{
    sqlite3 *own;
    char text[200];
    if (sqlite3_open(":memory:", &own) != SQLITE_OK)
        abort();
    run(own, "create table t (a, b)");
    run(own, "begin");
    for (int i = 0; i < 10 * ROWS; i++) {
        snprintf(text, sizeof text, "insert into t values (%d, 'text %ld of %d')", i,
                 (long)argument, i);
        run(own, text);
    }
    run(own, "commit");
    run(own, "create index by_b on t (b)");
    run(own, "create table check_sum (x check (x = 124750))"); // 0 + ... + 499
    run(own, "insert into check_sum select sum(a) from t where b like 'text %'");
    sqlite3_close(own);
    return NULL;
}

static void all_run(void *(*function)(void *))
{
    pthread_t threads[THREADS];
    for (long i = 0; i < THREADS; i++)
        if (pthread_create(&threads[i], NULL, function, (void *)i) != 0)
            abort();
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
}

static int print_row(void *unused, int count, char **values, char **names)
{
    (void)unused, (void)names;
    for (int i = 0; i < count; i++)
        printf("%s%c", values[i], i == count - 1 ? '\n' : ' ');
    return 0;
}

int main(void)
{
    if (!sqlite3_threadsafe() || sqlite3_open("/tmp/common.db", &common) != SQLITE_OK)
        return 1;
    run(common, "create table common (thread, number)");
    all_run(insert);
    all_run(compute);
    sqlite3_exec(common,
                 "select thread, count(*), sum(number) from common group by thread order by thread;"
                 "pragma integrity_check",
                 print_row, NULL, NULL);
    sqlite3_close(common);
    return failures != 0;
}
