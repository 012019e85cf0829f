// SPDX-License-Identifier: MIT
// The one header that a domain's own C files include, beside NAME_server.h of the interface that it
// serves and NAME_client.h of those that it calls.
#pragma once
#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include "kernel/abi/rpc.h"
#include "core.h"
#include "log.h"
#include "manifest.h"
#include "mutex.h"
#include "thread.h"
#include "worker.h"

// Life cycle: a domain defines what it needs, domainlib has defaults for the rest. The core calls
// one at a time. Results are 0 or a negative errno, which refuses the load or the update.

// First of all, beside the version that still serves: what is private and takes time, so that it is
// no part of an update's pause. Memory, RRefs, events, threads that wait; no devices, nothing kept.
int64_t domain_init(void);

// Just before an update closes the gate, once or several times: what will be carried out while
// callers wait may be carried out here (handover_rehearse), for code is slow the first time.
// SERVING 0: in the successor, behind domain_init. SERVING 1: in the instance that is about to be
// replaced, in which calls go on at the same time: only what harms none of them, and reads what may
// change under it. Does nothing by default; an error refuses the update.
int64_t domain_rehearse(uint64_t serving);

// Last before the gate opens, in a first start as in an update: take devices, make RRefs, events
// and threads, start to work.
int64_t domain_attach(void);

// Writes the state for a successor that reads SCHEMA; value: an RRef, which moves to it. Callers
// are out and domain_detach(0) has returned. -ENODATA by default: there is no state.
RpcResult domain_export(uint64_t schema);

// Reads what a predecessor wrote; STATE now belongs to this instance, which frees it.
int64_t domain_import(rref_t state, uint64_t schema);

// RESUME 0: end the own threads, devices and handles are about to go to a successor. RESUME 1:
// there was an error, start them again.
int64_t domain_detach(uint64_t resume);

// An orderly stop: finish what was promised. The core takes all resources back by itself.
int64_t domain_exit(void);
