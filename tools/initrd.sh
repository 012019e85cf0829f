#!/bin/bash
# SPDX-License-Identifier: MIT
#
# initrd.sh OUT FOLDER: FILE... FOLDER: FILE...
# Packs files into a newc cpio archive: same input, same bytes. The words are tree.sh's.
set -eu

out=$1
shift
tree=$(mktemp -d "$out.XXXXXX")
trap 'rm -rf "$tree"' EXIT

"$(dirname "$0")/tree.sh" "$tree" "$@"
find "$tree" -exec touch -h -d @0 {} +
(cd "$tree" && find . -mindepth 1 -print0 | LC_ALL=C sort -z |
    cpio --create --null --format=newc --owner=0:0 --reproducible --quiet) > "$tree.cpio"
mv "$tree.cpio" "$out"
