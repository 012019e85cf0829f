// SPDX-License-Identifier: MIT
// What nobody syncs goes to the file system by the clock, or when it is too much. Others have a
// turn in between.
#include "write.h"

static struct worker writer;

static uint64_t writer_turn(const struct worker *self)
{
    uint64_t next = WAIT_FOREVER;
    mutex_lock(&vfs_lock);
    if (!worker_is_stopping(self)) {
        hold_recover();
        next = write_back_tend();
    }
    mutex_unlock(&vfs_lock);
    return next;
}

static void writer_serve(struct worker *self)
{
    struct wait_item items[1];
    uint64_t next;
    do {
        while ((next = writer_turn(self)) == 0)
            core_yield();
    } while (worker_wait(self, items, 0, next));
}

int64_t writer_start(void)
{
    return worker_start(&writer, writer_serve);
}

void writer_stop(void)
{
    worker_stop(&writer);
}

void writer_wake(void)
{
    worker_wake(&writer);
}
