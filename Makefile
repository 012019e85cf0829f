# SPDX-License-Identifier: MIT
#
# Bulkhead's build: one non-recursive make. Every folder brings its rules in a build.mk; all output
# goes under build/. `make help` lists the targets and the variables.

B       := build
VERSION := 0.1.0

# Variables that a user may set. The text behind ## is what `make help` prints.
CPUS       ?= 2##             harts of the machine, 1 to 8
MEM        ?= 512M##          memory of the machine
DISK       ?= $(B)/disk.img## disk image behind /dev/vda; "none" boots without a disk
RUN        ?=##               commands for `sh -c`; runs them without a terminal and powers off
TIMEOUT    ?= 120##           seconds after which a RUN counts as hung
ICOUNT     ?=##               1: QEMU counts instructions (-icount shift=0), deterministic
DEBUG      ?=##               1: assertions, lock-order and RRef checks, UBSan in the core
V          ?=##               1: print every command in full
TOOLPREFIX ?= riscv64-unknown-elf-## prefix of the cross compiler and binutils
QEMU       ?= qemu-system-riscv64## the emulator
QEMUEXTRA  ?=##               further arguments for QEMU
APPEND     ?=##               kernel command line, key=value words
SFI        ?= full##          full, or "stores": leave loads unconfined, to measure the difference
NULLBLK    ?=##               core: the null block driver inside of the core too, to measure the difference
HOSTCC     ?= cc##            compiler for the programs that run here

HOSTCFLAGS := -std=gnu11 -O2 -g -Wall -Wextra -Werror -I.
CROSS_CC   := $(TOOLPREFIX)gcc
CROSS_LD   := $(TOOLPREFIX)ld
CROSS_AR   := $(TOOLPREFIX)ar
CROSS_NM   := $(TOOLPREFIX)nm

# RUN goes to the guest byte for byte through a file (qemu.mk), never through the environment: there
# it could be longer than one string may be, and make would expand the dollars in it.
unexport RUN
MAKEOVERRIDES :=

ifneq ($(V),1)
Q   := @
say  = @printf '  %-7s %s\n' '$1' '$2'
endif

# Debugging information names sources from here on, wherever this folder lies: a build tree may be
# copied, and the same sources give the same bytes. $(call movable,FLAGS) is for their stamp.
RELATIVE_PATHS := -fdebug-prefix-map=$(CURDIR)=.
movable = $(subst $(CURDIR),,$1)

.DEFAULT_GOAL := all
.DELETE_ON_ERROR:
.SUFFIXES:
.SECONDARY:
MAKEFLAGS += --no-builtin-rules --no-print-directory

# $(call stamp,NAME,TEXT): a file that changes only when TEXT does. What is built with flags depends
# on the stamp of these flags, so `make DEBUG=1` after `make` rebuilds what it must and no more.
stamp = $(B)/stamps/$1$(if $(call same,$(strip flags: $2),$(strip $(file <$(B)/stamps/$1))),,$(shell \
    mkdir -p $(B)/stamps)$(file >$(B)/stamps/$1,flags: $(strip $2)))
same  = $(and $(findstring <$1>,<$2>),$(findstring <$2>,<$1>))

# These need none of the tools, so they work on a machine that has only make.
LIGHT_GOALS := help clean distclean doctor tcb
ifneq ($(filter-out $(LIGHT_GOALS),$(or $(MAKECMDGOALS),all)),)
# The first build takes minutes, so the line about the end comes at the start.
ifneq ($(filter qemu,$(MAKECMDGOALS)),)
$(if $(value RUN)$(MAKE_RESTARTS)$(wildcard $(B)/initrd.cpio),,$(info To quit: Ctrl-A x, or type poweroff.))
endif

# make builds an included file that is out of date, and then starts over: the packages are there
# before anything below asks for a compiler.
include $(B)/deps.mk
$(B)/deps.mk: tools/deps.sh
	@tools/deps.sh
	@mkdir -p $(@D) && echo '# the packages that tools/deps.sh names are installed' > $@

ifneq ($(wildcard $(B)/deps.mk),)
HOST_STAMP := $(call stamp,host,$(HOSTCC) $(HOSTCFLAGS))
include $(sort $(wildcard tools/*/build.mk))
include $(wildcard $(addsuffix /build.mk,microcore kernel domainlib domains user))
include qemu.mk $(wildcard tests/build.mk)
include $(sort $(wildcard $(DEPENDENCIES)))
endif
endif

.PHONY: all format format-check tcb doctor help clean distclean

all: $(B)/core/core.elf $(B)/initrd.cpio $(DISK_READY) $(B)/system.img $(B)/files.img ## build everything (the default)

FORMATTED = $(shell git ls-files '*.c' '*.h')

format: ## lay out all C sources as .clang-format says
	$(Q)clang-format -i $(FORMATTED)

format-check: ## fail where a C source is not laid out as .clang-format says
	$(Q)clang-format --dry-run -Werror $(FORMATTED)

tcb: ## count the trusted lines: microcore and kernel, without blanks and comments
	$(Q)tools/count-lines.sh 6000 microcore kernel

doctor: ## say what this machine lacks for building and running Bulkhead
	$(Q)tools/doctor.sh

help: ## print this list
	$(Q)tools/make-help.sh Makefile qemu.mk tests/build.mk

clean: ## delete what was built, but keep fetched sources and the libraries made of them
	$(Q)test ! -d $(B) || find $(B) -mindepth 1 -maxdepth 1 ! -name src ! -name newlib \
	    ! -name library -exec rm -rf {} +

distclean: ## delete build/ whole
	$(Q)rm -rf $(B)
