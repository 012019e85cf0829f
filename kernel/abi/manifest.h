// SPDX-License-Identifier: MIT
// What an image says of itself: `struct domain_header`, first thing in its read-only data (section
// `.domain`), made by idlc from the manifest and the IDL. The loader trusts no word of it.
#pragma once
#include <stdint.h>
#include "kernel/abi/rpc.h"

#define DOMAIN_MAGIC         0x31444842u // "BHD1"
#define DOMAIN_ABI           2
#define DOMAIN_NAME_SIZE     24 // with the closing NUL
#define DOMAIN_NEEDS_MAX     32
#define DOMAIN_METHODS_MAX   32
#define DOMAIN_ARGUMENTS_MAX 8

enum argument_kind {
    ARGUMENT_NONE,
    ARGUMENT_INTEGER,
    ARGUMENT_RREF,   // ownership moves to the callee
    ARGUMENT_BORROW, // lent for the call (or until completed, see rref_hold)
    ARGUMENT_HANDLE, // copied into the callee's table
};

enum method_flag {
    METHOD_IDEMPOTENT = 1,
    METHOD_BLOCKING = 2,
    METHOD_RESULT_RREF = 4,
    METHOD_RESULT_HANDLE = 8,
};

struct method_description {
    uint8_t argument_count;
    uint8_t flags; // enum method_flag
    uint16_t reserved;
    uint32_t timeout_ms; // 0: the domain's limit
    uint8_t arguments[DOMAIN_ARGUMENTS_MAX];
};

enum need_kind {
    NEED_NONE,
    NEED_SERVICE, // name: the service; interface and hash must match
    NEED_DEVICE,  // name: compatible string, or "virtio" with index = device type
    NEED_CORE,    // name: control, process, log, initrd, power
};

struct domain_need {
    uint8_t kind; // enum need_kind
    uint8_t optional;
    uint16_t interface; // number, for services
    uint32_t index;     // virtio device type, for devices
    uint64_t hash;      // interface hash, for services
    char name[DOMAIN_NAME_SIZE];
};

enum domain_flag {
    DOMAIN_STATELESS = 1, // update needs no export and import
    DOMAIN_SHADOW = 2,    // restarted on a crash, idempotent requests repeated
};

struct domain_limits {
    uint32_t pages; // private pages: data, heap, stacks
    uint32_t rrefs;
    uint32_t threads;
    uint32_t events;
    uint32_t handles;      // at most 1024
    uint32_t budget_ms;    // own CPU time of one call
    uint32_t wait_ms;      // longest wait of a method that is not `blocking`
    uint32_t shared_pages; // pages of RRefs that it owns
};

// Pointers hold link-time addresses (the base is 0): offsets in the slot.
struct domain_header {
    uint32_t magic;
    uint32_t abi;
    char name[DOMAIN_NAME_SIZE];
    uint32_t version;
    uint32_t flags;     // enum domain_flag
    uint32_t interface; // 0: serves none
    uint32_t interface_version;
    uint64_t interface_hash;
    char interface_name[DOMAIN_NAME_SIZE];
    uint32_t schema;  // of the state that export writes; 0: none
    uint32_t accepts; // lowest schema that import reads
    struct domain_limits limits;
    uint32_t method_count;
    uint32_t need_count;
    const void *const *methods;
    const struct method_description *descriptions;
    // Life cycle, all defined by domainlib, as weak defaults where the domain has none.
    int64_t (*init)(void);                 // private memory only
    int64_t (*rehearse)(uint64_t serving); // an update's gate is about to close
    int64_t (*attach)(void);               // take devices, make threads and RRefs, start to work
    RpcResult (*export_state)(uint64_t schema); // value: an RRef that moves out
    int64_t (*import_state)(rref_t state, uint64_t schema);
    int64_t (*detach)(uint64_t resume); // 0: stop own threads for a swap; 1: it failed, go on
    int64_t (*exit)(void);
    void (*thread_main)(uint64_t function, uint64_t argument);
    void (*fault_commit)(void);
    struct domain_need needs[DOMAIN_NEEDS_MAX];
    char title[DOMAIN_NAME_SIZE]; // what it is or drives, in a word, for people
};
