// SPDX-License-Identifier: MIT
#include "program.h"
#include <stdlib.h>
#include <string.h>
#include "kernel/abi/error.h"
#include "kernel/space.h"
#include "kernel/thread.h"
#include "microcore/page.h"
#include "microcore/pagetable.h"

#define FRAMES_MAX_FAKE 256
#define TABLES_MAX      64

static struct space space;
static bool runs_here, sealed;
static uint64_t walks;
static void *tables[TABLES_MAX];
static uint32_t table_count;
static struct {
    uint64_t frame;
    uint32_t users;
    bool mapped;
} frames[FRAMES_MAX_FAKE];
static uint32_t frame_count;

static uint64_t *table_make(void)
{
    void *table = aligned_alloc(PAGE_SIZE, PAGE_SIZE);
    memset(table, 0, PAGE_SIZE);
    tables[table_count++] = table;
    return table;
}

void program_reset(void)
{
    space = (struct space){.object = {.users = 1}};
    space.root = table_make();
    runs_here = true;
    sealed = false;
    walks = 0;
}

void program_end(void)
{
    for (uint32_t i = 0; i < frame_count; i++)
        if (frames[i].mapped)
            page_put(frames[i].frame);
    while (table_count)
        free(tables[--table_count]);
    frame_count = 0;
}

struct space *program_space(void)
{
    return &space;
}

struct space *thread_space(void)
{
    return runs_here ? &space : NULL;
}

void program_runs(bool runs)
{
    runs_here = runs;
}

void program_seal(void)
{
    sealed = true;
}

uint64_t program_walks(void)
{
    return walks;
}

// ---- Frames ----

static uint32_t frame_index(uint64_t frame)
{
    uint32_t i = 0;
    while (i < frame_count && frames[i].frame != frame)
        i++;
    return i;
}

void page_put(uint64_t physical)
{
    uint32_t i = frame_index(physical);
    if (!--frames[i].users) {
        page_free(physical, 0);
        frames[i].frame = 0;
    }
}

uint64_t program_pins(void)
{
    uint64_t pins = 0;
    for (uint32_t i = 0; i < frame_count; i++)
        if (frames[i].frame)
            pins += frames[i].users - frames[i].mapped;
    return pins;
}

// ---- Pages ----

static uint64_t *leaf(uint64_t address)
{
    uint64_t *table = space.root, *entry = NULL;
    for (int shift = 30; shift >= PAGE_SHIFT; shift -= 9) {
        entry = &table[address >> shift & 511];
        if (shift > PAGE_SHIFT && !*entry)
            *entry = (uint64_t)table_make() >> PAGE_SHIFT << 10 | PTE_VALID;
        table = (uint64_t *)pte_physical(*entry);
    }
    return entry;
}

static uint64_t frame_at(uint64_t address)
{
    uint64_t *entry = leaf(address);
    if (*entry)
        return pte_physical(*entry);
    uint64_t frame = sealed ? 0 : page_alloc_zeroed(0);
    if (!frame)
        return 0;
    uint32_t i = frame_index(0);
    frame_count += i == frame_count;
    frames[i].frame = frame;
    frames[i].users = 1;
    frames[i].mapped = true;
    *entry = frame >> PAGE_SHIFT << 10 | PTE_VALID | PTE_USER | PTE_READ | PTE_WRITE;
    return frame;
}

uint8_t *program_byte(uint64_t address)
{
    return (uint8_t *)frame_at(address) + address % PAGE_SIZE;
}

bool program_unmap(uint64_t address)
{
    uint64_t *entry = leaf(address);
    uint32_t i = frame_index(pte_physical(*entry));
    bool free = frames[i].users == 1;
    *entry = 0;
    frames[i].mapped = false;
    page_put(frames[i].frame);
    return free;
}

int space_pin(struct space *of, uint64_t address, bool write, uint64_t *physical)
{
    (void)of, (void)write;
    walks++;
    *physical = frame_at(address);
    if (!*physical)
        return sealed ? -EFAULT : -ENOMEM;
    frames[frame_index(*physical)].users++;
    return 0;
}

bool space_pin_try(struct space *of, uint64_t address, bool write, uint64_t *physical)
{
    return *leaf(address) && !space_pin(of, address, write, physical);
}

uint64_t space_pin_present(struct space *of, uint64_t address, bool write, uint64_t *physical,
                           uint64_t count)
{
    uint64_t done = 0;
    while (done < count && *leaf(address + done * PAGE_SIZE) &&
           !space_pin(of, address + done * PAGE_SIZE, write, &physical[done]))
        done++;
    return done;
}
