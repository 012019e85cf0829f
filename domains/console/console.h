// SPDX-License-Identifier: MIT
// The console: an ns16550a, a line discipline as Linux's n_tty has it, and the `terminal`
// interface.
//
//     uart.c        registers, transmit from the output queue
//     output.c      what programs and the echo write: OPOST, column, output queue
//     input.c       what the keyboard sends: signals, line editing, raw input
//     control.c     settings
//     console.c     the interface, the driver thread
//     handover.c    update
//
// All state that an update carries over is two structures: what was typed lies in a kept RRef, so
// that a crash loses no key. console_mutex covers them and the device; nothing sleeps with it. The
// second version counts, and shows the counts at Ctrl-T.
#pragma once
#include "domain.h"
#include "termios.h"

#define OUTPUT_SIZE 8192  // bytes; a power of two
#define INPUT_SIZE  4096  // symbols; a power of two
#define LINE_SIZE   1024  // longest line in cooked mode, its end included
#define INPUT_END   0x100 // symbol: end of file was typed here

struct console_state {
    struct termios settings;
    struct window_size window;
    handle_t event;        // signalled when poll's answer may have changed
    bool event_is_known;   // somebody has asked for it
    uint64_t read_timeout; // raw mode with VTIME: when an empty read is to end; 0: none runs
    // Output: bytes from `tail` to `head` wait for the device; both only grow.
    uint32_t output_head, output_tail;
    uint32_t column;                    // of the cursor, from 0
    uint32_t blocked;                   // 1: somebody waits for room
    uint32_t literal;                   // 1: the next key counts as text (Ctrl-V)
    uint64_t bytes_read, bytes_written; // by programs; since boot where an update has schema 2
    uint8_t output[OUTPUT_SIZE];
};

struct typed_state {
    uint32_t signals; // bit N: signal N was asked for
    // Finished lines, or all that came in raw mode, from `tail` to `head`; both only grow. Symbols
    // are bytes or INPUT_END.
    uint32_t head, tail;
    // The line that is being edited
    uint32_t line_length;
    uint32_t line_column; // where on the screen it began
    uint16_t symbols[INPUT_SIZE];
    uint8_t line[LINE_SIZE];
};

extern struct console_state console;
extern struct typed_state *typed; // within the kept RRef from settings_open on
extern struct mutex console_mutex;
extern struct worker console_worker;

static inline bool setting_local(uint32_t flag)
{
    return (console.settings.c_lflag & flag) != 0;
}

// Tells who waits that poll's answer may have changed.
void console_changed(void);

// ---- uart.c ----
void uart_start(void);
void uart_stop(void);
// Sends up to MOST bytes if the device takes them now; the rest goes when it interrupts. Bounded,
// since the device takes as long as it likes over each byte.
void uart_transmit(uint32_t most);
// Next received byte, or -1.
int uart_receive(void);

// ---- output.c ----
uint32_t output_room(void);
uint32_t output_queued(void);
// Queues one byte as a program wrote it, with the output settings applied. False: no room.
bool output_byte(uint8_t byte);
// Queues a byte of echo; dropped where there is no room.
void echo_byte(uint8_t byte);
// The same, control characters as ^X.
void echo_visible(uint8_t byte);
// Takes the cursor back to COLUMN, blanking what stood there.
void echo_erase_to(uint32_t column);
// The column after BYTE was shown at COLUMN.
uint32_t column_after(uint32_t column, uint8_t byte, bool visible_control);

// ---- input.c ----
// One byte from the keyboard.
void input_byte(uint8_t byte);
uint32_t input_queued(void);
// True when a read would not have to wait.
bool input_ready(void);
// Moves up to ROOM bytes of one line (or, raw, of what there is) to BYTES. Returns the count, 0 at
// the end of file. *finished: the read ends here.
uint32_t input_take(uint8_t *bytes, uint32_t room, bool *finished);
void input_flush(void);
// One line of how much was read and written, and the line that is being edited below it.
void status_show(void);
// Cooked mode ends: what has been typed of a line can be read at once.
void input_uncook(void);

// ---- control.c ----
// Settings and what was typed are kept with the core, so that a restart changes nothing for who has
// set or typed them. Takes them over from an instance before this one, or has the usual ones kept
// from now on.
int64_t settings_open(void);
RpcResult settings_control(uint64_t request, rref_t argument, uint64_t value);
