# SPDX-License-Identifier: MIT
#
# NULLBLK=core: domains/nullblk compiled into the core as plain C, beside the domain, so that the price
# of being a domain is measured. Included by kernel/build.mk, which compiles CORE_DRIVER_SOURCES as the
# core's own; no file of the core knows of it: the linker puts the hook into place (core_driver.c).

CORE_DRIVER_FOLDER  := tests/bench/core_driver
CORE_DRIVER_SOURCES := $(CORE_DRIVER_FOLDER)/core_driver.c $(CORE_DRIVER_FOLDER)/entry.S \
    domains/nullblk/nullblk.c domains/nullblk/store.c
CORE_DRIVER_OBJECTS := $(CORE_DRIVER_SOURCES:%=$(B)/core/%.o)
$(B)/core/kernel/main.c.o: CORE_CFLAGS += -Dgate_page_init=core_driver_page_init

# The driver's own headers stay as they are; include/ stands in for domainlib's.
$(CORE_DRIVER_OBJECTS): CORE_CFLAGS += -I$(CORE_DRIVER_FOLDER)/include -I$(B)/gen/interface \
    -Idomainlib/include -I$(B)/gen/domains/nullblk
$(CORE_DRIVER_OBJECTS): | $(INTERFACE_HEADERS) $(B)/gen/domains/nullblk/manifest.h
