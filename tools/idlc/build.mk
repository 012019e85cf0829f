# SPDX-License-Identifier: MIT
#
# The interface compiler. What it is run on, domainlib/build.mk and domains/build.mk say.

IDLC_OBJECTS := $(patsubst tools/idlc/%.c,$(B)/host/idlc.objects/%.o,$(wildcard tools/idlc/*.c))
DEPENDENCIES += $(IDLC_OBJECTS:.o=.d)

$(B)/host/idlc: $(IDLC_OBJECTS)
	$(call say,HOSTLD,$@)
	$(Q)$(HOSTCC) $(HOSTCFLAGS) -o $@ $^

$(B)/host/idlc.objects/%.o: tools/idlc/%.c $(HOST_STAMP)
	$(call say,HOSTCC,$<)
	@mkdir -p $(@D)
	$(Q)$(HOSTCC) $(HOSTCFLAGS) -MMD -MP -c -o $@ $<
