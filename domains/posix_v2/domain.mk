# SPDX-License-Identifier: MIT

include domains/posix/domain.mk
SOURCES := $(addprefix ../posix/,$(SOURCES))
