# SPDX-License-Identifier: MIT

SOURCES := blk.c device.c request.c
