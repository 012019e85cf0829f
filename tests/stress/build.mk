# SPDX-License-Identifier: MIT
#
# Domains that only tests load: every folder tests/stress/domains/NAME with a manifest and C files
# becomes build/tests/domains/NAME.elf. The folder `ring` becomes six of them, ring0 to ring5, each with
# the next one's number in its manifest. The folder `frail` becomes one for each stage of an update and
# each way to fail in it.

RING           := 0 1 2 3 4 5
RING_DOMAINS   := $(RING:%=ring%)
FRAIL_STAGES   := init detach export import attach resume rehearse
FRAIL_KINDS    := error crash hang memory
FRAIL_DOMAINS  := frail_none_error $(foreach stage,$(FRAIL_STAGES),$(FRAIL_KINDS:%=frail_$(stage)_%))
ONE_DOMAINS    := $(filter-out ring frail,$(notdir $(patsubst %/manifest,%,$(wildcard tests/stress/domains/*/manifest))))
STRESS_DOMAINS := $(ONE_DOMAINS) $(RING_DOMAINS) $(FRAIL_DOMAINS)
STRESS_ELFS    := $(STRESS_DOMAINS:%=$(B)/tests/domains/%.elf)

# $(call stress-folder,NAME), $(call stress-manifest,NAME)
stress-folder   = tests/stress/domains/$(if $(filter $(RING_DOMAINS),$1),ring,$(if $(filter \
    $(FRAIL_DOMAINS),$1),frail,$1))
stress-manifest = $(if $(filter $(RING_DOMAINS) $(FRAIL_DOMAINS),$1),$(B)/gen/tests/$1/manifest,$(call \
    stress-folder,$1)/manifest)

$(RING_DOMAINS:%=$(B)/gen/tests/%/manifest): $(B)/gen/tests/ring%/manifest: tests/stress/domains/ring/manifest
	@mkdir -p $(@D)
	$(Q)sed 's/@N@/$*/; s/@NEXT@/'$$((($* + 1) % $(words $(RING))))'/; s/@FIRST@/$(if $(filter 0,$*),1,0)/' $< > $@

$(FRAIL_DOMAINS:%=$(B)/gen/tests/%/manifest): $(B)/gen/tests/%/manifest: tests/stress/domains/frail/manifest
	@mkdir -p $(@D)
	$(Q)place() { local i=0 word=$$1; shift; for each; do [ $$each = $$word ] && echo $$i; i=$$((i + 1)); done; }; \
	    name=$*; rest=$${name#frail_}; \
	    sed "s/@NAME@/$$name/; s/@STAGE@/$$(place $${rest%_*} none $(FRAIL_STAGES))/; \
	         s/@KIND@/$$(place $${rest#*_} $(FRAIL_KINDS))/" $< > $@

# $(call stress-rules,NAME,SOURCES)
define stress-rules
STRESS_$1 := $(patsubst %,$(B)/tests/domains/$1/%.o,$(notdir $2))
DEPENDENCIES += $$(STRESS_$1:.o=.d)

$(B)/gen/tests/$1/manifest.h $(B)/gen/tests/$1/manifest.c &: $(call stress-manifest,$1) \
    $(INTERFACE_SOURCES) $(B)/host/idlc
	$$(call say,IDLC,$(B)/gen/tests/$1)
	@mkdir -p $(B)/gen/tests/$1
	$$(Q)$(B)/host/idlc --manifest $$< --interfaces domainlib/interface --out $(B)/gen/tests/$1

$(foreach source,$2,$(call stress-object,$1,$(source)))
$(B)/tests/domains/$1.elf: $$(STRESS_$1) $(B)/lib/domainlib.a $(DOMAIN_LIBC) linker/domain.ld \
    $(B)/host/domverify $(B)/host/lines
	$$(call domain-link,$$(STRESS_$1))
endef

define stress-object
$(B)/tests/domains/$1/$(notdir $2).o: $2 $(DOMAIN_STAMP) | $(DOMAIN_READY) \
    $(B)/gen/tests/$1/manifest.h
	$$(call domain-compile,-I$(B)/gen/tests/$1)

endef

stress-interface = $(filter-out none,$(shell sed -n 's/^interface *//p' $(call stress-folder,$1)/manifest))

$(foreach name,$(STRESS_DOMAINS),$(eval $(call stress-rules,$(name),\
    $(wildcard $(call stress-folder,$(name))/*.c) $(B)/gen/tests/$(name)/manifest.c \
    $(if $(filter empty,$(call stress-interface,$(name))),tests/empty_service.c) \
    $(patsubst %,$(B)/gen/interface/%_server.c,$(call stress-interface,$(name))))))
