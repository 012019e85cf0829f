# SPDX-License-Identifier: MIT
SOURCES := posix.c system_call.c processes.c family.c fork.c exec.c stack.c elf.c memory.c shared.c futex.c \
    path.c mount.c root.c file.c open.c stat.c transfer.c copy.c window.c backend.c ring.c read_write.c pipe.c poll.c ioctl.c terminal.c \
    handover.c handover_files.c handover_threads.c handover_processes.c ready.c signals.c signal_frame.c signal_calls.c wait_queue.c shortage.c time.c usage.c alarm.c limits.c system.c
ifeq ($(NULLBLK),core)
CFLAGS := -include tests/bench/core_driver/client.h -Itests/bench/core_driver
endif
