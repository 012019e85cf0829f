// SPDX-License-Identifier: MIT
#include "storm.h"

void counts_add(struct counts *sum, const struct counts *part)
{
    sum->injected += part->injected;
    sum->activated += part->activated;
    sum->detected += part->detected;
    sum->recovered += part->recovered;
    sum->wrong += part->wrong;
    sum->hung += part->hung;
    sum->leaked_pages += part->leaked_pages;
    sum->leaked_rrefs += part->leaked_rrefs;
    sum->refused += part->refused;
    sum->damage += part->damage;
}
