# SPDX-License-Identifier: MIT
#
# User programs: the system call layer and the threads (user/lib) in libuser.a, what our tools share (user/tool),
# every user/bin/NAME.c and every folder user/bin/NAME/ a program of its own in build/user/bin, and
# some from Debian's sources (tools/program.sh). USER_PROGRAMS is what goes into /bin.

USER_DIR     := $(B)/user
USER_NEWLIB  := $(B)/newlib/user
USER_LIB     := $(USER_DIR)/libuser.a
USER_SOURCES := $(wildcard user/bin/*.c user/bin/*/*.c)
USER_OBJECTS := $(USER_SOURCES:user/bin/%.c=$(USER_DIR)/obj/%.o)
USER_NAMES   := $(sort $(foreach source,$(USER_SOURCES:user/bin/%.c=%),\
    $(firstword $(subst /, ,$(source)))))
USER_TOOLS   := $(USER_NAMES:%=$(USER_DIR)/bin/%)
USER_DEBIAN  := $(USER_DIR)/bin/mksh $(USER_DIR)/bin/lua $(USER_DIR)/bin/sqlite3 $(USER_DIR)/bin/ed
USER_PROGRAMS := $(USER_TOOLS) $(USER_DEBIAN)

# Names under which a program, and its page for man, appears a second time: NAME=PROGRAM (the initrd
# makes links).
USER_LINKS   := sh=mksh [=test help=man

# user/include replaces some of newlib's headers, so it comes first. $1 is a prefix for the paths:
# nothing here, and an absolute one for Debian's programs, which are built elsewhere.
USER_ARCH    := -march=rv64gc -mabi=lp64d -mcmodel=medany
user_cflags  = $(USER_ARCH) -Os -g -ffunction-sections -fdata-sections \
               -fno-asynchronous-unwind-tables \
               -isystem $1user/include -isystem $1$(USER_NEWLIB)/include
user_ldflags = $(USER_ARCH) -static -nostdlib -nostartfiles -Wl,-T,$1linker/user.ld \
               -Wl,--gc-sections -Wl,-z,max-page-size=4096 -Wl,--build-id=none \
               -L$1$(USER_NEWLIB)/lib
# The whole of our library goes before newlib, whose own read(), write() ... would else be taken for
# some names; what a program does not use is dropped by --gc-sections.
user_libs    = -Wl,--whole-archive $1$(USER_LIB) -Wl,--no-whole-archive -lc -lgcc
USER_CFLAGS  := $(call user_cflags,) -std=gnu11 -D_GNU_SOURCE -Wall -Wextra -Werror -Iuser/tool -I.
USER_LDFLAGS := $(call user_ldflags,)
USER_LIBS    := $(call user_libs,)
USER_STAMP   := $(call stamp,user,$(CROSS_CC) $(USER_CFLAGS) $(USER_LDFLAGS))

USER_HEADERS := $(wildcard user/include/*.h user/include/*/*.h)

USER_LIB_OBJECTS := $(patsubst user/lib/%,$(USER_DIR)/lib/%.o,$(wildcard user/lib/*.[cS] user/lib/thread/*.[cS]))
TOOL_OBJECTS     := $(patsubst user/tool/%.c,$(USER_DIR)/tool/%.o,$(wildcard user/tool/*.c))
DEPENDENCIES += $(USER_LIB_OBJECTS:.o=.d) $(TOOL_OBJECTS:.o=.d) $(USER_OBJECTS:.o=.d)

.PHONY: user
user: $(USER_PROGRAMS)

$(USER_DIR)/lib/%.o: user/lib/% $(USER_STAMP) $(USER_NEWLIB)/lib/libc.a
	$(call say,CC,$@)
	@mkdir -p $(@D)
	$(Q)$(CROSS_CC) $(USER_CFLAGS) -MMD -MP -c $< -o $@

$(USER_LIB): $(USER_LIB_OBJECTS) $(call stamp,user-lib,$(USER_LIB_OBJECTS))
	$(call say,AR,$@)
	$(Q)rm -f $@ && $(CROSS_AR) rcs $@ $(USER_LIB_OBJECTS)

$(USER_DIR)/tool/%.o: user/tool/%.c $(USER_STAMP) $(USER_NEWLIB)/lib/libc.a
	$(call say,CC,$@)
	@mkdir -p $(@D)
	$(Q)$(CROSS_CC) $(USER_CFLAGS) -MMD -MP -c $< -o $@

# newlib is built once (`make distclean` forgets it); tools/sfi/build.mk has the domains' one.
$(USER_NEWLIB)/lib/libc.a: tools/newlib.sh libc/include/sys/errno.h
	$(call say,NEWLIB,$(USER_NEWLIB))
	$(Q)B=$(B) TOOLPREFIX=$(TOOLPREFIX) tools/newlib.sh user
	$(Q)touch $@

# Its loop is in what it measures.
$(USER_DIR)/obj/blkbench/%.o: USER_CFLAGS += -O2

$(USER_DIR)/obj/%.o: user/bin/%.c $(USER_STAMP) $(USER_NEWLIB)/lib/libc.a
	$(call say,CC,$@)
	@mkdir -p $(@D)
	$(Q)$(CROSS_CC) $(USER_CFLAGS) -MMD -MP -c $< -o $@

# $(call user-program,NAME): NAME.debug keeps the symbols, for `make gdb` and addr2line.
define user-program
$(USER_DIR)/bin/$1: $(filter $(USER_DIR)/obj/$1.o $(USER_DIR)/obj/$1/%,$(USER_OBJECTS)) \
    $(TOOL_OBJECTS) $(USER_LIB) linker/user.ld
	$$(call say,LINK,$$@)
	@mkdir -p $$(@D)
	$$(Q)$(CROSS_CC) $(USER_LDFLAGS) $$(filter %.o,$$^) $(USER_LIBS) -o $(USER_DIR)/obj/$1.debug
	$$(Q)$(TOOLPREFIX)strip $(USER_DIR)/obj/$1.debug -o $$@
endef
$(foreach name,$(USER_NAMES),$(eval $(call user-program,$(name))))

$(USER_DIR)/bin/mksh: user/mksh/words.h
$(USER_DEBIAN): $(USER_DIR)/bin/%: tools/program.sh $(USER_LIB) linker/user.ld $(USER_HEADERS)
	$(call say,DEBIAN,$@)
	@mkdir -p $(@D)
	$(Q)B='$(CURDIR)/$(B)' CC='$(CROSS_CC)' STRIP='$(TOOLPREFIX)strip' \
	    CFLAGS='$(call user_cflags,$(CURDIR)/)' LDFLAGS='$(call user_ldflags,$(CURDIR)/)' \
	    LIBS='$(call user_libs,$(CURDIR)/)' tools/program.sh $* $@
