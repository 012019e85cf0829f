# SPDX-License-Identifier: MIT

SOURCES := nullblk_discard.c
