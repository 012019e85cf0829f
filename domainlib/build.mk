# SPDX-License-Identifier: MIT
#
# What every domain links, and the code that idlc makes from the interfaces. All of it goes through
# sfi-cc, which also gives the machine flags: the confined code of a domain trusts no compiler.

SFI_CC      := $(B)/host/sfi-cc
DOMAIN_LIBC := $(B)/newlib/domain/lib/libc.a

INTERFACE_SOURCES := $(wildcard domainlib/interface/*.idl)
INTERFACES        := $(INTERFACE_SOURCES:domainlib/interface/%.idl=%)
INTERFACE_HEADERS := $(foreach suffix,client server interface,$(INTERFACES:%=$(B)/gen/interface/%_$(suffix).h))

$(B)/gen/interface/%_client.h $(B)/gen/interface/%_server.h $(B)/gen/interface/%_server.c \
$(B)/gen/interface/%_interface.h: domainlib/interface/%.idl $(B)/host/idlc
	$(call say,IDLC,$(@D)/$*)
	@mkdir -p $(@D)
	$(Q)$(B)/host/idlc --interface $< --out $(@D)

DOMAIN_CFLAGS := $(RELATIVE_PATHS) -std=gnu11 -O2 -g -fno-common -fno-strict-aliasing -fno-stack-protector \
    -ffunction-sections -fdata-sections -Wall -Wextra -Werror -Wframe-larger-than=8192 \
    -I. -Idomainlib/include -I$(B)/gen -I$(B)/gen/interface -isystem $(B)/newlib/domain/include
DOMAIN_STAMP  := $(call stamp,domain,SFI=$(SFI) $(call movable,$(DOMAIN_CFLAGS)) $(CROSS_CC))

# What must exist before any domain source is compiled; which of it a source uses, its .d file says.
# A changed sfi-cc compiles domains anew, but no library: `make distclean` forgets those.
DOMAIN_READY := $(SFI_CC) $(INTERFACE_HEADERS) $(DOMAIN_LIBC)

DOMAINLIB_SOURCES := $(wildcard domainlib/*.c domainlib/*.S domainlib/libc/*.c domainlib/libc/*.S)
DOMAINLIB_OBJECTS := $(DOMAINLIB_SOURCES:%=$(B)/lib/%.o)
DEPENDENCIES      += $(DOMAINLIB_OBJECTS:.o=.d)

# $(call domain-compile,FURTHER FLAGS): one source into one confined object
define domain-compile
	$(call say,SFI,$@)
	@mkdir -p $(@D)
	$(Q)SFI=$(SFI) $(SFI_CC) $(DOMAIN_CFLAGS) $1 -MMD -MP -MF $(@:.o=.d) -MT $@ -c -o $@ $<
endef

$(B)/lib/%.o: % $(DOMAIN_STAMP) $(SFI_CC) | $(DOMAIN_READY)
	$(call domain-compile)

$(B)/lib/domainlib.a: $(DOMAINLIB_OBJECTS)
	$(call say,AR,$@)
	$(Q)rm -f $@ && $(CROSS_AR) rcsD $@ $^
