#!/bin/bash
# SPDX-License-Identifier: MIT
#
# newlib.sh
# Builds newlib as domains have it, but not confined and with its own assembly, into $B/newlib/plain: what
# confinement is measured against.
set -eu
cd "$(dirname "$0")/../../.."

B=$(realpath "${B:-build}")
prefix=${TOOLPREFIX:-riscv64-unknown-elf-}
work=$B/newlib/work-plain
flags="-march=rv64ima_zba_zbb -mabi=lp64 -mcmodel=medany -mno-relax -msmall-data-limit=0 -O2 -g0"
unset MAKEFLAGS MFLAGS MAKELEVEL

build() {
    rm -rf "$work"
    mkdir -p "$work"
    cd "$work"
    "$B/newlib/source/configure" --target=riscv64-unknown-elf --prefix="$work/installed" \
        --disable-multilib --disable-libgloss --disable-newlib-supplied-syscalls --disable-nls \
        --enable-newlib-io-long-long --enable-newlib-io-c99-formats --disable-newlib-unbuf-stream-opt \
        --disable-newlib-io-float CC_FOR_TARGET="${prefix}gcc" AS_FOR_TARGET="${prefix}as" \
        AR_FOR_TARGET="${prefix}ar" LD_FOR_TARGET="${prefix}ld" NM_FOR_TARGET="${prefix}nm" \
        RANLIB_FOR_TARGET="${prefix}ranlib" OBJDUMP_FOR_TARGET="${prefix}objdump" \
        STRIP_FOR_TARGET="${prefix}strip" CFLAGS_FOR_TARGET="$flags -ffunction-sections -fdata-sections -w"
    make -j2 all-target-newlib
    make install-target-newlib
    rm -rf "$B/newlib/plain"
    mv "$work/installed/riscv64-unknown-elf" "$B/newlib/plain"
}

if ! (build) > "$B/newlib/plain.log" 2>&1; then
    tail -5 "$B/newlib/plain.log" >&2
    echo "newlib: the plain build failed; the whole log is $B/newlib/plain.log" >&2
    exit 1
fi
rm -rf "$work"
