#!/bin/bash
# SPDX-License-Identifier: MIT
#
# count-lines.sh GOAL FOLDER...
# Counts the source lines of C and assembly files, without blank lines and comments.
set -eu

goal=$1
shift

find "$@" -name '*.[chS]' | LC_ALL=C sort | xargs -r awk -v goal="$goal" '
function report() { if (file != "") { printf "%6d  %s\n", lines, file; total += lines } }
FNR == 1 { report(); file = FILENAME; lines = 0; inside = 0 }
{
    text = $0
    if (inside) {
        if (!match(text, /\*\//)) next
        text = substr(text, RSTART + 2)
        inside = 0
    }
    while (match(text, /\/\*/)) {
        head = substr(text, 1, RSTART - 1)
        rest = substr(text, RSTART + 2)
        if (!match(rest, /\*\//)) { text = head; inside = 1; break }
        text = head substr(rest, RSTART + 2)
    }
    sub(/\/\/.*/, "", text)
    if (FILENAME ~ /\.S$/) sub(/^[ \t]*#[ \t].*/, "", text)
    if (text ~ /[^ \t\r]/) lines++
}
END { report(); printf "%6d  trusted lines in all, the goal is at most %d\n", total, goal }'
