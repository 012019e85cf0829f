# SPDX-License-Identifier: MIT
SOURCES := ramfs.c arena.c node.c recover.c directory.c content.c load.c cpio.c
