# SPDX-License-Identifier: MIT

SOURCES := null.c
