// SPDX-License-Identifier: MIT
// For a domain all of whose state is in kept RRefs: a crash, a restart and an update are the same
// to it, since the core gives these to whatever instance comes next. Takes no lock; called by the
// one thread that begins or ends the instance, or under the domain's own lock.
#pragma once
#include <stdbool.h>
#include <stdint.h>
#include "kernel/abi/rpc.h"

// An RRef of BYTES zeros that is kept under KEY, with SCHEMA; a negative errno.
int64_t kept_alloc(uint64_t bytes, uint64_t key, uint64_t schema);

// The one that an earlier instance kept under KEY; 0 if there is none of that schema and length.
// One that is too short is freed.
rref_t kept_find(uint64_t bytes, uint64_t key, uint64_t schema);

// What domain_export and domain_import of such a domain are, OWN being the schema of its manifest:
// there is nothing to hand over but the word that it is handed over. -EINVAL for other schemas.
RpcResult kept_export(uint64_t schema, uint64_t own);
int64_t kept_import(rref_t state, uint64_t schema, uint64_t own);

// Whether a successor has what is kept: it is no more for this instance to write anything back when
// it goes. kept_resume: the update did not come about.
bool kept_is_handed_over(void);
void kept_resume(void);
