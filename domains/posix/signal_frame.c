// SPDX-License-Identifier: MIT
// The stack frame that a signal handler runs on, as Linux lays it out on riscv64
// (arch/riscv/kernel/signal.c, asm/ucontext.h, asm/sigcontext.h), so that handlers that look at
// their ucontext find what they expect.
#include <stddef.h>
#include <string.h>

#include "core.h"
#include "memory.h"
#include "processes.h"
#include "signals.h"

struct frame_info {
    int32_t number, error, code, unused;
    union {
        struct {
            uint32_t pid, user, status;
        };
        uint64_t address;
        uint8_t size[112];
    };
};

struct frame {
    struct frame_info info;
    uint64_t flags, link;
    uint64_t stack[3];
    uint64_t mask;
    uint8_t mask_room[120];
    uint64_t unused;
    uint64_t registers[32]; // pc in place of x0
    uint64_t f[32];
    uint64_t fcsr;
    uint8_t f_room[264];
};

_Static_assert(sizeof(struct frame_info) == 128, "siginfo_t");
_Static_assert(offsetof(struct frame, mask) == 128 + 40, "uc_sigmask");
_Static_assert(offsetof(struct frame, registers) == 128 + 176, "uc_mcontext");
_Static_assert(sizeof(struct frame) == 128 + 960, "struct rt_sigframe");

static void frame_fill(struct frame *frame, const struct user_registers *registers, uint32_t number,
                       const struct signal_origin *origin, uint64_t mask)
{
    memset(frame, 0, sizeof *frame);
    frame->info.number = (int32_t)number;
    frame->info.code = origin->code;
    if (origin->address) {
        frame->info.address = origin->address;
    } else {
        frame->info.pid = origin->pid;
        frame->info.status = origin->status;
    }
    frame->mask = mask;
    frame->registers[0] = registers->pc;
    memcpy(&frame->registers[1], &registers->x[1], 31 * sizeof(uint64_t));
    memcpy(frame->f, registers->f, sizeof frame->f);
    frame->fcsr = registers->fcsr;
}

int64_t frame_push(struct thread *thread, struct user_registers *registers, uint32_t number,
                   const struct signal_action *action, const struct signal_origin *origin,
                   uint64_t restored_mask)
{
    struct frame frame;
    uint64_t sp = (registers->x[2] - sizeof frame) & ~(uint64_t)15;
    frame_fill(&frame, registers, number, origin, restored_mask);
    if (user_write(thread, sp, &frame, sizeof frame) < 0)
        return -EFAULT;
    registers->pc = action->handler;
    registers->x[1] = action->flags & ACTION_RESTORER ? action->restorer : TRAMPOLINE;
    registers->x[2] = sp;
    registers->x[10] = number;
    registers->x[11] = sp + offsetof(struct frame, info);
    registers->x[12] = sp + offsetof(struct frame, flags);
    return 0;
}

int64_t frame_pop(struct thread *thread, struct user_registers *registers, uint64_t *restored_mask)
{
    struct frame frame;
    if (user_read(thread, &frame, registers->x[2], sizeof frame) < 0)
        return -EFAULT;
    registers->pc = frame.registers[0];
    memcpy(&registers->x[1], &frame.registers[1], 31 * sizeof(uint64_t));
    memcpy(registers->f, frame.f, sizeof frame.f);
    registers->fcsr = frame.fcsr;
    *restored_mask = frame.mask;
    return 0;
}
