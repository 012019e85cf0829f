// SPDX-License-Identifier: MIT
// Sending signals, and what they do to the process that gets one.
#include "signals.h"

#include <string.h>
#include "calls.h"
#include "core.h"
#include "processes.h"
#include "shortage.h"

#define STOPS                                                                                      \
    (SIGNAL_BIT(SIGSTOP) | SIGNAL_BIT(SIGTSTP) | SIGNAL_BIT(SIGTTIN) | SIGNAL_BIT(SIGTTOU))
#define IGNORED_BY_DEFAULT                                                                         \
    (SIGNAL_BIT(SIGCHLD) | SIGNAL_BIT(SIGURG) | SIGNAL_BIT(SIGWINCH) | SIGNAL_BIT(SIGCONT))
#define CHILD_STOPPED   5 // si_code of SIGCHLD
#define CHILD_CONTINUED 6

static bool is_ignored(const struct process *process, uint32_t number)
{
    uint64_t handler = process->signals.actions[number].handler;
    if (number == SIGKILL || number == SIGSTOP)
        return process->pid == 1;
    if (handler == HANDLER_DEFAULT)
        return process->pid == 1 || (SIGNAL_BIT(number) & IGNORED_BY_DEFAULT);
    return handler == HANDLER_IGNORE;
}

// ---- Sending ----

// The parent learns that a child has stopped or goes on.
static void stop_tell(struct process *process, uint32_t news, int32_t code, uint32_t status)
{
    struct process *parent = process->parent;
    process->stop_news = news;
    if (!parent)
        return;
    if (!(parent->signals.actions[SIGCHLD].flags & ACTION_NO_CHILD_STOP))
        signal_send(parent, SIGCHLD,
                    (struct signal_origin){.code = code, .pid = process->pid, .status = status});
    queue_wake(&parent->children_news);
}

void signals_drop(struct process *process, uint64_t set)
{
    process->signals.pending &= ~set;
    EACH_THREAD(process, each)
    each->pending &= ~set;
}

static void process_continue(struct process *process)
{
    signals_drop(process, STOPS);
    if (process->life != LIFE_STOPPED)
        return;
    process->life = LIFE_ALIVE;
    stop_tell(process, STATUS_CONTINUED, CHILD_CONTINUED, SIGCONT);
    queue_wake(&process->continued);
}

static bool is_alive(const struct process *process)
{
    return process->life != LIFE_ZOMBIE && process->life != LIFE_FREE;
}

// What a signal does when it is sent, whatever becomes of it. Whether anybody is to get it: it is
// not ignored, or THREAD or, if that is NULL, some thread blocks it and may change its mind.
static bool signal_begin(struct process *process, const struct thread *thread, uint32_t number)
{
    uint64_t bit = SIGNAL_BIT(number);
    if (number == SIGCONT)
        process_continue(process);
    if (bit & STOPS)
        signals_drop(process, SIGNAL_BIT(SIGCONT));
    if (!is_ignored(process, number))
        return true;
    if (thread)
        return thread->blocked & bit;
    EACH_THREAD(process, each)
    if (each->blocked & bit)
        return true;
    return false;
}

// A thread that does not block the signal is told of it.
static void thread_tell(struct thread *thread, uint32_t number)
{
    if (thread->blocked & SIGNAL_BIT(number))
        return;
    __atomic_store_n(&thread->has_news, true, __ATOMIC_RELAXED);
    sleep_end(thread);
    if (thread->handle)
        core_user_kick(thread->handle);
}

void signal_send(struct process *process, uint32_t number, struct signal_origin origin)
{
    struct signal_state *state = &process->signals;
    if (number == 0 || !is_alive(process) || !signal_begin(process, NULL, number))
        return;
    state->origins[number] = origin;
    state->pending |= SIGNAL_BIT(number);
    if (number == SIGKILL)
        queue_wake(&process->continued);
    EACH_THREAD(process, each)
    thread_tell(each, number);
}

void signal_send_thread(struct thread *thread, uint32_t number, struct signal_origin origin)
{
    struct process *process = thread->process;
    if (number == SIGKILL)
        signal_send(process, number, origin); // takes all along in any case
    else if (number != 0 && is_alive(process) && signal_begin(process, thread, number)) {
        process->signals.origins[number] = origin;
        thread->pending |= SIGNAL_BIT(number);
        thread_tell(thread, number);
    }
}

uint32_t signal_send_group(uint32_t group, uint32_t number, struct signal_origin origin)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < places_used; i++) {
        struct process *each = &processes[i];
        if (each->life == LIFE_FREE || each->group != group)
            continue;
        signal_send(each, number, origin);
        count++;
    }
    return count;
}

void signal_force(struct thread *thread, uint32_t number, uint64_t address)
{
    struct process *process = thread->process;
    mutex_lock(&process_lock);
    struct signal_action *action = &process->signals.actions[number];
    bool is_refused = action->handler == HANDLER_IGNORE || (thread->blocked & SIGNAL_BIT(number));
    if (is_refused)
        action->handler = HANDLER_DEFAULT;
    thread->fault = (struct signal_origin){.code = 1, .address = address};
    thread->fault_number = number;
    thread->pending |= SIGNAL_BIT(number);
    mask_set(thread, thread->blocked & ~SIGNAL_BIT(number));
    mutex_unlock(&process_lock);
}

void mask_set(struct thread *thread, uint64_t mask)
{
    thread->blocked = mask & ~(SIGNAL_BIT(SIGKILL) | SIGNAL_BIT(SIGSTOP));
    if ((thread->process->signals.pending | thread->pending) & ~thread->blocked)
        __atomic_store_n(&thread->has_news, true, __ATOMIC_RELAXED);
}

void signal_action_set(struct signal_state *state, uint32_t number,
                       const struct signal_action *action)
{
    state->actions[number] = *action;
    if (action->handler || action->flags || action->mask || action->restorer)
        state->special |= SIGNAL_BIT(number);
    else
        state->special &= ~SIGNAL_BIT(number);
}

void signals_forget(struct signal_state *state)
{
    static const struct signal_action normal;
    state->pending = 0;
    EACH_SIGNAL(state->special, number)
    state->actions[number] = normal;
}

void signals_inherit(struct signal_state *state, const struct signal_state *from)
{
    uint64_t special = state->special = from->special;
    EACH_SIGNAL(special, number)
    state->actions[number] = from->actions[number];
}

void signals_reset(struct signal_state *state)
{
    static const struct signal_action normal;
    uint64_t special = state->special;
    EACH_SIGNAL(special, number)
    if (state->actions[number].handler != HANDLER_IGNORE)
        signal_action_set(state, number, &normal);
}

// ---- Delivery ----

// The next signal to deal with, taken off; 0 if there is none. SIGKILL goes first, and of others
// what is for this thread alone.
static uint32_t signal_take(struct thread *thread, struct signal_action *action,
                            struct signal_origin *origin)
{
    struct process *process = thread->process;
    struct signal_state *state = &process->signals;
    mutex_lock(&process_lock);
    uint64_t own = thread->pending & ~thread->blocked, ready = state->pending & ~thread->blocked;
    uint64_t choice = ready & SIGNAL_BIT(SIGKILL) ? SIGNAL_BIT(SIGKILL) : own ? own : ready;
    uint32_t number = choice ? (uint32_t)__builtin_ctzll(choice) + 1 : 0;
    if (number) {
        bool is_own = own & SIGNAL_BIT(number);
        *(is_own ? &thread->pending : &state->pending) &= ~SIGNAL_BIT(number);
        *action = state->actions[number];
        *origin = is_own && number == thread->fault_number ? thread->fault : state->origins[number];
        if (number == thread->fault_number)
            thread->fault_number = 0;
        if ((action->flags & ACTION_RESET) && action->handler > HANDLER_IGNORE)
            signal_action_set(state, number, &(struct signal_action){0});
    } else if (process->life != LIFE_STOPPED && !thread_is_ending(thread)) {
        __atomic_store_n(&thread->has_news, false, __ATOMIC_RELAXED);
    }
    mutex_unlock(&process_lock);
    return number;
}

static bool is_held(const struct thread *thread)
{
    const struct process *process = thread->process;
    return process->life == LIFE_STOPPED && !thread_is_ending(thread) &&
           !(process->signals.pending & SIGNAL_BIT(SIGKILL));
}

// Deaf to everything but SIGCONT and SIGKILL.
bool stop_wait(struct thread *thread)
{
    struct process *process = thread->process;
    while (is_held(thread)) {
        struct waiter waiter;
        struct wait_item item = {.event = thread->event, .seen = sleep_prepare(thread)};
        queue_join(&process->continued, &waiter, thread);
        int64_t slept = is_held(thread) ? core_wait(&item, 1, WAIT_FOREVER) : 0;
        queue_leave(&process->continued, &waiter);
        if (slept < 0) {
            core_user_kick(thread->handle);
            return false;
        }
    }
    return true;
}

static bool process_stop(struct thread *thread, uint32_t number)
{
    mutex_lock(&process_lock);
    thread->process->life = LIFE_STOPPED;
    stop_tell(thread->process, STATUS_STOP(number), CHILD_STOPPED, number);
    threads_call(thread->process, thread); // all of them stop
    mutex_unlock(&process_lock);
    return stop_wait(thread);
}

// What happens where the program has no handler.
static enum delivery default_action(struct thread *thread, uint32_t number,
                                    const struct signal_action *action)
{
    uint64_t bit = SIGNAL_BIT(number);
    bool is_unstoppable = number == SIGKILL || number == SIGSTOP;
    if (!is_unstoppable && action->handler == HANDLER_IGNORE)
        return DELIVERY_NOTHING;
    if (bit & IGNORED_BY_DEFAULT)
        return DELIVERY_NOTHING;
    if (bit & STOPS)
        return process_stop(thread, number) ? DELIVERY_NOTHING : DELIVERY_STOPPED;
    if (thread->process->is_victim)
        shortage_victim_ends(thread);
    process_exit(thread, number);
    return DELIVERY_ENDED;
}

// Signals that a handler runs with: those it named, and its own.
static void block_for_handler(struct thread *thread, uint32_t number,
                              const struct signal_action *action)
{
    uint64_t own = action->flags & ACTION_NO_DEFER ? 0 : SIGNAL_BIT(number);
    mask_set(thread, thread->blocked | action->mask | own);
}

// The mask that comes back after the handler.
static uint64_t mask_to_restore(struct thread *thread)
{
    uint64_t mask = thread->restore_blocked ? thread->saved_blocked : thread->blocked;
    thread->restore_blocked = false;
    return mask;
}

// The registers that the first handler returns to: those after the call, or at it once more.
static void registers_settle(struct thread *thread, struct user_registers *registers,
                             const int64_t *result, uint64_t first,
                             const struct signal_action *action)
{
    if (!result)
        return;
    int64_t told = futex_settle(thread, *result);
    registers->x[10] = (uint64_t)told;
    if (told == -EINTR && (action->flags & ACTION_RESTART) && !thread->never_restarts) {
        registers->x[10] = first;
        registers->pc -= 4; // the ecall
    }
}

enum delivery signals_deliver(struct thread *thread, const int64_t *result, uint64_t first)
{
    struct user_registers registers;
    struct signal_action action = {0};
    struct signal_origin origin;
    bool is_handled = false;
    for (;;) {
        if (thread_is_ending(thread)) {
            thread_end(thread);
            return DELIVERY_ENDED;
        }
        enum delivery done = stop_wait(thread) ? DELIVERY_NOTHING : DELIVERY_STOPPED;
        uint32_t number = done ? 0 : signal_take(thread, &action, &origin);
        bool has_handler =
            action.handler > HANDLER_IGNORE && number != SIGKILL && number != SIGSTOP;
        if (number && !has_handler)
            done = default_action(thread, number, &action);
        if (done == DELIVERY_ENDED || (done == DELIVERY_STOPPED && !is_handled))
            return done;
        if (!number || done == DELIVERY_STOPPED)
            break;
        if (!has_handler)
            continue;
        if (!is_handled) {
            core_user_registers(&registers, 0);
            registers_settle(thread, &registers, result, first, &action);
        }
        is_handled = true;
        if (frame_push(thread, &registers, number, &action, &origin, mask_to_restore(thread)) < 0) {
            process_exit(thread, SIGSEGV);
            return DELIVERY_ENDED;
        }
        block_for_handler(thread, number, &action);
    }
    if (!is_handled)
        return DELIVERY_NOTHING;
    core_user_registers(&registers, 1);
    return DELIVERY_HANDLED;
}
