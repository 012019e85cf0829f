# SPDX-License-Identifier: MIT

SOURCES := $(addprefix ../ext2/,$(EXT2_SOURCES))
CFLAGS  := $(EXT2FS_HEADERS)
LIBS    := $(EXT2FS_ARCHIVE)

$(EXT2_SOURCES:%=$(B)/domains/ext2_v2/%.o): | $(EXT2FS_ARCHIVE)
