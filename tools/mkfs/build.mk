# SPDX-License-Identifier: MIT

$(B)/host/mkfs: tools/mkfs/mkfs.c $(HOST_STAMP)
	$(call say,HOSTCC,$@)
	@mkdir -p $(@D)
	$(Q)$(HOSTCC) $(HOSTCFLAGS) -o $@ $< -lext2fs -lcom_err

# The disk that `make qemu` boots with. What the system writes to it stays, until `make clean`.
$(B)/disk.img: $(shell find tools/mkfs/disk -type f) | $(B)/host/mkfs
	$(call say,MKFS,$@)
	$(Q)$(B)/host/mkfs $@.new --size 64M --from tools/mkfs/disk && mv $@.new $@
