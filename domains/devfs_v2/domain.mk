# SPDX-License-Identifier: MIT

include domains/devfs/domain.mk
SOURCES := $(addprefix ../devfs/,$(SOURCES))
