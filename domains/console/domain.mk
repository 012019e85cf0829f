# SPDX-License-Identifier: MIT

SOURCES := console.c control.c handover.c input.c output.c uart.c
