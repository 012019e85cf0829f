# SPDX-License-Identifier: MIT
#
# What tests/mutants/run needs: the victim, of whose functions generate.c makes mutants; the driver
# that runs them; and generate.c itself.

MUTANTS         := tests/mutants
MUTANTS_OUT     := $(B)/tests/mutants
MUTANTS_DOMAINS := victim driver
MUTANTS_ELFS    := $(MUTANTS_DOMAINS:%=$(MUTANTS_OUT)/%.elf)
TEST_PROGRAMS   += $(MUTANTS_ELFS) $(MUTANTS_OUT)/generate $(MUTANTS_OUT)/loader

# Each function gets five nops for a jump; its callers must not know what it leaves alone; and all of it
# is in one piece.
MUTANTS_MARKED := -fpatchable-function-entry=5 -fno-ipa-ra -fno-reorder-blocks-and-partition -w
MUTANTS_CODE   := $(MUTANTS)/victim/cases.c $(MUTANTS)/victim/case_zlib.c $(MUTANTS)/victim/case_ramfs.c \
    $(addprefix domains/ramfs/,node.c directory.c content.c cpio.c load.c) \
    $(ZLIB_NAMES:%=$(ZLIB_FOLDER)/%.c)

$(ZLIB_NAMES:%=$(ZLIB_FOLDER)/%.c): | $(ZLIB_FOLDER)/zlib.h ;

$(MUTANTS_OUT)/%/manifest.h $(MUTANTS_OUT)/%/manifest.c: $(MUTANTS)/%/manifest $(INTERFACE_SOURCES) \
    $(B)/host/idlc
	$(call say,IDLC,$(@D))
	@mkdir -p $(@D)
	$(Q)$(B)/host/idlc --manifest $< --interfaces domainlib/interface --out $(@D)

# $(call mutants-object,DOMAIN,SOURCE,FLAGS,COMMAND AFTER IT)
define mutants-object
$(MUTANTS_OUT)/$1/$(notdir $2).o: $2 $(MUTANTS)/build.mk $(DOMAIN_STAMP) \
    | $(DOMAIN_READY) $(MUTANTS_OUT)/$1/manifest.h $(B)/lib/zlib.a
	$$(call domain-compile,-I$(MUTANTS_OUT)/$1 -I$(MUTANTS)/victim -isystem $(ZLIB_FOLDER) $3)
	$4
$(MUTANTS_OUT)/$1.elf: $(MUTANTS_OUT)/$1/$(notdir $2).o
DEPENDENCIES += $(MUTANTS_OUT)/$1/$(notdir $2).d

endef
MUTANTS_UNLIST = $$(Q)$(TOOLPREFIX)objcopy -R __patchable_function_entries -R .rela__patchable_function_entries $$@

$(foreach source,$(MUTANTS_CODE),$(eval $(call mutants-object,victim,$(source),$(MUTANTS_MARKED),$(MUTANTS_UNLIST))))
$(foreach name,$(MUTANTS_DOMAINS),$(foreach source,$(MUTANTS)/$(name)/$(name).c \
    $(MUTANTS_OUT)/$(name)/manifest.c tests/empty_service.c $(B)/gen/interface/empty_server.c,\
    $(eval $(call mutants-object,$(name),$(source)))))
$(eval $(call mutants-object,victim,$(MUTANTS)/victim/tables.c))

# Room for mutants in the text: whoever gets there by mistake aborts.
$(MUTANTS_OUT)/victim/reserve.o: $(MUTANTS)/victim/reserve.S
	$(call say,AS,$@)
	@mkdir -p $(@D)
	$(Q)$(CROSS_CC) -march=rv64ima -mabi=lp64 -c -o $@ $<
$(MUTANTS_OUT)/victim.elf: $(MUTANTS_OUT)/victim/reserve.o

$(MUTANTS_ELFS): $(B)/lib/domainlib.a $(DOMAIN_LIBC) linker/domain.ld $(B)/host/domverify $(B)/host/lines
	$(call domain-link,$(filter %.o,$^) $(if $(findstring victim,$@),-u victim_trace -u mutants_reserve))

MUTANTS_SOURCES := $(addprefix $(MUTANTS)/,generate.c copy.c) $(addprefix tests/fuzz/,model.c mutate.c) kernel/elf.c
DEPENDENCIES    += $(MUTANTS_OUT)/generate.d
$(MUTANTS_OUT)/generate: $(MUTANTS_SOURCES) kernel/verify.c $(HOST_STAMP)
	$(call say,HOSTCC,$@)
	@mkdir -p $(@D)
	$(Q)$(HOSTCC) $(HOSTCFLAGS) -MM -MP -MT $@ -MF $@.d $(filter %.c,$^)
	$(Q)$(HOSTCC) $(HOSTCFLAGS) -O3 -o $@ $(filter %.c,$^)

# Runs the victim as a Linux program, to see which instructions each case passes.
$(MUTANTS_OUT)/loader: tests/unit/sfi/loader.c
	$(call say,CC,$@)
	@mkdir -p $(@D)
	$(Q)$(CROSS_CC) -march=rv64gc -mabi=lp64d -mcmodel=medany -mno-relax -O1 -ffreestanding -nostdlib \
	    -static -I. -o $@ $<
