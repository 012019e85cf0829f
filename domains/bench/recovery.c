// SPDX-License-Identifier: MIT
// What a fault and a restart of `null` cost who calls it, and an update of `nullblk`, which has a
// state to hand over (nobody ever waits for `null`). Each round is timed by itself: these take
// microseconds and more.
#include "empty_client.h"
#include "measure.h"
#include <stdio.h>
#include <stdlib.h>

#define SERVICE          "null"
#define UPDATED          "nullblk"
#define FAULT_CLASS_NAME "load"
#define CALLS_ENOUGH     100
#define BUFFER_BYTES     64

static rref_t buffer;
static int64_t failed; // why a round could not be measured; 0: none so far
static bool to_second; // which way the next update goes

// Carries out an operator's command on a service. Without the right to: -ENOSYS.
static int64_t operate(uint32_t operation, const char *service, const char *image,
                       struct control_command *command)
{
    memset(command, 0, sizeof *command);
    command->operation = operation;
    strcpy(command->service, service);
    strcpy(command->image, image);
    int64_t status;
    do
        status = core_control_command(HANDLE_CONTROL, command);
    while (status == -EINTR);
    return status == -EBADF || status == -EPERM ? -ENOSYS : status;
}

static void note(int64_t status)
{
    if (status < 0 && !failed)
        failed = status;
}

// From the call that crashes until its caller holds the error; then `null` is mended.
static uint64_t fault_once(void)
{
    struct control_command command;
    note(empty_read(HANDLE_NULL, buffer, 0, BUFFER_BYTES).status); // its stack is there by now
    note(operate(CONTROL_FAULT, SERVICE, FAULT_CLASS_NAME, &command));
    uint64_t began = core_time();
    RpcResult crash = empty_nothing(HANDLE_NULL);
    uint64_t crashed = core_time();
    note(crash.status == RPC_CRASHED ? 0 : -EIO);
    note(operate(CONTROL_RESTART, SERVICE, "", &command));
    return crashed - began;
}

// Behind the shadow: one call that crashes, is repeated in the next instance, and succeeds. An
// instance that has answered so many calls before is replaced at once.
static uint64_t restart_once(void)
{
    struct control_command command;
    for (int i = 0; i < CALLS_ENOUGH; i++)
        note(empty_nothing(HANDLE_NULL).status);
    note(operate(CONTROL_FAULT, SERVICE, FAULT_CLASS_NAME, &command));
    uint64_t began = core_time();
    note(empty_nothing(HANDLE_NULL).status);
    return core_time() - began;
}

int64_t shadow_switch(bool on)
{
    struct control_command command;
    return operate(CONTROL_SHADOW, SERVICE, on ? "on" : "off", &command);
}

static RpcResult measure(uint64_t (*once)(void), uint32_t rounds)
{
    failed = 0;
    uint64_t median = median_of(once, rounds, 1);
    return failed ? rpc_error(failed) : rpc_ok(median * 1000);
}

// With the shadow off: the caller is to hold the error.
RpcResult measure_fault(uint32_t rounds)
{
    int64_t allocated = core_rref_alloc(BUFFER_BYTES, 0);
    if (allocated < 0)
        return rpc_error(allocated);
    buffer = (rref_t)allocated;
    int64_t had_shadow = shadow_switch(false); // an image may have none
    RpcResult result = measure(fault_once, rounds);
    core_rref_free(buffer);
    if (had_shadow >= 0)
        shadow_switch(true);
    return result;
}

RpcResult measure_restart(uint32_t rounds)
{
    return measure(restart_once, rounds);
}

// How long the gate was closed, in ns, as the core's reply says: "... paused 84 us, ...".
static uint64_t update_once(void)
{
    struct control_command command;
    note(operate(CONTROL_UPDATE, UPDATED, to_second ? UPDATED "_v2" : UPDATED, &command));
    if (failed)
        log_printf("an update of " UPDATED " ended with %d: %s", (int)-failed, command.reply);
    to_second = !to_second;
    const char *paused = strstr(command.reply, "paused ");
    return failed || !paused ? 0 : strtoul(paused + strlen("paused "), NULL, 10) * 1000;
}

// There and back again, and the longest pause of all counts, not the usual one.
RpcResult measure_update(uint32_t rounds)
{
    uint64_t longest = 0;
    struct control_command command;
    failed = 0;
    int64_t error = operate(CONTROL_UPDATE, UPDATED, UPDATED, &command);
    if (error < 0 && error != -EALREADY)
        return rpc_error(error);
    to_second = true;
    for (uint32_t i = 0; i < rounds && !failed; i++) {
        uint64_t there = update_once();
        uint64_t back = update_once();
        longest = there > longest ? there : longest;
        longest = back > longest ? back : longest;
    }
    return failed ? rpc_error(failed) : rpc_ok(longest * 1000);
}
