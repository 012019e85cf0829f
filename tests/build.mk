# SPDX-License-Identifier: MIT
#
# Tests by what they test for; tests/run runs them and prints the counts.
#
# tests/unit/test_NAME.c is a cmocka program. A comment near its top names the project's sources that
# are compiled into it, and further flags if it needs any:
#
#     // test-sources: kernel/verify.c kernel/elf.c
#     // test-flags: -DHOST -lz
#
# tests/fuzz/fuzz_NAME.c is built the same way.

include tests/stress/build.mk

TEST_GOALS := test check fuzz test-programs $(filter $(B)/tests/%,$(MAKECMDGOALS))

.PHONY: test test-programs check bench models fuzz

ifneq ($(filter $(TEST_GOALS),$(MAKECMDGOALS)),)
UNIT_SOURCES := $(wildcard tests/unit/test_*.c)
FUZZ_SOURCES := $(wildcard tests/fuzz/fuzz_*.c)
endif
UNIT_TESTS   := $(UNIT_SOURCES:%.c=$(B)/%)
FUZZERS      := $(FUZZ_SOURCES:%.c=$(B)/%)
UNIT_CFLAGS  := $(HOSTCFLAGS) -I$(B)/gen -I$(B)/gen/interface -Itests/unit -fno-omit-frame-pointer \
    -fsanitize=address,undefined -fno-sanitize-recover=undefined
UNIT_STAMP   := $(call stamp,unit,$(HOSTCC) $(UNIT_CFLAGS))
DEPENDENCIES += $(UNIT_TESTS:%=%.d) $(FUZZERS:%=%.d)

# What the comment KEY of a test says.
unit-setting = $(shell sed -n '1,10s,^// $2: *,,p' $1)

# All sources in one command, so the header dependencies are those that -MM finds in the same flags.
define unit-rule
$(B)/$(1:.c=): $1 $2 $(UNIT_STAMP) | $(INTERFACE_HEADERS) $(B)/gen/version.h
	$$(call say,TEST,$$@)
	@mkdir -p $$(@D)
	$$(Q)$(HOSTCC) $(UNIT_CFLAGS) $3 -MM -MP -MT $$@ -MF $$@.d $1 $2
	$$(Q)$(HOSTCC) $(UNIT_CFLAGS) -o $$@ $1 $2 -lcmocka $3
endef
$(foreach test,$(UNIT_SOURCES) $(FUZZ_SOURCES),$(eval $(call unit-rule,$(test),$(call \
    unit-setting,$(test),test-sources),$(call unit-setting,$(test),test-flags))))

HOST_PROGRAMS := $(addprefix $(B)/host/,mkfs idlc sfi sfi-cc domverify)

TEST_PROGRAMS := $(HOST_PROGRAMS) $(UNIT_TESTS) $(FUZZERS) $(STRESS_ELFS)

include tests/hostile/build.mk tests/strangers/build.mk tests/mutants/build.mk

test: all $(TEST_PROGRAMS) ## run every test; ends with the counts
	@tests/run

test-programs: all $(TEST_PROGRAMS) ## build what the tests need, for tests/run

check: all $(TEST_PROGRAMS) ## run the quick part of the tests, under 3 minutes
	@tests/run --quick

models: ## check the protocols' models with Spin, and that it refutes their mutants
	@tests/run models

fuzz: all $(TEST_PROGRAMS) ## feed hostile and random input to the parsers and the verifier
	@FUZZ_FULL=1 tests/run fuzz mutants

bench: all ## run all benchmarks; raw CSV and plots under docs/bench/
	@tests/bench/run
