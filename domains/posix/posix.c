// SPDX-License-Identifier: MIT
// The POSIX personality: processes with Linux's system calls on top of the core's address spaces,
// threads and events. Here it begins and ends, and here faults of user threads and questions of
// other services come in; system_call.c is where system calls do.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alarm.h"
#include "calls.h"
#include "core.h"
#include "fs_client.h"
#include "handover.h"
#include "log.h"
#include "manifest.h"
#include "process_server.h"
#include "processes.h"
#include "ring.h"
#include "shortage.h"
#include "state.h"
#include "wall.h"

#define MARK_KEY    0
#define MARK_SCHEMA 1

// Has an instance before this one crashed? The mark that each leaves outlives it.
static bool is_started_again(void)
{
    if (core_rref_kept(MARK_KEY, MARK_SCHEMA) > 0)
        return true;
    int64_t mark = core_rref_alloc(1, 0);
    if (mark > 0 && core_rref_keep((rref_t)mark, MARK_KEY, MARK_SCHEMA) < 0)
        core_rref_free((rref_t)mark);
    return false;
}

// What an import and an attach need is there before callers wait for them.
#define IMPORT_BYTES 65536u
#define STATE_FIRST  4096u // bytes for the first update: what follows knows from the one before

int64_t domain_init(void)
{
    void *volatile room = malloc(IMPORT_BYTES); // and stays in the heap when it is free
    free(room);
    int64_t status = alarm_prepare();
    return status < 0 ? status : terminal_prepare();
}

// Where there is no predecessor, process 1 is started; it is told if there was one that crashed.
int64_t domain_attach(void)
{
    wall_learn(HANDLE_RTC);
    int64_t result = terminal_start();
    if (result < 0)
        return result;
    if (!handover_was_imported()) {
        state_spare_make(STATE_FIRST);
        result = process_start_first("/bin/init", is_started_again() ? "again" : NULL);
    }
    if (result < 0) {
        log_printf("/bin/init cannot be started (error %d): is it in the initrd, executable, "
                   "and a static riscv64 program?",
                   (int)-result);
        return result;
    }
    result = alarm_start();
    if (result < 0)
        log_printf("no alarms (error %d)", (int)result);
    return result;
}

int64_t domain_detach(uint64_t resume)
{
    int64_t result = resume ? terminal_start() : rings_detach();
    if (result == 0 && !resume)
        result = terminal_stop();
    if (result < 0)
        return result;
    if (resume)
        return alarm_start();
    alarm_stop();
    return 0;
}

// ---- Faults ----

#define CAUSE_KICK UINT64_MAX

static uint32_t fault_signal(uint64_t cause)
{
    static const uint8_t signals[16] = {
        [0] = SIGBUS, [1] = SIGSEGV, [2] = SIGILL,   [3] = SIGTRAP,  [4] = SIGBUS,   [5] = SIGSEGV,
        [6] = SIGBUS, [7] = SIGSEGV, [12] = SIGSEGV, [13] = SIGSEGV, [15] = SIGSEGV,
    };
    return cause < 16 && signals[cause] ? signals[cause] : SIGILL;
}

static const char *fault_name(uint32_t number)
{
    switch (number) {
    case SIGSEGV:
        return "segfault";
    case SIGBUS:
        return "bus error";
    case SIGTRAP:
        return "breakpoint";
    }
    return "illegal instruction";
}

void error_print(struct thread *thread, const char *line)
{
    size_t length = strlen(line);
    struct open_file *file = file_get(thread, 2);
    if (file && !file->pipe && length <= DATA_SIZE) {
        memcpy((void *)thread->bytes, line, length);
        fs_write(mounts[file->place.mount].service, file->file, file->position, thread->bytes, 0,
                 (uint32_t)length);
    }
    file_put(thread, file);
}

static void fault_report(struct thread *thread, uint32_t number, uint64_t address, uint64_t pc)
{
    const struct process *process = thread->process;
    char line[160];
    if (process->signals.actions[number].handler > HANDLER_IGNORE &&
        !(thread->blocked & SIGNAL_BIT(number)))
        return; // the program deals with it
    int length = snprintf(line, sizeof line, "%s: pid %u (%s) at pc 0x%llx address 0x%llx\n",
                          fault_name(number), (unsigned)process->pid, process->name,
                          (unsigned long long)pc, (unsigned long long)address);
    log_printf("%.*s", length - 1, line);
    error_print(thread, line);
}

// How a call that was interrupted ends where a handler comes first: with what it has done.
static int64_t interrupted_result(const struct thread *thread)
{
    return thread->progress ? (int64_t)thread->progress : -EINTR;
}

// A call that wants all registers is carried out here, unless it is to leave in turn.
static void call_deliver(struct thread *thread, struct user_registers *registers)
{
    uint64_t sp = registers->x[2], tp = registers->x[4], a[6];
    if (registers->x[17] != CALL_CLONE)
        return;
    memcpy(a, &registers->x[10], sizeof a);
    registers->pc += 4; // behind the ecall, for both
    thread->registers = registers;
    int64_t result = call_clone(thread, a);
    thread->registers = NULL;
    registers->x[2] = sp;
    registers->x[4] = tp;
    registers->x[10] = result == -EINTR ? a[0] : (uint64_t)result;
    if (result == -EINTR) {
        registers->pc -= 4;
        return;
    }
    core_user_registers(registers, 1);
    thread->is_restarting = false;
}

// A signal that comes between a call's leaving and its repetition: the pc is at the ecall.
static void deliver_before_restart(struct thread *thread)
{
    struct user_registers registers;
    core_user_registers(&registers, 0);
    call_deliver(thread, &registers);
    if (!signal_is_pending(thread))
        return;
    if (!thread->is_restarting) {
        signals_deliver(thread, NULL, 0);
        return;
    }
    int64_t told = interrupted_result(thread);
    uint64_t first = registers.x[10];
    registers.pc += 4;
    core_user_registers(&registers, 1);
    enum delivery delivery = signals_deliver(thread, &told, first);
    if (delivery == DELIVERY_ENDED)
        return;
    if (delivery == DELIVERY_HANDLED) {
        thread->is_restarting = false;
        return;
    }
    registers.pc -= 4;
    core_user_registers(&registers, 1);
}

RpcResult process_do_deliver(uint64_t cookie, uint64_t cause, uint64_t address, uint64_t pc)
{
    struct thread *thread = thread_arrive(cookie);
    if (!thread) {
        core_user_exit();
        return rpc_ok(0);
    }
    if (cause != CAUSE_KICK && !shortage_resolve(thread, cause, address)) {
        uint32_t number = fault_signal(cause);
        fault_report(thread, number, address, pc);
        signal_force(thread, number, address);
    }
    if (!stop_wait(thread))
        return rpc_ok(0); // it comes again
    if (thread->is_restarting)
        deliver_before_restart(thread);
    else
        signals_deliver(thread, NULL, 0);
    return rpc_ok(0);
}

// ---- Questions of other services ----

// Whether any of its threads runs, and, to who asks on behalf of one of them, that it is its own.
static void threads_tell(const struct process *process, struct process_info *info)
{
    uint64_t caller = (uint64_t)core_user_cookie();
    bool sleeps = process->life == LIFE_ALIVE;
    EACH_THREAD(process, each)
    {
        sleeps &= each->is_asleep;
        if (each == process->threads || thread_cookie(each) == caller)
            info->cookie = thread_cookie(each);
    }
    if (sleeps)
        info->state = PROCESS_SLEEPING;
}

static void info_fill(const struct process *process, struct process_info *info)
{
    static const uint8_t states[] = {
        [LIFE_ALIVE] = PROCESS_RUNNING,
        [LIFE_STOPPED] = PROCESS_STOPPED,
        [LIFE_ZOMBIE] = PROCESS_ZOMBIE,
    };
    const struct usage used = process_usage(process);
    *info = (struct process_info){
        .pid = process->pid,
        .parent = process->parent ? process->parent->pid : 0,
        .group = process->group,
        .session = process->session,
        .foreground = terminal_foreground(process->session),
        .state = states[process->life],
        .started = process->started,
        .calls = process_calls(process),
        .arguments_length = process->arguments_length,
        .threads = process->thread_count,
        .user_ns = used.user,
        .system_ns = used.system,
        .children_user_ns = process->used_by_children.user,
        .children_system_ns = process->used_by_children.system,
    };
    threads_tell(process, info);
    if (process->memory.space) {
        int64_t pages = core_space_pages(process->memory.space);
        info->pages = pages > 0 ? (uint64_t)pages : 0;
    }
    memcpy(info->name, process->name, sizeof info->name);
    memcpy(info->arguments, process->arguments, sizeof info->arguments);
}

RpcResult process_do_info(uint64_t pid, rref_t out)
{
    struct process_info info;
    const struct process *next = NULL;
    mutex_lock(&process_lock);
    for (uint32_t i = 0; i < places_used; i++) {
        const struct process *each = &processes[i];
        if (each->life != LIFE_FREE && each->pid >= pid && (!next || each->pid < next->pid))
            next = each;
    }
    if (next)
        info_fill(next, &info);
    mutex_unlock(&process_lock);
    if (!next)
        return rpc_error(-ENOENT);
    int64_t result = core_rref_write(out, 0, &info, sizeof info);
    return result < 0 ? rpc_error(result) : rpc_ok(info.pid);
}

static RpcResult file_read_for(struct thread *thread, const char *path, rref_t buffer,
                               uint64_t offset, uint32_t room)
{
    struct walk *walk;
    struct open_file *file;
    int64_t result = path_walk(thread, AT_CURRENT, path, WALK_FOLLOW, &walk);
    if (result < 0)
        return rpc_error(result);
    uint32_t type = walk->stat.mode & FS_TYPE;
    result = type == FS_FILE        ? file_open(thread, walk, OPEN_READ, &file)
             : type == FS_DIRECTORY ? -EISDIR
                                    : -EACCES;
    free(walk);
    if (result < 0)
        return rpc_error(result);
    result =
        fs_result(fs_read(mounts[file->place.mount].service, file->file, offset, buffer, 0, room));
    file_put(thread, file);
    return result < 0 ? rpc_error(result) : rpc_ok((uint64_t)result);
}

RpcResult process_do_read_file(rref_t buffer, uint32_t length, uint64_t offset, uint32_t room)
{
    struct thread *thread = thread_arrive((uint64_t)core_user_cookie());
    if (!thread)
        return rpc_error(-ESRCH);
    if (length >= PATH_SIZE)
        return rpc_error(-ENAMETOOLONG);
    char *path = calloc(1, PATH_SIZE);
    if (!path)
        return rpc_error(-ENOMEM);
    int64_t copied = core_rref_read(buffer, 0, path, length);
    RpcResult result =
        copied < 0 ? rpc_error(copied) : file_read_for(thread, path, buffer, offset, room);
    free(path);
    return result;
}
