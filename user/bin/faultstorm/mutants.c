// SPDX-License-Identifier: MIT
// The campaign of mutants: drivers with a seeded bug each, on scratch devices. A mutant is
// registered (so verified), loaded, used by a process of its own, stopped and forgotten. What it
// answers is its affair and counted; that nothing else is touched is looked after.
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>
#include "driver.h"
#include "storm.h"
#include "system.h"
#include "target.h"
#include "tool.h"

#define REQUESTS        12
#define ANSWER_MS       900   /* what requests of a mutant get before it is stopped */
#define HANG_MS         20000 /* how long a request may outlive its driver */
#define LOOK_EACH       50    /* mutants from one look for damage to the next */
#define GROWTH_MAX      64 /* pages or RRefs that may be missing in the end without being a leak */
#define CANARY_BYTES    (8ul << 20)
#define TRIES_MAX       400
#define SECOND_NS       1000000000ull
#define FORGET_TRIES    200
#define FORGET_PAUSE_MS 5

const char *const mutation_names[CLASSES] = {
#define MUTATION(name) #name,
    MUTATIONS(MUTATION)
#undef MUTATION
};

static const struct prey {
    const char *image, *service, *device;
    bool needs_disk;
    bool (*open)(void), (*fill)(void);
    enum outcome (*request)(uint64_t random);
} preys[] = {
    {"nullblk", "blk1", "/dev/vdb", false, scratch_open, NULL, scratch_request},
    {"null", "null", "/dev/empty", false, empty_open, NULL, empty_request},
    {"nullblk_v2", "blk1", "/dev/vdb", false, scratch_open, NULL, scratch_request},
    {"blk", "blk1", "/dev/vdb", true, scratch_open, NULL, scratch_request},
};
#define PREYS (sizeof preys / sizeof *preys)

struct use {
    uint32_t right, errors, wrong;
};

static struct {
    const struct settings *settings;
    struct counts *counts, *total;
    struct use *use; /* shared with the user process */
    uint64_t random, shown;
    uint64_t *canary;
    pid_t user;
    int orders, answers;
    uint64_t others_faults;
} run;

/* ---- The process that uses the mutant ---- */

struct order {
    uint64_t random;
    uint32_t prey;
};

_Noreturn static void user_run(int orders, int answers)
{
    struct order order;
    memory_touch();
    while (read(orders, &order, sizeof order) == sizeof order) {
        const struct prey *prey = &preys[order.prey];
        memset(run.use, 0, sizeof *run.use);
        bool opened = prey->open();
        scratch_forget();
        for (unsigned i = 0; i < REQUESTS; i++) {
            enum outcome outcome =
                opened ? prey->request(random_next(&order.random)) : OUTCOME_ERROR;
            run.use->right += outcome == OUTCOME_RIGHT;
            run.use->errors += outcome == OUTCOME_ERROR;
            run.use->wrong += outcome == OUTCOME_WRONG;
        }
        if (write(answers, "", 1) != 1)
            break;
    }
    _exit(0);
}

static bool user_start(void)
{
    int orders[2], answers[2];
    if (pipe(orders) < 0 || pipe(answers) < 0)
        return false;
    fflush(NULL);
    run.user = fork();
    if (run.user == 0) {
        close(orders[1]);
        close(answers[0]);
        user_run(orders[0], answers[1]);
    }
    close(orders[0]);
    close(answers[1]);
    run.orders = orders[1];
    run.answers = answers[0];
    return run.user > 0;
}

static bool answer_await(int milliseconds)
{
    struct pollfd waiting = {.fd = run.answers, .events = POLLIN};
    char byte;
    return poll(&waiting, 1, milliseconds) > 0 && read(run.answers, &byte, 1) == 1;
}

/* ---- Damage ---- */

static bool canary_make(void)
{
    run.canary =
        mmap(NULL, CANARY_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (run.canary == MAP_FAILED)
        return false;
    for (uint64_t i = 0; i < CANARY_BYTES / 8; i++)
        run.canary[i] = i * 0x9e3779b97f4a7c15ull;
    return true;
}

static uint64_t canary_look(void)
{
    uint64_t wrong = 0;
    for (uint64_t i = 0; i < CANARY_BYTES / 8; i++)
        wrong += run.canary[i] != i * 0x9e3779b97f4a7c15ull;
    return wrong;
}

/* Faults of all services that no mutant serves. */
static uint64_t others_count(void)
{
    static const char *const names[] = {"nullblk", "nullb1", "blk",   "rtc",    "rng",
                                        "console", "ramfs",  "devfs", "procfs", "posix"};
    uint64_t sum = 0;
    for (unsigned i = 0; i < sizeof names / sizeof *names; i++) {
        struct service service = {0};
        if (service_look(names[i], &service))
            sum += service.faults;
    }
    return sum;
}

/* What else there is must be as it was: our own pages (frames that the mutants never had), another
   driver's blocks, a file, the disk, and the other services, none of which may have faulted. */
static uint64_t damage_look(void)
{
    uint64_t faults = others_count();
    uint64_t damage = canary_look() + (faults != run.others_faults);
    run.others_faults = faults;
    for (unsigned i = 0; i < 16; i++) {
        damage += null_block_check(i) != OUTCOME_RIGHT;
        damage += data_check(i) != OUTCOME_RIGHT;
        damage += disk_request(random_next(&run.random)) != OUTCOME_RIGHT;
    }
    return damage;
}

/* The bytes of the images that the core keeps, and what it made of them: known already, it says,
   and compares. */
static uint64_t images_look(void)
{
    uint64_t damage = 0;
    for (unsigned i = 0; i < PREYS; i++)
        damage += command_run("register /boot/%s.elf\n", preys[i].image) != 0;
    return damage;
}

/* ---- One mutant ---- */

static void mutant_use(const struct prey *prey, struct counts *counts)
{
    struct service before = {0}, after = {0};
    service_look(prey->service, &before);
    struct order order = {random_next(&run.random), (uint32_t)(prey - preys)};
    (void)!write(run.orders, &order, sizeof order);
    bool answered = answer_await(ANSWER_MS);
    if (!answered)
        counts->wrong++; /* no answer, for as long as it runs */
    service_look(prey->service, &after);
    (void)command_run("stop %s --force\n", prey->service);
    if (!answered && !answer_await(HANG_MS)) {
        counts->hung++;
        kill(run.user, SIGKILL);
        close(run.orders);
        close(run.answers);
        user_start();
        return;
    }
    bool detected = after.faults > before.faults;
    counts->wrong += run.use->wrong;
    counts->detected += detected;
    counts->activated += detected || !answered || run.use->wrong || run.use->errors;
}

/* What is left of an instance that did not even start is taken apart beside us. */
static bool mutant_forget(void)
{
    for (unsigned tries = 0; tries < FORGET_TRIES; tries++) {
        if (command_run("forget " MUTANT_NAME "\n") == 0)
            return true;
        poll(NULL, 0, FORGET_PAUSE_MS);
    }
    return false;
}

/* False: the verifier refused it. */
static bool mutant_run(const struct prey *prey, struct counts *counts)
{
    if (command_run("register " MUTANT_FILE "\n") != 0) {
        counts->refused++;
        return false;
    }
    counts->injected++;
    if (command_run("load " MUTANT_NAME " as %s\n", prey->service) == 0) {
        mutant_use(prey, counts);
    } else { /* its init or attach failed or died */
        counts->activated++;
        counts->detected++;
        (void)command_run("stop %s --force\n", prey->service);
    }
    counts->recovered += mutant_forget();
    return true;
}

static bool prey_is_there(const struct prey *prey)
{
    if (!prey->needs_disk)
        return true;
    bool there = command_run("load %s as %s\n", prey->image, prey->service) == 0;
    (void)command_run("stop %s --force\n", prey->service);
    return there;
}

static void progress_show(uint64_t done, const char *image)
{
    uint64_t now = nanoseconds_now();
    if (run.settings->json || now - run.shown < SECOND_NS)
        return;
    run.shown = now;
    printf("%lu of %lu mutants, now: %s\n", done, run.settings->faults, image);
    fflush(stdout);
}

/* Mutants of one driver, of all kinds in turn. */
static void prey_hunt(const struct prey *prey, uint64_t share, uint64_t *done)
{
    uint64_t tries = 0;
    (void)command_run("stop %s --force\n", prey->service);
    if (!driver_open(prey->image))
        return;
    for (uint64_t made = 0; made < share && tries < share * TRIES_MAX;) {
        enum mutation kind = (enum mutation)(tries++ % MUTATION_COUNT);
        if (!driver_mutate(kind, random_next(&run.random)))
            continue;
        if (mutant_run(prey, &run.counts[kind])) {
            made++;
            progress_show(++*done, prey->image);
            if (made % LOOK_EACH == 0)
                run.counts[kind].damage += damage_look();
        }
        driver_heal();
    }
    (void)command_run("load %s as %s\n", prey->image, prey->service);
    if (strcmp(prey->service, prey->image) != 0)
        (void)command_run("stop %s --force\n", prey->service);
}

static bool hunt_prepare(void)
{
    run.use =
        mmap(NULL, sizeof *run.use, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    bool ready = run.use != MAP_FAILED && canary_make() && null_block_open() && null_block_fill() &&
                 data_open() && data_fill() && disk_open() && disk_fill() && empty_open() &&
                 empty_fill() && user_start();
    if (!ready)
        tool_error("the campaign cannot be prepared");
    return ready;
}

bool mutants_run(const struct settings *settings, struct counts counts[CLASSES],
                 struct counts *total)
{
    bool there[PREYS];
    uint64_t done = 0, count = 0;
    struct resources start = {0}, end = {0};
    run.settings = settings;
    run.counts = counts;
    run.total = total;
    run.random = settings->seed;
    memory_touch();
    if (!hunt_prepare())
        return false;
    for (unsigned i = 0; i < PREYS; i++)
        count += there[i] = prey_is_there(&preys[i]);
    run.others_faults = others_count();
    for (unsigned i = 0; i < PREYS; i++) { /* a first one of each, which grows what grows */
        uint64_t nobody = 0;
        if (there[i])
            prey_hunt(&preys[i], MUTATION_COUNT, &nobody);
    }
    memset(counts, 0, CLASSES * sizeof *counts);
    resources_await(&start, NULL);
    for (unsigned i = 0, place = 0; i < PREYS; i++)
        if (there[i]) {
            uint64_t before = settings->faults * place / count;
            prey_hunt(&preys[i], settings->faults * ++place / count - before, &done);
        }
    counts[0].damage += damage_look() + images_look();
    resources_await(&end, &start);
    for (unsigned kind = 0; kind < MUTATION_COUNT; kind++)
        counts_add(total, &counts[kind]);
    int64_t pages = pages_missing(&end, &start), rrefs = start.rrefs_free - end.rrefs_free;
    total->leaked_pages = pages > GROWTH_MAX ? pages : 0;
    total->leaked_rrefs = rrefs > GROWTH_MAX ? rrefs : 0;
    kill(run.user, SIGKILL);
    waitpid(run.user, NULL, 0);
    unlink(MUTANT_FILE);
    return true;
}
