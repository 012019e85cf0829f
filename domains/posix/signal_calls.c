// SPDX-License-Identifier: MIT
// The system calls about signals.
#include <string.h>

#include "calls.h"
#include "core.h"
#include "processes.h"

#define SET_SIZE    8u
#define UNBLOCKABLE (SIGNAL_BIT(SIGKILL) | SIGNAL_BIT(SIGSTOP))

static bool is_signal(uint64_t number)
{
    return number >= 1 && number <= SIGNALS_MAX;
}

// An action that ignores a signal drops what was pending, too.
static int64_t action_set(struct thread *thread, uint32_t number,
                          const struct signal_action *action)
{
    struct signal_state *state = &thread->process->signals;
    if (number == SIGKILL || number == SIGSTOP)
        return -EINVAL;
    mutex_lock(&process_lock);
    struct signal_action taken = *action;
    taken.mask &= ~UNBLOCKABLE;
    signal_action_set(state, number, &taken);
    if (action->handler == HANDLER_IGNORE)
        signals_drop(thread->process, SIGNAL_BIT(number));
    mutex_unlock(&process_lock);
    return 0;
}

#define ACTION_SIZE_PLAIN 24u // without the restorer

int64_t call_rt_sigaction(struct thread *thread, const uint64_t *a)
{
    struct signal_action action = {0};
    if (!is_signal(a[0]) || a[3] != SET_SIZE)
        return -EINVAL;
    if (a[1] && user_read(thread, &action, a[1], ACTION_SIZE_PLAIN) < 0)
        return -EFAULT;
    if (a[1] && (action.flags & ACTION_RESTORER) &&
        user_read(thread, &action, a[1], sizeof action) < 0)
        return -EFAULT;
    mutex_lock(&process_lock);
    struct signal_action old = thread->process->signals.actions[a[0]];
    mutex_unlock(&process_lock);
    uint64_t size = old.flags & ACTION_RESTORER ? sizeof old : ACTION_SIZE_PLAIN;
    if (a[2] && user_write(thread, a[2], &old, size) < 0)
        return -EFAULT;
    return a[1] ? action_set(thread, (uint32_t)a[0], &action) : 0;
}

enum { MASK_BLOCK, MASK_UNBLOCK, MASK_SET };

int64_t call_rt_sigprocmask(struct thread *thread, const uint64_t *a)
{
    uint64_t set, old = thread->blocked;
    if (a[3] != SET_SIZE || (a[1] && a[0] > MASK_SET))
        return -EINVAL;
    if (a[1] && user_read(thread, &set, a[1], sizeof set) < 0)
        return -EFAULT;
    if (a[2] && user_write(thread, a[2], &old, sizeof old) < 0)
        return -EFAULT;
    if (!a[1])
        return 0;
    uint64_t new = a[0] == MASK_BLOCK ? old | set : a[0] == MASK_UNBLOCK ? old & ~set : set;
    mask_set(thread, new);
    return 0;
}

int64_t call_rt_sigpending(struct thread *thread, const uint64_t *a)
{
    uint64_t set = (thread->process->signals.pending | thread->pending) & thread->blocked;
    return user_write(thread, a[0], &set, sizeof set);
}

void mask_replace(struct thread *thread, uint64_t mask)
{
    if (!thread->restore_blocked)
        thread->saved_blocked = thread->blocked;
    thread->restore_blocked = true;
    mask_set(thread, mask);
}

void mask_return(struct thread *thread)
{
    if (thread->restore_blocked)
        mask_set(thread, thread->saved_blocked);
    thread->restore_blocked = false;
}

int64_t call_rt_sigsuspend(struct thread *thread, const uint64_t *a)
{
    uint64_t mask;
    if (a[1] != SET_SIZE)
        return -EINVAL;
    if (user_read(thread, &mask, a[0], sizeof mask) < 0)
        return -EFAULT;
    mask_replace(thread, mask);
    call_never_restarts(thread);
    for (;;) {
        int64_t result = sleep_until(thread, sleep_prepare(thread), WAIT_FOREVER);
        if (result < 0)
            return -EINTR;
    }
}

int64_t call_rt_sigreturn(struct thread *thread, const uint64_t *a)
{
    struct user_registers registers;
    uint64_t mask;
    (void)a;
    core_user_registers(&registers, 0);
    if (frame_pop(thread, &registers, &mask) < 0) {
        process_exit(thread, SIGSEGV);
        return CALL_ENDED;
    }
    mask_set(thread, mask);
    core_user_registers(&registers, 1);
    return CALL_REGISTERS;
}

// ---- kill ----

static int64_t kill_one(uint32_t pid, uint32_t number, struct signal_origin origin)
{
    struct process *process = process_find(pid);
    if (!process)
        return -ESRCH;
    signal_send(process, number, origin);
    return 0;
}

// Everybody but the caller and process 1.
static int64_t kill_all(const struct process *caller, uint32_t number, struct signal_origin origin)
{
    int64_t result = -ESRCH;
    for (uint32_t i = 0; i < places_used; i++) {
        struct process *each = &processes[i];
        if (each->life == LIFE_FREE || each->pid == 1 || each == caller)
            continue;
        signal_send(each, number, origin);
        result = 0;
    }
    return result;
}

int64_t call_kill(struct thread *thread, const uint64_t *a)
{
    int32_t pid = (int32_t)a[0];
    uint32_t number = (uint32_t)a[1];
    struct process *caller = thread->process;
    struct signal_origin origin = {.code = ORIGIN_USER, .pid = caller->pid};
    if (number > SIGNALS_MAX)
        return -EINVAL;
    mutex_lock(&process_lock);
    int64_t result;
    if (pid > 0)
        result = kill_one((uint32_t)pid, number, origin);
    else if (pid == -1)
        result = kill_all(caller, number, origin);
    else
        result =
            signal_send_group(pid ? (uint32_t)-pid : caller->group, number, origin) ? 0 : -ESRCH;
    mutex_unlock(&process_lock);
    return result;
}

// GROUP 0: whatever process the thread is of.
static int64_t thread_kill(struct thread *thread, uint32_t group, uint32_t tid, uint64_t number)
{
    struct signal_origin origin = {.code = ORIGIN_THREAD, .pid = thread->process->pid};
    if ((int32_t)tid <= 0 || (uint32_t)number > SIGNALS_MAX)
        return -EINVAL;
    mutex_lock(&process_lock);
    struct thread *meant = tid == thread->tid ? thread : thread_find_number(tid);
    bool is_there = meant && (!group || meant->process->pid == group);
    if (is_there)
        signal_send_thread(meant, (uint32_t)number, origin);
    mutex_unlock(&process_lock);
    return is_there ? 0 : -ESRCH;
}

int64_t call_tkill(struct thread *thread, const uint64_t *a)
{
    return thread_kill(thread, 0, (uint32_t)a[0], a[1]);
}

int64_t call_tgkill(struct thread *thread, const uint64_t *a)
{
    return (int32_t)a[0] > 0 ? thread_kill(thread, (uint32_t)a[0], (uint32_t)a[1], a[2]) : -EINVAL;
}
