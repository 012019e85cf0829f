# SPDX-License-Identifier: MIT
#
# The core image: microcore/ and kernel/ in one ELF file with a symbol table of its own, so that a
# panic can name functions.

override CORE := $(B)/core/core.elf

CORE_CFLAGS := $(RELATIVE_PATHS) -march=rv64ima_zicsr_zifencei -mabi=lp64 -mcmodel=medany \
    -std=gnu11 -O2 -g -ffreestanding -fno-common -fno-stack-protector -fno-omit-frame-pointer \
    -fno-strict-aliasing -fno-pic -msmall-data-limit=0 \
    -Wall -Wextra -Werror -Wstrict-prototypes -Wmissing-prototypes -Wvla -Wframe-larger-than=2048 \
    -I. -I$(B)/gen $(if $(filter 1,$(DEBUG)),-DDEBUG -fsanitize=undefined,-flto)
# The verifier's switches are on data that changes from word to word: a tree of branches is quicker than
# an indirect jump, most of all in an emulator.
VERIFY_CFLAGS := -fno-jump-tables
CORE_STAMP    := $(call stamp,core,$(CROSS_CC) $(call movable,$(CORE_CFLAGS)) $(VERIFY_CFLAGS))
$(B)/core/kernel/verify.c.o: CORE_CFLAGS += $(VERIFY_CFLAGS)

# An offsets.c holds no code of the core: lines `->NAME value` in its assembly become offsets.h.
CORE_OFFSETS := $(wildcard microcore/*offsets.c kernel/*offsets.c)
CORE_SOURCES := $(sort $(filter-out $(CORE_OFFSETS),$(wildcard microcore/*.c kernel/*.c)) \
    $(wildcard microcore/*.S kernel/*.S))
ifeq ($(NULLBLK),core)
include tests/bench/core_driver/build.mk
endif
CORE_OBJECTS := $(CORE_SOURCES:%=$(B)/core/%.o) $(CORE_DRIVER_OBJECTS)
DEPENDENCIES += $(CORE_OBJECTS:.o=.d) $(CORE_OFFSETS:%.c=$(B)/core/%.s.d)

$(B)/gen/offsets.h: $(CORE_OFFSETS:%.c=$(B)/core/%.s)
	$(call say,GEN,$@)
	@mkdir -p $(@D)
	$(Q){ echo '#pragma once'; cat $^ /dev/null | sed -n 's/^->\([A-Z0-9_]*\) \(-\{0,1\}[0-9]*\).*/#define \1 \2/p'; } > $@

# main.c is compiled anew whenever the objects are others, and so the image linked.
$(B)/core/kernel/main.c.o: $(call stamp,core-objects,$(CORE_OBJECTS))

$(B)/core/%.s: %.c $(CORE_STAMP)
	$(call say,CC,$@)
	@mkdir -p $(@D)
	$(Q)$(CROSS_CC) $(filter-out -fsanitize=% -flto,$(CORE_CFLAGS)) -MMD -MP -MF $@.d -S -o $@ $<

$(B)/core/%.c.o: %.c $(CORE_STAMP) | $(B)/gen/offsets.h $(B)/gen/version.h
	$(call say,CC,$@)
	@mkdir -p $(@D)
	$(Q)$(CROSS_CC) $(CORE_CFLAGS) -MMD -MP -c -o $@ $<

$(B)/core/%.S.o: %.S $(CORE_STAMP) | $(B)/gen/offsets.h
	$(call say,AS,$@)
	@mkdir -p $(@D)
	$(Q)$(CROSS_CC) $(CORE_CFLAGS) -MMD -MP -c -o $@ $<

# The commit that the boot banner names.
VERSION_COMMIT := $(or $(shell git rev-parse --short=7 HEAD 2>/dev/null),no commit)

$(B)/gen/version.h: $(call stamp,version,$(VERSION) $(VERSION_COMMIT))
	$(call say,GEN,$@)
	@mkdir -p $(@D)
	$(Q)printf '#pragma once\n#define VERSION "%s"\n#define VERSION_COMMIT "%s"\n' \
	    '$(VERSION)' '$(VERSION_COMMIT)' > $@

# The tables of symbols and lines are of text only, and text comes first in the image: the tables may
# grow without moving what they describe. So one link to learn the addresses, one with the tables, and a
# check.
CORE_LINK = $(CROSS_CC) $(RELATIVE_PATHS) -flto-partition=one -march=rv64ima_zicsr_zifencei -mabi=lp64 -nostdlib -static \
    -Wl,--build-id=none -Wl,-z,max-page-size=4096 -Wl,-T,linker/core.ld

$(B)/core/symbols-%.o: $(B)/core/symbols-%.S
	$(Q)$(CROSS_CC) $(CORE_CFLAGS) -c -o $@ $<

$(B)/core/symbols-none.S: $(B)/host/symbols
	@mkdir -p $(@D)
	$(Q)$(B)/host/symbols < /dev/null > $@

$(B)/core/symbols-text.S: $(B)/core/plain.elf $(B)/host/symbols
	$(call say,NM,$@)
	$(Q)$(CROSS_NM) -n $< | $(B)/host/symbols > $@

$(B)/core/lines-none.bin:
	@mkdir -p $(@D)
	$(Q)touch $@

$(B)/core/lines-text.bin: $(B)/core/plain.elf $(B)/host/lines
	$(call say,LINES,$@)
	$(Q)$(call lines-table,$<) > $@

$(B)/core/lines-%.o: $(B)/core/lines-%.bin
	$(Q)printf '%s\n' '.section .rodata.lines, "a"' '.balign 8' '.globl core_lines_size, core_lines' \
	    'core_lines_size: .dword core_lines_end - core_lines' 'core_lines: .incbin "$<"' 'core_lines_end:' | \
	    $(CROSS_CC) $(filter-out -flto,$(CORE_CFLAGS)) -x assembler -c -o $@ -

$(B)/core/plain.elf: $(CORE_OBJECTS) $(B)/core/symbols-none.o $(B)/core/lines-none.o linker/core.ld
	$(Q)$(CORE_LINK) -o $@ $(filter %.o,$^)

# Linked beside its place: a make that is killed meanwhile leaves no core that looks finished.
$(CORE): $(CORE_OBJECTS) $(B)/core/symbols-text.o $(B)/core/lines-text.o linker/core.ld
	$(call say,LINK,$@)
	$(Q)$(CORE_LINK) -o $@.part $(filter %.o,$^)
	$(Q)$(CROSS_NM) -n $@.part | $(B)/host/symbols | cmp - $(B)/core/symbols-text.S
	$(Q)mv $@.part $@
