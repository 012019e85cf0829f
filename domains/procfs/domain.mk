# SPDX-License-Identifier: MIT

SOURCES := procfs.c handover.c tree.c text.c report.c command.c operator.c
