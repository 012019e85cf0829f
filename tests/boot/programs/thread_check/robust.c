// SPDX-License-Identifier: MIT
// Locks whose owner has ended.
#include "check.h"

struct robust_entry {
    struct robust_entry *next;
    atomic_uint word;
};

static struct {
    struct robust_entry *list;
    long offset;
    struct robust_entry *pending;
} robust_head;
static struct robust_entry robust_entries[2];

static void end_as_owner(struct thread *self)
{
    robust_head.offset = offsetof(struct robust_entry, word);
    robust_head.list = &robust_entries[0];
    robust_head.pending = NULL;
    robust_entries[0].next = &robust_entries[1];
    robust_entries[1].next = (struct robust_entry *)&robust_head;
    void *head = NULL;
    long length = 0;
    CHECK(CALL2(CALL_SET_ROBUST, &robust_head, 8) == -EINVAL);
    CHECK(CALL2(CALL_SET_ROBUST, &robust_head, sizeof robust_head) == 0);
    CHECK(CALL3(CALL_GET_ROBUST, 0, &head, &length) == 0);
    CHECK(head == &robust_head && length == sizeof robust_head);
    robust_entries[0].word = self->tid;
    robust_entries[1].word = self->tid;
    announce(&ready);
    pause_ms(30);
}

static void wait_for_owner(struct thread *self)
{
    (void)self;
    await(&ready, 1);
    unsigned now = robust_entries[1].word |= 0x80000000u;
    while (!(robust_entries[1].word & 0x40000000u))
        futex(&robust_entries[1].word, WAIT, now, NULL, NULL, 0);
}

void locks_of_who_ends_are_given_up(void)
{
    ready = 0;
    CHECK(thread_start(&threads[0], end_as_owner, 0) > 0);
    CHECK(thread_start(&threads[1], wait_for_owner, 0) > 0);
    join_all(2);
    CHECK(robust_entries[0].word == 0x40000000u);
    CHECK(robust_entries[1].word == 0xC0000000u);
}
