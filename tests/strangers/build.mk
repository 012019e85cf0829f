# SPDX-License-Identifier: MIT
#
# Strangers' C: libraries of Debian's, unmodified, each in a domain of its own. `make strangers` builds
# them whole and has the verifier judge all of their text, used or not; tests/strangers/run has them
# work. Nothing of them is in the repository, and a second build takes nothing.

STRANGERS     := lwip ext2fs
STRANGER_ELFS := $(STRANGERS:%=$(B)/strangers/%.elf)

TEST_PROGRAMS += $(STRANGER_ELFS)

.PHONY: strangers
strangers: $(STRANGER_ELFS) ## put lwIP and libext2fs into domains and verify them

$(B)/strangers/%/manifest.h $(B)/strangers/%/manifest.c: tests/strangers/%/manifest $(B)/host/idlc
	$(call say,IDLC,$(@D))
	@mkdir -p $(@D)
	$(Q)$(B)/host/idlc --manifest $< --interfaces domainlib/interface --out $(@D)

# Built once, as newlib is: what the rewriter makes of it is verified at the link. The archive of
# libext2fs is the one that domains/ext2 links.
$(B)/library/lwip.a: tools/library.sh $(wildcard tests/strangers/lwip/*.h tests/strangers/lwip/arch/*.h) \
    | $(DOMAIN_READY) $(B)/lib/domainlib.a
	$(call say,LIBRARY,$@)
	$(Q)B=$(B) TOOLPREFIX=$(TOOLPREFIX) tools/library.sh lwip $@

lwip_HEADERS   := -Itests/strangers/lwip -isystem $(B)/src/lwip-2.1.3/src/include
ext2fs_HEADERS := $(EXT2FS_HEADERS)
ext2fs_SOURCES := domains/ext2/system.c

# $(call stranger-object,NAME,SOURCE): the headers come with the library's sources
define stranger-object
$(B)/strangers/$1.objects/$(notdir $2).o: $2 $(B)/library/$1.a $(DOMAIN_STAMP) \
    | $(B)/strangers/$1/manifest.h
	$$(call domain-compile,-I$(B)/strangers/$1 $$($1_HEADERS))
$(B)/strangers/$1.elf: $(B)/strangers/$1.objects/$(notdir $2).o
DEPENDENCIES += $(B)/strangers/$1.objects/$(notdir $2).d

endef
$(foreach name,$(STRANGERS),$(foreach source,tests/strangers/$(name)/$(name).c $($(name)_SOURCES) \
    $(B)/strangers/$(name)/manifest.c tests/empty_service.c $(B)/gen/interface/empty_server.c,\
    $(eval $(call stranger-object,$(name),$(source)))))

# --gc-sections would drop what our few calls do not reach, and nobody would have judged it.
$(STRANGER_ELFS): $(B)/strangers/%.elf: $(B)/library/%.a $(B)/lib/domainlib.a $(DOMAIN_LIBC) \
    linker/domain.ld $(B)/host/domverify $(B)/host/lines
	$(call domain-link,$(filter %.o,$^) --no-gc-sections --whole-archive $< --no-whole-archive)
