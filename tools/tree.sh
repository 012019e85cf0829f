#!/bin/bash
# SPDX-License-Identifier: MIT
#
# tree.sh TREE FOLDER: FILE... FOLDER: FILE...
# Lays out a file tree in the folder TREE, which is made. A folder without files is made, too.
# NAME=OTHER in place of a file makes NAME a second name of OTHER, which stands before it.
set -eu

tree=$1
shift
mkdir -p "$tree"

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
