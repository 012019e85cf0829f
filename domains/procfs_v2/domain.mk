# SPDX-License-Identifier: MIT

include domains/procfs/domain.mk
SOURCES := $(addprefix ../procfs/,$(SOURCES))
