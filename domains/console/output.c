// SPDX-License-Identifier: MIT
// The way to the screen: output settings, the cursor's column, the queue before the device.
#include "console.h"

#define TAB_WIDTH 8

uint32_t output_queued(void)
{
    return console.output_head - console.output_tail;
}

uint32_t output_room(void)
{
    return OUTPUT_SIZE - output_queued();
}

static void queue(uint8_t byte)
{
    console.output[console.output_head++ % OUTPUT_SIZE] = byte;
}

uint32_t column_after(uint32_t column, uint8_t byte, bool visible_control)
{
    if (byte == '\t')
        return column + TAB_WIDTH - column % TAB_WIDTH;
    if (byte < ' ' || byte == 0x7F)
        return visible_control ? column + 2 : column;
    if ((console.settings.c_iflag & IUTF8) && (byte & 0xC0) == 0x80)
        return column; // a further byte of one character
    return column + 1;
}

// The cursor moves as the screen does, so that an erased tab goes back by the right width.
static void track(uint8_t byte)
{
    if (byte == '\r')
        console.column = 0;
    else if (byte == '\b')
        console.column -= console.column > 0;
    else if (byte != '\n')
        console.column = column_after(console.column, byte, false);
}

bool output_byte(uint8_t byte)
{
    bool process = console.settings.c_oflag & OPOST;
    bool add_return = process && byte == '\n' && (console.settings.c_oflag & ONLCR);
    if (output_room() < 1u + add_return)
        return false;
    if (add_return) {
        queue('\r');
        track('\r');
    }
    queue(byte);
    track(byte);
    return true;
}

void echo_byte(uint8_t byte)
{
    output_byte(byte);
}

void echo_visible(uint8_t byte)
{
    if ((byte >= ' ' && byte != 0x7F) || byte == '\t' || byte == '\n' || !setting_local(ECHOCTL)) {
        echo_byte(byte);
        return;
    }
    echo_byte('^');
    echo_byte(byte ^ 0x40);
}

void echo_erase_to(uint32_t column)
{
    while (console.column > column) {
        echo_byte('\b');
        echo_byte(' ');
        echo_byte('\b');
    }
}
