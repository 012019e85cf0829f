# SPDX-License-Identifier: MIT

include domains/ramfs/domain.mk
SOURCES := $(addprefix ../ramfs/,$(SOURCES))
