// SPDX-License-Identifier: MIT
// Core objects that a handle can name, and the handle table of a domain.
//
// An object lives as long as somebody uses it: each handle counts, and so does a core pointer that
// outlasts a lock. Any hart; object_put may free, so never under a lock ranked above LOCK_DOMAIN
// unless the caller knows that it holds another use.
#pragma once
#include <stdbool.h>
#include <stdint.h>
#include "kernel/abi/rpc.h"

struct domain;
struct proxy;

enum object_kind {
    OBJECT_NONE,
    OBJECT_PROXY,
    OBJECT_EVENT,
    OBJECT_DEVICE,
    OBJECT_SPACE,  // user address space
    OBJECT_THREAD, // user thread
    OBJECT_CORE,   // a core capability: rights bit N = enum core_capability
};

enum core_capability {
    CORE_CONTROL = 1,
    CORE_PROCESS = 2,
    CORE_LOG = 4,
    CORE_INITRD = 8,
    CORE_POWER = 16
};

struct object {
    uint32_t kind;                    // enum object_kind
    uint32_t users;                   // atomic
    void (*destroy)(struct object *); // the last use is gone
};

void object_init(struct object *object, enum object_kind kind, void (*destroy)(struct object *));
void object_get(struct object *object);
void object_put(struct object *object);

#define HANDLES_MAX    1024 // that a manifest may ask for
#define HANDLES_CALLED 128  // the gate finds services among the first of them only

// One entry of a handle table, 32 bytes; the gate reads it (kernel/offsets.c).
struct handle_entry {
    struct proxy *proxy;   // &proxy_none where this is not a service
    uint64_t fast;         // bits N and 32 + N: as proxy.fast, and this holder may call method N
    uint64_t rights;       // bit N: this holder may call method N; for OBJECT_CORE: its capability
    struct object *object; // NULL: free
};

// Puts an object (one use is taken over) into a free entry, a service into one that the gate finds.
// Returns the handle or -ENFILE.
// Takes LOCK_DOMAIN of DOMAIN.
int handle_insert(struct domain *domain, struct object *object, uint64_t rights);
// The same at a fixed index (the manifest's constants).
void handle_insert_at(struct domain *domain, handle_t handle, struct object *object,
                      uint64_t rights);
// The object behind a handle with one use taken for the caller; NULL if it is of another kind.
struct object *handle_object(struct domain *domain, handle_t handle, enum object_kind kind);
// Does HANDLE carry this core capability?
bool handle_has_capability(struct domain *domain, handle_t handle, enum core_capability capability);
// Gives DOMAIN's object to NEXT as well, with the same rights. The new handle, -EBADF or -ENFILE.
int handle_copy(struct domain *domain, handle_t handle, struct domain *next);
// The same for a successor, which gets no rights beyond its manifest's: events, address spaces and
// user threads only. Up to INHERIT_MAX at once, since callers wait; each is replaced by the new
// one, -EBADF or -ENFILE. Takes LOCK_DOMAIN of both, one after the other.
void handles_inherit(struct domain *domain, int32_t *handles, uint32_t count, struct domain *next);
int handle_close(struct domain *domain, handle_t handle); // 0 or -EBADF
// Who still waits for news from the domain, on an event that it holds, is to look again.
void handle_announce_end(struct domain *domain);
void handle_close_all(struct domain *domain);
uint32_t handle_total(void); // of all domains
