// SPDX-License-Identifier: MIT
// The return stub: where a domain's method returns to, at text offset 0 (slot offset SLOT_TEXT).
// The core puts its address into ra at every entry. Whoever jumps here, from wherever, pops the
// thread's top continuation frame and nothing else, so it need not be kept secret or intact.
#include "kernel/abi/core_entry.h"

    .section .text.entry, "ax", @progbits
    .globl domain_return_stub
    .type domain_return_stub, @function
domain_return_stub:
    // Before: a0, a1 = the RpcResult, gp = slot base. After: in the core, s9 = its entry.
    ld s9, 8 * CORE_ENTRY_RETURN(gp)
    jr s9
    .size domain_return_stub, . - domain_return_stub
