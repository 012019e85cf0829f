// SPDX-License-Identifier: MIT
// What a domain can ask of the core, as C functions: one for each entry of kernel/abi/core_entry.h.
//
// All may be called from any thread of the domain, inside a method or in a thread of its own. Only
// core_wait sleeps (and control_command, which waits for its job). Results are values >= 0 or a
// negative errno; -EFAULT means that a pointer did not lie in mapped memory of the own slot, -EBADF
// that a handle is not what the entry wants, -EPERM that an RRef is not held in the way it needs.
// Pointers that are given in stay the caller's; lengths are bytes, times nanoseconds since boot.
#pragma once
#include "core_call.h"
#include <errno.h>
#include <stdbool.h>

// ---- Ending ----

// Gives up: the instance is aborted, its callers get RPC_CRASHED. For states that cannot be.
CORE_INLINE _Noreturn void core_abort(void)
{
    __asm__ volatile("ld s9, %[word](gp)\n\tjalr ra, 0(s9)"
                     :
                     : [word] "i"(8 * CORE_ENTRY_ABORT)
                     : "ra", "memory");
    __builtin_unreachable();
}

// ---- Events, time, threads ----

// Sleeps until one of COUNT (at most WAIT_ITEMS_MAX) events has another count than its `seen`, or
// until DEADLINE (absolute; WAIT_FOREVER: none). Returns the index of the first that fired,
// -ETIMEDOUT, or -EINTR when it was kicked: then undo or return what is done, and hand -EINTR up.
CORE_INLINE int64_t core_wait(const struct wait_item *items, uint64_t count, uint64_t deadline)
{
    if (__builtin_constant_p(count) && count == 1)
        return core_call3(ENTRY_wait_one, items->event, items->seen, deadline);
    return core_call3(ENTRY_wait, core_pointer(items), count, deadline);
}

// The same for one event, whose count is to be waited for again: *seen receives the count that it
// has afterwards. The next wait ends at once if somebody has signalled meanwhile.
CORE_INLINE int64_t core_wait_next(handle_t event, uint64_t *seen, uint64_t deadline)
{
    register uint64_t a0 __asm__("a0") = event;
    register uint64_t a1 __asm__("a1") = *seen;
    register uint64_t a2 __asm__("a2") = deadline;
    __asm__ volatile(CORE_JUMP
                     : "+r"(a0), "+r"(a1), "+r"(a2)
                     : [word] "i"(8 * ENTRY_wait_one)
                     : CORE_CLOBBERS, "a3", "a4", "a5", "a6", "a7");
    *seen = a1;
    return (int64_t)a0;
}

// Makes an event; returns its handle. Its count starts at 0 and only grows. Counts against the
// manifest's `events`.
CORE_INLINE int64_t core_event_create(void)
{
    return core_call0(ENTRY_event_create);
}

// Adds one to the event's count and wakes who waits for it. Returns the new count.
CORE_INLINE int64_t core_event_signal(handle_t event)
{
    return core_call1(ENTRY_event_signal, event);
}

// The event's count: what goes into wait_item.seen, read before looking at what it announces.
CORE_INLINE int64_t core_event_count(handle_t event)
{
    return core_call1(ENTRY_event_count, event);
}

CORE_INLINE int64_t core_handle_close(handle_t handle)
{
    return core_call1(ENTRY_handle_close, handle);
}

// During domain_import and domain_attach of an update: each of COUNT numbers of the predecessor's
// handles, INHERIT_MAX at most, becomes that of an own handle which names the same; -EBADF if it is
// nothing that can be inherited (events, address spaces and user threads can), -ENFILE: the table
// is full. The predecessor keeps its own until it is gone, so that nothing needs undoing where the
// update fails. -ENOENT: this is no update.
CORE_INLINE int64_t core_handles_inherit(int32_t *handles, uint32_t count)
{
    return core_call2(ENTRY_handles_inherit, core_pointer(handles), count);
}

// The same for one. The own handle, or why there is none.
CORE_INLINE int64_t core_handle_inherit(handle_t handle)
{
    int32_t own = (int32_t)handle;
    int64_t status = core_handles_inherit(&own, 1);
    return status < 0 ? status : own;
}

// 1 when the service behind the handle is serving, 0 when not, -EBADF when there is none.
CORE_INLINE int64_t core_handle_status(handle_t handle)
{
    return core_call1(ENTRY_handle_status, handle);
}

// Nanoseconds since boot.
CORE_INLINE uint64_t core_time(void)
{
    return (uint64_t)core_call0(ENTRY_time);
}

// Lets other tasks run.
CORE_INLINE void core_yield(void)
{
    core_call0(ENTRY_yield);
}

// Starts a thread of the domain's own that runs FUNCTION(ARGUMENT) and ends when that returns.
// Returns its number. Counts against the manifest's `threads`.
CORE_INLINE int64_t core_thread_create(void (*function)(uint64_t argument), uint64_t argument)
{
    return core_call2(ENTRY_thread_create, (uint64_t)(uintptr_t)function, argument);
}

// ---- Private memory, log, machine ----

// Adds BYTES (whole pages) to the private heap; returns the slot offset at which they begin.
CORE_INLINE int64_t core_heap_grow(uint64_t bytes)
{
    return core_call1(ENTRY_heap_grow, bytes);
}

// One line into the kernel log, without its newline. The core writes the domain's name before it.
CORE_INLINE int64_t core_log(const char *text, uint64_t length)
{
    return core_call2(ENTRY_log, core_pointer(text), length);
}

CORE_INLINE int64_t core_system_info(struct system_info *out)
{
    return core_call1(ENTRY_system_info, core_pointer(out));
}

// The kernel's command line, cut at N bytes, not closed with a NUL. Returns its length.
CORE_INLINE int64_t core_command_line(char *out, uint64_t n)
{
    return core_call2(ENTRY_command_line, core_pointer(out), n);
}

// The fault class (fault.h) that `domain fault` armed, 0 if none; disarms it.
CORE_INLINE int64_t core_fault_take(void)
{
    return core_call0(ENTRY_fault_take);
}

// ---- RRefs: who holds them, and their bytes ----

// Makes an RRef of BYTES zero bytes, owned by the caller. TYPE: any number, kept with it. Counts
// against the manifest's `rrefs` and `shared pages`. Returns it, or a negative errno.
CORE_INLINE int64_t core_rref_alloc(uint64_t bytes, uint64_t type)
{
    return core_call2(ENTRY_rref_alloc, bytes, type);
}

// Frees an RRef that the caller owns. -EBUSY while it is lent.
CORE_INLINE int64_t core_rref_free(rref_t rref)
{
    return core_call1(ENTRY_rref_free, rref);
}

// Length in bytes of an RRef that the caller owns or was lent.
CORE_INLINE int64_t core_rref_length(rref_t rref)
{
    return core_call1(ENTRY_rref_length, rref);
}

// Copy between own memory and an RRef that the caller owns or was lent, windows included (those
// have no address). The range must lie inside the RRef, else -EINVAL. Return 0.
CORE_INLINE int64_t core_rref_write(rref_t rref, uint64_t offset, const void *source, uint64_t n)
{
    return core_call4(ENTRY_rref_write, rref, offset, core_pointer(source), n);
}

CORE_INLINE int64_t core_rref_read(rref_t rref, uint64_t offset, void *target, uint64_t n)
{
    return core_call4(ENTRY_rref_read, rref, offset, core_pointer(target), n);
}

// Copies N bytes from one RRef into another; they may be windows. Returns 0.
CORE_INLINE int64_t core_rref_copy(rref_t target, uint64_t target_offset, rref_t source,
                                   uint64_t source_offset, uint64_t n)
{
    return core_call5(ENTRY_rref_copy, target, target_offset, source, source_offset, n);
}

CORE_INLINE int64_t core_rref_fill(rref_t rref, uint64_t offset, uint8_t byte, uint64_t n)
{
    return core_call4(ENTRY_rref_fill, rref, offset, byte, n);
}

// Marks an owned RRef to outlive this instance: the next one finds it under KEY. It still counts
// against the limits of who holds it.
CORE_INLINE int64_t core_rref_keep(rref_t rref, uint64_t key, uint64_t schema)
{
    return core_call3(ENTRY_rref_keep, rref, key, schema);
}

// What an earlier instance kept under KEY with this SCHEMA, now owned by the caller; -ENOENT if
// nothing.
CORE_INLINE int64_t core_rref_kept(uint64_t key, uint64_t schema)
{
    return core_call2(ENTRY_rref_kept, key, schema);
}

// ---- Requests that end after their call: the RRef carries the completion ----

// Keeps a lent RRef past the end of this call, until core_rref_complete.
CORE_INLINE int64_t core_rref_hold(rref_t rref)
{
    return core_call1(ENTRY_rref_hold, rref);
}

// Ends the loan of a held RRef; its owner finds STATUS (0 or a negative errno) at its event, once
// no device has it and no call with it is under way. -EACCES: it is not on loan beyond a call.
CORE_INLINE int64_t core_rref_complete(rref_t rref, int64_t status)
{
    return core_call2(ENTRY_rref_complete, rref, (uint64_t)status);
}

// Says where the completions of an owned RRef go: {TAG, status} is queued at EVENT.
CORE_INLINE int64_t core_rref_completion(rref_t rref, handle_t event, uint64_t tag)
{
    return core_call3(ENTRY_rref_completion, rref, event, tag);
}

// Takes up to MAX queued completions from an own event. Returns how many.
CORE_INLINE int64_t core_completion_reap(handle_t event, struct completion *out, uint64_t max)
{
    return core_call3(ENTRY_completion_reap, event, core_pointer(out), max);
}

// Waits until a loan has ended whose completion comes to EVENT, and takes its record: RPC_OK, or 1
// where somebody may have the RRef yet; value: its status. Or -ETIMEDOUT after PATIENCE ns, -EINTR:
// kicked. Signals of the event alone end nothing.
CORE_INLINE RpcResult core_completion_wait(handle_t event, uint64_t patience)
{
    return core_call2_value(ENTRY_completion_wait, event, patience);
}

// ---- Devices (handles that the manifest's `device` lines give) ----

// Reads or writes a register of WIDTH 1, 2, 4 or 8 bytes at OFFSET of the device's registers.
CORE_INLINE int64_t core_mmio_read(handle_t device, uint64_t offset, uint64_t width)
{
    return core_call3(ENTRY_mmio_read, device, offset, width);
}

CORE_INLINE int64_t core_mmio_write(handle_t device, uint64_t offset, uint64_t width,
                                    uint64_t value)
{
    return core_call4(ENTRY_mmio_write, device, offset, width, value);
}

// The event that counts the device's interrupts. Each call returns the same handle.
CORE_INLINE int64_t core_irq_event(handle_t device)
{
    return core_call1(ENTRY_irq_event, device);
}

// The interrupt has been dealt with and may come again.
CORE_INLINE int64_t core_irq_done(handle_t device)
{
    return core_call1(ENTRY_irq_done, device);
}

// ---- Virtio devices (virtio.h has helpers); rings and transport registers are the core's ----

CORE_INLINE int64_t core_virtio_features(handle_t device)
{
    return core_call1(ENTRY_virtio_features, device);
}

// Resets the device, accepts FEATURES (device bits only), makes QUEUES queues of SIZE descriptors,
// sets DRIVER_OK (virtio 1.2, 3.1.1).
CORE_INLINE int64_t core_virtio_start(handle_t device, uint64_t features, uint64_t queues,
                                      uint64_t size)
{
    return core_call4(ENTRY_virtio_start, device, features, queues, size);
}

// Copies N bytes of the device's configuration space from OFFSET on.
CORE_INLINE int64_t core_virtio_config(handle_t device, uint64_t offset, void *out, uint64_t n)
{
    return core_call4(ENTRY_virtio_config, device, offset, core_pointer(out), n);
}

// Puts one request of N buffers on a queue; COOKIE comes back in virtio_done. The buffers' RRefs
// are pinned until then. -EAGAIN when the queue is full. The device learns of it by
// core_virtio_notify.
CORE_INLINE int64_t core_virtio_post(handle_t device, uint64_t queue,
                                     const struct virtio_buffer *buffers, uint64_t n,
                                     uint64_t cookie)
{
    return core_call8(ENTRY_virtio_post, device, queue, core_pointer(buffers), n, cookie, 0, 0, 0);
}

// The same with 16 bytes before the buffers, FIRST and SECOND, and a status byte behind them, which
// comes back in virtio_done; N may be 0. NOTIFY: the device learns of it at once.
CORE_INLINE int64_t core_virtio_post_framed(handle_t device, uint64_t queue,
                                            const struct virtio_buffer *buffers, uint64_t n,
                                            uint64_t cookie, uint64_t first, uint64_t second,
                                            bool notify)
{
    return core_call8(ENTRY_virtio_post, device, queue, core_pointer(buffers), n, cookie,
                      VIRTIO_POST_FRAMED | (notify ? VIRTIO_POST_NOTIFY : 0), first, second);
}

CORE_INLINE int64_t core_virtio_notify(handle_t device, uint64_t queue)
{
    return core_call2(ENTRY_virtio_notify, device, queue);
}

// Takes up to MAX finished requests from a queue. Returns how many.
CORE_INLINE int64_t core_virtio_reap(handle_t device, uint64_t queue, struct virtio_done *out,
                                     uint64_t max)
{
    return core_call4(ENTRY_virtio_reap, device, queue, core_pointer(out), max);
}

CORE_INLINE int64_t core_virtio_stop(handle_t device)
{
    return core_call1(ENTRY_virtio_stop, device);
}

// ---- What the manifest's `core` lines allow ----

// Maps the initrd at slot offset SLOT_INITRD, read-only; returns its length.
CORE_INLINE int64_t core_initrd_map(handle_t initrd)
{
    return core_call1(ENTRY_initrd_map, initrd);
}

// Copies what the kernel log holds from POSITION on (bytes since boot, see system_info.log_end).
CORE_INLINE int64_t core_log_read(handle_t log, uint64_t position, char *out, uint64_t n)
{
    return core_call4(ENTRY_log_read, log, position, core_pointer(out), n);
}

// Switches the machine off; QEMU ends with STATUS. Does not return where it is allowed.
CORE_INLINE int64_t core_power_off(handle_t power, uint64_t status)
{
    return core_call2(ENTRY_power_off, power, status);
}

// Carries out an operator's command and waits for it. Returns 0 or a negative errno, and the line
// to show in command->reply, but for -EINTR: the same call by the same thread gets it then.
CORE_INLINE int64_t core_control_command(handle_t control, struct control_command *command)
{
    return core_call2(ENTRY_control_command, control, core_pointer(command));
}

// Entry INDEX (from 0) of the services and images; -ENOENT past the last.
CORE_INLINE int64_t core_control_service(handle_t control, uint64_t index, struct service_info *out)
{
    return core_call3(ENTRY_control_service, control, index, core_pointer(out));
}

CORE_INLINE int64_t core_control_image(handle_t control, uint64_t index, struct image_info *out)
{
    return core_call3(ENTRY_control_image, control, index, core_pointer(out));
}

// Everything about service NAME as lines `key value`; returns their length, cut at N.
// How long calls of a service took. From now on they are counted, for a few seconds.
CORE_INLINE int64_t core_control_watch(handle_t control, uint64_t index,
                                       struct service_times *times)
{
    return core_call3(ENTRY_control_watch, control, index, core_pointer(times));
}

CORE_INLINE int64_t core_control_detail(handle_t control, const char *name, char *out, uint64_t n)
{
    return core_call4(ENTRY_control_detail, control, core_pointer(name), core_pointer(out), n);
}

// ---- User address spaces and threads, for the POSIX personality (`core process`) ----
// `process` is the capability's handle, `space` what space_create or space_clone returned. User
// addresses are taken whole; lengths and addresses of space_map, unmap, protect are whole pages.

CORE_INLINE int64_t core_space_create(handle_t process)
{
    return core_call1(ENTRY_space_create, process);
}

CORE_INLINE int64_t core_space_clone(handle_t space)
{
    return core_call1(ENTRY_space_clone, space);
}

CORE_INLINE int64_t core_space_map(handle_t space, uint64_t address, uint64_t bytes,
                                   uint64_t protection)
{
    return core_call4(ENTRY_space_map, space, address, bytes, protection);
}

CORE_INLINE int64_t core_space_unmap(handle_t space, uint64_t address, uint64_t bytes)
{
    return core_call3(ENTRY_space_unmap, space, address, bytes);
}

CORE_INLINE int64_t core_space_protect(handle_t space, uint64_t address, uint64_t bytes,
                                       uint64_t protection)
{
    return core_call4(ENTRY_space_protect, space, address, bytes, protection);
}

// Copy between own memory and user memory. Return how much was reachable, -EFAULT if nothing.
CORE_INLINE int64_t core_space_read(handle_t space, void *target, uint64_t address, uint64_t n)
{
    return core_call4(ENTRY_space_read, space, core_pointer(target), address, n);
}

CORE_INLINE int64_t core_space_write(handle_t space, uint64_t address, const void *source,
                                     uint64_t n)
{
    return core_call4(ENTRY_space_write, space, address, core_pointer(source), n);
}

// A string with its NUL; returns its length without, -ENAMETOOLONG where MAX bytes hold no NUL.
CORE_INLINE int64_t core_space_read_string(handle_t space, char *target, uint64_t address,
                                           uint64_t max)
{
    return core_call4(ENTRY_space_read_string, space, core_pointer(target), address, max);
}

CORE_INLINE int64_t core_space_switch(handle_t space)
{
    return core_call1(ENTRY_space_switch, space);
}

CORE_INLINE int64_t core_space_pages(handle_t space)
{
    return core_call1(ENTRY_space_pages, space);
}

// An RRef over N bytes of user memory, pinned; it has no address, and lets go of the pages when it
// is freed or aimed elsewhere.
CORE_INLINE int64_t core_window_create(handle_t space, uint64_t address, uint64_t n,
                                       uint64_t protection)
{
    return core_call4(ENTRY_window_create, space, address, n, protection);
}

// An own window shows other bytes from now on, N = 0: none. Cheaper than a new one: name and
// completion stay. 0, -EBUSY (lent or posted), or another error, after which it shows none.
CORE_INLINE int64_t core_window_aim(rref_t window, handle_t space, uint64_t address, uint64_t n,
                                    uint64_t protection)
{
    return core_call5(ENTRY_window_aim, window, space, address, n, protection);
}

CORE_INLINE int64_t core_user_start(handle_t space, uint64_t cookie,
                                    const struct user_registers *registers)
{
    return core_call3(ENTRY_user_start, space, cookie, core_pointer(registers));
}

// The registers of the calling user thread, read or written. In a system call s0..s8 and s11 are
// not there to be read, since whoever serves it keeps them; in `deliver` all are, also those of a
// call that has just been left with ERESTART.
CORE_INLINE int64_t core_user_registers(struct user_registers *registers, uint64_t write)
{
    return core_call2(ENTRY_user_registers, core_pointer(registers), write);
}

CORE_INLINE int64_t core_user_kick(handle_t thread)
{
    return core_call1(ENTRY_user_kick, thread);
}

// The CPU time that a user thread has used, in ns: status: in user mode, or a negative errno;
// value: in services and in the core.
CORE_INLINE RpcResult core_user_time(handle_t thread)
{
    return core_call2_value(ENTRY_user_time, thread, 0);
}

CORE_INLINE int64_t core_user_cookie(void)
{
    return core_call0(ENTRY_user_cookie);
}

// The calling user thread ends once it has returned. What it has used, as core_user_time tells it.
CORE_INLINE RpcResult core_user_exit(void)
{
    return core_call2_value(ENTRY_user_exit, 0, 0);
}
