# SPDX-License-Identifier: MIT

include domains/nullblk/domain.mk
SOURCES := $(addprefix ../nullblk/,$(SOURCES))
