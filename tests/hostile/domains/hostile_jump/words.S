// SPDX-License-Identifier: MIT
// For each word of the gate page that an instruction can name: two instructions that enter what is
// there as their last call. ra = where that goes back to.
#define WORD(n)  ld s9, 8 * (n)(gp); jr s9
#define FOUR(n)  WORD(n); WORD(n + 1); WORD(n + 2); WORD(n + 3)
#define MANY(n)  FOUR(n); FOUR(n + 4); FOUR(n + 8); FOUR(n + 12)

    .text
    .globl gate_words
gate_words:
    MANY(0); MANY(16); MANY(32); MANY(48); MANY(64); MANY(80); MANY(96); MANY(112)
    MANY(128); MANY(144); MANY(160); MANY(176); MANY(192); MANY(208); MANY(224); MANY(240)
