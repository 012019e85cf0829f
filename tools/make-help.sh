#!/bin/bash
# SPDX-License-Identifier: MIT
#
# make-help.sh FILE...
# Prints the targets and variables of makefiles that carry a ## comment.
set -eu

echo 'Targets:'
sed -nE 's/^([a-z][a-z-]*):[^=]*[^#]## (.*)/\1\t\2/p' "$@" | sort | awk -F '\t' '{ printf "  %-14s %s\n", $1, $2 }'
echo '  build/disk.img, build/host/mkfs, build/host/domverify: these files'
echo
echo 'Variables (make NAME=VALUE ...):'
sed -nE 's/^([A-Z]+) *\?= *([^#]*)##? *(.*)/\1\t\2\t\3/p' "$@" |
    awk -F '\t' '{ sub(/^# */, "", $3); sub(/\$\(B\)/, "build", $2); printf "  %-14s %s%s\n", $1, $3, $2 == "" ? "" : " (default " $2 ")" }'
