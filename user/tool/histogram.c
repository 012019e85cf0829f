// SPDX-License-Identifier: MIT
#include "histogram.h"

#include <string.h>

void histogram_begin(struct histogram *histogram)
{
    memset(histogram, 0, sizeof *histogram);
    histogram->least = UINT64_MAX;
}

/* The largest that leaves a row's worth; without a call, as clz would be. */
static unsigned shift_of(uint64_t latency)
{
    unsigned shift = 0;
    for (unsigned step = 32; step; step /= 2)
        shift += latency >> shift >> step >= HISTOGRAM_SUB ? step : 0;
    return shift;
}

/* Latencies below 32 have a bucket each; then the highest bit chooses the row, the next 5 the
 * bucket. */
static unsigned bucket_of(struct histogram *histogram, uint64_t latency)
{
    if (latency < HISTOGRAM_SUB)
        return (unsigned)latency;
    unsigned shift = histogram->shift;
    if ((latency >> shift) - HISTOGRAM_SUB >= HISTOGRAM_SUB)
        histogram->shift = shift = shift_of(latency);
    unsigned bucket = (shift + 1) * HISTOGRAM_SUB + (unsigned)(latency >> shift) - HISTOGRAM_SUB;
    return bucket < HISTOGRAM_BUCKETS ? bucket : HISTOGRAM_BUCKETS - 1;
}

/* The highest latency that falls into the bucket. */
static uint64_t bucket_limit(unsigned bucket)
{
    if (bucket < HISTOGRAM_SUB)
        return bucket;
    unsigned shift = bucket / HISTOGRAM_SUB - 1;
    return ((uint64_t)(bucket % HISTOGRAM_SUB + HISTOGRAM_SUB + 1) << shift) - 1;
}

void histogram_add(struct histogram *histogram, uint64_t latency)
{
    histogram->count++;
    histogram->sum += latency;
    if (latency < histogram->least)
        histogram->least = latency;
    if (latency > histogram->most)
        histogram->most = latency;
    histogram->buckets[bucket_of(histogram, latency)]++;
}

void histogram_merge(struct histogram *histogram, const struct histogram *part)
{
    histogram->count += part->count;
    histogram->sum += part->sum;
    if (part->least < histogram->least)
        histogram->least = part->least;
    if (part->most > histogram->most)
        histogram->most = part->most;
    for (unsigned bucket = 0; bucket < HISTOGRAM_BUCKETS; bucket++)
        histogram->buckets[bucket] += part->buckets[bucket];
}

uint64_t histogram_percentile(const struct histogram *histogram, unsigned per_mille)
{
    uint64_t wanted = (histogram->count * per_mille + 999) / 1000, seen = 0;
    for (unsigned bucket = 0; bucket < HISTOGRAM_BUCKETS && histogram->count; bucket++) {
        seen += histogram->buckets[bucket];
        if (seen >= wanted && seen > 0) {
            uint64_t limit = bucket_limit(bucket);
            return limit < histogram->most ? limit : histogram->most;
        }
    }
    return 0;
}

uint64_t histogram_mean(const struct histogram *histogram)
{
    return histogram->count ? histogram->sum / histogram->count : 0;
}
