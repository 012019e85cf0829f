// SPDX-License-Identifier: MIT
// The terminal interface, the driver thread that the device's interrupt wakes, and the hand-over to
// a successor.
#include "console.h"
#include "terminal_server.h"

#define PIECE_BYTES 512
#define WRITE_MAX   1024 // bytes that one call takes at most; the caller comes back with the rest
#define SEND_MAX    2048 // bytes that one call sends at most: its own, returns, some of a backlog
#define ROUND_MAX   64   // bytes that the driver thread takes and sends between two waits
#define TENTH_NS    100000000ULL // VTIME's unit
#define POLLIN      1
#define POLLOUT     4

struct console_state console;
struct mutex console_mutex;
struct worker console_worker;

void console_changed(void)
{
    core_event_signal(console.event);
}

// ---- The interface ----

// Raw mode with VMIN 0 never waits for ever: at once without VTIME, else until its time is over,
// which the driver thread announces. Returns true when an empty read is due.
static bool read_gives_up(void)
{
    uint64_t tenths = console.settings.c_cc[VTIME];
    uint64_t now = core_time();
    if (setting_local(ICANON) || console.settings.c_cc[VMIN])
        return false;
    if (!tenths || (console.read_timeout && now >= console.read_timeout)) {
        console.read_timeout = 0;
        return true;
    }
    if (!console.read_timeout) {
        console.read_timeout = now + tenths * TENTH_NS;
        worker_wake(&console_worker);
    }
    return false;
}

static RpcResult read_locked(rref_t buffer, uint32_t start, uint32_t length)
{
    uint8_t bytes[PIECE_BYTES];
    uint32_t done = 0;
    bool finished = false;
    if (!input_ready())
        return read_gives_up() ? rpc_ok(0) : rpc_error(-EAGAIN);
    console.read_timeout = 0;
    while (done < length && !finished) {
        uint32_t room = length - done < sizeof bytes ? length - done : sizeof bytes;
        uint32_t count = input_take(bytes, room, &finished);
        int64_t status = count ? core_rref_write(buffer, start + done, bytes, count) : 0;
        if (status < 0)
            return rpc_error(status);
        done += count;
    }
    console.bytes_read += done;
    return rpc_ok(done);
}

RpcResult terminal_do_read(rref_t buffer, uint32_t start, uint32_t length)
{
    if (!length)
        return rpc_ok(0);
    mutex_lock(&console_mutex);
    RpcResult result = read_locked(buffer, start, length);
    mutex_unlock(&console_mutex);
    return result;
}

// Queues as many of COUNT bytes as there is room for.
static uint32_t write_piece(const uint8_t *bytes, uint32_t count)
{
    uint32_t done = 0;
    mutex_lock(&console_mutex);
    while (done < count && output_byte(bytes[done]))
        done++;
    console.bytes_written += done;
    console.blocked |= done < count;
    uart_transmit(SEND_MAX);
    mutex_unlock(&console_mutex);
    return done;
}

RpcResult terminal_do_write(rref_t buffer, uint32_t start, uint32_t length)
{
    uint8_t bytes[PIECE_BYTES];
    uint32_t done = 0;
    if (length > WRITE_MAX)
        length = WRITE_MAX;
    while (done < length) {
        uint32_t count = length - done < sizeof bytes ? length - done : sizeof bytes;
        int64_t status = core_rref_read(buffer, start + done, bytes, count);
        if (status < 0)
            return done ? rpc_ok(done) : rpc_error(status);
        uint32_t taken = write_piece(bytes, count);
        done += taken;
        if (taken < count)
            break;
    }
    return done || !length ? rpc_ok(done) : rpc_error(-EAGAIN);
}

RpcResult terminal_do_poll(void)
{
    mutex_lock(&console_mutex);
    console.blocked |= output_room() <= 1;
    uint32_t ready = (input_ready() ? POLLIN : 0) | (console.blocked ? 0 : POLLOUT);
    mutex_unlock(&console_mutex);
    return rpc_ok(ready);
}

// Who has learned of the event of an instance that has crashed would wait for it in vain.
RpcResult terminal_do_event(void)
{
    console.event_is_known = true;
    return rpc_ok(console.event);
}

RpcResult terminal_do_signals(void)
{
    if (!console.event_is_known)
        return rpc_error(-ESTALE);
    mutex_lock(&console_mutex);
    uint32_t signals = typed->signals;
    typed->signals = 0;
    mutex_unlock(&console_mutex);
    return rpc_ok(signals);
}

RpcResult terminal_do_control(uint64_t request, rref_t argument, uint64_t value)
{
    mutex_lock(&console_mutex);
    RpcResult result = settings_control(request, argument, value);
    mutex_unlock(&console_mutex);
    return result;
}

// ---- The driver thread ----

// The device interrupts again where more has come than one round takes.
static void serve_device(void)
{
    for (int i = 0; i < ROUND_MAX; i++) {
        int byte = uart_receive();
        if (byte < 0)
            break;
        input_byte((uint8_t)byte);
    }
    uart_transmit(ROUND_MAX);
    if (console.read_timeout && core_time() >= console.read_timeout)
        console_changed();
}

// The deadline that is due next: a timed read's. One that has passed was announced already.
static uint64_t next_deadline(void)
{
    uint64_t timeout = console.read_timeout;
    return timeout > core_time() ? timeout : WAIT_FOREVER;
}

static void drive(struct worker *worker)
{
    struct wait_item items[2] = {{.event = (handle_t)core_irq_event(HANDLE_UART)}};
    items[0].seen = (uint64_t)core_event_count(items[0].event);
    core_irq_done(HANDLE_UART); // one that came before this instance held the device
    while (worker_wait(worker, items, 1, next_deadline())) {
        mutex_lock(&console_mutex);
        if (!worker_is_stopping(worker)) {
            serve_device();
            core_irq_done(HANDLE_UART);
        }
        mutex_unlock(&console_mutex);
    }
}

// ---- Life cycle ----

static int64_t start(void)
{
    uart_start();
    return worker_start(&console_worker, drive);
}

int64_t domain_init(void)
{
    return worker_prepare(&console_worker, drive);
}

int64_t domain_attach(void)
{
    int64_t status = console.event ? 0 : core_event_create();
    if (status < 0)
        return status;
    if (status)
        console.event = (handle_t)status;
    status = settings_open();
    if (status == 0)
        status = start();
    if (status < 0)
        return status;
    mutex_lock(&console_mutex);
    serve_device();
    mutex_unlock(&console_mutex);
    console_changed();
    return 0;
}

int64_t domain_detach(uint64_t resume)
{
    if (resume)
        return start();
    mutex_lock(&console_mutex);
    worker_stop(&console_worker);
    uart_stop();
    mutex_unlock(&console_mutex);
    return 0;
}
