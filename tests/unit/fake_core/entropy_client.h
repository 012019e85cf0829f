// SPDX-License-Identifier: MIT
// In place of the stub that idlc makes: the test is the service.
#pragma once
#include "kernel/abi/rpc.h"

RpcResult entropy_read(handle_t handle, rref_t buffer, uint32_t start, uint32_t length);
