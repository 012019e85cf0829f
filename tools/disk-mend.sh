#!/bin/bash
# SPDX-License-Identifier: MIT
#
# disk-mend.sh DISK
# Has e2fsck mend an ext2 image that was not unmounted (QEMU was ended, not powered off), so that the
# system can write to it again. An image that is clean, or is none, or that a QEMU runs with, is left
# alone: QEMU holds locks on what it has open.
set -eu

disk=$1
[[ -w $disk ]] || exit 0

# Magic number and state, at 56 and 58 in the superblock at 1024 (ext2_fs.h).
read -r magic_low magic_high state _ < <(od -An -tx1 -j1080 -N4 "$disk" 2> /dev/null) || exit 0
[[ $magic_high$magic_low == ef53 && $((0x$state & 1)) == 0 ]] || exit 0
if grep -q ":$(stat -c %i "$disk") " /proc/locks 2> /dev/null; then
    exit 0
fi
echo "$disk was not unmounted: e2fsck -fy mends it" >&2
status=0
e2fsck -fy "$disk" > /dev/null 2>&1 || status=$?
((status < 4)) || echo "$disk: e2fsck ended with status $status: look at it, or \`make disk\` makes it anew" >&2
