# SPDX-License-Identifier: MIT

include domains/console/domain.mk
SOURCES := $(addprefix ../console/,$(SOURCES))
