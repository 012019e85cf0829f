// SPDX-License-Identifier: MIT
// Counts of latencies in buckets that grow with the latency: 32 of equal width between each power
// of two and the next, so that a percentile is known to about 3 %.
#pragma once

#include <stdint.h>

#define HISTOGRAM_SUB     32
#define HISTOGRAM_BUCKETS (HISTOGRAM_SUB * 36) /* up to 2^40 ns, 18 minutes */

struct histogram {
    uint64_t count, sum, least, most;
    unsigned shift; /* of the last latency that had one: mostly the next one's */
    uint32_t buckets[HISTOGRAM_BUCKETS];
};

void histogram_begin(struct histogram *histogram);

/* Counts one latency in nanoseconds. */
void histogram_add(struct histogram *histogram, uint64_t latency);

/* The latency that `per_mille` of 1000 do not exceed; 0 if nothing was counted. */
uint64_t histogram_percentile(const struct histogram *histogram, unsigned per_mille);

/* Adds what PART has counted. */
void histogram_merge(struct histogram *histogram, const struct histogram *part);

/* 0 if nothing was counted. */
uint64_t histogram_mean(const struct histogram *histogram);
