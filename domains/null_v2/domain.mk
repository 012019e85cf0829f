# SPDX-License-Identifier: MIT

SOURCES := ../null/null.c
