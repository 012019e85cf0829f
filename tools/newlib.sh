#!/bin/bash
# SPDX-License-Identifier: MIT
#
# newlib.sh domain|user
# Builds newlib from Debian's newlib-source into $B/newlib/domain or $B/newlib/user ({include,lib}), both
# with the headers of libc/include instead of its own.
#
#   user    rv64gc/lp64d, with the headers of user/include (Linux's values) in front of newlib's own.
#           Each thread has its own data, found through tp; the locks are those of user/lib/thread, and
#           all threads have the same three standard streams.
#   domain  confined through $B/host/sfi-cc. The per-thread data is found by __getreent(), floats are
#           not printed, and what is assembly for RISC-V in newlib gives way to domainlib/libc.
#
# Quiet unless something fails; the log stays beside the result.
set -eu

readonly KIND=${1:-}
readonly B=$(realpath "${B:-build}") ROOT=$(realpath "$(dirname "$0")/..")
readonly PREFIX=${TOOLPREFIX:-riscv64-unknown-elf-}
readonly OUT=$B/newlib/$KIND WORK=$B/newlib/work-$KIND LOG=$B/newlib/$KIND.log
readonly SOURCE=$B/newlib/source
source=$SOURCE
ARCHIVE=$(echo /usr/src/newlib/newlib-*.tar.xz)

case $KIND in
user)
    cc=${PREFIX}gcc
    flags="-march=rv64gc -mabi=lp64d -mcmodel=medany -Os -g0 -D__DYNAMIC_REENT__ -I$ROOT/user/include -I$ROOT/libc/include"
    options='--disable-newlib-wide-orient --enable-newlib-multithread --enable-newlib-retargetable-locking
        --enable-newlib-global-stdio-streams'
    ;;
domain)
    cc=$B/host/sfi-cc
    flags="-O2 -g0 -I$ROOT/domainlib/include -I$ROOT/libc/include -D__DYNAMIC_REENT__ -D_REENT_SMALL"
    options='--disable-newlib-io-float --enable-newlib-reent-small --enable-newlib-multithread'
    ;;
*)
    echo "usage: newlib.sh domain|user" >&2
    exit 2
    ;;
esac

if [[ ! -r $ARCHIVE ]]; then
    echo "newlib: no /usr/src/newlib/newlib-*.tar.xz (install the package newlib-source)" >&2
    exit 1
fi

# Unpacks once for both kinds, which may be built at the same time.
source_unpack() {
    exec 9> "$B/newlib/.source-lock"
    flock 9
    if [[ ! -e $SOURCE/.unpacked ]]; then
        rm -rf "$SOURCE"
        mkdir -p "$SOURCE"
        tar -xJf "$ARCHIVE" -C "$SOURCE" --strip-components=1
        touch "$SOURCE/.unpacked"
    fi
    exec 9>&-
}

# A copy (of links) in which newlib's assembly for RISC-V is empty: it cannot be confined.
domain_source() {
    source=$WORK/source
    cp -al "$SOURCE" "$source"
    local file
    for file in "$source"/newlib/libc/machine/riscv/*.S; do
        rm "$file"
        echo '/* domainlib/libc has it */' > "$file"
    done
}

newlib_build() {
    rm -rf "$WORK" "$OUT"
    mkdir -p "$WORK/build"
    [[ $KIND != domain ]] || domain_source
    cd "$WORK/build"
    "$source/configure" --target=riscv64-unknown-elf --prefix="$WORK/installed" \
        --disable-multilib --disable-libgloss --disable-newlib-supplied-syscalls \
        --disable-nls --enable-newlib-io-long-long --enable-newlib-io-c99-formats \
        --disable-newlib-unbuf-stream-opt $options \
        CC_FOR_TARGET="$cc" AS_FOR_TARGET="${PREFIX}as" AR_FOR_TARGET="${PREFIX}ar" \
        LD_FOR_TARGET="${PREFIX}ld" NM_FOR_TARGET="${PREFIX}nm" \
        RANLIB_FOR_TARGET="${PREFIX}ranlib" OBJDUMP_FOR_TARGET="${PREFIX}objdump" \
        STRIP_FOR_TARGET="${PREFIX}strip" \
        CFLAGS_FOR_TARGET="$flags -ffunction-sections -fdata-sections -w"
    make -j"${JOBS:-2}" all-target-newlib
    make install-target-newlib
}

# What a domain needs otherwise than newlib has it: per-thread data by a function, for whoever includes
# its headers; our own assembly instead of newlib's; the heap and the thread data of domainlib.
domain_adapt() {
    cat >> "$OUT/include/newlib.h" << 'EOF'

/* A domain's threads each have their own struct _reent, found by __getreent(). */
#ifndef __DYNAMIC_REENT__
#define __DYNAMIC_REENT__ 1
#endif
#ifndef _REENT_SMALL
#define _REENT_SMALL 1
#endif
EOF
    local own
    own=$(cd "$ROOT/domainlib/libc" && ls | sed 's/\.[cS]$//')
    own=" $(echo $own) getreent mlock "
    local member delete=()
    while read -r member; do
        local name=${member#lib_a-}
        name=${name%.o}
        name=${name%-asm}
        [[ $own != *" $name "* ]] || delete+=("$member")
    done < <("${PREFIX}ar" t "$OUT/lib/libc.a")
    "${PREFIX}ar" dD "$OUT/lib/libc.a" "${delete[@]}"
}

# What programs must see of how it was built.
user_adapt() {
    cat >> "$OUT/include/newlib.h" << 'EOF'

/* Threads each have their own struct _reent. */
#ifndef __DYNAMIC_REENT__
#define __DYNAMIC_REENT__ 1
#endif
EOF
}

build() {
    source_unpack
    newlib_build
    mkdir -p "$OUT"
    mv "$WORK/installed/riscv64-unknown-elf/include" "$WORK/installed/riscv64-unknown-elf/lib" "$OUT/"
    # newlib's is for compilers without C11 atomics, and would hide the compiler's own.
    rm -f "$OUT/include/stdatomic.h"
    cp -r "$ROOT/libc/include/." "$OUT/include"
    "${KIND}_adapt"
    touch "$OUT/lib/libc.a"
    cd "$B"
    rm -rf "$WORK"
}

mkdir -p "$B/newlib"
unset MAKEFLAGS MFLAGS MAKELEVEL CFLAGS CPPFLAGS LDFLAGS CC SFI SFI_FAR

# Two builds of the same kind would tread on each other: the second waits, and finds it done.
exec 8> "$B/newlib/.$KIND-lock"
if ! flock -n 8; then
    flock 8
    [[ ! $OUT/lib/libc.a -nt $ROOT/tools/newlib.sh ]] || exit 0
fi

set +e
(set -e; build) > "$LOG" 2>&1
status=$?
if [[ $status != 0 ]]; then
    grep -m5 -E 'error:|Error 1|cannot|not among' "$LOG" >&2 || tail -5 "$LOG" >&2
    echo "newlib: the build for $KIND failed; the whole log is $LOG" >&2
    exit 1
fi
