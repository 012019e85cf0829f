// SPDX-License-Identifier: MIT
#include "histogram.h"

#include <string.h>

void histogram_begin(struct histogram *histogram)
{
    memset(histogram, 0, sizeof *histogram);
    histogram->least = UINT64_MAX;
}

/* The highest latency that falls into the bucket. */
static uint64_t bucket_limit(unsigned bucket)
{
    if (bucket < HISTOGRAM_SUB)
        return bucket;
    unsigned shift = bucket / HISTOGRAM_SUB - 1;
    return ((uint64_t)(bucket % HISTOGRAM_SUB + HISTOGRAM_SUB + 1) << shift) - 1;
}

void histogram_merge(struct histogram *histogram, const struct histogram *part)
{
    histogram->sum += part->sum;
    if (part->least < histogram->least)
        histogram->least = part->least;
    if (part->most > histogram->most)
        histogram->most = part->most;
    for (unsigned bucket = 0; bucket < HISTOGRAM_BUCKETS; bucket++)
        histogram->buckets[bucket] += part->buckets[bucket];
}

uint64_t histogram_count(const struct histogram *histogram)
{
    uint64_t count = 0;
    for (unsigned bucket = 0; bucket < HISTOGRAM_BUCKETS; bucket++)
        count += histogram->buckets[bucket];
    return count;
}

uint64_t histogram_percentile(const struct histogram *histogram, unsigned per_mille)
{
    uint64_t wanted = (histogram_count(histogram) * per_mille + 999) / 1000, seen = 0;
    for (unsigned bucket = 0; bucket < HISTOGRAM_BUCKETS; bucket++) {
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
    uint64_t count = histogram_count(histogram);
    return count ? histogram->sum / count : 0;
}
