// SPDX-License-Identifier: MIT
// The way from the keyboard (termios(3)): signal keys, line editing in cooked mode, raw input.
#include "console.h"

#define KEY_DISABLED 0
#define KEY_BELL     7
#define KEY_STATUS   20 // Ctrl-T, as in 4.4BSD

static bool is_key(uint32_t place, uint8_t byte)
{
    uint8_t key = console.settings.c_cc[place];
    return key != KEY_DISABLED && key == byte;
}

// ---- The queue of what can be read ----

uint32_t input_queued(void)
{
    return typed->head - typed->tail;
}

static bool queue_symbol(uint16_t symbol)
{
    if (input_queued() == INPUT_SIZE)
        return false;
    typed->symbols[typed->head % INPUT_SIZE] = symbol;
    __atomic_store_n(&typed->head, typed->head + 1, __ATOMIC_RELEASE); // a crash finds it whole
    return true;
}

static uint32_t raw_minimum(uint32_t room)
{
    uint32_t minimum = console.settings.c_cc[VMIN];
    if (minimum > 1 && console.settings.c_cc[VTIME])
        minimum = 1; // the time between keys has certainly passed when somebody asks
    return minimum < room ? minimum : room;
}

bool input_ready(void)
{
    if (setting_local(ICANON))
        return input_queued() != 0;
    uint32_t minimum = raw_minimum(INPUT_SIZE);
    return input_queued() != 0 && input_queued() >= minimum;
}

// Cooked: a line ends with its newline, or with the end of file typed behind it, which vanishes.
static uint32_t take_line(uint8_t *bytes, uint32_t room, bool *finished)
{
    uint32_t count = 0;
    while (!*finished && input_queued()) {
        uint16_t symbol = typed->symbols[typed->tail % INPUT_SIZE];
        if (symbol != INPUT_END && count == room)
            return count;
        typed->tail++;
        if (symbol != INPUT_END)
            bytes[count++] = (uint8_t)symbol;
        *finished = symbol == INPUT_END || symbol == '\n' || is_key(VEOL, (uint8_t)symbol);
    }
    *finished = true;
    return count;
}

static uint32_t take_raw(uint8_t *bytes, uint32_t room, bool *finished)
{
    uint32_t count = 0;
    while (count < room && input_queued()) {
        uint16_t symbol = typed->symbols[typed->tail++ % INPUT_SIZE];
        if (symbol != INPUT_END) // typed while the terminal was cooked
            bytes[count++] = (uint8_t)symbol;
    }
    *finished = input_queued() == 0;
    return count;
}

uint32_t input_take(uint8_t *bytes, uint32_t room, bool *finished)
{
    *finished = false;
    return setting_local(ICANON) ? take_line(bytes, room, finished)
                                 : take_raw(bytes, room, finished);
}

// ---- The line that is being edited ----

static void line_finish(bool with_end)
{
    // All or nothing: half a line would be taken for a whole one.
    if (INPUT_SIZE - input_queued() < typed->line_length + with_end) {
        echo_byte(KEY_BELL);
        return;
    }
    for (uint32_t i = 0; i < typed->line_length; i++)
        queue_symbol(typed->line[i]);
    if (with_end)
        queue_symbol(INPUT_END);
    typed->line_length = 0;
    console_changed();
}

static void line_append(uint8_t byte)
{
    // The last place is for the line's end, which is there already if it found the queue full.
    if (typed->line_length >= LINE_SIZE - (byte != '\n')) {
        echo_byte(KEY_BELL);
        return;
    }
    if (typed->line_length == 0)
        typed->line_column = console.column;
    typed->line[typed->line_length++] = byte;
    if (setting_local(ECHO) || (byte == '\n' && setting_local(ECHONL)))
        echo_visible(byte);
}

static uint32_t line_screen_end(void)
{
    uint32_t column = typed->line_column;
    for (uint32_t i = 0; i < typed->line_length; i++)
        column = column_after(column, typed->line[i], setting_local(ECHOCTL));
    return column;
}

static void line_erase_one(void)
{
    uint8_t byte;
    do
        byte = typed->line[--typed->line_length];
    while ((console.settings.c_iflag & IUTF8) && (byte & 0xC0) == 0x80 && typed->line_length);
    if (!setting_local(ECHO))
        return;
    if (setting_local(ECHOE))
        echo_erase_to(line_screen_end());
    else
        echo_visible(console.settings.c_cc[VERASE]);
}

static bool ends_in_word(void)
{
    uint8_t last = typed->line[typed->line_length - 1];
    return last != ' ' && last != '\t';
}

static void line_erase_word(void)
{
    while (typed->line_length && !ends_in_word())
        line_erase_one();
    while (typed->line_length && ends_in_word())
        line_erase_one();
}

static void line_kill(void)
{
    if (setting_local(ECHOKE) && setting_local(ECHOE)) {
        while (typed->line_length)
            line_erase_one();
        return;
    }
    typed->line_length = 0;
    if (!setting_local(ECHO))
        return;
    echo_visible(console.settings.c_cc[VKILL]);
    if (setting_local(ECHOK))
        echo_byte('\n');
}

static void line_reprint(void)
{
    echo_visible(console.settings.c_cc[VREPRINT]);
    echo_byte('\n');
    typed->line_column = console.column;
    for (uint32_t i = 0; i < typed->line_length; i++)
        echo_visible(typed->line[i]);
}

static void echo_number(uint64_t number)
{
    if (number >= 10)
        echo_number(number / 10);
    echo_byte((uint8_t)('0' + number % 10));
}

static void echo_text(const char *text)
{
    while (*text)
        echo_byte((uint8_t)*text++);
}

void status_show(void)
{
    echo_text("[console ");
    echo_number(DOMAIN_VERSION);
    echo_text(": ");
    echo_number(console.bytes_read);
    echo_text(" bytes read, ");
    echo_number(console.bytes_written);
    echo_text(" written]\n");
    typed->line_column = console.column;
    for (uint32_t i = 0; i < typed->line_length; i++)
        echo_visible(typed->line[i]);
}

// Keys that edit. Returns true when BYTE was one of them.
static bool edit_key(uint8_t byte)
{
    if (is_key(VERASE, byte)) {
        if (typed->line_length)
            line_erase_one();
    } else if (is_key(VKILL, byte)) {
        line_kill();
    } else if (is_key(VWERASE, byte) && setting_local(IEXTEN)) {
        line_erase_word();
    } else if (is_key(VREPRINT, byte) && setting_local(IEXTEN)) {
        line_reprint();
    } else if (is_key(VLNEXT, byte) && setting_local(IEXTEN)) {
        console.literal = 1;
    } else if (DOMAIN_VERSION >= 2 && byte == KEY_STATUS && setting_local(IEXTEN)) {
        status_show();
    } else if (is_key(VEOF, byte)) {
        line_finish(true);
    } else {
        return false;
    }
    return true;
}

// ---- Signals ----

void input_flush(void)
{
    typed->tail = typed->head;
    typed->line_length = 0;
    console.literal = 0;
}

// Returns true when BYTE was a signal key.
static bool signal_key(uint8_t byte)
{
    uint32_t signal = is_key(VINTR, byte)   ? SIGNAL_INTERRUPT
                      : is_key(VQUIT, byte) ? SIGNAL_QUIT
                      : is_key(VSUSP, byte) ? SIGNAL_STOP
                                            : 0;
    if (!signal)
        return false;
    if (!setting_local(NOFLSH))
        input_flush();
    if (setting_local(ECHO))
        echo_visible(byte);
    typed->signals |= 1u << signal;
    console_changed();
    return true;
}

// ---- Both ways ----

static void raw_byte(uint8_t byte)
{
    if (!queue_symbol(byte)) {
        echo_byte(KEY_BELL);
        return;
    }
    if (setting_local(ECHO))
        echo_visible(byte);
    console_changed();
}

static void cooked_byte(uint8_t byte)
{
    bool literal = console.literal;
    console.literal = 0;
    if (!literal && edit_key(byte))
        return;
    line_append(byte);
    if (!literal && (byte == '\n' || is_key(VEOL, byte)))
        line_finish(false);
}

void input_byte(uint8_t byte)
{
    uint32_t flags = console.settings.c_iflag;
    if (flags & ISTRIP)
        byte &= 0x7F;
    if (byte == '\r' && (flags & IGNCR))
        return;
    if (byte == '\r' && (flags & ICRNL))
        byte = '\n';
    else if (byte == '\n' && (flags & INLCR))
        byte = '\r';
    if (!console.literal && setting_local(ISIG) && signal_key(byte))
        return;
    if (setting_local(ICANON))
        cooked_byte(byte);
    else
        raw_byte(byte);
}

void input_uncook(void)
{
    if (typed->line_length)
        line_finish(false);
}
