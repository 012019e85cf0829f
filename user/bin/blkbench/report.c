// SPDX-License-Identifier: MIT
#include "report.h"

#include <unistd.h>
#include "json.h"
#include "tool.h"

#define NSEC_PER_SEC 1000000000ul

/* ios may be large: the division keeps 64 bits. */
static uint64_t per_second(uint64_t count, uint64_t elapsed_ns)
{
    return elapsed_ns ? (uint64_t)((unsigned __int128)count * NSEC_PER_SEC / elapsed_ns) : 0;
}

static void latency_print_json(const struct histogram *latency)
{
    if (!latency) {
        printf(",\"lat_ns\":null");
        return;
    }
    printf(",\"lat_ns\":{\"min\":%lu,\"mean\":%lu,\"p50\":%lu,\"p95\":%lu,\"p99\":%lu,\"p99.9\":%"
           "lu,\"max\":%lu}",
           histogram_count(latency) ? latency->least : 0, histogram_mean(latency),
           histogram_percentile(latency, 500), histogram_percentile(latency, 950),
           histogram_percentile(latency, 990), histogram_percentile(latency, 999), latency->most);
}

void report_print_json(const struct settings *settings, const struct outcome *outcome)
{
    printf("{\"dev\":");
    json_print_string(settings->device);
    printf(",\"rw\":\"%s\",\"bs\":%lu,\"numjobs\":%u,\"iodepth\":%u", settings->pattern,
           settings->block_size, settings->jobs, settings->depth);
    printf(",\"ios\":%lu,\"errors\":%lu,\"verify_errors\":%lu", outcome->ios, outcome->errors,
           outcome->verify_errors);
    if (settings->counts)
        printf(",\"made\":%lu,\"ended\":%lu", outcome->made, outcome->ended);
    printf(",\"elapsed_ns\":%lu,\"iops\":%lu,\"bw_bytes\":%lu", outcome->elapsed_ns,
           per_second(outcome->ios, outcome->elapsed_ns),
           per_second(outcome->ios * settings->block_size, outcome->elapsed_ns));
    latency_print_json(settings->clock_seldom ? NULL : &outcome->histogram);
    if (outcome->insns_per_io < 0)
        puts(",\"insns_per_io\":null}");
    else
        printf(",\"insns_per_io\":%ld}\n", outcome->insns_per_io);
}

/* Three digits and a unit: 111k, 9.20k, 830. */
static const char *count_format(uint64_t count, char *text)
{
    if (count < 1000)
        snprintf(text, 16, "%lu", count);
    else if (count < 10000)
        snprintf(text, 16, "%lu.%02luk", count / 1000, count % 1000 / 10);
    else if (count < 1000000)
        snprintf(text, 16, "%luk", count / 1000);
    else
        snprintf(text, 16, "%lu.%02luM", count / 1000000, count % 1000000 / 10000);
    return text;
}

static const char *bytes_format(uint64_t bytes, char *text)
{
    uint64_t tenths = bytes * 10 >> 20;
    if (bytes < 1 << 20)
        snprintf(text, 24, "%lu KiB", bytes >> 10);
    else
        snprintf(text, 24, "%lu.%lu MiB", tenths / 10, tenths % 10);
    return text;
}

static void latency_print(const char *name, uint64_t ns)
{
    printf(" %s=%lu.%02lu", name, ns / 1000, ns % 1000 / 10);
}

static void latencies_print(const struct histogram *latency)
{
    printf("  latency (usec):");
    latency_print("min", histogram_count(latency) ? latency->least : 0);
    latency_print("mean", histogram_mean(latency));
    latency_print("max", latency->most);
    printf("\n  percentiles (usec):");
    latency_print("p50", histogram_percentile(latency, 500));
    latency_print("p95", histogram_percentile(latency, 950));
    latency_print("p99", histogram_percentile(latency, 990));
    latency_print("p99.9", histogram_percentile(latency, 999));
    putchar('\n');
}

void report_print(const struct settings *settings, const struct outcome *outcome)
{
    char iops[16], rate[24], total[24];
    printf("%s: rw=%s, bs=%lu, numjobs=%u, iodepth=%u%s\n", settings->device, settings->pattern,
           settings->block_size, settings->jobs, settings->depth,
           settings->verify ? ", verified" : "");
    printf("  IOPS=%s, BW=%s/s, %lu requests, %s in %lu ms\n",
           count_format(per_second(outcome->ios, outcome->elapsed_ns), iops),
           bytes_format(per_second(outcome->ios * settings->block_size, outcome->elapsed_ns), rate),
           outcome->ios, bytes_format(outcome->ios * settings->block_size, total),
           outcome->elapsed_ns / 1000000);
    if (!settings->clock_seldom)
        latencies_print(&outcome->histogram);
    printf("  errors: %lu failed, %lu with wrong data\n", outcome->errors, outcome->verify_errors);
    if (outcome->insns_per_io >= 0)
        printf("  instructions per request: %ld\n", outcome->insns_per_io);
}

void report_progress(uint64_t ios, uint64_t block_size, uint64_t elapsed_ns)
{
    char iops[16], rate[24];
    if (!isatty(STDERR_FILENO))
        return;
    fprintf(stderr, "\r%lu s: %lu requests, IOPS=%s, BW=%s/s\033[K", elapsed_ns / NSEC_PER_SEC, ios,
            count_format(per_second(ios, elapsed_ns), iops),
            bytes_format(per_second(ios * block_size, elapsed_ns), rate));
}
