# SPDX-License-Identifier: MIT

$(B)/host/symbols: tools/symbols/symbols.c $(HOST_STAMP)
	$(call say,HOSTCC,$@)
	@mkdir -p $(@D)
	$(Q)$(HOSTCC) $(HOSTCFLAGS) -o $@ $<
