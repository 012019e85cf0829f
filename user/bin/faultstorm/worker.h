// SPDX-License-Identifier: MIT
// A worker: the process that makes the requests of one target and arms the faults in it.
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include "histogram.h"
#include "storm.h"
#include "target.h"

/* What a worker is to do next. */
struct order {
    uint64_t seed;
    uint32_t class; /* place in class_names */
    uint32_t faults;
};

/* One worker's part of the memory that it shares with the coordinator. Only the worker writes. */
struct shared {
    struct counts counts;     /* of the order at hand */
    uint64_t busy_since;      /* when the request at hand began, ns; 0: none is under way */
    struct histogram answers; /* ns from a fault to the right answer of the request that met it */
    uint64_t requests, done;  /* all that were made; faults that were dealt with */
    uint32_t unexpected;      /* the system did not come back: no more faults for this target */
};

/* The worker's life: prepares the target, then carries out orders until the pipe closes. Each
   order's end, and that it is prepared, is told by the worker's number in one byte. */
_Noreturn void worker_run(const struct target *target, unsigned number, struct shared *shared,
                          int orders, int answers);
