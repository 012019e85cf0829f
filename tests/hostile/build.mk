# SPDX-License-Identifier: MIT
#
# What tests/hostile/run needs: domverify under the sanitizers. Included by tests/build.mk.

HOSTILE_VERIFY := $(B)/tests/hostile/domverify
HOSTILE_SOURCES := tools/sfi/domverify.c kernel/elf.c kernel/image_check.c kernel/verify.c
TEST_PROGRAMS  += $(HOSTILE_VERIFY)
DEPENDENCIES   += $(HOSTILE_VERIFY).d

# verify.c once more is what --stores asks for; here it may be the same.
$(HOSTILE_VERIFY): $(HOSTILE_SOURCES) $(UNIT_STAMP)
	$(call say,TEST,$@)
	@mkdir -p $(@D)
	$(Q)$(HOSTCC) $(UNIT_CFLAGS) -MM -MP -MT $@ -MF $@.d $(HOSTILE_SOURCES)
	$(Q)$(HOSTCC) $(UNIT_CFLAGS) -Dverify_text_stores=verify_text -o $@ $(HOSTILE_SOURCES)

# Hostile domains: folders as in domains/, with the table of attacks that each has and the code that
# runs it (attack.c) linked in; and `canary`, which they must not touch. They are no part of the initrd; the tests pack them into one of theirs.

HOSTILE_FOLDER  := tests/hostile/domains
HOSTILE_DOMAINS := $(patsubst $(HOSTILE_FOLDER)/%/manifest,%,$(wildcard $(HOSTILE_FOLDER)/*/manifest))
HOSTILE_ELFS    := $(HOSTILE_DOMAINS:%=$(B)/hostile/%.elf)
TEST_PROGRAMS   += $(HOSTILE_ELFS)

$(B)/hostile/%/manifest.h $(B)/hostile/%/manifest.c: $(HOSTILE_FOLDER)/%/manifest \
    $(INTERFACE_SOURCES) $(B)/host/idlc
	$(call say,IDLC,$(@D))
	@mkdir -p $(@D)
	$(Q)$(B)/host/idlc --manifest $< --interfaces domainlib/interface --out $(@D)

# $(call hostile-object,NAME,SOURCE)
define hostile-object
$(B)/hostile/$1/$(notdir $2).o: $2 $(DOMAIN_STAMP) | $(DOMAIN_READY) $(B)/hostile/$1/manifest.h
	$$(call domain-compile,-I$(B)/hostile/$1)
$(B)/hostile/$1.elf: $(B)/hostile/$1/$(notdir $2).o
DEPENDENCIES += $(B)/hostile/$1/$(notdir $2).d

endef

hostile-sources = $(wildcard $(HOSTILE_FOLDER)/$1/*.c $(HOSTILE_FOLDER)/$1/*.S) $(if $(filter hostile_%,$1),$(HOSTILE_FOLDER)/attack.c) \
    $(B)/hostile/$1/manifest.c tests/empty_service.c $(B)/gen/interface/empty_server.c

$(foreach name,$(HOSTILE_DOMAINS),$(foreach source,$(call hostile-sources,$(name)),$(eval $(call \
    hostile-object,$(name),$(source)))))

$(HOSTILE_ELFS): $(B)/hostile/%.elf: $(B)/lib/domainlib.a $(DOMAIN_LIBC) linker/domain.ld $(B)/host/domverify $(B)/host/lines
	$(call domain-link,$(filter %.o,$^))

.PHONY: hostile
hostile: $(HOSTILE_ELFS) $(HOSTILE_VERIFY)
