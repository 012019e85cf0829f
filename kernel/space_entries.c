// SPDX-License-Identifier: MIT
// Core entries of who makes processes (the capability `core process`).
#include "kernel/abi/core_entry.h"
#include "kernel/abi/error.h"
#include "kernel/domain.h"
#include "kernel/entries.h"
#include "kernel/rref.h"
#include "kernel/space.h"
#include "kernel/thread.h"
#include "kernel/user.h"
#include "microcore/page.h"
#include "microcore/string.h"

#pragma GCC diagnostic ignored "-Wmissing-prototypes" // gate.S calls them by number

static struct space *space_of(uint64_t handle)
{
    return (struct space *)handle_object(thread_domain(), (handle_t)handle, OBJECT_SPACE);
}

// The same for a moment. The calling user thread's own, as mostly, lasts as long as its system
// call: that use is not counted.
static inline __attribute__((always_inline)) struct space *space_use(uint64_t handle)
{
    struct space *own = thread_current()->space;
    const struct domain *domain = thread_domain();
    if (own && handle < domain->handle_count &&
        __atomic_load_n(&domain->handles[handle].object, __ATOMIC_RELAXED) == &own->object)
        return own;
    struct space *space = space_of(handle);
    if (space && space == own)
        object_put(&space->object); // it came under this handle meanwhile
    return space;
}

static void space_leave(struct space *space)
{
    if (space != thread_current()->space)
        object_put(&space->object);
}

static int64_t space_handle(struct space *space)
{
    if (!space)
        return -ENOMEM;
    int handle = handle_insert(thread_domain(), &space->object, 0);
    if (handle < 0)
        object_put(&space->object);
    return handle;
}

int64_t core_space_create(uint64_t process)
{
    if (!handle_has_capability(thread_domain(), (handle_t)process, CORE_PROCESS))
        return -EBADF;
    return space_handle(space_create());
}

int64_t core_space_clone(uint64_t handle)
{
    struct space *space = space_of(handle);
    if (!space)
        return -EBADF;
    int64_t copy = space_handle(space_clone(space));
    object_put(&space->object);
    return copy;
}

int64_t core_space_map(uint64_t handle, uint64_t address, uint64_t bytes, uint64_t protection)
{
    struct space *space = space_of(handle);
    if (!space)
        return -EBADF;
    int64_t result = space_map(space, address, bytes, (uint32_t)protection);
    object_put(&space->object);
    return result;
}

int64_t core_space_unmap(uint64_t handle, uint64_t address, uint64_t bytes)
{
    struct space *space = space_of(handle);
    if (!space)
        return -EBADF;
    int64_t result = space_unmap(space, address, bytes);
    object_put(&space->object);
    return result;
}

int64_t core_space_protect(uint64_t handle, uint64_t address, uint64_t bytes, uint64_t protection)
{
    struct space *space = space_of(handle);
    if (!space)
        return -EBADF;
    int64_t result = space_protect(space, address, bytes, (uint32_t)protection);
    object_put(&space->object);
    return result;
}

int64_t core_space_read(uint64_t handle, uint64_t pointer, uint64_t address, uint64_t bytes)
{
    struct space *space = space_use(handle);
    if (!space)
        return -EBADF;
    int64_t result = space_read_slot(space, thread_domain()->slot, pointer, address, bytes);
    space_leave(space);
    return result;
}

int64_t core_space_write(uint64_t handle, uint64_t address, uint64_t pointer, uint64_t bytes)
{
    struct space *space = space_use(handle);
    if (!space)
        return -EBADF;
    int64_t result = space_write_slot(space, address, thread_domain()->slot, pointer, bytes);
    space_leave(space);
    return result;
}

int64_t core_space_read_string(uint64_t handle, uint64_t pointer, uint64_t address, uint64_t max)
{
    struct space *space = space_use(handle);
    if (!space)
        return -EBADF;
    int64_t result = space_read_string(space, thread_domain()->slot, pointer, address, max);
    space_leave(space);
    return result;
}

int64_t core_space_switch(uint64_t handle)
{
    struct space *space = space_of(handle);
    if (!space)
        return -EBADF;
    if (!thread_current()->process) {
        object_put(&space->object);
        return -ESRCH;
    }
    user_switch_space(space);
    return 0;
}

int64_t core_space_pages(uint64_t handle)
{
    struct space *space = space_of(handle);
    if (!space)
        return -EBADF;
    int64_t pages = (int64_t)space->pages;
    object_put(&space->object);
    return pages;
}

int64_t core_window_create(uint64_t handle, uint64_t address, uint64_t bytes, uint64_t protection)
{
    struct space *space = space_use(handle);
    if (!space)
        return -EBADF;
    int64_t rref = rref_window(thread_domain(), space, address, bytes, protection);
    space_leave(space);
    return rref;
}

int64_t core_window_aim(uint64_t window, uint64_t handle, uint64_t address, uint64_t bytes,
                        uint64_t protection)
{
    if (!bytes)
        return rref_window_aim(thread_domain(), window, NULL, 0, 0, 0);
    struct space *space = space_use(handle);
    if (!space)
        return -EBADF;
    int64_t result = rref_window_aim(thread_domain(), window, space, address, bytes, protection);
    space_leave(space);
    return result;
}

// ---- User threads ----

int64_t core_user_start(uint64_t handle, uint64_t cookie, uint64_t pointer)
{
    struct domain *domain = thread_domain();
    struct space *space = space_of(handle);
    if (!space)
        return -EBADF;
    int64_t result = -EFAULT;
    struct user_registers *registers = core_alloc(sizeof(*registers));
    if (!registers)
        result = -ENOMEM;
    else if (!slot_read(domain->slot, registers, pointer, sizeof(*registers)))
        result = domain->proxy ? user_start(domain, space, cookie, registers) : -EPERM;
    if (registers)
        core_free(registers, sizeof(*registers));
    object_put(&space->object);
    return result;
}

// The registers belong to who the thread's process service is, nobody else.
static bool may_touch_registers(void)
{
    struct thread *thread = thread_current();
    struct domain *domain = thread_domain();
    return thread->process && domain->proxy == thread->process && thread->user_frame;
}

int64_t core_user_registers(uint64_t pointer, uint64_t write)
{
    struct user_registers registers;
    if (!may_touch_registers())
        return -ESRCH;
    if (!write) {
        user_registers_read(&registers);
        return slot_write(thread_domain()->slot, pointer, &registers, sizeof(registers));
    }
    if (slot_read(thread_domain()->slot, &registers, pointer, sizeof(registers)))
        return -EFAULT;
    user_registers_write(&registers);
    return 0;
}

int64_t core_user_kick(uint64_t handle)
{
    struct object *object = handle_object(thread_domain(), (handle_t)handle, OBJECT_THREAD);
    if (!object)
        return -EBADF;
    user_kick(thread_of_object(object));
    object_put(object);
    return 0;
}

static RpcResult thread_times(struct thread *thread)
{
    struct task_times times = task_times(&thread->task);
    return (RpcResult){(int64_t)times.user_ns, times.core_ns};
}

RpcResult core_user_time(uint64_t handle)
{
    struct object *object = handle_object(thread_domain(), (handle_t)handle, OBJECT_THREAD);
    if (!object)
        return rpc_error(-EBADF);
    RpcResult times = thread_times(thread_of_object(object));
    object_put(object);
    return times;
}

int64_t core_user_cookie(void)
{
    return (int64_t)thread_current()->cookie;
}

RpcResult core_user_exit(void)
{
    struct thread *thread = thread_current();
    if (!may_touch_registers())
        return rpc_error(-ESRCH);
    thread->user_ending = true;
    return thread_times(thread);
}
