// SPDX-License-Identifier: MIT
// What blkbench prints.
#pragma once

#include <stdint.h>
#include "histogram.h"
#include "settings.h"

struct outcome {
    uint64_t ios, errors, verify_errors;
    uint64_t made, ended; // all requests, those of --verify's preparing and checking too
    uint64_t elapsed_ns;
    long insns_per_io; /* -1: not counted */
    struct histogram histogram;
};

/* The contract's JSON object, one line. */
void report_print_json(const struct settings *settings, const struct outcome *outcome);

/* For people, in fio's manner. */
void report_print(const struct settings *settings, const struct outcome *outcome);

/* The line on a terminal that is rewritten while the run goes on. */
void report_progress(uint64_t ios, uint64_t block_size, uint64_t elapsed_ns);
