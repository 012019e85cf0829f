// SPDX-License-Identifier: MIT
// test-sources: kernel/verify.c
//
// Damaged and random text: the verifier ends, says where and which rule, and overlooks none of the
// instructions that no text may hold.
#include "fuzz.h"
#include "kernel/verify.h"

#define TEXT_OFFSET 0x10000

// ecall, sret, wfi, fence.i, sfence.vma, csrw sstatus, mv gp, a0, sd a1, 0(a0), c.nop twice.
static const uint32_t forbidden[] = {0x00000073, 0x10200073, 0x10500073, 0x0000100f, 0x12000073,
                                     0x10051073, 0x00050193, 0x00b53023, 0x00010001, 0xffffffff};

static void result_check(const struct verify_result *result, size_t count, const uint32_t *words)
{
    if (result->ok) {
        fuzz_claim(result->rule == 0 && result->instructions == count, "all of it was counted");
        return;
    }
    size_t place = (size_t)(result->offset - TEXT_OFFSET) / 4;
    fuzz_claim(result->rule >= 1 && result->rule <= 8, "a refusal names a rule");
    fuzz_claim(place < count && result->offset % 4 == 0, "a refusal names a place in the text");
    fuzz_claim(words[place] == result->word, "a refusal shows the instruction that is there");
    fuzz_claim(result->why && *result->why, "a refusal has a reason");
}

void fuzz_one(const uint8_t *bytes, size_t size)
{
    size_t count = size / 4;
    uint32_t *words = malloc(count ? count * 4 : 4);
    memcpy(words, bytes, count * 4);
    struct verify_result result = verify_text(words, count, TEXT_OFFSET);
    result_check(&result, count, words);
    if (count) {
        words[fuzz_below(count)] = forbidden[fuzz_below(sizeof(forbidden) / sizeof(forbidden[0]))];
        result = verify_text(words, count, TEXT_OFFSET);
        result_check(&result, count, words);
        fuzz_claim(!result.ok, "text with a forbidden instruction is refused");
    }
    free(words);
}
