// SPDX-License-Identifier: MIT
// What a file system answers where it has nothing of the kind, or nothing that anybody may change.
// Each file system has its own methods in place of these, and leaves out the others.
#include "fs.h"
#include "fs_server.h"
#include "kernel/abi/error.h"

#pragma weak fs_do_create
#pragma weak fs_do_remove
#pragma weak fs_do_rename
#pragma weak fs_do_link
#pragma weak fs_do_readlink
#pragma weak fs_do_set_attribute
#pragma weak fs_do_control
#pragma weak fs_do_poll
#pragma weak fs_do_event
#pragma weak fs_do_sync
#pragma weak fs_do_backend

RpcResult fs_do_create(uint64_t dir, rref_t name, uint32_t length, uint32_t mode,
                       uint32_t target_length)
{
    (void)dir, (void)name, (void)length, (void)mode, (void)target_length;
    return rpc_error(-EPERM);
}

RpcResult fs_do_remove(uint64_t dir, rref_t name, uint32_t length, uint32_t directory)
{
    (void)dir, (void)name, (void)length, (void)directory;
    return rpc_error(-EPERM);
}

RpcResult fs_do_rename(uint64_t dir, rref_t name, uint32_t length, uint64_t new_dir,
                       rref_t new_name, uint32_t new_length)
{
    (void)dir, (void)name, (void)length, (void)new_dir, (void)new_name, (void)new_length;
    return rpc_error(-EPERM);
}

RpcResult fs_do_link(uint64_t node, uint64_t dir, rref_t name, uint32_t length)
{
    (void)node, (void)dir, (void)name, (void)length;
    return rpc_error(-EPERM);
}

// There are no symbolic links.
RpcResult fs_do_readlink(uint64_t node, rref_t out, uint32_t length)
{
    (void)node, (void)out, (void)length;
    return rpc_error(-EINVAL);
}

RpcResult fs_do_set_attribute(uint64_t node, uint32_t attribute, uint64_t value)
{
    (void)node, (void)attribute, (void)value;
    return rpc_error(-EPERM);
}

RpcResult fs_do_control(uint64_t file, uint64_t request, rref_t argument, uint64_t value)
{
    (void)file, (void)request, (void)argument, (void)value;
    return rpc_error(-ENOTTY);
}

// A file never keeps anybody waiting.
RpcResult fs_do_poll(uint64_t file)
{
    (void)file;
    return rpc_ok(FS_POLL_IN | FS_POLL_OUT);
}

RpcResult fs_do_event(uint64_t file)
{
    (void)file;
    return rpc_error(-ENOSYS);
}

// Nothing is only in memory that would ever be elsewhere.
RpcResult fs_do_sync(uint64_t file)
{
    (void)file;
    return rpc_ok(0);
}

RpcResult fs_do_backend(uint64_t file)
{
    (void)file;
    return rpc_error(-ENOSYS);
}
