// SPDX-License-Identifier: MIT
// Where the core can split no further range, what it refuses to unmap stays mapped, and whoever
// maps something else does not run into it. Prints a line for each check that fails.
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>
#include "check.h"

#define PAGE  4096l
#define PAGES 16384l
#define TAIL  64l // pages behind those that get rights of their own
#define HEAP  16l

static char *base, *tail;

// Every other page may be read only, until there is no range left. The first of the last ones.
static char *ranges_exhaust(void)
{
    for (long page = 1; page < PAGES - TAIL; page += 2) {
        if (mprotect(base + page * PAGE, PAGE, PROT_READ) < 0)
            return errno == ENOMEM ? base + page * PAGE : NULL;
    }
    return NULL;
}

static void munmap_fails_and_changes_nothing(void)
{
    char *middle = tail + TAIL / 2 * PAGE;
    middle[0] = 'm';
    CHECK((errno = 0, munmap(middle, PAGE)) < 0 && errno == ENOMEM);
    CHECK(middle[0] == 'm');
    middle[0] = 'n';
    // Nor is it taken for free when somebody needs a place.
    CHECK(munmap(base + PAGE, PAGE) == 0); // a range of its own
    char *other = mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    CHECK(other != MAP_FAILED && other != middle);
    CHECK(middle[0] == 'n');
}

static void mmap_there_fails_and_changes_nothing(void)
{
    char *middle = tail + TAIL / 4 * PAGE;
    middle[0] = 'f';
    CHECK((errno = 0, mmap(middle, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1,
                           0)) == MAP_FAILED &&
          errno == ENOMEM);
    CHECK(middle[0] == 'f');
    CHECK((errno = 0, mmap(middle, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1,
                           0)) == MAP_FAILED &&
          errno == ENOMEM);
    middle[0] = 'g';
}

static void the_break_stays_where_it_cannot_be_lowered(char *heap)
{
    heap[(HEAP - 1) * PAGE] = 'h';
    CHECK((errno = 0, sbrk(-HEAP / 2 * PAGE)) == (void *)-1 && errno == ENOMEM);
    CHECK(sbrk(0) == heap + HEAP * PAGE);
    CHECK(heap[(HEAP - 1) * PAGE] == 'h');
    // With a range to spare it goes down and up again, to fresh memory.
    CHECK(munmap(base + 3 * PAGE, PAGE) == 0);
    CHECK(sbrk(-HEAP / 2 * PAGE) == heap + HEAP * PAGE);
    CHECK(sbrk(HEAP / 2 * PAGE) == heap + HEAP / 2 * PAGE);
    CHECK(heap[(HEAP - 1) * PAGE] == 0);
}

int main(void)
{
    printf("begin\n"); // what the library needs of the heap it has now
    char *heap = sbrk(0);
    heap = sbrk(PAGE - (intptr_t)heap % PAGE + HEAP * PAGE) + (PAGE - (intptr_t)heap % PAGE);
    base = mmap(NULL, PAGES * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    CHECK(base != MAP_FAILED);
    char *last = ranges_exhaust();
    CHECK(last != NULL);
    tail = last + PAGE;
    mmap_there_fails_and_changes_nothing();
    munmap_fails_and_changes_nothing();
    the_break_stays_where_it_cannot_be_lowered(heap);
    printf("%d checks failed\n", failures);
    return failures != 0;
}
