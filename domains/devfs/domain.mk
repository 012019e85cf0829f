# SPDX-License-Identifier: MIT
SOURCES := devfs.c handover.c block_device.c bounce.c memory_device.c random.c chacha.c terminal_device.c bench_device.c
