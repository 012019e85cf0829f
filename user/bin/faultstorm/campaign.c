// SPDX-License-Identifier: MIT
// The campaign of stop faults: batches of one class, each shared out over all targets, in an order
// that the seed decides. After each batch the system is brought into one and the same state, and
// what it has handed out is compared with what it had before the first.
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include "histogram.h"
#include "storm.h"
#include "system.h"
#include "tool.h"
#include "worker.h"

#define BATCH_EACH     24 /* faults of a batch to each target */
#define BATCHES_MAX    65536
#define HANG_NS        20000000000ull
#define HANG_LOOKS     80 /* of POLL_MS each: none passes where the computer gives us no time */
#define POLL_MS        250
#define SECOND_NS      1000000000ull
#define MILLISECOND_NS 1000000ull
#define REHEARSED_PART 4  /* of the weight of a class */
#define GROWTH_MAX     16 /* pages or RRefs that may be missing in the end without being a leak */

struct batch {
    uint32_t class, faults;
};

struct crew {
    const struct target *target;
    pid_t process;
    int orders;
    bool busy, lost;
    uint64_t since; /* when the request began that was under way at the last look */
    unsigned looks; /* that have found it under way */
};

static struct {
    const struct settings *settings;
    struct counts *counts, *total;
    struct crew crews[TARGETS_MAX];
    unsigned crew_count;
    struct shared *shared;
    int answers;
    uint64_t random, started, shown, watched, rehearsed;
    uint32_t class; /* of the batch at hand */
} run;

/* How many of a class for one of a class that waits longest: it has half a second to wait. */
static unsigned class_weight(uint32_t class)
{
    switch (class + 1) {
    case FAULT_deadlock:
        return 1;
    case FAULT_loop:
    case FAULT_exhaust:
        return 4;
    default:
        return 16;
    }
}

/* ---- Crews ---- */

static bool crew_can_meet(const struct crew *crew, uint32_t class)
{
    return !crew->lost && !(class == FAULT_deadlock - 1 && crew->target->never_waits_short);
}

static bool crew_start(const struct target *target, int answers, int other_end)
{
    struct crew *crew = &run.crews[run.crew_count];
    int orders[2];
    if (pipe(orders) < 0)
        return false;
    fflush(NULL);
    crew->process = fork();
    if (crew->process < 0)
        return false;
    if (crew->process == 0) {
        close(orders[1]);
        close(other_end);
        for (unsigned i = 0; i < run.crew_count; i++)
            close(run.crews[i].orders);
        worker_run(target, run.crew_count, &run.shared[run.crew_count], orders[0], answers);
    }
    close(orders[0]);
    crew->target = target;
    crew->orders = orders[1];
    crew->busy = true; /* until it is prepared */
    run.crew_count++;
    return true;
}

/* Whether the target can be had; a driver that nobody needs otherwise is loaded for it. */
static bool target_is_there(const struct target *target)
{
    if (target->image && access(target->needs, F_OK) < 0)
        (void)command_run("load %s as %s\n", target->image, target->name); /* the next look tells */
    bool there = access(target->needs, F_OK) == 0;
    if (!there && run.settings->named_targets)
        tool_complain(target->name, "there is no %s", target->needs);
    return there &&
           (run.settings->named_targets || target->restartable || service_has_shadow(target->name));
}

static bool crews_start(void)
{
    int answers[2];
    run.shared = mmap(NULL, TARGETS_MAX * sizeof *run.shared, PROT_READ | PROT_WRITE,
                      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (run.shared == MAP_FAILED || pipe(answers) < 0)
        return false;
    for (unsigned i = 0; i < target_count; i++) {
        if (!run.settings->targets[i] || !target_is_there(&targets[i]))
            continue;
        if (!crew_start(&targets[i], answers[1], answers[0]))
            return false;
    }
    close(answers[1]);
    run.answers = answers[0];
    return run.crew_count > 0;
}

static void crew_give_up(struct crew *crew)
{
    crew->busy = false;
    crew->lost = true;
    tool_complain(crew->target->name, "does not come back from `%s`: no more faults for it",
                  class_names[run.class]);
}

/* Is the request that it waits for past the deadline? By the clock and by our own looks, for the
   system's clock goes on where the computer below has no time for the system. */
static bool crew_hangs(struct crew *crew, uint64_t since, uint64_t now)
{
    crew->looks = since == crew->since ? crew->looks + 1 : 0;
    crew->since = since;
    return crew->busy && since && now >= since + HANG_NS && crew->looks >= HANG_LOOKS;
}

/* A request past the deadline counts as hung, and its crew is lost: what it waits for may never
   come. Called once in POLL_MS at most. */
static void crews_watch(void)
{
    uint64_t now = nanoseconds_now();
    if (now - run.watched < POLL_MS * MILLISECOND_NS)
        return;
    run.watched = now;
    for (unsigned i = 0; i < run.crew_count; i++) {
        uint64_t since = __atomic_load_n(&run.shared[i].busy_since, __ATOMIC_ACQUIRE);
        if (!crew_hangs(&run.crews[i], since, now))
            continue;
        run.shared[i].counts.hung++;
        kill(run.crews[i].process, SIGKILL);
        crew_give_up(&run.crews[i]);
    }
}

static bool crews_are_busy(void)
{
    for (unsigned i = 0; i < run.crew_count; i++)
        if (run.crews[i].busy)
            return true;
    return false;
}

static void progress_show(bool now_please)
{
    uint64_t now = nanoseconds_now(), done = 0, requests = 0;
    if (run.settings->json || (now - run.shown < SECOND_NS && !now_please))
        return;
    run.shown = now;
    for (unsigned i = 0; i < run.crew_count; i++) {
        done += run.shared[i].done;
        requests += run.shared[i].requests;
    }
    done = done > run.rehearsed ? done - run.rehearsed : 0;
    uint64_t seconds = (now - run.started) / SECOND_NS;
    char line[128];
    snprintf(line, sizeof line, "%lu of %lu faults, %lu a second, %lu requests, now: %s\n", done,
             run.settings->faults, seconds ? done / seconds : done, requests,
             class_names[run.class]);
    (void)!write(STDOUT_FILENO, line, strlen(line)); /* the console may be down just now */
}

static void crews_await(void)
{
    struct pollfd waiting = {.fd = run.answers, .events = POLLIN};
    while (crews_are_busy()) {
        uint8_t number;
        if (poll(&waiting, 1, POLL_MS) > 0 && read(run.answers, &number, 1) == 1 &&
            number < run.crew_count && !run.crews[number].lost) {
            run.crews[number].busy = false;
            if (run.shared[number].unexpected)
                crew_give_up(&run.crews[number]);
        }
        crews_watch();
        progress_show(false);
    }
}

/* ---- Batches ---- */

static unsigned crews_for(uint32_t class)
{
    unsigned count = 0;
    for (unsigned i = 0; i < run.crew_count; i++)
        count += crew_can_meet(&run.crews[i], class);
    return count;
}

/* How many faults of the class: its share by weight, what is left over goes to the first ones. */
static uint64_t class_share(uint32_t wanted)
{
    uint64_t weights = 0, before = 0;
    for (uint32_t class = 0; class < CLASSES; class ++) {
        if (!run.settings->classes[class])
            continue;
        weights += class_weight(class);
        if (class < wanted)
            before += class_weight(class);
    }
    uint64_t faults = run.settings->faults, after = before + class_weight(wanted);
    return run.settings->classes[wanted] ? faults * after / weights - faults * before / weights : 0;
}

static unsigned batches_plan(struct batch *batches)
{
    unsigned count = 0;
    for (uint32_t class = 0; class < CLASSES; class ++) {
        uint64_t left = class_share(class);
        uint64_t each = (uint64_t)BATCH_EACH * crews_for(class);
        while (left && each && count < BATCHES_MAX) {
            batches[count].class = class;
            batches[count].faults = (uint32_t)(left < each ? left : each);
            left -= batches[count++].faults;
        }
    }
    for (unsigned i = count; i > 1; i--) {
        unsigned other = (unsigned)(random_next(&run.random) % i);
        struct batch swapped = batches[other];
        batches[other] = batches[i - 1];
        batches[i - 1] = swapped;
    }
    return count;
}

static void orders_send(const struct batch *batch)
{
    uint64_t first = random_next(&run.random); /* who gets one more than the others */
    unsigned able = crews_for(batch->class), place = 0;
    for (unsigned i = 0; i < run.crew_count; i++) {
        struct crew *crew = &run.crews[i];
        struct order order = {.seed = random_next(&run.random), .class = batch->class};
        if (!crew_can_meet(crew, batch->class))
            continue;
        order.faults = batch->faults / able + ((place++ + first) % able < batch->faults % able);
        if (!order.faults)
            continue;
        crew->busy = tool_write(crew->orders, &order, sizeof order);
    }
}

/* ---- What is in use ---- */

/* The smaller one, if both are missing. */
static int64_t least(int64_t one, int64_t other)
{
    int64_t less = one < other ? one : other;
    return less > 0 ? less : 0;
}

/* Every target's service in a fresh instance that has answered some requests. */
static bool settle(struct resources *resources, const struct resources *before)
{
    struct order none = {0};
    for (unsigned i = 0; i < run.crew_count; i++)
        if (!run.crews[i].lost)
            (void)command_run("restart %s\n", run.crews[i].target->name);
    for (unsigned i = 0; i < run.crew_count; i++)
        if (!run.crews[i].lost)
            run.crews[i].busy = tool_write(run.crews[i].orders, &none, sizeof none);
    crews_await();
    return resources_await(resources, before);
}

/* One batch. COUNTED: its faults are; else only what went wrong is. */
static void batch_run(const struct batch *batch, bool counted)
{
    struct counts *counts = &run.counts[batch->class];
    run.class = batch->class;
    orders_send(batch);
    crews_await();
    for (unsigned i = 0; i < run.crew_count; i++) {
        struct counts *part = &run.shared[i].counts;
        if (counted)
            counts_add(counts, part);
        else
            counts_add(counts, &(struct counts){.wrong = part->wrong, .hung = part->hung});
        memset(part, 0, sizeof *part);
    }
}

/* A batch, and what is missing after it. What grows to a new greatest need and stays (a heap of
   those who only pass calls on, say) is missing once; a leak is missing again when the same is done
   again. */
static void batch_measure(const struct batch *batch, struct resources *before)
{
    struct counts *counts = &run.counts[batch->class];
    struct resources after, again;
    uint64_t random = run.random;
    batch_run(batch, true);
    if (!settle(&after, before))
        return;
    int64_t pages = pages_missing(&after, before), rrefs = before->rrefs_free - after.rrefs_free;
    *before = after;
    if (pages <= 0 && rrefs <= 0)
        return;
    run.random = random;
    batch_run(batch, false);
    if (!settle(&again, before))
        return;
    pages = least(pages, pages_missing(&again, before));
    rrefs = least(rrefs, before->rrefs_free - again.rrefs_free);
    if (pages || rrefs)
        tool_complain(class_names[batch->class], "missing twice: %ld pages, %ld RRefs", pages,
                      rrefs);
    counts->leaked_pages += pages;
    counts->leaked_rrefs += rrefs;
    *before = again;
}

/* The total: what was found missing twice, or all that is missing if that is more than growth can
   explain. */
static int64_t leak_of(int64_t found, int64_t missing)
{
    return missing > GROWTH_MAX && missing > found ? missing : found;
}

/* Everything grows to its usual size here, by some faults of each class. */
static void rehearse(void)
{
    for (uint32_t class = 0; class < CLASSES; class ++) {
        uint32_t each = 1 + class_weight(class) / REHEARSED_PART;
        struct batch one = {class, each * crews_for(class)};
        if (run.settings->classes[class] && one.faults)
            batch_run(&one, false);
    }
    for (unsigned i = 0; i < run.crew_count; i++)
        run.rehearsed += run.shared[i].done;
}

static void crews_end(void)
{
    for (unsigned i = 0; i < run.crew_count; i++) {
        close(run.crews[i].orders);
        if (!run.crews[i].lost)
            waitpid(run.crews[i].process, NULL, 0);
    }
}

bool campaign_run(const struct settings *settings, struct counts counts[CLASSES],
                  struct counts *total, struct histogram *answers)
{
    static struct batch batches[BATCHES_MAX];
    struct resources start, now;
    memory_touch();
    run.settings = settings;
    run.counts = counts;
    run.total = total;
    run.random = settings->seed;
    run.started = run.shown = nanoseconds_now();
    if (!crews_start())
        return tool_complain("targets", "cannot be prepared"), false;
    crews_await();
    progress_show(true); /* from the start, so that what printing takes is taken */
    rehearse();
    unsigned count = batches_plan(batches);
    if (!settle(&start, NULL))
        return tool_complain("the system", "does not say what is in use"), false;
    now = start;
    for (unsigned i = 0; i < count; i++)
        batch_measure(&batches[i], &now);
    for (uint32_t class = 0; class < CLASSES; class ++)
        counts_add(total, &counts[class]);
    total->leaked_pages = leak_of(total->leaked_pages, pages_missing(&now, &start));
    total->leaked_rrefs = leak_of(total->leaked_rrefs, start.rrefs_free - now.rrefs_free);
    for (unsigned i = 0; i < run.crew_count; i++)
        histogram_merge(answers, &run.shared[i].answers);
    crews_end();
    return true;
}
