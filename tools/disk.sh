#!/bin/bash
# SPDX-License-Identifier: MIT
#
# disk.sh SYSTEM DISK [--renew]
# Makes DISK, which is written to and kept, as a copy of SYSTEM, which is built and never changed.
# A DISK that is there is replaced only if nothing was written to it since it was made, or with
# --renew; else one line says that it is left as it is. DISK.made has the time of the making.
set -eu

system=$1 disk=$2 made=$2.made

if [[ -e $disk && ${3:-} != --renew ]] &&
    { [[ ! -e $made ]] || [[ $disk -nt $made ]] || [[ $disk -ot $made ]]; }; then
    echo "  $disk is kept, with the programs that it has (\`make disk\` makes it anew)"
    exit 0
fi
# Under another name first: whoever has the old one open keeps it.
cp --sparse=always "$system" "$disk.new"
touch -r "$disk.new" "$made"
mv "$disk.new" "$disk"
