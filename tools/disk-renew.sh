#!/bin/bash
# SPDX-License-Identifier: MIT
#
# disk-renew.sh SYSTEM DISK
# Gives DISK, which has been written to, the programs and man pages of SYSTEM where they are newer, and
# touches nothing else. What an image maker put there has the one time that tools/mkfs gives to
# everything; a file with another time is the user's own, and is kept. The work is done on a copy, which
# takes DISK's place if e2fsck and a comparison find it whole. A line says what has been done. Exit
# status 3: not now, since a machine runs with the disk.
set -eu

system=$1 disk=$2
readonly FOLDERS="bin usr/share/man" MADE=1704067200 # FIXED_TIME of tools/mkfs/mkfs.c

# keep WHY [STATUS]
keep() {
    echo "  $disk is kept, with the programs that it has: $1 (\`make disk\` makes it anew)"
    exit "${2:-0}"
}

# Files of an image as files of the host, with their times, in a folder.
tree_take() {
    local image=$1 tree=$2 folder
    for folder in $FOLDERS; do
        mkdir -p "$tree/$(dirname "$folder")"
        debugfs -R "rdump /$folder $tree/$(dirname "$folder")" "$image" > /dev/null 2>&1
    done
}

# QEMU holds locks on the disks that it runs with.
! grep -q ":$(stat -c %i "$disk") " /proc/locks 2> /dev/null || keep "a machine runs with it" 3
work=$(mktemp -d "$disk.XXXXXX")
trap 'rm -rf "$work"' EXIT
cp --sparse=always "$disk" "$work/disk"
"$(dirname "$0")/disk-mend.sh" "$work/disk" 2> /dev/null
debugfs -R 'stat /bin' "$work/disk" 2>&1 | grep -q 'Type: directory' || keep "no system is on it"
tree_take "$system" "$work/new"
tree_take "$work/disk" "$work/old"

# `first` has the path that holds some contents, so that a second name of a file becomes one again.
declare -A first names
renewed=() own=0
while IFS= read -r path; do
    old=$work/old/$path
    if [[ -L $old || (-e $old && ! -f $old) ]] ||
        { [[ -e $old ]] && (($(stat -c %Y "$old") != MADE)) && ! cmp -s "$work/new/$path" "$old"; }; then
        own=$((own + 1))
        continue
    fi
    [[ ! -e $old ]] || ! cmp -s "$work/new/$path" "$old" || continue
    [[ ! -e $old ]] || echo "rm /$path"
    renewed+=("$path")
done < <(cd "$work/new" && find $FOLDERS -type f 2> /dev/null | LC_ALL=C sort) > "$work/removals"
((${#renewed[@]})) || exit 0

for path in "${renewed[@]}"; do
    sum=$(sha256sum < "$work/new/$path")
    if [[ -z ${first[$sum]:-} ]]; then
        first[$sum]=$path names[$sum]=1
        echo "write $work/new/$path /$path"
        for field in atime ctime mtime; do
            echo "sif /$path $field @$MADE"
        done
    else
        names[$sum]=$((names[$sum] + 1))
        echo "ln /${first[$sum]} /$path"
        echo "sif /$path links_count ${names[$sum]}"
    fi
done > "$work/additions"
cat "$work/removals" "$work/additions" > "$work/script"
debugfs -w -f "$work/script" "$work/disk" > /dev/null 2>&1

tree_take "$work/disk" "$work/made"
for path in "${renewed[@]}"; do
    cmp -s "$work/new/$path" "$work/made/$path" || keep "no room for the new ones"
done
e2fsck -fn "$work/disk" > /dev/null 2>&1 || keep "e2fsck finds fault with what was to replace it"
mv "$work/disk" "$disk"
kept=
((own == 0)) || kept=" ($own that are your own are kept)"
echo "  $disk has ${#renewed[@]} newer programs and pages now; all else on it is as it was$kept"
