# SPDX-License-Identifier: MIT

include domains/blk/domain.mk
SOURCES := $(addprefix ../blk/,$(SOURCES))
