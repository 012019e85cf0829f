# SPDX-License-Identifier: MIT

VFS_SOURCES := vfs.c files.c pages.c kept.c fetch.c write.c write_back.c writer.c

SOURCES := $(VFS_SOURCES)
