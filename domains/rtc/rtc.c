// SPDX-License-Identifier: MIT
// The goldfish real-time clock (Android emulator, "Goldfish virtual hardware", goldfish_rtc):
// nanoseconds since 1970 in two registers. Read once, when the service first starts; what follows
// from it is kept, so that every instance tells the same, after a crash and after an update. Were
// the device read again, wall time would jump by as much as the two clocks have drifted.
#include "clock_server.h"
#include "domain.h"

#define REGISTER_LOW  0 // reading it also fixes what the other one shows
#define REGISTER_HIGH 4

#define BOOT_KEY    0
#define BOOT_SCHEMA 1

static uint64_t boot; // what the interface tells

RpcResult clock_do_boot(void)
{
    return rpc_ok(boot);
}

static int64_t device_read(uint64_t *ns)
{
    int64_t low = core_mmio_read(HANDLE_CLOCK, REGISTER_LOW, 4);
    int64_t high = core_mmio_read(HANDLE_CLOCK, REGISTER_HIGH, 4);
    if (low < 0 || high < 0)
        return low < 0 ? low : high;
    *ns = (uint64_t)high << 32 | (uint64_t)low;
    return 0;
}

static int64_t boot_measure(void)
{
    uint64_t now, since = core_time();
    int64_t status = device_read(&now);
    if (status == 0 && now <= since)
        status = -ERANGE; // a clock that has not been set
    if (status == 0)
        boot = now - since;
    return status;
}

// Without the RRef it is told all the same, and measured anew after a crash.
static void boot_keep(void)
{
    int64_t rref = core_rref_alloc(sizeof boot, BOOT_SCHEMA);
    if (rref > 0 && (core_rref_write((rref_t)rref, 0, &boot, sizeof boot) < 0 ||
                     core_rref_keep((rref_t)rref, BOOT_KEY, BOOT_SCHEMA) < 0))
        core_rref_free((rref_t)rref);
}

static bool boot_was_kept(void)
{
    int64_t rref = core_rref_kept(BOOT_KEY, BOOT_SCHEMA);
    return rref > 0 && core_rref_read((rref_t)rref, 0, &boot, sizeof boot) == 0 && boot;
}

int64_t domain_attach(void)
{
    if (boot_was_kept())
        return 0;
    int64_t status = boot_measure();
    if (status < 0) {
        log_printf("the clock tells no time (error %d)", (int)-status);
        return status;
    }
    boot_keep();
    log_printf("%llu s since 1970 at boot", (unsigned long long)boot / 1000000000);
    return 0;
}
