# SPDX-License-Identifier: MIT

$(B)/host/symbols: tools/symbols/symbols.c $(HOST_STAMP)
	$(call say,HOSTCC,$@)
	@mkdir -p $(@D)
	$(Q)$(HOSTCC) $(HOSTCFLAGS) -o $@ $<

$(B)/host/lines: tools/symbols/lines.c $(HOST_STAMP)
	$(call say,HOSTCC,$@)
	@mkdir -p $(@D)
	$(Q)$(HOSTCC) $(HOSTCFLAGS) -o $@ $<

# $(call lines-table,ELF FILE): the table of file and line that tools/symbols/lines.c makes, on stdout
lines-table = $(B)/host/lines --addresses $1 | $(TOOLPREFIX)addr2line -a -i -e $1 | $(B)/host/lines --table $1
