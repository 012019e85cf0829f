# SPDX-License-Identifier: MIT

SOURCES := rtc.c
