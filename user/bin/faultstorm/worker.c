// SPDX-License-Identifier: MIT
#include "worker.h"

#include <errno.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include "system.h"
#include "tool.h"

/* Between two faults: so many that an instance is never taken for one that cannot run. */
#define CALLS_LEAST     105
#define CALLS_MORE      32
#define REQUESTS_SETTLE 4
#define TRIES           200 /* to get a right answer again */
#define TRIES_ARM       5
#define DETECT_NS       5000000000ull
#define PAUSE_LIMIT_NS  20000000

struct worker {
    const struct target *target;
    struct shared *shared;
    uint64_t random;
    uint32_t class; /* of the order at hand */
};

static void pause_for(uint64_t nanoseconds)
{
    struct timespec time = {0, (long)nanoseconds};
    nanosleep(&time, NULL);
}

/* One request, under the coordinator's eyes. */
static enum outcome request_make(struct worker *worker, bool limited)
{
    const struct target *target = worker->target;
    uint64_t random = random_next(&worker->random);
    __atomic_store_n(&worker->shared->busy_since, nanoseconds_now(), __ATOMIC_RELEASE);
    enum outcome outcome =
        limited && target->limited ? target->limited(random) : target->request(random);
    __atomic_store_n(&worker->shared->busy_since, 0, __ATOMIC_RELEASE);
    worker->shared->requests++;
    if (outcome == OUTCOME_WRONG) {
        worker->shared->counts.wrong++;
        tool_complain(target->name, "a wrong answer while faults are `%s`: %s",
                      class_names[worker->class], answer_wrong);
    }
    return outcome;
}

/* Waits until the service runs; restarts it where nobody else does. */
static bool service_await(const struct worker *worker, struct service *service)
{
    uint64_t pause = 50000;
    for (int tries = 0; tries < TRIES; tries++) {
        if (service_look(worker->target->name, service)) {
            if (service_is_up(service))
                return true;
            if (strcmp(service->state, "faulted") == 0)
                (void)command_run("restart %s\n", worker->target->name); /* the next look tells */
        }
        pause_for(pause);
        pause = pause < PAUSE_LIMIT_NS ? pause * 2 : pause;
    }
    return false;
}

/* Requests until one is answered right. Others' faults may be in the way: errors are no offence. */
static bool answer_await(struct worker *worker)
{
    struct service service;
    for (int tries = 0; tries < TRIES; tries++) {
        if (request_make(worker, false) == OUTCOME_RIGHT)
            return true;
        if (!service_await(worker, &service))
            return false;
        while (!worker->target->open() && tries++ < TRIES)
            pause_for(PAUSE_LIMIT_NS / 10);
    }
    return false;
}

static void load_make(struct worker *worker)
{
    uint64_t calls = CALLS_LEAST + random_next(&worker->random) % CALLS_MORE;
    for (uint64_t count = calls / worker->target->calls; count > 0; count--)
        if (request_make(worker, false) != OUTCOME_RIGHT)
            answer_await(worker);
}

/* A command may be lost with the procfs that carries it out; arming twice is arming once. */
static bool fault_arm(const struct worker *worker, uint32_t class)
{
    for (int tries = 0; tries < TRIES_ARM; tries++)
        if (command_run("fault %s %s\n", worker->target->name, class_names[class]) == 0)
            return true;
    return false;
}

/* Looks until the service has had a fault and runs again. Another's request may have met it, and
   may still be waiting in it. False: it had none. */
static bool fault_await(const struct worker *worker, uint64_t before)
{
    struct service now;
    uint64_t deadline = nanoseconds_now() + DETECT_NS;
    while (service_await(worker, &now)) {
        if (now.faults > before)
            return true;
        if (nanoseconds_now() > deadline)
            return false;
        pause_for(PAUSE_LIMIT_NS / 10);
    }
    return false;
}

/* Arms one fault, meets it, and judges what became of it. False: the service does not come back. */
static bool fault_deal(struct worker *worker, uint32_t class)
{
    struct counts *counts = &worker->shared->counts;
    struct service before;
    if (!service_await(worker, &before))
        return false;
    if (!fault_arm(worker, class))
        return true; /* not injected */
    counts->injected++;
    uint64_t wrong = counts->wrong;
    uint64_t began = nanoseconds_now();
    /* right or an error, it says itself */
    enum outcome met = request_make(worker, class == FAULT_deadlock - 1);
    uint64_t took = nanoseconds_now() - began;
    bool right =
        answer_await(worker); /* what was in the way of the first one is not in this one's */
    bool detected = fault_await(worker, before.faults);
    counts->detected += detected;
    counts->activated += detected || counts->wrong > wrong;
    counts->recovered += detected && right;
    if (detected && met == OUTCOME_RIGHT)
        histogram_add(&worker->shared->answers, took);
    return right;
}

static void order_carry_out(struct worker *worker, const struct order *order)
{
    worker->random = order->seed;
    worker->class = order->class;
    for (uint32_t i = 0; i < REQUESTS_SETTLE && !order->faults; i++)
        answer_await(worker);
    uint32_t missed = 0; /* of one fault: it could not be armed */
    for (uint32_t i = 0; i < order->faults && !worker->shared->unexpected;) {
        uint64_t before = worker->shared->counts.injected;
        load_make(worker);
        if (!fault_deal(worker, order->class))
            worker->shared->unexpected = 1;
        if (worker->shared->counts.injected == before && missed++ < TRIES_ARM)
            continue;
        i++;
        missed = 0;
        __atomic_fetch_add(&worker->shared->done, 1, __ATOMIC_RELEASE);
    }
}

static void done_tell(int answers, unsigned number)
{
    uint8_t byte = (uint8_t)number;
    if (!tool_write(answers, &byte, 1))
        _exit(1);
}

_Noreturn void worker_run(const struct target *target, unsigned number, struct shared *shared,
                          int orders, int answers)
{
    struct worker worker = {.target = target, .shared = shared};
    struct order order;
    memory_touch();
    histogram_begin(&shared->answers);
    if (!target->open() || (target->fill && !target->fill())) {
        tool_error(target->needs);
        shared->unexpected = 1;
    }
    done_tell(answers, number);
    for (;;) {
        ssize_t length;
        do
            length = read(orders, &order, sizeof order);
        while (length < 0 && errno == EINTR);
        if (length != sizeof order)
            _exit(0);
        memset(&shared->counts, 0, sizeof shared->counts);
        order_carry_out(&worker, &order);
        done_tell(answers, number);
    }
}
