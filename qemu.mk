# SPDX-License-Identifier: MIT
#
# What the machine boots from, and how it is started. tools/qemu-run composes QEMU's command line;
# the boot tests start the same script.

override INITRD := $(B)/initrd.cpio
override CORE   := $(B)/core/core.elf

# Exported for tools/qemu-run. RUN travels in a file.
export QEMU CPUS MEM DISK TIMEOUT ICOUNT QEMUEXTRA APPEND CORE INITRD

# $(B)/system.img is what is built, $(B)/disk.img a copy that the system writes to and that stays,
# until `make clean`. When programs have been built anew, a disk that was written to gets these, and
# keeps all else.
DISK_READY := $(B)/disk.img $(B)/stamps/disk

QEMU_READY := tools/qemu-run $(CORE) $(INITRD) $(if $(filter $(B)/disk.img,$(DISK)),$(DISK_READY))

.PHONY: qemu gdb disk

# make writes the value of RUN unexpanded. Its `file` function ends the text with a newline only if
# there is none, so a dot marks the true end; qemu-run takes dot and newline off again.
qemu: $(QEMU_READY) ## boot to the shell; with RUN='commands' run them and power off
	$(if $(value RUN),$(eval RUN_FILE := $(shell mktemp))$(file >$(RUN_FILE),$(value RUN).))
	@$(if $(filter $(B)/disk.img,$(DISK)),tools/disk-mend.sh $(DISK))
	@tools/qemu-run $(if $(value RUN),--run $(RUN_FILE))

gdb: $(QEMU_READY) ## boot with the harts halted until a debugger attaches
	@tools/qemu-run --gdb

# The file trees, in tree.sh's words. user/build.mk names the programs and their links. Programs are in
# the initial one, too: without a disk, or with one that has no system on it, that is all there is.
SYSTEM_FILES = bin: $(USER_PROGRAMS) $(USER_LINKS) usr/share/man: $(wildcard user/man/*) $(USER_LINKS) \
    etc: root: boot: tmp: dev: proc: mnt:
INITRD_FILES = $(SYSTEM_FILES) boot: $(DOMAIN_ELFS) $(wildcard domains/services)

$(INITRD): tools/initrd.sh tools/tree.sh $(filter-out %: $(USER_LINKS),$(INITRD_FILES)) \
    $(call stamp,initrd,$(INITRD_FILES))
	$(call say,CPIO,$@)
	$(Q)tools/initrd.sh $@ $(INITRD_FILES)

DISK_SIZE  := 64M
DISK_FROM  := tools/mkfs/disk
DISK_ALONE := $(shell find $(DISK_FROM) -type f)

$(B)/system.img: tools/system.sh tools/tree.sh $(B)/host/mkfs $(DISK_ALONE) \
    $(filter-out %: $(USER_LINKS),$(SYSTEM_FILES)) $(call stamp,system,$(SYSTEM_FILES) $(DISK_SIZE))
	$(call say,MKFS,$@)
	$(Q)tools/system.sh $@ $(B)/host/mkfs $(DISK_SIZE) $(DISK_FROM) $(SYSTEM_FILES)

# A disk with files and no system, for tests that want / in memory.
$(B)/files.img: $(B)/host/mkfs $(DISK_ALONE)
	$(call say,MKFS,$@)
	$(Q)$(B)/host/mkfs $@.new --size $(DISK_SIZE) --from $(DISK_FROM) && mv $@.new $@

$(B)/disk.img: | $(B)/system.img
	$(call say,DISK,$@)
	$(Q)tools/disk.sh $(B)/system.img $@

$(B)/stamps/disk: $(B)/system.img | $(B)/disk.img
	$(Q)status=0; tools/disk.sh $(B)/system.img $(B)/disk.img || status=$$?; \
	    case $$status in 0) touch $@ ;; 3) ;; *) exit $$status ;; esac

disk: $(B)/system.img ## make build/disk.img anew: what was written to it is gone
	$(call say,DISK,$(B)/disk.img)
	$(Q)tools/disk.sh $(B)/system.img $(B)/disk.img --renew
	$(Q)touch $(B)/stamps/disk
