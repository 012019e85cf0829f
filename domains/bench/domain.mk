# SPDX-License-Identifier: MIT

SOURCES := bench.c call.c recovery.c
