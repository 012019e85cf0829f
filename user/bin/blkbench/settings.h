// SPDX-License-Identifier: MIT
// What a run of blkbench is to do: the command line, checked against the device.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define WORKERS_MAX 256 /* requests of all jobs together in flight */

enum pattern_direction { DIRECTION_READ, DIRECTION_WRITE, DIRECTION_BOTH };

struct settings {
    const char *device;
    const char *pattern;
    enum pattern_direction direction;
    bool random;
    bool verify;
    bool force;
    bool json;
    bool clock_seldom; /* not read for each request: no latencies */
    bool counts;       /* with json: all requests made and ended, beside those that are measured */
    uint64_t block_size; /* bytes of a request */
    uint64_t size;       /* bytes of the device that a job uses, a multiple of block_size */
    uint64_t ios;        /* requests of a job; 0: as many as the time allows */
    uint64_t runtime_ns; /* 0: no limit */
    uint64_t seed;
    const char *log;     /* a file for the requests of each window of time; NULL: none */
    uint64_t log_window; /* ns */
    unsigned jobs;
    unsigned depth;       /* requests of a job in flight */
    bool rings;           /* these are made by one process; else, and of files, by one each */
    unsigned sector_size; /* of the device */
    bool is_device;       /* and not a file */
};

/* Reads the command line. Anything wrong ends the program with one line and status 2. */
void settings_parse(struct settings *settings, int argc, char **argv);

/* Opens the device and checks the rest against it: its size, its sectors, whether it is mounted.
   Ends the program as above, or with status 1 where the device cannot be opened. */
int settings_open_device(struct settings *settings);
