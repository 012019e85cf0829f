// SPDX-License-Identifier: MIT
// The one terminal: whose session it belongs to, which group of processes is in the foreground and
// gets the signals of its keys. State under process_lock.
#include <string.h>

#include "calls.h"
#include "core.h"
#include "fs_client.h"
#include "handover_parts.h"
#include "log.h"
#include "processes.h"
#include "state.h"
#include "worker.h"
#include "ticket.h"

#define RETRY_NS 500000000u
#define STOP_NS  50000000u // how long an update waits for a look to end

// Linux's requests.
#define TIOCSCTTY 0x540E
#define TIOCGPGRP 0x540F
#define TIOCSPGRP 0x5410
#define TIOCNOTTY 0x5422
#define TIOCGSID  0x5429

static uint32_t session, foreground; // 0: none
static handle_t news_event;          // changes while others look

handle_t terminal_event_handle(void)
{
    return __atomic_load_n(&news_event, __ATOMIC_ACQUIRE);
}

uint32_t terminal_foreground(uint32_t of_session)
{
    return session && session == of_session ? foreground : 0;
}

void terminal_session_ended(uint32_t ended)
{
    if (session != ended)
        return;
    signal_send_group(foreground, SIGHUP, (struct signal_origin){.code = ORIGIN_KERNEL});
    session = foreground = 0;
}

// The terminal becomes that of the first session whose leader opens it. /dev/tty is the terminal of
// the caller's session, or nothing.
int64_t terminal_open(struct thread *thread, const struct open_file *file)
{
    const struct process *process = thread->process;
    mutex_lock(&process_lock);
    bool is_taken =
        !session && process->session == process->pid && !(file->flags & OPEN_NO_TERMINAL);
    if (is_taken) {
        session = process->session;
        foreground = process->group;
    }
    bool is_refused = file->device == FS_DEVICE_TTY && process->session != session;
    mutex_unlock(&process_lock);
    return is_refused ? -ENXIO : 0;
}

static bool is_orphaned_or_deaf(const struct thread *thread, uint32_t signal)
{
    const struct signal_action *action = &thread->process->signals.actions[signal];
    return action->handler == HANDLER_IGNORE || (thread->blocked & SIGNAL_BIT(signal));
}

int64_t terminal_check(struct thread *thread, uint32_t signal)
{
    const struct process *process = thread->process;
    int64_t result = 0;
    if (!signal || process->session != session || process->group == foreground)
        return 0;
    mutex_lock(&process_lock);
    if (is_orphaned_or_deaf(thread, signal)) {
        result = -EIO;
    } else {
        signal_send_group(process->group, signal, (struct signal_origin){.code = ORIGIN_KERNEL});
        result = -EINTR;
    }
    mutex_unlock(&process_lock);
    return result;
}

// ---- ioctl ----

static int64_t session_take(struct thread *thread)
{
    const struct process *process = thread->process;
    int64_t result = -EPERM;
    mutex_lock(&process_lock);
    if (process->session == process->pid) {
        session = process->session;
        foreground = process->group;
        result = 0;
    }
    mutex_unlock(&process_lock);
    return result;
}

static bool group_in_session(uint32_t group, uint32_t of_session)
{
    for (uint32_t i = 0; i < places_used; i++)
        if (processes[i].life != LIFE_FREE && processes[i].group == group)
            return processes[i].session == of_session;
    return false;
}

static int64_t foreground_set(struct thread *thread, uint64_t address)
{
    const struct process *process = thread->process;
    uint32_t group;
    if (user_read(thread, &group, address, sizeof group) < 0)
        return -EFAULT;
    if (process->session != session)
        return -ENOTTY;
    if (!is_orphaned_or_deaf(thread, SIGTTOU)) {
        int64_t result = terminal_check(thread, SIGTTOU);
        if (result < 0)
            return result;
    }
    mutex_lock(&process_lock);
    int64_t result = group_in_session(group, process->session) ? 0 : -EPERM;
    if (result == 0)
        foreground = group;
    mutex_unlock(&process_lock);
    return result;
}

int64_t terminal_job_control(struct thread *thread, uint64_t request, uint64_t address)
{
    const struct process *process = thread->process;
    switch (request) {
    case TIOCSCTTY:
        return session_take(thread);
    case TIOCNOTTY:
        return 0;
    case TIOCSPGRP:
        return foreground_set(thread, address);
    case TIOCGPGRP:
        if (process->session != session)
            return -ENOTTY;
        return user_write(thread, address, &foreground, sizeof foreground);
    case TIOCGSID:
        if (process->session != session)
            return -ENOTTY;
        return user_write(thread, address, &session, sizeof session);
    }
    return -ENOSYS;
}

// ---- Keys ----

static void keys_send(uint64_t signals)
{
    mutex_lock(&process_lock);
    for (uint32_t number = 1; number < 32; number++)
        if ((signals >> number & 1) && foreground)
            signal_send_group(foreground, number, (struct signal_origin){.code = ORIGIN_KERNEL});
    mutex_unlock(&process_lock);
}

// What the watch has opened. It holds watch_lock while it looks, over its calls: whoever stops it
// knows then that no key was taken from the terminal and not sent.
static struct mutex watch_lock;
static struct worker watch;
static rref_t watch_buffer;
static uint64_t watch_file;
static bool watch_is_open;

// Opens the console for the watch.
static bool watch_open(void)
{
    static const char name[] = "console";
    handle_t service = mounts[MOUNT_DEVICES].service;
    memcpy((void *)watch_buffer, name, sizeof name - 1);
    RpcResult node = fs_lookup(service, mounts[MOUNT_DEVICES].root, watch_buffer, sizeof name - 1);
    if (node.status < 0)
        return false;
    RpcResult file = fs_open(service, node.value, OPEN_BOTH, ticket_take());
    if (file.status < 0)
        return false;
    RpcResult event = fs_event(service, file.value);
    if (event.status < 0) {
        fs_close(service, file.value, ticket_take());
        return false;
    }
    handle_t old = __atomic_exchange_n(&news_event, (handle_t)event.value, __ATOMIC_ACQ_REL);
    if (old && old != (handle_t)event.value) {
        core_event_signal(old); // its sleepers go over to the new one
        core_handle_close(old);
    }
    watch_file = file.value;
    return true;
}

// Looks until something fails: the console may have been restarted after a fault. Its new instance
// says so by refusing to tell of keys until it has been asked for its event; the old event may
// never be signalled again. Returns how long to wait for news.
static uint64_t watch_look(void)
{
    handle_t service = mounts[MOUNT_DEVICES].service;
    if (!watch_is_open)
        watch_is_open = watch_open();
    if (!watch_is_open)
        return RETRY_NS;
    RpcResult signals = fs_control(service, watch_file, FS_CONTROL_SIGNALS, watch_buffer, 0);
    if (signals.status < 0) {
        fs_close(service, watch_file, ticket_take());
        watch_is_open = false;
        return 0;
    }
    if (signals.value)
        keys_send(signals.value);
    return TERMINAL_PATIENCE_NS;
}

static void watch_serve(struct worker *self)
{
    struct wait_item items[2];
    uint64_t pause = 0, failures = 0;
    do {
        mutex_lock(&watch_lock);
        items[0] = (struct wait_item){.event = news_event};
        if (news_event)
            items[0].seen = (uint64_t)core_event_count(news_event);
        if (!worker_is_stopping(self))
            pause = watch_look();
        mutex_unlock(&watch_lock);
        failures = pause ? 0 : failures + 1; // opened anew at once, but not again and again
        pause = failures > 1 ? RETRY_NS : pause;
    } while (worker_wait(self, items, items[0].event ? 1 : 0, core_time() + pause));
}

int64_t terminal_prepare(void)
{
    int64_t status = core_rref_alloc(DATA_SIZE, 0);
    if (status < 0)
        return status;
    watch_buffer = (rref_t)status;
    return worker_prepare(&watch, watch_serve);
}

int64_t terminal_start(void)
{
    int64_t status = worker_enable(&watch, watch_serve);
    if (status < 0)
        log_printf("nobody watches the terminal's keys (error %d)", (int)status);
    return status;
}

void terminal_watch(void)
{
    worker_wake(&watch);
}

int64_t terminal_stop(void)
{
    uint64_t deadline = 0;
    while (!mutex_trylock(&watch_lock)) {
        if (!deadline)
            deadline = core_time() + STOP_NS;
        else if (core_time() > deadline)
            return -EBUSY;
        core_yield();
    }
    worker_stop(&watch);
    mutex_unlock(&watch_lock);
    return 0;
}

// ---- Update ----

struct terminal_record {
    uint32_t session, foreground;
    uint32_t news_event; // handle, 0: none
    uint32_t watch_is_open;
    uint64_t watch_file;
};

void terminal_export(struct state_writer *writer)
{
    struct terminal_record *record = state_room(writer, sizeof *record);
    *record = (struct terminal_record){session, foreground, news_event, watch_is_open, watch_file};
}

void terminal_import(struct state_reader *reader)
{
    const struct terminal_record *record = state_view(reader, sizeof *record);
    session = record->session;
    foreground = record->foreground;
    if (!record->news_event)
        return; // the watch asks for it
    handle_import(reader, record->news_event, &news_event);
    watch_is_open = record->watch_is_open;
    watch_file = record->watch_file;
}
