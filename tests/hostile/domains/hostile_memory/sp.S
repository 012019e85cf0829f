// SPDX-License-Identifier: MIT
// The stack pointer as a weapon: confined code may set it to any address of the slot, and store and
// load 2 KiB around it without a guard.
    .text

// void sp_store_below(uint64_t address, uint32_t first, uint32_t second), and so on: sp = base + low
// half of a0, and the mark's halves go there.
    .globl sp_store_below
sp_store_below:
    mv sp, a0
    sw a1, -2048(sp)
    sw a2, -2044(sp)
    ret

    .globl sp_store_above
sp_store_above:
    mv sp, a0
    sw a1, 2043(sp)
    sw a2, 2047(sp)
    ret

    .globl sp_load_below
sp_load_below:
    mv t0, sp
    mv sp, a0
    ld a0, -2048(sp)
    mv sp, t0
    ret

    .globl sp_load_above
sp_load_above:
    mv t0, sp
    mv sp, a0
    ld a0, 2047(sp)
    mv sp, t0
    ret

// void sp_walk(int64_t step, uint32_t first, uint32_t second): stores at sp, moves it on, for ever.
    .globl sp_walk
sp_walk:
    sw a1, 0(sp)
    sw a2, 4(sp)
    add sp, sp, a0
    j sp_walk
