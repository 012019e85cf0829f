// SPDX-License-Identifier: MIT
#include "kernel/control.h"
#include "kernel/abi/error.h"
#include "kernel/domain.h"
#include "kernel/event.h"
#include "kernel/log.h"
#include "kernel/rref.h"
#include "kernel/thread.h"
#include "kernel/wait.h"
#include "kernel/watch.h"
#include "microcore/console.h"
#include "microcore/fail.h"
#include "microcore/page.h"
#include "microcore/panic.h"
#include "microcore/string.h"

struct lock control_lock = LOCK_INIT(LOCK_CONTROL, "control");

// One command under way. Two users: the queue or the control task, and who waits for it.
struct job {
    struct control_command asked;   // as it came
    struct control_command command; // with what the work filled in
    void *file;
    int64_t result;
    bool done;
    uint32_t users;
    struct job *next;
};

static struct job *queue;
static struct event *arrived, *finished;
static struct thread *control_thread;

static void job_put(struct job *job)
{
    if (__atomic_sub_fetch(&job->users, 1, __ATOMIC_ACQ_REL))
        return;
    if (job->file)
        core_free(job->file, job->command.length);
    core_free(job, sizeof(*job));
}

// ---- Doing a job ----

static int64_t job_register(struct job *job, char *reason)
{
    bool known = false;
    struct image *image =
        image_register(job->file, job->command.length, "file", true, &known, reason, REASON_SIZE);
    if (!image)
        return -ENOEXEC;
    string_copy(job->command.image, image->header.name, sizeof(job->command.image));
    format_text(reason, REASON_SIZE, known ? "%s v%u: already known" : "%s v%u: registered",
                image->header.name, image->header.version);
    return 0;
}

static struct image *job_image(const struct job *job, char *reason)
{
    struct image *image = image_find(job->command.image);
    if (!image)
        format_text(reason, REASON_SIZE, "no image %s (see `domain images`, or `domain register`)",
                    job->command.image);
    return image;
}

static int64_t job_load(struct job *job, char *reason)
{
    struct image *image = job_image(job, reason);
    const char *name = job->command.service[0] ? job->command.service : job->command.image;
    return image ? service_load(image, name, reason) : -ENOENT;
}

static int64_t job_update(struct job *job, struct proxy *proxy, char *reason)
{
    struct image *image = job_image(job, reason);
    if (!image)
        return -ENOENT;
    uint32_t interface = job->command.interface;
    if (interface && interface != image->header.interface) {
        format_text(reason, REASON_SIZE, "%s has interface number %u, not %u (see `domain images`)",
                    image->header.name, image->header.interface, interface);
        return -EINVAL;
    }
    return service_update(proxy, image, false, reason);
}

static int64_t job_rollback(struct proxy *proxy, char *reason)
{
    if (!proxy->previous) {
        format_text(reason, REASON_SIZE, "nothing to roll back (there was no update since)");
        return -ENODATA;
    }
    return service_update(proxy, proxy->previous, true, reason);
}

static int64_t job_on_proxy(struct job *job, struct proxy *proxy, char *reason)
{
    switch (job->command.operation) {
    case CONTROL_UPDATE:
        return job_update(job, proxy, reason);
    case CONTROL_ROLLBACK:
        return job_rollback(proxy, reason);
    case CONTROL_RESTART:
        return service_restart(proxy, proxy->image, reason);
    case CONTROL_STOP:
        return service_stop(proxy, job->command.flags & 1, reason);
    case CONTROL_FAULT:
        return service_arm_fault(proxy, job->command.image, job->command.flags, reason);
    case CONTROL_SHADOW:
        return service_shadow(proxy, job->command.image, reason);
    default:
        format_text(reason, REASON_SIZE, "unknown operation %u", job->command.operation);
        return -EINVAL;
    }
}

static int64_t job_on_service(struct job *job, char *reason)
{
    struct proxy *proxy = proxy_find(job->command.service);
    if (!proxy) {
        format_text(reason, REASON_SIZE, "no such service (see `domain list`)");
        return -ENOENT;
    }
    proxy->busy = true; // its shadow waits until this is over
    int64_t result = job_on_proxy(job, proxy, reason);
    proxy->busy = false;
    return result;
}

static int64_t job_do(struct job *job, char *reason)
{
    switch (job->command.operation) {
    case CONTROL_REGISTER:
        return job_register(job, reason);
    case CONTROL_VERIFY:
        return image_judge(job->file, job->command.length, reason, REASON_SIZE);
    case CONTROL_LOAD:
        return job_load(job, reason);
    case CONTROL_FORGET:
        return image_forget(job->command.image, reason, REASON_SIZE);
    default:
        return job_on_service(job, reason);
    }
}

static const char *job_subject(const struct job *job)
{
    const struct control_command *command = &job->command;
    if (command->service[0])
        return command->service;
    return command->image[0] ? command->image : "image";
}

static void job_run(struct job *job)
{
    char reason[REASON_SIZE] = "";
    job->result = job_do(job, reason);
    char *reply = job->command.reply;
    if (job->command.operation == CONTROL_VERIFY)
        format_text(reply, CONTROL_REPLY_SIZE, "%s", reason);
    else
        format_text(reply, CONTROL_REPLY_SIZE, "domain: %s: %s", job_subject(job), reason);
    log_line(LOG_QUIET, "domain", "%s: %s", job_subject(job), reason);
}

static struct job *queue_take(void)
{
    interrupt_state state = lock_take(&control_lock);
    struct job *job = queue;
    if (job)
        queue = job->next;
    lock_release(&control_lock, state);
    return job;
}

uint64_t control_recover(void)
{
    struct thread *thread = thread_current();
    struct frame *top = thread->top;
    if (thread != control_thread || top == thread->frames + FRAMES_MAX - 1)
        return UINT64_MAX;
    if (top != thread->frames) { // in a life-cycle call, which goes on where it was
        top[1].version = &version_core;
        top[1].carried = 0;
        top[1].proxy = NULL;
        thread->top = top + 1;
    }
    uint64_t next = service_recover_due();
    thread->top = top;
    return next;
}

void control_wake(void)
{
    control_thread->task.urgent = true;
    event_signal(arrived);
}

void control_look(void)
{
    event_signal(arrived);
}

uint64_t control_news(void)
{
    return event_count(arrived);
}

void control_sleep(uint64_t seen, uint64_t deadline)
{
    wait_event(arrived, seen, deadline);
}

static void control_task(void *argument)
{
    (void)argument;
    task_current()->fail_run = FAIL_ALWAYS;
    for (;;) {
        uint64_t seen = event_count(arrived);
        uint64_t due = control_recover(); // first: somebody waits
        task_current()->urgent = false;
        uint64_t watched = watch_renew();
        struct job *job = queue_take();
        if (!job) {
            wait_event(arrived, seen, due < watched ? due : watched);
            continue;
        }
        job_run(job);
        __atomic_store_n(&job->done, true, __ATOMIC_RELEASE);
        event_signal(finished);
        job_put(job);
    }
}

void control_start(void)
{
    arrived = event_create();
    finished = event_create();
    struct thread *thread = control_thread =
        arrived && finished ? thread_create("control", control_task, NULL) : NULL;
    if (!thread)
        panic("no memory for the control task");
    task_wake(&thread->task);
}

// ---- Asking for a job ----

// Is it the same command again, whose job is still under way or not fetched?
static bool job_is_for(const struct job *job, const struct control_command *command,
                       const void *file)
{
    const struct control_command *asked = &job->asked;
    return asked->operation == command->operation && asked->flags == command->flags &&
           !strcmp(asked->service, command->service) && !strcmp(asked->image, command->image) &&
           asked->interface == command->interface && asked->length == command->length &&
           !file == !job->file && (!file || !memcmp(file, job->file, command->length));
}

void control_forget(struct thread *thread)
{
    if (thread->job)
        job_put(thread->job);
    thread->job = NULL;
}

static struct job *job_make(const struct control_command *command, void *file)
{
    struct job *job = core_alloc(sizeof(*job));
    if (!job)
        return NULL;
    job->asked = job->command = *command;
    job->file = file;
    job->users = 2;
    interrupt_state state = lock_take(&control_lock);
    struct job **link = &queue;
    while (*link)
        link = &(*link)->next;
    *link = job;
    lock_release(&control_lock, state);
    event_signal(arrived);
    return job;
}

int64_t control_run(struct control_command *command, void *file)
{
    struct thread *thread = thread_current();
    struct job *job = thread->job;
    if (thread == control_thread)
        return -EDEADLK; // a life-cycle function that gives commands would wait for itself
    if (command->operation == CONTROL_FAIL)
        return control_fail(command->image, command->interface, command->flags, command->reply);
    if (job && job_is_for(job, command, file)) {
        if (file)
            core_free(file, command->length); // the job has its own copy
    } else {
        control_forget(thread);
        job = thread->job = job_make(command, file);
        if (!job && file)
            core_free(file, command->length);
    }
    if (!job) {
        format_text(command->reply, sizeof(command->reply), "domain: out of memory");
        return -ENOMEM;
    }
    for (;;) {
        uint64_t seen = event_count(finished);
        if (__atomic_load_n(&job->done, __ATOMIC_ACQUIRE))
            break;
        int64_t error = wait_event(finished, seen, WAIT_FOREVER);
        if (error == -EINTR)
            return error;
    }
    memcpy(command->reply, job->command.reply, sizeof(command->reply));
    memcpy(command->image, job->command.image, sizeof(command->image));
    int64_t result = job->result;
    thread->job = NULL;
    job_put(job);
    return result;
}

// ---- Questions ----

static void service_fill(const struct proxy *proxy, struct service_info *info)
{
    string_copy(info->name, proxy->name, sizeof(info->name));
    info->state = proxy_state(proxy);
    info->interface = proxy->interface;
    info->calls = proxy->calls_before;
    info->faults = proxy->faults;
    info->restarts = proxy->restarts;
    if (proxy->image) {
        string_copy(info->image, proxy->image->header.name, sizeof(info->image));
        info->version = proxy->image->header.version;
    }
    const struct domain *domain = proxy->domain;
    if (domain) {
        info->id = domain->id;
        info->calls += version_calls(domain->version);
        info->pages = domain->slot->pages;
        info->rrefs = rref_count_owned(domain);
    }
}

int64_t control_query_service(uint64_t index, struct service_info *info)
{
    interrupt_state state = lock_take(&control_lock);
    const struct proxy *proxy = proxies;
    while (proxy && (!proxy->image || index--))
        proxy = proxy->next;
    if (proxy)
        service_fill(proxy, info);
    lock_release(&control_lock, state);
    return proxy ? 0 : -ENOENT;
}

int64_t control_query_image(uint64_t index, struct image_info *info)
{
    interrupt_state state = lock_take(&control_lock);
    const struct image *image = images;
    while (image && (image->newer || index--))
        image = image->next;
    if (image) {
        string_copy(info->name, image->header.name, sizeof(info->name));
        string_copy(info->interface_name, image->header.interface_name,
                    sizeof(info->interface_name));
        info->version = image->header.version;
        info->interface = image->header.interface;
        info->hash = image->header.interface_hash;
        info->size = image->size;
        string_copy(info->from, image->from, sizeof(info->from));
    }
    lock_release(&control_lock, state);
    return image ? 0 : -ENOENT;
}
