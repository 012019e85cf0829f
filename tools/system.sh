#!/bin/bash
# SPDX-License-Identifier: MIT
#
# system.sh OUT MKFS SIZE FROM FOLDER: FILE... FOLDER: FILE...
# Makes an ext2 image of SIZE with what lies in the folder FROM and the files that tree.sh's words
# name. MKFS is the program that makes images (tools/mkfs): same input, same bytes.
set -eu

out=$1 mkfs=$2 size=$3 from=$4
shift 4
tree=$(mktemp -d "$out.XXXXXX")
trap 'rm -rf "$tree" "$tree.img"' EXIT

cp -R "$from/." "$tree"
"$(dirname "$0")/tree.sh" "$tree" "$@"
"$mkfs" "$tree.img" --size "$size" --from "$tree"
mv "$tree.img" "$out"
