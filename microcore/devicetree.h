// SPDX-License-Identifier: MIT
// What the flattened device tree says of the machine (Devicetree specification 0.4, chapter 5).
// Parsed once at boot; the blob's memory is not kept. Nothing in it is trusted to be in bounds.
#pragma once
#include <stdbool.h>
#include <stdint.h>
#include "microcore/layout.h"

#define MACHINE_DEVICES_MAX 32

struct machine_device {
    char compatible[32];    // first string of the property, e.g. "ns16550a", "virtio,mmio"
    uint64_t address, size; // physical
    uint32_t interrupt;     // PLIC source, 0: none
};

struct machine {
    uint64_t memory_start, memory_end;
    uint64_t initrd_start, initrd_end; // physical, 0: none
    uint32_t timebase_hz;
    uint32_t hart_count;
    uint32_t hart_ids[HARTS_MAX];
    uint32_t hart_contexts[HARTS_MAX]; // PLIC context of each hart's S-mode
    uint64_t plic_address, plic_size;
    uint64_t test_address; // sifive_test, for the exit status; 0: none
    bool has_sstc, has_zba, has_zbb, has_zbs;
    char command_line[1024];
    uint32_t device_count;
    struct machine_device devices[MACHINE_DEVICES_MAX];
};

extern struct machine machine;

// Fills in `machine`. Returns 0, or -EINVAL when the blob is malformed or lacks what we need.
int devicetree_parse(const void *blob, uint64_t limit);

// The core's virtual address of a device's registers.
volatile void *mmio_pointer(uint64_t physical);

// Value of `key=value` or presence of `key` in the command line; false: absent. VALUE may be NULL.
bool command_line_option(const char *key, char *value, uint64_t size);
