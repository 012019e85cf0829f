// SPDX-License-Identifier: MIT
// A second opinion on the rules of docs/abi.md, written from that page and the RISC-V manuals
// alone.
//
// It shares no line with kernel/verify.c, and not its way either: a word is looked up in a list of
// encodings as the manuals print them, and the rules are then asked of the decoded instruction.
// Slow and plain on purpose; what it and the verifier judge differently is a bug in one of them.
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// Must be called once, before any thread judges.
void model_prepare(void);

// Whether the instruction at `index` may stand where it does in a text of `count` words that lies
// at `text_offset` (bytes) of a slot. Reads words[index] and at most the two behind it.
bool model_accepts(const uint32_t *words, size_t count, uint64_t text_offset, size_t index);

// The index of the first instruction in [from, to) that is refused; `to` if there is none.
size_t model_first_refused(const uint32_t *words, size_t count, uint64_t text_offset, size_t from,
                           size_t to);

// The mnemonic, or NULL for what is not on the list.
const char *model_mnemonic(uint32_t word);
