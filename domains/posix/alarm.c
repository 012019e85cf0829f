// SPDX-License-Identifier: MIT
#include "alarm.h"

#include "core.h"
#include "handover.h"
#include "processes.h"
#include "worker.h"

static struct worker worker;

// Sends the alarms that are due; returns when the next one is.
static uint64_t alarms_ring(void)
{
    uint64_t now = core_time(), next = WAIT_FOREVER;
    mutex_lock(&process_lock);
    for (uint32_t i = 0; i < places_used && !worker_is_stopping(&worker); i++) {
        struct process *each = &processes[i];
        if (each->life == LIFE_FREE || !each->alarm_at)
            continue;
        if (each->alarm_at <= now) {
            each->alarm_at = each->alarm_every ? now + each->alarm_every : 0;
            signal_send(each, SIGALRM, (struct signal_origin){.code = ORIGIN_KERNEL});
        }
        if (each->alarm_at && each->alarm_at < next)
            next = each->alarm_at;
    }
    mutex_unlock(&process_lock);
    return next;
}

static void alarms_serve(struct worker *self)
{
    struct wait_item items[1];
    terminal_watch(); // callers have not waited for these two
    handover_settle();
    while (worker_wait(self, items, 0, alarms_ring()))
        ;
}

int64_t alarm_prepare(void)
{
    return worker_prepare(&worker, alarms_serve);
}

int64_t alarm_start(void)
{
    return worker_start(&worker, alarms_serve);
}

void alarm_stop(void)
{
    mutex_lock(&process_lock);
    worker_stop(&worker);
    mutex_unlock(&process_lock);
}

void alarm_set(struct process *process, uint64_t at, uint64_t every)
{
    mutex_lock(&process_lock);
    process->alarm_at = at;
    process->alarm_every = every;
    mutex_unlock(&process_lock);
    worker_wake(&worker);
}
