// SPDX-License-Identifier: MIT
// Runs a domain's ELF file as a Linux program under qemu-riscv64: a slot of 4 GiB at a 4 GiB
// boundary, a gate page with the few core entries that the workloads use, and a jump to its return
// stub's neighbour, `workloads_run`. No C library: built with -nostdlib.
//
// usage: loader FILE    the file's first relocation-free text is entered at e_entry
#include "kernel/abi/core_entry.h"

#define CONSTANT(number, name) ENTRY_##name = (number),
enum { CORE_ENTRIES(CONSTANT) };
enum { SYS_OPENAT = 56, SYS_READ = 63, SYS_WRITE = 64, SYS_EXIT = 93, SYS_MMAP = 222 };
enum {
    READ = 1,
    WRITE = 2,
    EXECUTE = 4,
    PRIVATE_ANONYMOUS = 0x22,
    FIXED = 0x10,
    NORESERVE = 0x4000
};

#define SLOT_SIZE   0x100000000ull
#define STACK_TOP   0x80010000ull
#define IMAGE_BYTES 0x800000ull // text, data, bss and heap

struct elf_header {
    uint8_t identity[16];
    uint16_t type, machine;
    uint32_t version;
    uint64_t entry, segments, sections;
    uint32_t flags;
    uint16_t header_size, segment_size, segment_count, section_size, section_count, names;
};

struct segment_header {
    uint32_t type, flags;
    uint64_t offset, address, physical, file_size, memory_size, align;
};

struct section_header {
    uint32_t name, type;
    uint64_t flags, address, offset, size;
    uint32_t link, info;
    uint64_t align, entry_size;
};

struct relocation {
    uint64_t place, info;
    int64_t addend;
};

static uint8_t file[4 << 20];
uint64_t loader_stack; // of domain_enter
uint64_t loader_heap = IMAGE_BYTES / 2;

// gate.S's stand-ins, in the assembly below.
void entry_abort(void);
void entry_return(void);
void entry_copy(void);
void entry_fill(void);
void entry_log(void);
void entry_time(void);
void entry_heap_grow(void);
int64_t domain_enter(uint64_t base, uint64_t entry, uint64_t stack);

static long system_call(long number, long a, long b, long c, long d, long e, long f)
{
    register long a0 __asm__("a0") = a, a1 __asm__("a1") = b, a2 __asm__("a2") = c;
    register long a3 __asm__("a3") = d, a4 __asm__("a4") = e, a5 __asm__("a5") = f;
    register long a7 __asm__("a7") = number;
    __asm__ volatile("ecall"
                     : "+r"(a0)
                     : "r"(a1), "r"(a2), "r"(a3), "r"(a4), "r"(a5), "r"(a7)
                     : "memory");
    return a0;
}

_Noreturn void loader_exit(long status)
{
    for (;;)
        system_call(SYS_EXIT, status, 0, 0, 0, 0, 0);
}

static void say(const char *text)
{
    long length = 0;
    while (text[length])
        length++;
    system_call(SYS_WRITE, 2, (long)text, length, 0, 0, 0);
}

void loader_log(const char *text, long length)
{
    system_call(SYS_WRITE, 1, (long)text, length, 0, 0, 0);
}

_Noreturn void loader_abort(void)
{
    say("loader: the domain aborted\n");
    loader_exit(3);
}

static uint64_t map(uint64_t address, uint64_t size, int rights, int flags)
{
    return (uint64_t)system_call(SYS_MMAP, (long)address, (long)size, rights,
                                 PRIVATE_ANONYMOUS | flags, -1, 0);
}

static uint64_t slot_make(void)
{
    uint64_t area = map(0, 3 * SLOT_SIZE, 0, NORESERVE);
    uint64_t base = (area + SLOT_SIZE - 1) & ~(SLOT_SIZE - 1);
    map(base, 4096, READ | WRITE, FIXED);
    map(base + 0x10000, IMAGE_BYTES, READ | WRITE | EXECUTE, FIXED);
    map(base + STACK_TOP - 0x10000, 0x10000, READ | WRITE, FIXED);
    uint64_t *gate_page = (uint64_t *)base;
    for (int i = 0; i < 512; i++)
        gate_page[i] = (uint64_t)entry_abort;
    gate_page[CORE_ENTRY_RETURN] = (uint64_t)entry_return;
    gate_page[CORE_ENTRY_COPY] = (uint64_t)entry_copy;
    gate_page[CORE_ENTRY_FILL] = (uint64_t)entry_fill;
    gate_page[ENTRY_log] = (uint64_t)entry_log;
    gate_page[ENTRY_time] = (uint64_t)entry_time;
    gate_page[ENTRY_heap_grow] = (uint64_t)entry_heap_grow;
    return base;
}

static void relocate(const struct elf_header *header, uint64_t base)
{
    const struct section_header *sections = (const void *)(file + header->sections);
    for (int i = 0; i < header->section_count; i++) {
        if (sections[i].type != 4 || !(sections[sections[i].info].flags & 2))
            continue;
        const struct relocation *entries = (const void *)(file + sections[i].offset);
        for (uint64_t n = 0; n < sections[i].size / sizeof *entries; n++) {
            if ((uint32_t)entries[n].info == 2 && *(uint64_t *)(base + entries[n].place))
                *(uint64_t *)(base + entries[n].place) += base;
        }
    }
}

static void load(const struct elf_header *header, uint64_t base)
{
    const struct segment_header *segments = (const void *)(file + header->segments);
    for (int i = 0; i < header->segment_count; i++) {
        if (segments[i].type != 1)
            continue;
        for (uint64_t n = 0; n < segments[i].file_size; n++)
            ((uint8_t *)(base + segments[i].address))[n] = file[segments[i].offset + n];
    }
    relocate(header, base);
}

_Noreturn void loader_main(const uint64_t *stack)
{
    const char *path = stack[0] > 1 ? (const char *)stack[2] : "";
    long fd = system_call(SYS_OPENAT, -100, (long)path, 0, 0, 0, 0);
    long size = 0, got;
    while (fd >= 0 && (got = system_call(SYS_READ, fd, (long)(file + size),
                                         (long)sizeof file - size, 0, 0, 0)) > 0)
        size += got;
    if (size < 64) {
        say("loader: cannot read the file\n");
        loader_exit(2);
    }
    const struct elf_header *header = (const void *)file;
    uint64_t base = slot_make();
    load(header, base);
    __asm__ volatile("fence.i" ::: "memory");
    loader_exit(domain_enter(base, base + header->entry, base + STACK_TOP - 0x400));
}

__asm__(R"(
    .option norelax
    .text
    .globl _start
_start:
    mv a0, sp
    andi sp, sp, -16
    call loader_main

    # a0 = base, a1 = entry, a2 = stack. The domain gets garbage wherever it is promised nothing.
    .globl domain_enter
domain_enter:
    addi sp, sp, -112
    sd ra, 0(sp)
    sd s0, 8(sp)
    sd s1, 16(sp)
    sd gp, 24(sp)
    lla t0, loader_stack
    sd sp, 0(t0)
    mv gp, a0
    mv sp, a2
    mv s9, gp
    mv s10, gp
    li tp, 0x5a5a
    li t0, 0x10000
    add ra, gp, t0
    jr a1

    .globl entry_return
entry_return:
    lla t0, loader_stack
    ld sp, 0(t0)
    ld ra, 0(sp)
    ld s0, 8(sp)
    ld s1, 16(sp)
    ld gp, 24(sp)
    addi sp, sp, 112
    ret

    .globl entry_abort
entry_abort:
    lla t0, loader_stack
    ld sp, 0(t0)
    call loader_abort

    .globl entry_copy
entry_copy:
    mv t6, a0
1:  beqz a2, 2f
    lbu t0, 0(a1)
    sb t0, 0(a0)
    addi a0, a0, 1
    addi a1, a1, 1
    addi a2, a2, -1
    j 1b
2:  mv a0, t6
    j clobber

    .globl entry_fill
entry_fill:
    mv t6, a0
1:  beqz a2, 2f
    sb a1, 0(a0)
    addi a0, a0, 1
    addi a2, a2, -1
    j 1b
2:  mv a0, t6
    j clobber

    .globl entry_time
entry_time:
    li a0, 0
    j clobber

    # In the upper half of what is mapped for the image.
    .globl entry_heap_grow
entry_heap_grow:
    lla t0, loader_heap
    ld t1, 0(t0)
    add t2, t1, a0
    sd t2, 0(t0)
    mv a0, t1
    j clobber

    .globl entry_log
entry_log:
    addi sp, sp, -32
    sd ra, 0(sp)
    call loader_log
    ld ra, 0(sp)
    addi sp, sp, 32

    # A core entry keeps what a C function keeps, and nothing else.
clobber:
    li a1, -1
    li a2, -1
    li a3, -1
    li a4, -1
    li a5, -1
    li a6, -1
    li a7, -1
    li t0, -1
    li t1, -1
    li t2, -1
    li t3, -1
    li t4, -1
    li t5, -1
    li t6, -1
    ret
)");
