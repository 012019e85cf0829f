// SPDX-License-Identifier: MIT
// External interrupts through the PLIC. A claimed source stays masked for its hart until completed:
// the handler runs in interrupt context, on any hart, with interrupts off.
#pragma once
#include <stdint.h>

// HANDLER is called with ARGUMENT for each interrupt of SOURCE; it must arrange for
// interrupt_complete(source) to be called, then or later, on any hart. Returns 0, -EBUSY, or
// -EINVAL for a number that no source has.
int interrupt_attach(uint32_t source, void (*handler)(void *argument), void *argument);
// Masks it and completes what was claimed; the handler no longer runs afterwards. Not in a handler.
void interrupt_detach(uint32_t source);
void interrupt_complete(uint32_t source);

void interrupt_init(void); // boot
void interrupt_dispatch(
    void); // the external interrupt: claims one and handles it; others come again
