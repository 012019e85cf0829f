// SPDX-License-Identifier: MIT
// The layout of a slot: the 4 GiB of address space that one running domain instance lives in.
// Shared by the core, domainlib and the host tools; usable from assembly. docs/abi.md tells why.
#pragma once

#define SLOT_SIZE 0x100000000

#define SLOT_GATE_PAGE    0x0     // 512 words, each the address of a core entry; read-only
#define SLOT_TEXT         0x10000 // RX, starts with the return stub; then rodata, data, bss, heap
#define SLOT_IMAGE_LIMIT  0x20000000 // text, rodata, data and bss end below this
#define SLOT_HEAP_LIMIT   0x60000000 // the private heap grows up to here
#define SLOT_INITRD       0x60000000 // read-only view of the initrd, for who holds `core initrd`
#define SLOT_STACKS       0x80000000 // (STACK_DEPTHS * thread + depth) * STACK_STRIDE
#define SLOT_SHARED       0xC0000000 // the shared heap, same offsets in every slot
#define SLOT_SHARED_LIMIT 0xFFFFF000 // the last page is never mapped

#define STACK_STRIDE   0x10000 // one stack: lower half guard, upper half mapped on first touch
#define STACK_MAPPED   0x8000
#define STACK_RESERVED 0x400 // at the top of each: the C library's per-thread data
#define STACK_DEPTHS   32
#define STACK_THREADS  512
