// SPDX-License-Identifier: MIT
// Runs every mutant of the images mutants000, mutants001, ... and watches for an escape:
//
// - a fault whose address lies outside of the victim's slot, or whose pc does, or an instruction
// that
//   no verified text has: something got out, and the hardware caught it;
// - a changed byte of what is ours: the victims' memory seems to lie in our slot every other time.
//
// A victim that dies is started again, in another slot, and the next mutant is run. What has been
// seen is in the log, and a line with `done` ends it.
#include <stdio.h>
#include <stdlib.h>
#include "domain.h"
#include "empty_client.h"
#include "empty_server.h"

#define SERVICE       "mutants"
#define CANARY_WORDS  (512u << 10) // 4 MiB, at the offsets at which victims have their data
#define RREF_BYTES    4096u
#define RREFS         16
#define CHECK_EVERY   256
#define SHOWN         5     // escapes that are told in full
#define SLOT_AREA_LOW 0xC5u // the lowest slot's number, as an address has it (microcore/layout.h)
#define SLOT_COUNT    58u
#define FAR           20 // slots away: most are empty

static uint64_t canary[CANARY_WORDS];
static rref_t rrefs[RREFS];

static struct {
    uint32_t run, same, different, crashed, timed_out, restarts, escapes;
} seen;
static char last_fault[256], told[SHOWN][480];

static void escape(const char *what, uint64_t base, const char *image, uint32_t mutant)
{
    if (seen.escapes < SHOWN)
        snprintf(told[seen.escapes], sizeof told[0], "ESCAPE: %s: mutant %u of %s (slot 0x%lx): %s",
                 what, mutant, image, base, last_fault);
    seen.escapes++;
}

static uint64_t pattern(uint64_t place)
{
    return (place + 1) * 0x9E3779B97F4A7C15u;
}

static void canary_make(void)
{
    for (uint64_t i = 0; i < CANARY_WORDS; i++)
        canary[i] = pattern(i);
    for (uint32_t i = 0; i < RREFS; i++) {
        rrefs[i] = (rref_t)core_rref_alloc(RREF_BYTES, 0);
        core_rref_fill(rrefs[i], 0, (uint8_t)(0xA0 + i), RREF_BYTES);
    }
}

static void canary_check(const char *image, uint32_t mutant)
{
    static uint8_t bytes[RREF_BYTES];
    uint64_t wrong = 0;
    for (uint64_t i = 0; i < CANARY_WORDS; i++) {
        wrong += canary[i] != pattern(i);
        canary[i] = pattern(i);
    }
    for (uint32_t i = 0; i < RREFS; i++) {
        core_rref_read(rrefs[i], 0, bytes, sizeof bytes);
        for (uint32_t k = 0; k < RREF_BYTES; k++)
            wrong += bytes[k] != (uint8_t)(0xA0 + i);
    }
    if (wrong)
        escape("bytes of another domain have changed, by", 0, image, mutant);
}

static int64_t operate(uint32_t operation, const char *image)
{
    static struct control_command command;
    int64_t status;
    do {
        memset(&command, 0, sizeof command);
        command.operation = operation;
        command.flags = 1; // stop it though we hold it
        strcpy(command.service, SERVICE);
        strcpy(command.image, image);
        status = core_control_command(HANDLE_CONTROL, &command);
    } while (status == -EINTR);
    if (status < 0 && operation != CONTROL_LOAD)
        log_printf("%s", command.reply);
    return status;
}

// ---- What the report of a fault says ----

// One line of what the core tells of the service; "" if there is none of that name.
static const char *detail(const char *name)
{
    static char text[4096];
    int64_t length = core_control_detail(HANDLE_CONTROL, SERVICE, text, sizeof text - 1);
    text[length < 0 ? 0 : length] = 0;
    char *line = strstr(text, name);
    if (!line)
        return "";
    line[strcspn(line, "\n")] = 0;
    return line + strlen(name);
}

static void report_check(uint64_t base, const char *image, uint32_t mutant)
{
    const char *address = strstr(last_fault, "address 0x"), *place = strstr(last_fault, " at 0x");
    uint64_t at = address ? strtoull(address + strlen("address "), NULL, 16) : 0;
    uint64_t pc = place ? strtoull(place + strlen(" at "), NULL, 16) : 0;
    bool has_address = strstr(last_fault, " fault at ") || strstr(last_fault, "without code") ||
                       strstr(last_fault, "misaligned");
    if (has_address && at - (base - 2048) >= SLOT_SIZE + 4096)
        escape("a fault outside of the slot", base, image, mutant);
    else if (pc >= SLOT_SIZE)
        escape("a fault of code outside of the slot", base, image, mutant);
    else if (strstr(last_fault, "illegal") || strstr(last_fault, "unknown trap") ||
             strstr(last_fault, "no report"))
        escape("an unexpected fault", base, image, mutant);
}

// ---- Runs ----

static uint64_t own_base(void)
{
    uint64_t base;
    __asm__("mv %0, gp" : "=r"(base));
    return base;
}

// By how many slots the victim's memory seems to be away: into ours, or to where most are empty.
static int32_t displacement(uint64_t victim, uint32_t mutant)
{
    int32_t number = (int32_t)((victim >> 32 & 0xff) - SLOT_AREA_LOW);
    if (mutant % 2)
        return (int32_t)((int64_t)(own_base() - victim) >> 32);
    return number + FAR < (int32_t)SLOT_COUNT ? FAR : -FAR;
}

static uint64_t victim_base(void)
{
    RpcResult result = empty_nothing(HANDLE_MUTANTS);
    return result.status < 0 ? 0 : result.value;
}

// Returns the base of the victim that is there for the next one, 0 if there is none.
static uint64_t mutant_run(uint64_t base, const char *image, uint32_t mutant)
{
    RpcResult result =
        empty_read(HANDLE_MUTANTS, rrefs[0], mutant, (uint32_t)displacement(base, mutant));
    seen.run++;
    // Whoever gets to the return stub with anything in its registers has returned that.
    if (result.status >= 0 || strcmp(detail("state "), "faulted") != 0) {
        result.status == 0 && result.value == 0 ? seen.same++ : seen.different++;
        return base;
    }
    result.status == RPC_TIMEOUT ? seen.timed_out++ : seen.crashed++;
    // Once another one runs, the report of the death is there: it is made before all is taken back.
    uint64_t died = base;
    base = operate(CONTROL_RESTART, "") < 0 ? 0 : victim_base();
    seen.restarts++;
    const char *line = detail("last_fault ");
    snprintf(last_fault, sizeof last_fault, "%s", strcmp(line, last_fault) ? line : "no report");
    report_check(died, image, mutant);
    return base;
}

static bool image_run(uint32_t number)
{
    char image[32];
    snprintf(image, sizeof image, "mutants%03u", number);
    if (operate(CONTROL_LOAD, image) < 0)
        return false;
    uint64_t base = victim_base();
    uint32_t count = (uint32_t)empty_read(HANDLE_MUTANTS, rrefs[0], UINT32_MAX, 0).value;
    for (uint32_t i = 0; i < count && base; i++) {
        base = mutant_run(base, image, i);
        if (i % CHECK_EVERY == CHECK_EVERY - 1 || i == count - 1)
            canary_check(image, i);
    }
    operate(CONTROL_STOP, "");
    if (!base)
        log_printf("%s: the victim does not come back: %s", image, last_fault);
    return base;
}

static void all_run(uint64_t unused)
{
    (void)unused;
    uint32_t images = 0;
    while (image_run(images))
        images++;
    for (uint32_t i = 0; i < seen.escapes && i < SHOWN; i++)
        log_printf("%s", told[i]);
    log_printf("%u mutants of %u images: %u the same, %u different, %u crashed, %u timed out; %u "
               "restarts, %u escapes: done",
               seen.run, images, seen.same, seen.different, seen.crashed, seen.timed_out,
               seen.restarts, seen.escapes);
}

int64_t domain_attach(void)
{
    canary_make();
    int64_t thread = core_thread_create(all_run, 0);
    return thread < 0 ? thread : 0;
}

RpcResult empty_do_nothing(void)
{
    return rpc_ok(seen.run);
}
