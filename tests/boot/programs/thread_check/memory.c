// SPDX-License-Identifier: MIT
// Memory that several threads map and lose.
#include "check.h"

static void map_and_unmap(struct thread *self)
{
    for (int i = 0; i < 200; i++) {
        long size = 4096 * (1 + (i + self->argument) % 5);
        long address =
            call(CALL_MMAP, 0, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        CHECK(address > 0);
        volatile uint64_t *words = (uint64_t *)address;
        for (long k = 0; k < size / 8; k += 512) {
            CHECK(words[k] == 0); // nobody else's
            words[k] = (uint64_t)self->argument + 1;
        }
        CALL1(CALL_YIELD, 0);
        for (long k = 0; k < size / 8; k += 512)
            CHECK(words[k] == (uint64_t)self->argument + 1);
        CHECK(CALL3(CALL_MPROTECT, address, 4096, PROT_READ) == 0);
        CHECK(words[0] == (uint64_t)self->argument + 1);
        CHECK(CALL2(CALL_MUNMAP, address, size) == 0);
    }
}

void memory_is_mapped_by_all_at_once(void)
{
    start_all(8, map_and_unmap);
    join_all(8);
}

// One takes a page away that the others write to: they get the signal, at once.
static atomic_uint faulted;
static char *victim_page;

static void note_fault(int number, siginfo_t *info, void *context)
{
    uint64_t *registers = (uint64_t *)((char *)context + 176); // pc, x1, ...
    CHECK(number == SIGSEGV && info->si_addr == victim_page);
    faulted++;
    registers[0] = registers[10]; // to where a0 says
}

// Stores until the store faults.
__asm__("store_until_fault: la a0, 2f\n"
        "1: ld a2, 0(a1)\n"
        "addi a2, a2, 1\n"
        "sd a2, 0(a1)\n"
        "j 1b\n"
        "2: ret\n");

static void write_to_victim(struct thread *self)
{
    (void)self;
    announce(&ready);
    __asm__ volatile("mv a1, %0\n call store_until_fault"
                     :
                     : "r"(victim_page)
                     : "ra", "a0", "a1", "a2", "memory");
}

void who_uses_a_page_that_is_taken_away_faults(void)
{
    struct sigaction action = {.sa_sigaction = note_fault, .sa_flags = SA_SIGINFO};
    CHECK(sigaction(SIGSEGV, &action, NULL) == 0);
    for (int i = 0; i < 20; i++) {
        ready = faulted = 0;
        victim_page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        start_all(4, write_to_victim);
        await(&ready, 4);
        CHECK((i % 2 ? munmap(victim_page, 4096) : mprotect(victim_page, 4096, PROT_READ)) == 0);
        join_all(4);
        CHECK(faulted == 4);
    }
    signal(SIGSEGV, SIG_DFL);
}
