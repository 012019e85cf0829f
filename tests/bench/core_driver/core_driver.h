// SPDX-License-Identifier: MIT
// The null block driver inside of the core, for measurement (NULLBLK=core).
//
// The domain `nullblk` runs as always and owns the memory; posix sends its requests to the copy of
// the same sources in the core instead, by a core entry of its own. So the difference between the
// two builds is what being a domain costs one request: the gate and the loan on the way there and
// back, the confined code, and one more entry into the core, to copy. Nothing else is meant to work
// in this build: what does not come through posix's short way (a piece of a sector), an update or a
// crash of nullblk sees other bytes.
#pragma once

#define CORE_DRIVER_WORD 127 // of the gate page; free in kernel/abi/core_entry.h
