// SPDX-License-Identifier: MIT
// The verifier: decides whether the text of a domain is confined to its slot.
//
// It is the one thing that isolation rests on: compiler, assembler, rewriter and linker are not
// trusted. One portable file, compiled into the kernel, the host tests, the fuzzers and domverify.
// No state, no locks, no memory of its own: any context, any hart.
//
// The invariant that accepted text keeps at every boundary between two instructions (docs/design.md
// has the argument, docs/abi.md the rules):
//   gp = base of the slot, tp = the core's; s10 and sp lie in the slot; s9 and ra are multiples of
//   4 in the slot (s9 may also be the address of a core entry).
// Every aligned word of the text is a legal place to land, so nothing is assumed of the path there.
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct verify_result {
    bool ok;
    uint32_t rule;   // 1..8: the rule that the first offence breaks; 0 if ok
    uint64_t offset; // of the offending instruction in the slot
    uint32_t word;   // the offending instruction
    const char *why; // one clause, for people; "" if ok
    uint64_t instructions;
    uint64_t guarded_stores; // stores, sc and AMOs through s10
    uint64_t guarded_loads;  // loads and lr through s10
};

// Judges `count` instruction words that will run at slot offset `text_offset` (bytes, a multiple of
// 4): the frames as they are after relocation, no longer writable by anybody but the core. The
// counts are of the whole text if ok, else of what comes before the offence. Empty text is ok.
struct verify_result verify_text(const uint32_t *words, size_t count, uint64_t text_offset);
