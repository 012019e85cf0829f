# SPDX-License-Identifier: MIT

SOURCES := procfs.c handover.c tree.c text.c snapshot.c report.c command.c operator.c
