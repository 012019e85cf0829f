// SPDX-License-Identifier: MIT
// Counts of latencies in buckets that grow with the latency: 32 of equal width between each power
// of two and the next, so that a percentile is known to about 3 %.
#pragma once

#include <stdint.h>

#define HISTOGRAM_SUB     32
#define HISTOGRAM_BUCKETS (HISTOGRAM_SUB * 36) /* up to 2^40 ns, 18 minutes */

struct histogram {
    uint64_t sum, least, most;
    uint64_t shift; /* of the last latency that had one: mostly the next one's */
    uint32_t buckets[HISTOGRAM_BUCKETS];
};

void histogram_begin(struct histogram *histogram);

/* Latencies below 32 have a bucket each; then the highest bit chooses the row, the next 5 the
   bucket. The row is mostly the last one's or its neighbour. */
static inline uint64_t histogram_bucket(struct histogram *histogram, uint64_t latency)
{
    uint64_t shift = histogram->shift;
    if (latency < HISTOGRAM_SUB)
        return latency;
    while (latency >> shift < HISTOGRAM_SUB)
        shift--;
    while (latency >> shift >= 2 * HISTOGRAM_SUB)
        shift++;
    histogram->shift = shift;
    uint64_t bucket = shift * HISTOGRAM_SUB + (latency >> shift);
    return bucket < HISTOGRAM_BUCKETS ? bucket : HISTOGRAM_BUCKETS - 1;
}

/* Counts one latency in nanoseconds. Inline, since it is in what is measured. */
static inline void histogram_add(struct histogram *histogram, uint64_t latency)
{
    histogram->sum += latency;
    if (latency < histogram->least)
        histogram->least = latency;
    if (latency > histogram->most)
        histogram->most = latency;
    histogram->buckets[histogram_bucket(histogram, latency)]++;
}

/* How many were counted. */
uint64_t histogram_count(const struct histogram *histogram);

/* The latency that `per_mille` of 1000 do not exceed; 0 if nothing was counted. */
uint64_t histogram_percentile(const struct histogram *histogram, unsigned per_mille);

/* Adds what PART has counted. */
void histogram_merge(struct histogram *histogram, const struct histogram *part);

/* 0 if nothing was counted. */
uint64_t histogram_mean(const struct histogram *histogram);
