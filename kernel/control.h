// SPDX-License-Identifier: MIT
// The operator's side: jobs on services, done one after the other by a core task, and questions.
//
// control_lock (LOCK_CONTROL) covers the lists of images, services and instances. Services,
// instances and images change only in the control task (and instances die anywhere), so that it may
// look at them without the lock.
#pragma once
#include <stdbool.h>
#include <stdint.h>
#include "kernel/abi/core_entry.h"
#include "microcore/lock.h"

struct domain;
struct image;
struct proxy;
struct version;

extern struct lock control_lock;

#define REASON_SIZE 160

void control_start(void); // boot: the control task

// Queues COMMAND (file: its bytes in core memory, owned by the job; NULL: none) and waits for its
// end. 0 or a negative errno; command->reply is filled in. -EINTR: kicked; the job goes on, and the
// same call by the same thread gets its result. Task context, no lock held.
int64_t control_run(struct control_command *command, void *file);

// A start behind a shadow may be due, for which callers wait. Any context.
void control_wake(void);
// Without haste: there is something for the control task to look at. Any context.
void control_look(void);
// For the control task, where it waits for somebody: count of its wake-ups so far; sleeps until
// there is one more, or until DEADLINE (ns since boot).
uint64_t control_news(void);
void control_sleep(uint64_t seen, uint64_t deadline);
// Starts what is due behind shadows, if the caller is the control task, wherever it waits. When to
// look again, ns since boot; UINT64_MAX: when woken, or it is not the control task.
uint64_t control_recover(void);

// The thread ends: the job that it waited for is nobody's.
struct thread;
void control_forget(struct thread *thread);

// ---- kernel/service.c, kernel/update.c: what the control task does. REASON: one line. ----
int64_t service_load(struct image *image, const char *name, char *reason);
int64_t service_stop(struct proxy *proxy, bool force, char *reason);
int64_t service_restart(struct proxy *proxy, struct image *image, char *reason);
// STAGE: enum fault_stage.
int64_t service_arm_fault(struct proxy *proxy, const char *class_name, uint32_t stage,
                          char *reason);
// The NTHth request for KIND that comes of the calling thread fails, and those after it, TIMES in
// all (0: one); KIND "off": none does, and REPLY tells whether it has. Not through the control
// task: it is about who asks.
int64_t control_fail(const char *kind, uint32_t nth, uint32_t times, char *reply);
int64_t service_update(struct proxy *proxy, struct image *image, bool rollback, char *reason);
// Opens PROXY for the instance: callers get in from now on.
void service_open(struct proxy *proxy, struct domain *domain);
// DOMAIN is marked dead. If it served, it does so no more by then: its callers wait for the next
// instance (with a shadow), or are refused. Any context, no lock held.
void service_lose(struct domain *domain);
// Whatever a shadow would start is not started: the operator has other plans.
void service_forget_lost(struct proxy *proxy);
// Starts again what is due; when the next is, ns since boot.
uint64_t service_recover_due(void);
int64_t service_shadow(struct proxy *proxy, const char *setting, char *reason);
// Callers meet NEXT from now on, if DOMAIN still serves (else false). LEAVE: it is no longer the
// service's instance.
bool service_close(struct proxy *proxy, struct domain *domain, struct version *next, bool leave);
// Orderly end of an instance that nobody can enter any more: detach, exit; reclaimed by the reaper.
// Takes over the hold.
void service_retire(struct domain *domain, bool keep_state);
// Waits a moment for dead instances of the service to be gone: an update takes longer beside that
// (fences of all harts), and gets a slot in which its image has run before.
void service_settle(const struct proxy *proxy);

// ---- Questions; core memory. 0 or -ENOENT past the end ----
int64_t control_query_service(uint64_t index, struct service_info *info);
int64_t control_query_image(uint64_t index, struct image_info *info);
// `key value` lines about one service. The length, or -ENOENT.
int64_t control_query_detail(const char *name, char *text, uint64_t size);
