#!/bin/bash
# SPDX-License-Identifier: MIT
#
# disk.sh SYSTEM DISK [--renew]
# Makes DISK, which is written to and kept, as a copy of SYSTEM, which is built and never changed.
# A DISK that is there is replaced only if nothing was written to it since it was made, or with
# --renew; else it gets SYSTEM's programs and no more (disk-renew.sh). DISK.made has the time of the
# making.
set -eu

system=$1 disk=$2 made=$2.made

if [[ -e $disk && ${3:-} != --renew ]] &&
    { [[ ! -e $made ]] || [[ $disk -nt $made ]] || [[ $disk -ot $made ]]; }; then
    exec "$(dirname "$0")/disk-renew.sh" "$system" "$disk"
fi
# Under another name first: whoever has the old one open keeps it.
cp --sparse=always "$system" "$disk.new"
touch -r "$disk.new" "$made"
mv "$disk.new" "$disk"
