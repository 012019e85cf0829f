# SPDX-License-Identifier: MIT

$(B)/host/mkfs: tools/mkfs/mkfs.c $(HOST_STAMP)
	$(call say,HOSTCC,$@)
	@mkdir -p $(@D)
	$(Q)$(HOSTCC) $(HOSTCFLAGS) -o $@ $< -lext2fs -lcom_err
