#!/bin/bash
# SPDX-License-Identifier: MIT
#
# library.sh lwip|ext2fs OUTPUT
# Builds a library from Debian's sources, unmodified, into an archive of confined code with
# $B/host/sfi-cc. Quiet unless something fails; the log stays beside the result.
set -eu
cd "$(dirname "$0")/.."

library=$1
root=$PWD
output=$(realpath -m "$2")
B=$(realpath "${B:-build}")
work=$B/library/$library
log=$work.log
compiler=$B/host/sfi-cc
flags="-O2 -w -ffunction-sections -fdata-sections -isystem $B/newlib/domain/include"

# compile FLAGS FILE...: into $work, two at a time
compile() {
    local further=$1
    shift
    printf '%s\n' "$@" | FLAGS="$flags $further" CC=$compiler work=$work xargs -P 2 -I{} sh -c \
        '$CC $FLAGS -c -o "$work/$(basename {} .c).o" {}'
}

# lwIP counts its parts in a list for make.
lwip_build() {
    local source files
    source=$(tools/fetch-source.sh lwip 2.1.3)
    files=$(printf 'include %s/src/Filelists.mk\nall:;@echo $(COREFILES) $(CORE4FILES) $(CORE6FILES)\n' \
        "$source" | LWIPDIR=$source/src make -s -f -)
    compile "-I$root/tests/strangers/lwip -I$source/src/include" $files "$source/src/netif/ethernet.c"
}

# libext2fs without what talks to a host's system: a domain brings its own io_manager. What there is
# to call, configure finds out by linking, as with any other system.
ext2fs_build() {
    local source file files=()
    local without=" finddev getsize getsectsize ismounted unix_io undo_io dosio nt_io windows_io \
tdb tdbtool test_io native llseek jfs_compat sparse_io qcow2 imager fiemap inode_io \
irel_ma brel_ma bb_compat write_bb_file bmove dupfs gen_crc32ctable digest_encode "
    source=$(tools/fetch-source.sh e2fsprogs 1.47.0)
    cd "$work"
    CC=$compiler AR=${TOOLPREFIX}ar RANLIB=${TOOLPREFIX}ranlib BUILD_CC=cc CFLAGS=$flags \
        LDFLAGS="-nostartfiles -nostdlib -Wl,--gc-sections,-e,main" \
        LIBS="-Wl,--start-group $B/lib/domainlib.a $B/newlib/domain/lib/libc.a -Wl,--end-group" \
        "$source/configure" --host=riscv64-unknown-elf --build=x86_64-linux-gnu --disable-nls \
        --disable-tls --disable-tdb --disable-debugfs --disable-imager --disable-resizer \
        --disable-defrag --disable-fsck --disable-e2initrd-helper --disable-uuidd \
        --disable-fuse2fs --disable-mmp --disable-bmap-stats --disable-testio-debug --without-pthread
    make lib/dirpaths.h
    make -C lib/et compile_et
    make -C lib/ext2fs ext2_err.h ext2_types.h crc32c_table.h
    for file in "$source"/lib/ext2fs/*.c; do
        [[ $without == *" $(basename "$file" .c) "* || $file == */tst_* ]] || files+=("$file")
    done
    compile "-DHAVE_CONFIG_H -I$root/domains/ext2/include -I$work/lib -I$work/lib/ext2fs -I$source/lib -I$source/lib/ext2fs" \
        "${files[@]}" "$work/lib/ext2fs/ext2_err.c" "$source/lib/et/error_message.c" \
        "$source/lib/et/et_name.c" "$source/lib/et/com_err.c"
}

export TOOLPREFIX=${TOOLPREFIX:-riscv64-unknown-elf-}
unset MAKEFLAGS MFLAGS MAKELEVEL
rm -rf "$work"
mkdir -p "$work" "$(dirname "$output")"
set +e
(set -e; "${library}_build"; rm -f "$output"; "${TOOLPREFIX}ar" rcsD "$output" "$work"/*.o) \
    > "$log" 2>&1
status=$?
if [[ $status != 0 ]]; then
    grep -a -m5 -E 'error:|fetch-source|sfi' "$log" >&2 || tail -5 "$log" >&2
    echo "$library: the build failed; the whole log is $log" >&2
    exit 1
fi
