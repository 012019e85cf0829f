# SPDX-License-Identifier: MIT
#
# The rewriter (sfi, sfi-cc), the verifier on the host, and the domains' newlib.

SFI_COMMON  := statement mnemonic link_register stack_frame guard rewriter access jump directive confine
SFI_OBJECTS := $(patsubst tools/sfi/%.c,$(B)/host/sfi.objects/%.o,$(wildcard tools/sfi/*.c))
SFI_SHARED  := $(SFI_COMMON:%=$(B)/host/sfi.objects/%.o)
VERIFY_OBJECTS := $(addprefix $(B)/host/sfi.objects/,verify.o verify_stores.o elf.o image_check.o)
DEPENDENCIES += $(SFI_OBJECTS:.o=.d) $(VERIFY_OBJECTS:.o=.d)

$(B)/host/sfi: $(B)/host/sfi.objects/main.o $(SFI_SHARED)
$(B)/host/sfi-cc: $(B)/host/sfi.objects/cc.o $(SFI_SHARED)
$(B)/host/domverify: $(B)/host/sfi.objects/domverify.o $(VERIFY_OBJECTS)

$(B)/host/sfi $(B)/host/sfi-cc $(B)/host/domverify:
	$(call say,HOSTLD,$@)
	$(Q)$(HOSTCC) $(HOSTCFLAGS) -o $@ $^

$(B)/host/sfi.objects/%.o: tools/sfi/%.c $(HOST_STAMP)
	$(call say,HOSTCC,$<)
	@mkdir -p $(@D)
	$(Q)$(HOSTCC) $(HOSTCFLAGS) -MMD -MP -c -o $@ $<

$(B)/host/sfi.objects/%.o: kernel/%.c $(HOST_STAMP)
	$(call say,HOSTCC,$<)
	@mkdir -p $(@D)
	$(Q)$(HOSTCC) $(HOSTCFLAGS) -MMD -MP -c -o $@ $<

# The same rules but for loads: judges what SFI=stores makes. Never part of the kernel.
$(B)/host/sfi.objects/verify_stores.o: kernel/verify.c $(HOST_STAMP)
	$(call say,HOSTCC,$@)
	@mkdir -p $(@D)
	$(Q)$(HOSTCC) $(HOSTCFLAGS) -DVERIFY_STORES_ONLY -Dverify_text=verify_text_stores -MMD -MP -c -o $@ $<

# newlib is built once: a changed rewriter does not build it again (`make distclean` does), since the
# text of every domain is verified as it is linked, whatever made it. user/build.mk has the other one.
$(B)/newlib/domain/lib/libc.a: tools/newlib.sh libc/include/sys/errno.h | $(B)/host/sfi-cc
	$(call say,NEWLIB,$(B)/newlib/domain)
	$(Q)B=$(B) TOOLPREFIX=$(TOOLPREFIX) tools/newlib.sh domain
