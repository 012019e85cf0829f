# SPDX-License-Identifier: MIT

SOURCES := $(addprefix ../vfs/,$(VFS_SOURCES))
