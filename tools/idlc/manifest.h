// SPDX-License-Identifier: MIT
// A domain's manifest: line by line a word and its values. It becomes the `struct domain_header`
// of the image (kernel/abi/manifest.h) and the constants that the domain's own code uses.
#pragma once

#include "interface.h"
#include "kernel/abi/manifest.h"

enum {
    MANIFEST_PARAMETERS_MAX = 32,
    MANIFEST_NAME_MAX = DOMAIN_NAME_SIZE - 1,
};

struct manifest_need {
    enum need_kind kind;
    bool optional;
    char name[DOMAIN_NAME_SIZE];     // service, compatible string, "virtio", or core capability
    char constant[DOMAIN_NAME_SIZE]; // HANDLE_ and this in capitals
    char interface_name[DOMAIN_NAME_SIZE]; // for services
    uint64_t virtio_device;
};

struct manifest_parameter {
    char name[DOMAIN_NAME_SIZE];
    uint64_t value;
};

struct manifest {
    char name[DOMAIN_NAME_SIZE];
    uint64_t version;
    char title[DOMAIN_NAME_SIZE];
    char interface_name[DOMAIN_NAME_SIZE]; // empty: serves none
    struct interface interface;
    bool stateless;
    bool shadow;
    uint64_t schema;  // 0: none
    uint64_t accepts; // 0: none
    struct manifest_need needs[DOMAIN_NEEDS_MAX];
    unsigned need_count;
    struct domain_limits limits;
    struct manifest_parameter parameters[MANIFEST_PARAMETERS_MAX];
    unsigned parameter_count;
};

// Parses a loaded manifest; interfaces that it names are read from `folder`/NAME.idl. Returns false
// after reporting if anything is refused.
bool manifest_parse(struct manifest *manifest, struct source *source, const char *folder);

void emit_manifest_header(FILE *file, const struct manifest *manifest);
void emit_manifest_source(FILE *file, const struct manifest *manifest);
