// SPDX-License-Identifier: MIT
#include <string.h>
#include "target.h"
#include "tool.h"

char answer_wrong[160];

enum outcome answer_judge(long result, bool right, const char *asked, uint64_t number,
                          const void *came)
{
    uint64_t words[2] = {0};
    if (result < 0)
        return OUTCOME_ERROR;
    if (right)
        return OUTCOME_RIGHT;
    if (came)
        memcpy(words, came, sizeof words);
    snprintf(answer_wrong, sizeof answer_wrong, "%s %lu: result %ld, with 0x%lx 0x%lx", asked,
             number, result, words[0], words[1]);
    return OUTCOME_WRONG;
}
