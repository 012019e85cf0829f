// SPDX-License-Identifier: MIT
// rpcbench: the price of a call, in instructions and nanoseconds. The `bench` domain measures what
// goes on between domains, behind /dev/bench; the system call is measured here.
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include "kernel_words.h"
#include "tool.h"

#define DEVICE  "/dev/bench"
#define BATCHES 101
#define ROUNDS  1000 /* calls in a batch */

struct price {
    bool known, counted;
    long insns, ns;
};

static const struct {
    const char *name, *meaning;
} measures[] = {
    {"direct", "indirect C call"},
    {"call", "null cross-domain call and return"},
    {"call_rref", "the same with one RRef there and back"},
    {"call_borrow", "the same with one RRef lent"},
    {"shadow", "null call through a shadow"},
    {"shadow_rref", "the same with one RRef there and back"},
    {"syscall", "getpid from user mode"},
    {"fault", "from the faulting instruction to the caller's error"},
    {"restart", "from the fault to the first good reply"},
    {"update_pause", "longest wait of a caller during an update"},
};
#define MEASURES (sizeof measures / sizeof *measures)

static long nanoseconds_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000000000L + now.tv_nsec;
}

static int long_compare(const void *left, const void *right)
{
    long a = *(const long *)left, b = *(const long *)right;
    return (a > b) - (a < b);
}

/* Nanoseconds of ROUNDS rounds, median of the batches. */
static long batches_measure(bool with_call)
{
    static long times[BATCHES];
    for (int batch = 0; batch < BATCHES; batch++) {
        long start = nanoseconds_now();
        for (int round = 0; round < ROUNDS; round++) {
            if (with_call)
                getpid();
            __asm__ volatile("");
        }
        times[batch] = nanoseconds_now() - start;
    }
    qsort(times, BATCHES, sizeof *times, long_compare);
    return times[BATCHES / 2];
}

/* Where QEMU counts, an instruction takes one nanosecond. */
static struct price syscall_measure(bool counted)
{
    long loop = batches_measure(false), whole = batches_measure(true);
    long each = (whole - loop + ROUNDS / 2) / ROUNDS;
    return (struct price){true, counted, each, each};
}

/* The device answers a name with a line "INSNS NS", INSNS being "-" where nobody counts. */
static struct price device_measure(int device, const char *name, bool counted)
{
    char line[128], *end;
    struct price price = {0};
    if (write(device, name, strlen(name)) < 0) {
        if (errno != ENOSYS)
            tool_error(name);
        return price;
    }
    ssize_t length = read(device, line, sizeof line - 1);
    if (length <= 0) {
        if (length == 0)
            tool_complain(name, "no answer from " DEVICE);
        else if (errno != ENOSYS)
            tool_error(name);
        return price;
    }
    line[length] = 0;
    price.counted = counted && line[0] != '-';
    price.insns = strtol(line, &end, 10);
    end += strcspn(end, " ");
    price.ns = strtol(end, NULL, 10);
    price.known = true;
    return price;
}

static void price_print_json(const char *name, const struct price *price, bool first)
{
    printf("%s\"%s\":", first ? "{" : ",", name);
    if (!price->known)
        printf("null");
    else if (price->counted)
        printf("{\"insns\":%ld,\"ns\":%ld}", price->insns, price->ns);
    else
        printf("{\"insns\":null,\"ns\":%ld}", price->ns);
}

static void price_print(size_t index, const struct price *price)
{
    char insns[24] = "-", ns[24] = "-";
    if (price->known && price->counted)
        snprintf(insns, sizeof insns, "%ld", price->insns);
    if (price->known)
        snprintf(ns, sizeof ns, "%ld", price->ns);
    printf("%-13s %12s %12s  %s\n", measures[index].name, insns, ns, measures[index].meaning);
}

int main(int argc, char **argv)
{
    bool json = false, counted = kernel_word_is_set("icount");
    tool_begin("rpcbench", "[-j]");
    while (tool_option(argc, argv, "j") >= 0)
        json = true;
    if (optind < argc)
        tool_usage_error("%s: not expected", argv[optind]);
    int device = open(DEVICE, O_RDWR);
    if (device < 0)
        tool_fail(DEVICE);
    if (!json)
        printf("%-13s %12s %12s\n", "", "instructions", "ns");
    for (size_t i = 0; i < MEASURES; i++) {
        bool here = strcmp(measures[i].name, "syscall") == 0;
        struct price price =
            here ? syscall_measure(counted) : device_measure(device, measures[i].name, counted);
        if (json)
            price_print_json(measures[i].name, &price, i == 0);
        else
            price_print(i, &price);
    }
    if (json)
        puts("}");
    return tool_status();
}
