#!/bin/bash
# SPDX-License-Identifier: MIT
#
# initrd.sh OUT FOLDER: FILE... FOLDER: FILE...
# Packs files into a newc cpio archive: same input, same bytes. A folder without files is made, too.
# NAME=OTHER in place of a file makes NAME a second name of OTHER, which stands before it.
set -eu

out=$1
shift
tree=$(mktemp -d "$out.XXXXXX")
trap 'rm -rf "$tree"' EXIT

folder=
for argument in "$@"; do
    case $argument in
    *:)
        folder=${argument%:}
        mkdir -p "$tree/$folder"
        ;;
    *=*)
        ln "$tree/$folder/${argument#*=}" "$tree/$folder/${argument%%=*}"
        ;;
    *)
        cp "$argument" "$tree/$folder/"
        ;;
    esac
done

chmod -R u=rwX,go=rX "$tree"
[ ! -d "$tree/tmp" ] || chmod 1777 "$tree/tmp"
find "$tree" -exec touch -h -d @0 {} +
(cd "$tree" && find . -mindepth 1 -print0 | LC_ALL=C sort -z |
    cpio --create --null --format=newc --owner=0:0 --reproducible --quiet) > "$tree.cpio"
mv "$tree.cpio" "$out"
