# SPDX-License-Identifier: MIT
#
# What the machine boots from, and how it is started. tools/qemu-run composes QEMU's command line;
# the boot tests start the same script.

override INITRD := $(B)/initrd.cpio
override CORE   := $(B)/core/core.elf

# Exported for tools/qemu-run. RUN travels in a file.
export QEMU CPUS MEM DISK TIMEOUT ICOUNT QEMUEXTRA APPEND CORE INITRD

QEMU_READY := tools/qemu-run $(CORE) $(INITRD) $(filter $(B)/disk.img,$(DISK))

.PHONY: qemu gdb

# make writes the value of RUN unexpanded. Its `file` function ends the text with a newline only if
# there is none, so a dot marks the true end; qemu-run takes dot and newline off again.
qemu: $(QEMU_READY) ## boot to the shell; with RUN='commands' run them and power off
	$(if $(value RUN),$(eval RUN_FILE := $(shell mktemp))$(file >$(RUN_FILE),$(value RUN).))
	@tools/qemu-run $(if $(value RUN),--run $(RUN_FILE))

gdb: $(QEMU_READY) ## boot with the harts halted until a debugger attaches
	@tools/qemu-run --gdb

# The initial file tree, in initrd.sh's words. user/build.mk names the programs and their links.
INITRD_FILES = bin: $(USER_PROGRAMS) $(USER_LINKS) boot: $(DOMAIN_ELFS) $(wildcard domains/services) \
    usr/share/man: $(wildcard user/man/*) $(USER_LINKS) etc: $(wildcard user/etc/*) tmp: dev: proc: mnt:

$(INITRD): tools/initrd.sh $(filter-out %: $(USER_LINKS),$(INITRD_FILES)) $(call stamp,initrd,$(INITRD_FILES))
	$(call say,CPIO,$@)
	$(Q)tools/initrd.sh $@ $(INITRD_FILES)
