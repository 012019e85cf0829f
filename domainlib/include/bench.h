// SPDX-License-Identifier: MIT
// What bench.run can measure; the words of the contract's `rpcbench`.
#pragma once

enum bench_measure {
    BENCH_DIRECT,       // an indirect C call within a domain
    BENCH_CALL,         // a null call into another domain and back
    BENCH_CALL_RREF,    // the same, an RRef there and back
    BENCH_CALL_BORROW,  // the same, an RRef lent
    BENCH_SHADOW,       // a null call to a service with a shadow; -ENOSYS without one
    BENCH_SHADOW_RREF,  // the same with an RRef
    BENCH_FAULT,        // from a faulting callee to the caller holding the error
    BENCH_RESTART,      // from the fault to the first good reply
    BENCH_UPDATE_PAUSE, // longest time that an update kept callers waiting
};

#define BENCH_BATCH       100 // operations between two looks at the clock
#define BENCH_BATCHES     100 // at least; and at most BENCH_BATCHES_MAX
#define BENCH_BATCHES_MAX 4096
