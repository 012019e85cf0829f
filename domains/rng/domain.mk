# SPDX-License-Identifier: MIT

SOURCES := rng.c
