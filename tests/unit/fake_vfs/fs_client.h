// SPDX-License-Identifier: MIT
// In place of the stubs that idlc makes: the test is the file system below.
#pragma once
#include "kernel/abi/rpc.h"

RpcResult fs_root(handle_t handle);
RpcResult fs_lookup(handle_t handle, uint64_t dir, rref_t name, uint32_t length);
RpcResult fs_stat(handle_t handle, uint64_t node, rref_t out);
RpcResult fs_open(handle_t handle, uint64_t node, uint32_t flags, uint64_t ticket);
RpcResult fs_close(handle_t handle, uint64_t file, uint64_t ticket);
RpcResult fs_read(handle_t handle, uint64_t file, uint64_t offset, rref_t buffer, uint32_t start,
                  uint32_t length);
RpcResult fs_write(handle_t handle, uint64_t file, uint64_t offset, rref_t buffer, uint32_t start,
                   uint32_t length);
RpcResult fs_readdir(handle_t handle, uint64_t node, uint64_t position, rref_t buffer,
                     uint32_t length);
RpcResult fs_create(handle_t handle, uint64_t dir, rref_t name, uint32_t length, uint32_t mode,
                    uint32_t target_length);
RpcResult fs_remove(handle_t handle, uint64_t dir, rref_t name, uint32_t length,
                    uint32_t directory);
RpcResult fs_rename(handle_t handle, uint64_t dir, rref_t name, uint32_t length, uint64_t new_dir,
                    rref_t new_name, uint32_t new_length);
RpcResult fs_link(handle_t handle, uint64_t node, uint64_t dir, rref_t name, uint32_t length);
RpcResult fs_readlink(handle_t handle, uint64_t node, rref_t out, uint32_t length);
RpcResult fs_truncate(handle_t handle, uint64_t node, uint64_t size);
RpcResult fs_set_attribute(handle_t handle, uint64_t node, uint32_t attribute, uint64_t value);
RpcResult fs_control(handle_t handle, uint64_t file, uint64_t request, rref_t argument,
                     uint64_t value);
RpcResult fs_poll(handle_t handle, uint64_t file);
RpcResult fs_sync(handle_t handle, uint64_t file);
