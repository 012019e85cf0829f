// SPDX-License-Identifier: MIT
// The ns16550a (National Semiconductor PC16550D data sheet), registers one byte apart.
#include "console.h"

enum {
    DATA = 0,
    INTERRUPT_ENABLE = 1,
    FIFO_CONTROL = 2,
    LINE_CONTROL = 3,
    MODEM_CONTROL = 4,
    LINE_STATUS = 5,
};

#define RECEIVE_INTERRUPT  0x01
#define TRANSMIT_INTERRUPT 0x02
#define FIFO_ON            0x01 // interrupt at the first byte; what was typed during an update stays
#define EIGHT_BITS         0x03 // no parity, one stop bit
#define MODEM_READY        0x0B // DTR, RTS, OUT2: the gate of the interrupt line
#define DATA_READY         0x01
#define TRANSMIT_EMPTY     0x20
#define FIFO_BYTES         16
#define POLLS_MAX          64 // looks at a full device before the rest is left to its interrupt

static bool transmit_interrupt;

static void write_register(uint32_t offset, uint8_t value)
{
    core_mmio_write(HANDLE_UART, offset, 1, value);
}

static uint8_t read_register(uint32_t offset)
{
    return (uint8_t)core_mmio_read(HANDLE_UART, offset, 1);
}

void uart_start(void)
{
    transmit_interrupt = false;
    write_register(LINE_CONTROL, EIGHT_BITS);
    write_register(FIFO_CONTROL, FIFO_ON);
    write_register(MODEM_CONTROL, MODEM_READY);
    write_register(INTERRUPT_ENABLE, RECEIVE_INTERRUPT);
}

void uart_stop(void)
{
    write_register(INTERRUPT_ENABLE, 0);
}

int uart_receive(void)
{
    if (!(read_register(LINE_STATUS) & DATA_READY))
        return -1;
    return read_register(DATA);
}

static bool transmitter_empty(void)
{
    for (int i = 0; i < POLLS_MAX; i++)
        if (read_register(LINE_STATUS) & TRANSMIT_EMPTY)
            return true;
    return false;
}

static void interrupt_on_empty(bool wanted)
{
    if (wanted == transmit_interrupt)
        return;
    transmit_interrupt = wanted;
    write_register(INTERRUPT_ENABLE, RECEIVE_INTERRUPT | (wanted ? TRANSMIT_INTERRUPT : 0));
}

void uart_transmit(uint32_t most)
{
    uint32_t sent = 0;
    while (output_queued() && sent < most && transmitter_empty()) {
        uint32_t count = output_queued() < FIFO_BYTES ? output_queued() : FIFO_BYTES;
        for (uint32_t i = 0; i < count; i++)
            write_register(DATA, console.output[console.output_tail++ % OUTPUT_SIZE]);
        sent += count;
    }
    interrupt_on_empty(output_queued() != 0);
    if (console.blocked && output_room() >= OUTPUT_SIZE / 2) {
        console.blocked = 0;
        console_changed();
    }
}
