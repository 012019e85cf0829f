// SPDX-License-Identifier: MIT
// The upper half of the address space (Sv39, 256 GiB), the same in every page table. All its root
// entries exist from boot, so that no process's table is ever updated.
#pragma once

#define PAGE_SHIFT 12
#define PAGE_SIZE  4096

#define DIRECT_MAP       0xFFFFFFC000000000 // all RAM, RW, never executable
#define DIRECT_MAP_SIZE  0x400000000        // 16 GiB
#define MMIO_WINDOW      0xFFFFFFC400000000 // device registers, core only
#define MMIO_WINDOW_SIZE 0x100000000
#define SLOT_AREA        0xFFFFFFC500000000 // slot N at SLOT_AREA + N * SLOT_SIZE
#define SLOT_COUNT       58
#define SLOT_AREA_END    0xFFFFFFFF00000000 // the gate page again, then the thread area
#define THREAD_AREA      0xFFFFFFFF10000000 // stacks and continuation frames, see kernel/thread.h
#define THREAD_AREA_END  0xFFFFFFFF20000000
#define CORE_IMAGE       0xFFFFFFFF80000000 // the core, linked here (top 2 GiB)

#define HARTS_MAX 8
