// SPDX-License-Identifier: MIT
// Core entries: each takes what a domain gave, checks it, and calls who does the work.
//
// Runs on the thread's core stack with interrupts on. Pointers are the domain's: only slot_read and
// slot_write follow them. kernel/abi/core_entry.h says what each does.
#include "kernel/entries.h"
#include "kernel/abi/core_entry.h"
#include "kernel/abi/error.h"
#include "kernel/control.h"
#include "kernel/device.h"
#include "kernel/domain.h"
#include "kernel/event.h"
#include "kernel/fault.h"
#include "kernel/gate.h"
#include "kernel/heap.h"
#include "kernel/log.h"
#include "kernel/rref.h"
#include "kernel/thread.h"
#include "kernel/wait.h"
#include "kernel/watch.h"
#include "microcore/devicetree.h"
#include "microcore/hart.h"
#include "microcore/page.h"
#include "microcore/pagetable.h"
#include "microcore/panic.h"
#include "microcore/string.h"
#include "microcore/timer.h"
#include <stddef.h>

#pragma GCC diagnostic ignored "-Wmissing-prototypes" // gate.S calls them by number

static int copy_in(void *destination, uint64_t pointer, uint64_t bytes)
{
    return slot_read(thread_domain()->slot, destination, pointer, bytes);
}

static int copy_out(uint64_t pointer, const void *source, uint64_t bytes)
{
    return slot_write(thread_domain()->slot, pointer, source, bytes);
}

static struct event *event_of(uint64_t handle)
{
    return (struct event *)handle_object(thread_domain(), (handle_t)handle, OBJECT_EVENT);
}

// ---- Waiting, events, threads ----

static int64_t wait_on(const struct wait_item *items, uint64_t count, uint64_t deadline)
{
    struct event *events[WAIT_ITEMS_MAX];
    uint64_t seen[WAIT_ITEMS_MAX], have = 0;
    int64_t result = 0;
    for (; have < count && !result; have++) {
        events[have] = event_of(items[have].event);
        seen[have] = items[have].seen;
        if (!events[have]) {
            result = -EBADF;
            break;
        }
    }
    if (!result)
        result = wait_in_domain(events, seen, count, deadline);
    while (have-- > 0)
        object_put(&events[have]->object);
    return result;
}

// The end of a wait of a domain's own thread, or of who has waited for too long.
static __attribute__((noinline)) int64_t wait_conclude_late(struct thread *thread,
                                                            struct domain *domain, int64_t result)
{
    if (thread->owner == domain) {
        frame_renew(thread->top);
        const void *main = domain->image->header.thread_main, *armed = fault_armed(domain, main);
        if (armed != main)
            thread->top->ra = domain->slot->base + (uint64_t)armed;
    }
    if (result == -EDEADLK)
        fault_abort(FAULT_WAIT, NULL, NULL); // the way out of this entry pops the frame
    return result;
}

static inline int64_t wait_conclude(int64_t result)
{
    struct thread *thread = thread_current();
    struct domain *domain = thread_domain();
    return thread->owner == domain || result == -EDEADLK
               ? wait_conclude_late(thread, domain, result)
               : result;
}

int64_t core_wait(uint64_t items, uint64_t count, uint64_t deadline)
{
    struct wait_item copied[WAIT_ITEMS_MAX];
    if (count > WAIT_ITEMS_MAX)
        return -EINVAL;
    if (copy_in(copied, items, count * sizeof(copied[0])))
        return -EFAULT;
    uint64_t began = watch_wait_begin();
    int64_t result = wait_on(copied, count, deadline);
    watch_wait_end(began);
    return wait_conclude(result);
}

RpcResult core_wait_one(uint64_t handle, uint64_t seen, uint64_t deadline)
{
    struct event *event = event_of(handle);
    if (!event)
        return (RpcResult){-EBADF, 0};
    uint64_t began = watch_wait_begin();
    int64_t result = wait_in_domain(&event, &seen, 1, deadline);
    watch_wait_end(began);
    uint64_t count = event_count(event);
    object_put(&event->object);
    return (RpcResult){wait_conclude(result), count};
}

int64_t core_event_create(void)
{
    struct domain *domain = thread_domain();
    struct event *event = event_create();
    if (!event)
        return -ENOMEM;
    int handle = handle_insert(domain, &event->object, 0);
    if (handle < 0)
        object_put(&event->object);
    return handle;
}

// The event of a handle, for as long as the domain's lock is held; NULL: there is none.
static struct event *event_look(const struct domain *domain, uint64_t handle)
{
    struct object *object = domain->handles[handle].object;
    return object && object->kind == OBJECT_EVENT ? (struct event *)object : NULL;
}

int64_t core_event_signal(uint64_t handle)
{
    struct domain *domain = thread_domain();
    if (handle >= domain->handle_count)
        return -EBADF;
    interrupt_state state = lock_take(&domain->lock);
    struct event *event = event_look(domain, handle);
    int64_t count = event ? (int64_t)event_signal(event) : -EBADF;
    lock_release(&domain->lock, state);
    return count;
}

int64_t core_event_count(uint64_t handle)
{
    struct domain *domain = thread_domain();
    if (handle >= domain->handle_count)
        return -EBADF;
    interrupt_state state = lock_take(&domain->lock);
    const struct event *event = event_look(domain, handle);
    int64_t count = event ? (int64_t)event_count(event) : -EBADF;
    lock_release(&domain->lock, state);
    return count;
}

int64_t core_handle_close(uint64_t handle)
{
    struct domain *domain = thread_domain();
    handle_t index = (handle_t)handle;
    if (index < domain->image->header.need_count)
        return -EPERM; // the manifest's constants stay
    return handle_close(domain, index);
}

// Only in a life-cycle call: the control task, which makes it, ends the inheritance as well.
int64_t core_handles_inherit(uint64_t pointer, uint64_t count)
{
    int32_t handles[INHERIT_MAX];
    struct domain *domain = thread_domain();
    if (thread_current()->owner || thread_current()->top->proxy || !domain->predecessor)
        return -ENOENT;
    if (count > INHERIT_MAX)
        return -EINVAL;
    if (copy_in(handles, pointer, count * sizeof(handles[0])))
        return -EFAULT;
    handles_inherit(domain->predecessor, handles, (uint32_t)count, domain);
    return copy_out(pointer, handles, count * sizeof(handles[0]));
}

int64_t core_handle_status(uint64_t handle)
{
    struct object *object = handle_object(thread_domain(), (handle_t)handle, OBJECT_PROXY);
    if (!object)
        return -EBADF;
    const struct proxy *proxy =
        (const struct proxy *)((char *)object - offsetof(struct proxy, object));
    int64_t serving = __atomic_load_n(&proxy->version, __ATOMIC_ACQUIRE) != &version_dead;
    object_put(object);
    return serving;
}

int64_t core_thread_create(uint64_t function, uint64_t argument)
{
    return domain_thread_create(thread_domain(), function, argument);
}

int64_t core_yield(void)
{
    task_yield();
    return 0;
}

int64_t core_time(void)
{
    return (int64_t)time_now();
}

// ---- Small ones ----

int64_t core_log(uint64_t text, uint64_t length)
{
    char line[200];
    if (length >= sizeof(line))
        length = sizeof(line) - 1;
    if (copy_in(line, text, length))
        return -EFAULT;
    while (length && line[length - 1] == '\n')
        length--;
    line[length] = 0;
    log_line(LOG_QUIET, thread_domain()->image->header.name, "%s", line);
    return 0;
}

int64_t core_heap_grow(uint64_t bytes)
{
    return slot_heap_grow(thread_domain()->slot, bytes);
}

int64_t core_fault_take(void)
{
    struct domain *domain = thread_domain();
    const struct image *image = domain->image;
    uint32_t taken = __atomic_exchange_n(&domain->armed_fault, 0, __ATOMIC_ACQ_REL);
    for (uint32_t i = 0; taken && i < image->header.method_count; i++)
        __atomic_store_n(&domain->version->served[i], domain->slot->base + image->methods[i],
                         __ATOMIC_RELAXED);
    if (taken)
        watch_lead(domain->version);
    return taken;
}

int64_t core_system_info(uint64_t out)
{
    struct system_info info = {
        .uptime_ns = time_now(),
        .pages = page_count_total(),
        .free_pages = page_count_free(),
        .rrefs = RREFS_MAX,
        .free_rrefs = rref_count_free(),
        .harts = hart_count,
        .threads = thread_count(),
        .events = event_total(),
        .slots_free = slot_count_free(),
        .log_end = log_end(),
        .kept_pages = page_count_kept() + heap_stale_pages() + slot_count_stack_pages(),
        .handles = handle_total(),
        .object_bytes = core_bytes(),
        .time_start = time_start(),
        .time_scale = time_scale(),
        .icount = command_line_option("icount", NULL, 0),
    };
    for (uint32_t hart = 0; hart < hart_count; hart++)
        info.idle_ns += harts[hart].idle_ns;
    return copy_out(out, &info, sizeof(info));
}

int64_t core_log_read(uint64_t log, uint64_t position, uint64_t target, uint64_t bytes)
{
    char piece[512];
    uint64_t done = 0;
    if (!handle_has_capability(thread_domain(), (handle_t)log, CORE_LOG))
        return -EBADF;
    while (done < bytes) {
        uint64_t count = bytes - done < sizeof(piece) ? bytes - done : sizeof(piece);
        count = log_copy(&position, piece, count);
        if (!count)
            break;
        if (copy_out(target + done, piece, count))
            return -EFAULT;
        position += count;
        done += count;
    }
    return (int64_t)done;
}

int64_t core_power_off(uint64_t power, uint64_t status)
{
    if (!handle_has_capability(thread_domain(), (handle_t)power, CORE_POWER))
        return -EBADF;
    machine_power_off((uint32_t)status & 255);
}

int64_t core_command_line(uint64_t target, uint64_t bytes)
{
    uint64_t length = strlen(machine.command_line);
    if (length < bytes)
        bytes = length;
    if (copy_out(target, machine.command_line, bytes))
        return -EFAULT;
    return (int64_t)bytes;
}

int64_t core_initrd_map(uint64_t initrd)
{
    struct domain *domain = thread_domain();
    if (!handle_has_capability(domain, (handle_t)initrd, CORE_INITRD))
        return -EBADF;
    uint64_t length = machine.initrd_end - machine.initrd_start;
    if (length > SLOT_STACKS - SLOT_INITRD)
        return -E2BIG;
    for (uint64_t offset = 0; offset < length; offset += PAGE_SIZE) {
        int error = slot_map_foreign(domain->slot, SLOT_INITRD + offset,
                                     machine.initrd_start + offset, PTE_READ);
        if (error)
            return error;
    }
    return (int64_t)length;
}

// ---- RRefs ----

int64_t core_rref_alloc(uint64_t bytes, uint64_t type)
{
    return rref_alloc(thread_domain(), bytes, type);
}

int64_t core_rref_free(uint64_t rref)
{
    return rref_free(thread_domain(), rref);
}

int64_t core_rref_length(uint64_t rref)
{
    return rref_length(thread_domain(), rref);
}

int64_t core_rref_write(uint64_t rref, uint64_t offset, uint64_t source, uint64_t bytes)
{
    return rref_write(thread_domain(), rref, offset, source, bytes);
}

int64_t core_rref_read(uint64_t rref, uint64_t offset, uint64_t target, uint64_t bytes)
{
    return rref_read(thread_domain(), rref, offset, target, bytes);
}

int64_t core_rref_copy(uint64_t target, uint64_t target_offset, uint64_t source,
                       uint64_t source_offset, uint64_t bytes)
{
    return rref_copy(thread_domain(), target, target_offset, source, source_offset, bytes);
}

int64_t core_rref_fill(uint64_t rref, uint64_t offset, uint64_t byte, uint64_t bytes)
{
    return rref_fill(thread_domain(), rref, offset, (int)(byte & 255), bytes);
}

int64_t core_rref_keep(uint64_t rref, uint64_t key, uint64_t schema)
{
    return rref_keep(thread_domain(), rref, key, schema);
}

int64_t core_rref_kept(uint64_t key, uint64_t schema)
{
    return rref_kept(thread_domain(), key, schema);
}

int64_t core_rref_hold(uint64_t rref)
{
    return rref_hold(thread_domain(), rref);
}

int64_t core_rref_complete(uint64_t rref, int64_t status)
{
    return rref_complete(thread_domain(), rref, status);
}

int64_t core_rref_completion(uint64_t rref, uint64_t handle, uint64_t tag)
{
    struct event *event = event_of(handle);
    if (!event)
        return -EBADF;
    int64_t result = rref_completion(thread_domain(), rref, event, tag);
    object_put(&event->object);
    return result;
}

int64_t core_completion_reap(uint64_t handle, uint64_t records, uint64_t max)
{
    struct completion reaped[16];
    struct event *event = event_of(handle);
    if (!event)
        return -EBADF;
    if (max > sizeof(reaped) / sizeof(reaped[0]))
        max = sizeof(reaped) / sizeof(reaped[0]);
    uint64_t count = completion_reap(event, reaped, max);
    object_put(&event->object);
    if (copy_out(records, reaped, count * sizeof(reaped[0])))
        return -EFAULT;
    return (int64_t)count;
}

// Of an event at which one RRef's completions come, so that its status says it all.
RpcResult core_completion_wait(uint64_t handle, uint64_t patience)
{
    struct completion completion;
    struct event *event = event_of(handle);
    if (!event)
        return rpc_error(-EBADF);
    int64_t result = 0;
    uint64_t deadline = 0;
    bool still_lent = false;
    for (;;) {
        uint64_t seen = event_count(event); // before the look
        if (completion_take(event, &completion, &still_lent)) {
            result = 0;
            break;
        }
        if (result < 0)
            break;
        if (!deadline)
            deadline = time_now() + patience;
        result = wait_in_domain(&event, &seen, 1, deadline);
    }
    object_put(&event->object);
    result = wait_conclude(result);
    return (RpcResult){result < 0 ? result : still_lent, (uint64_t)completion.status};
}

// ---- Devices ----

int64_t core_mmio_read(uint64_t device, uint64_t offset, uint64_t width)
{
    return device_mmio_read(thread_domain(), (handle_t)device, offset, width);
}

int64_t core_mmio_write(uint64_t device, uint64_t offset, uint64_t width, uint64_t value)
{
    return device_mmio_write(thread_domain(), (handle_t)device, offset, width, value);
}

int64_t core_irq_event(uint64_t device)
{
    return device_irq_event(thread_domain(), (handle_t)device);
}

int64_t core_irq_done(uint64_t device)
{
    return device_irq_done(thread_domain(), (handle_t)device);
}

int64_t core_virtio_features(uint64_t device)
{
    return virtio_features(thread_domain(), (handle_t)device);
}

int64_t core_virtio_start(uint64_t device, uint64_t features, uint64_t queues, uint64_t size)
{
    return virtio_start(thread_domain(), (handle_t)device, features, queues, size);
}

int64_t core_virtio_config(uint64_t device, uint64_t offset, uint64_t target, uint64_t bytes)
{
    return virtio_config(thread_domain(), (handle_t)device, offset, target, bytes);
}

int64_t core_virtio_post(uint64_t device, uint64_t queue, uint64_t buffers, uint64_t count,
                         uint64_t cookie, uint64_t flags, uint64_t first, uint64_t second)
{
    const struct virtio_extra extra = {cookie, flags, {first, second}};
    return virtio_post(thread_domain(), (handle_t)device, queue, buffers, count, &extra);
}

int64_t core_virtio_notify(uint64_t device, uint64_t queue)
{
    return virtio_notify(thread_domain(), (handle_t)device, queue);
}

int64_t core_virtio_reap(uint64_t device, uint64_t queue, uint64_t records, uint64_t max)
{
    return virtio_reap(thread_domain(), (handle_t)device, queue, records, max);
}

int64_t core_virtio_stop(uint64_t device)
{
    return virtio_stop(thread_domain(), (handle_t)device);
}

// ---- The operator ----

// The file of a command, copied into core memory.
static int64_t command_file(struct domain *domain, const struct control_command *command,
                            void **file)
{
    *file = NULL;
    if (command->operation != CONTROL_REGISTER && command->operation != CONTROL_VERIFY)
        return 0;
    int64_t length = rref_length(domain, command->file);
    if (length < 0)
        return length;
    if (command->length > (uint64_t)length || !command->length)
        return -EINVAL;
    char *copy = core_alloc(command->length);
    if (!copy)
        return -ENOMEM;
    int64_t error = rref_copy_in(domain, command->file, 0, copy, command->length);
    if (error) {
        core_free(copy, command->length);
        return error;
    }
    *file = copy;
    return 0;
}

int64_t core_control_command(uint64_t control, uint64_t pointer)
{
    struct control_command command;
    void *file;
    struct domain *domain = thread_domain();
    if (!handle_has_capability(domain, (handle_t)control, CORE_CONTROL))
        return -EBADF;
    if (copy_in(&command, pointer, sizeof(command)))
        return -EFAULT;
    command.service[CONTROL_NAME_SIZE - 1] = command.image[CONTROL_NAME_SIZE - 1] = 0;
    command.reply[0] = 0;
    int64_t result = command_file(domain, &command, &file);
    if (result)
        return result;
    result = control_run(&command, file);
    if (result != -EINTR && copy_out(pointer, &command, sizeof(command)))
        return -EFAULT;
    return result;
}

int64_t core_control_service(uint64_t control, uint64_t index, uint64_t out)
{
    struct service_info info = {0};
    if (!handle_has_capability(thread_domain(), (handle_t)control, CORE_CONTROL))
        return -EBADF;
    int64_t error = control_query_service(index, &info);
    return error ? error : copy_out(out, &info, sizeof(info));
}

int64_t core_control_image(uint64_t control, uint64_t index, uint64_t out)
{
    struct image_info info = {0};
    if (!handle_has_capability(thread_domain(), (handle_t)control, CORE_CONTROL))
        return -EBADF;
    int64_t error = control_query_image(index, &info);
    return error ? error : copy_out(out, &info, sizeof(info));
}

int64_t core_control_watch(uint64_t control, uint64_t index, uint64_t out)
{
    struct service_times times = {0};
    if (!handle_has_capability(thread_domain(), (handle_t)control, CORE_CONTROL))
        return -EBADF;
    int64_t error = watch_query(index, &times);
    return error ? error : copy_out(out, &times, sizeof(times));
}

int64_t core_control_detail(uint64_t control, uint64_t name, uint64_t target, uint64_t bytes)
{
    char service[CONTROL_NAME_SIZE], text[1600];
    if (!handle_has_capability(thread_domain(), (handle_t)control, CORE_CONTROL))
        return -EBADF;
    if (copy_in(service, name, sizeof(service)))
        return -EFAULT;
    service[sizeof(service) - 1] = 0;
    int64_t length = control_query_detail(service, text, sizeof(text));
    if (length < 0)
        return length;
    if ((uint64_t)length < bytes)
        bytes = (uint64_t)length;
    return copy_out(target, text, bytes) ? -EFAULT : (int64_t)bytes;
}

// ---- The gate page ----

uint64_t gate_page[GATE_WORDS] __attribute__((aligned(PAGE_SIZE)));

void gate_page_init(void)
{
    for (uint32_t word = 0; word < GATE_WORDS; word++) {
        bool known = word < 128 && core_entry_functions[word];
        gate_page[word] = (uint64_t)(known ? core_entry_stubs + 8 * word : gate_abort);
    }
    gate_page[CORE_ENTRY_RETURN] = (uint64_t)gate_return;
    gate_page[CORE_ENTRY_CALL] = (uint64_t)gate_call;
    gate_page[CORE_ENTRY_COPY] = (uint64_t)gate_copy;
    gate_page[CORE_ENTRY_FILL] = (uint64_t)gate_fill;
}
