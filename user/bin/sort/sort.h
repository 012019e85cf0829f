// SPDX-License-Identifier: MIT
// Between the parts of sort: what of a line counts, and how two lines compare.
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct order {
    bool numeric, backwards, fold_case, skip_blanks;
};

/* Notes a key, like 2, 2,3n or 1.4,1.6. Ends the tool with a usage error where it is none. */
void key_add(const char *text);

/* All keys are known: `order` is that of whole lines, and of keys that have none of their own.
   `divider` is the byte between two fields, -1: each begins where blanks follow another byte. */
void keys_finish(const struct order *order, int divider);

/* <0, 0, >0 by the keys, or by the whole line where there are none. */
int keys_compare(const char *left, const char *right);
