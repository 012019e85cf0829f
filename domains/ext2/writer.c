// SPDX-License-Identifier: MIT
// What nobody syncs goes to the disk by the clock.
#include "volume.h"

static struct worker writer;

static void writer_serve(struct worker *self)
{
    struct wait_item items[1];
    while (worker_wait(self, items, 0, volume_tend(self)))
        ;
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
