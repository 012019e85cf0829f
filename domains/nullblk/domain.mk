# SPDX-License-Identifier: MIT

SOURCES := nullblk.c store.c
