# SPDX-License-Identifier: MIT

SOURCES  := zlib.c
INCLUDES := ../../$(B)/src/zlib-1.2.13.dfsg
LIBS     := $(B)/lib/zlib.a

# The library is Debian's, fetched and built as it is; build/ has it and nothing here does.
ZLIB_FOLDER  := $(B)/src/zlib-1.2.13.dfsg
ZLIB_NAMES   := adler32 crc32 deflate inffast inflate inftrees trees zutil
ZLIB_OBJECTS := $(ZLIB_NAMES:%=$(B)/lib/zlib/%.o)

$(B)/domains/zlib/zlib.c.o: | $(ZLIB_FOLDER)/zlib.h

$(ZLIB_FOLDER)/zlib.h:
	$(call say,FETCH,$(@D))
	$(Q)tools/fetch-source.sh zlib 1.2.13.dfsg > /dev/null

$(ZLIB_OBJECTS): $(B)/lib/zlib/%.o: $(DOMAIN_STAMP) | $(DOMAIN_READY) $(ZLIB_FOLDER)/zlib.h
	$(call say,SFI,$@)
	@mkdir -p $(@D)
	$(Q)SFI=$(SFI) $(SFI_CC) -O2 -w -ffunction-sections -fdata-sections \
	    -isystem $(B)/newlib/domain/include -c -o $@ $(ZLIB_FOLDER)/$*.c

$(B)/lib/zlib.a: $(ZLIB_OBJECTS)
	$(call say,AR,$@)
	$(Q)rm -f $@ && $(CROSS_AR) rcsD $@ $^
