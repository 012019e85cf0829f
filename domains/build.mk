# SPDX-License-Identifier: MIT
#
# A domain is a folder: `manifest`, sources, and a domain.mk that only sets variables:
#
#     SOURCES  := blk.c queue.c ../blk/shared.c    relative to the folder
#     INCLUDES := ../../build/src/zlib             optional, relative to the folder too
#     CFLAGS   := -DBATCHED=1                      optional
#     LIBS     := $(B)/lib/ext2fs.a                optional, archives of confined code
#
# The image takes its folder's name: domains/blk_v2/ becomes build/domains/blk_v2.elf. Its own
# manifest.h and the headers of all interfaces are found without a path.

DOMAIN_FILES := $(sort $(wildcard domains/*/domain.mk))
DOMAINS      := $(DOMAIN_FILES:domains/%/domain.mk=%)
DOMAIN_ELFS  := $(DOMAINS:%=$(B)/domains/%.elf)

$(B)/gen/domains/%/manifest.h $(B)/gen/domains/%/manifest.c: domains/%/manifest \
    $(INTERFACE_SOURCES) $(B)/host/idlc
	$(call say,IDLC,$(@D))
	@mkdir -p $(@D)
	$(Q)$(B)/host/idlc --manifest $< --interfaces domainlib/interface --out $(@D)

# The interface that a manifest says is served; empty where it serves none.
served-interface = $(filter-out none,$(shell sed -n 's/^[[:space:]]*interface[[:space:]]*\([a-z0-9_]*\).*/\1/p' domains/$1/manifest))

# $(call domain-rules,NAME,INTERFACE), with the variables of its domain.mk still set. An object lies
# under its domain's folder and keeps its source's name, so one source may serve two images.
define domain-rules
$1_OBJECTS := $(patsubst %,$(B)/domains/$1/%.o,$(notdir $(SOURCES)) manifest.c $(addsuffix _server.c,$2))
$1_CFLAGS  := $(addprefix -Idomains/$1/,$(INCLUDES)) -I$(B)/gen/domains/$1 $(CFLAGS)
$1_LIBS    := $(LIBS)
DEPENDENCIES += $$($1_OBJECTS:.o=.d)

$(foreach source,$(SOURCES),$(call domain-object,$1,$(notdir $(source)),domains/$1/$(source)))
$(call domain-object,$1,manifest.c,$(B)/gen/domains/$1/manifest.c)
$(foreach interface,$2,$(call domain-object,$1,$(interface)_server.c,$(B)/gen/interface/$(interface)_server.c))

$(B)/domains/$1.elf: $$($1_OBJECTS) $$($1_LIBS) $(B)/lib/domainlib.a $(DOMAIN_LIBC) \
    linker/domain.ld $(B)/host/domverify $(B)/host/lines
	$$(call domain-link,$$($1_OBJECTS) $$($1_LIBS))
endef

# $(call domain-object,NAME,OBJECT NAME,SOURCE)
define domain-object
$(B)/domains/$1/$2.o: $3 $(call stamp,domain-$1,$(CFLAGS) $(INCLUDES)) $(DOMAIN_STAMP) $(SFI_CC) \
    | $(DOMAIN_READY) $(B)/gen/domains/$1/manifest.h
	$$(call domain-compile,$$($1_CFLAGS))

endef

# The file keeps its symbols and a compact table of lines (a fault is reported as function+offset and
# FILE:LINE) and the relocations of its data; what gdb wants stays beside it in NAME.debug.elf. Local
# labels go when the relocations that name them have gone.
define domain-link
	$(call say,LINK,$@)
	$(Q)$(CROSS_LD) -q --no-relax --gc-sections --build-id=none -z max-page-size=4096 \
	    -T linker/domain.ld -o $(@:.elf=.debug.elf) $1 \
	    --start-group $(B)/lib/domainlib.a $(DOMAIN_LIBC) --end-group
	$(Q)$(call lines-table,$(@:.elf=.debug.elf)) > $(@:.elf=.lines)
	$(Q)$(TOOLPREFIX)objcopy --strip-debug -R .rela.text -R .comment -R .riscv.attributes \
	    --add-section .lines=$(@:.elf=.lines) $(@:.elf=.debug.elf) $@
	$(Q)$(TOOLPREFIX)objcopy --discard-locals --wildcard --strip-symbol='$$x*' $@
	$(Q)$(B)/host/domverify $@ > $(@:.elf=.verified) || { cat $(@:.elf=.verified); exit 1; }
endef

define domain-read
SOURCES  :=
INCLUDES :=
CFLAGS   :=
LIBS     :=
include domains/$1/domain.mk
$$(eval $$(call domain-rules,$1,$$(call served-interface,$1)))
endef

$(foreach name,$(DOMAINS),$(eval $(call domain-read,$(name))))

.PHONY: domains
domains: $(DOMAIN_ELFS) ## build and verify every domain
