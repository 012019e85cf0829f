// SPDX-License-Identifier: MIT
// Settings: what they are at the start, and the requests that read and change them.
#include "console.h"

static const struct termios default_settings = {
    .c_iflag = ICRNL | IUTF8,
    .c_oflag = OPOST | ONLCR,
    .c_cflag = CFLAG_DEFAULT,
    .c_lflag = ISIG | ICANON | ECHO | ECHOE | ECHOK | ECHOCTL | ECHOKE | IEXTEN,
    .c_cc =
        {
            [VINTR] = 'C' & 31,
            [VQUIT] = '\\' & 31,
            [VERASE] = 0x7F,
            [VKILL] = 'U' & 31,
            [VEOF] = 'D' & 31,
            [VMIN] = 1,
            [VSTART] = 'Q' & 31,
            [VSTOP] = 'S' & 31,
            [VSUSP] = 'Z' & 31,
            [VREPRINT] = 'R' & 31,
            [VDISCARD] = 'O' & 31,
            [VWERASE] = 'W' & 31,
            [VLNEXT] = 'V' & 31,
        },
};

static const struct window_size default_window = {.rows = 24, .columns = 80};

struct kept_state {
    struct termios settings;
    struct window_size window;
    struct typed_state typed;
};

#define KEPT_KEY    0
#define KEPT_SCHEMA 2

static struct typed_state imported; // by an update from an instance that kept none
struct typed_state *typed = &imported;
static struct kept_state *kept;

static void settings_keep(void)
{
    if (!kept)
        return;
    kept->settings = console.settings;
    kept->window = console.window;
}

static int64_t settings_begin(void)
{
    int64_t rref = core_rref_alloc(sizeof(struct kept_state), KEPT_SCHEMA);
    if (rref < 0)
        return rref;
    kept = (struct kept_state *)(uintptr_t)rref;
    kept->typed = imported;
    typed = &kept->typed;
    if (!console.settings.c_cflag) { // else they were imported
        console.settings = default_settings;
        console.window = default_window;
    }
    settings_keep();
    return core_rref_keep((rref_t)rref, KEPT_KEY, KEPT_SCHEMA);
}

int64_t settings_open(void)
{
    int64_t rref = core_rref_kept(KEPT_KEY, KEPT_SCHEMA);
    if (rref <= 0)
        return settings_begin();
    kept = (struct kept_state *)(uintptr_t)rref;
    typed = &kept->typed;
    if (typed->head - typed->tail > INPUT_SIZE || typed->line_length > LINE_SIZE) {
        log_printf("what was typed is lost: the instance before has damaged it");
        memset(typed, 0, sizeof *typed);
    }
    console.settings = kept->settings;
    console.window = kept->window;
    return 0;
}

static RpcResult answer(rref_t argument, const void *bytes, uint32_t n)
{
    int64_t status = core_rref_write(argument, 0, bytes, n);
    return status < 0 ? rpc_error(status) : rpc_ok(0);
}

static RpcResult set_settings(rref_t argument, bool flush)
{
    struct termios settings;
    int64_t status = core_rref_read(argument, 0, &settings, sizeof settings);
    if (status < 0)
        return rpc_error(status);
    if (flush)
        input_flush();
    bool was_cooked = setting_local(ICANON);
    console.settings = settings;
    settings_keep();
    console.literal = 0;
    console.read_timeout = 0;
    if (was_cooked && !setting_local(ICANON))
        input_uncook();
    console_changed();
    return rpc_ok(0);
}

static RpcResult set_window(rref_t argument)
{
    struct window_size window;
    int64_t status = core_rref_read(argument, 0, &window, sizeof window);
    if (status < 0)
        return rpc_error(status);
    if (memcmp(&window, &console.window, sizeof window) != 0) {
        console.window = window;
        settings_keep();
        typed->signals |= 1u << SIGNAL_WINDOW;
        console_changed();
    }
    return rpc_ok(0);
}

static RpcResult flush(uint64_t which)
{
    if (which > TCIOFLUSH)
        return rpc_error(-EINVAL);
    if (which != TCOFLUSH)
        input_flush();
    if (which != TCIFLUSH)
        console.output_tail = console.output_head;
    console_changed();
    return rpc_ok(0);
}

RpcResult settings_control(uint64_t request, rref_t argument, uint64_t value)
{
    uint32_t count;
    switch (request) {
    case TCGETS:
        return answer(argument, &console.settings, sizeof console.settings);
    case TCSETS:
    case TCSETSW: // all output has been handed to the device already, or is in its queue in order
        return set_settings(argument, false);
    case TCSETSF:
        return set_settings(argument, true);
    case TIOCGWINSZ:
        return answer(argument, &console.window, sizeof console.window);
    case TIOCSWINSZ:
        return set_window(argument);
    case TCFLSH:
        return flush(value);
    case FIONREAD:
        count = input_queued();
        return answer(argument, &count, sizeof count);
    case TIOCOUTQ:
        count = output_queued();
        return answer(argument, &count, sizeof count);
    case TCSBRK:
    case TCXONC:
        return rpc_ok(0);
    default:
        return rpc_error(-ENOTTY);
    }
}
