# SPDX-License-Identifier: MIT

EXT2FS_ARCHIVE := $(B)/library/ext2fs.a
EXT2FS_HEADERS := -isystem domains/ext2/include -isystem $(B)/library/ext2fs/lib \
    -isystem $(B)/src/e2fsprogs-1.47.0/lib -DHAVE_CONFIG_H

EXT2_SOURCES := ext2.c names.c listing.c volume.c bitmaps.c node.c content.c map.c directory.c index.c rename.c channel.c cache.c \
    kept.c disk.c system.c writer.c

SOURCES := $(EXT2_SOURCES)
CFLAGS  := $(EXT2FS_HEADERS)
LIBS    := $(EXT2FS_ARCHIVE)

$(EXT2_SOURCES:%=$(B)/domains/ext2/%.o): | $(EXT2FS_ARCHIVE)

# The library is Debian's, built as it is and once, as newlib is: what the rewriter makes of it is
# verified at each link.
$(EXT2FS_ARCHIVE): tools/library.sh $(wildcard domains/ext2/include/*.h domains/ext2/include/*/*.h) \
    | $(DOMAIN_READY) $(B)/lib/domainlib.a
	$(call say,LIBRARY,$@)
	$(Q)B=$(B) TOOLPREFIX=$(TOOLPREFIX) tools/library.sh ext2fs $@
