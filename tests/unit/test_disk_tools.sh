#!/bin/bash
# SPDX-License-Identifier: MIT
#
# The disk that `make qemu` boots from: system.sh makes it, disk.sh copies and keeps it, disk-mend.sh
# has it mended.
set -u
cd "$(dirname "$0")/../.."

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
failures=0

check() {
    local sentence=$1
    shift
    if "$@" > "$work/output" 2>&1; then
        echo "ok - $sentence"
    else
        cat "$work/output"
        echo "not ok - $sentence"
        failures=$((failures + 1))
    fi
}

# --- system.sh

mkdir -p "$work/from/etc"
echo welcome > "$work/from/etc/motd"
echo program > "$work/program"
chmod 700 "$work/program"
make_system() {
    tools/system.sh "$work/$1" build/host/mkfs 2M "$work/from" bin: "$work/program" sh=program tmp: etc:
}

image_whole() {
    make_system system && e2fsck -fn "$work/system" &&
        [[ $(debugfs -R 'cat etc/motd' "$work/system" 2> /dev/null) == welcome ]] &&
        [[ $(debugfs -R 'cat bin/sh' "$work/system" 2> /dev/null) == program ]] &&
        debugfs -R 'stat bin/program' "$work/system" | grep -q 'Mode:  0755' &&
        debugfs -R 'stat tmp' "$work/system" | grep -q 'Type: directory'
}
check 'the system has the files of the folder and those that are named' image_whole
same_bytes() { make_system again && cmp "$work/system" "$work/again"; }
check 'the same files make the same system' same_bytes

# --- disk.sh

# disk_says TEXT [--renew]: one line with TEXT, or none where TEXT is empty
disk_says() {
    local text=$1 said
    shift
    said=$(tools/disk.sh "$work/system" "$work/disk" "$@")
    [[ $? == "${status:-0}" ]] || return 1
    echo "$said"
    if [[ -z $text ]]; then [[ -z $said ]]; else [[ $said == *"$text"* && $said != *$'\n'* ]]; fi
}
is_system() { cmp "$work/system" "$work/disk"; }

check 'a disk that is not there is made' eval "disk_says '' && is_system"
echo later > "$work/from/etc/motd"
make_system system
check 'a disk that nobody has written to follows the system' eval "disk_says '' && is_system"
echo mine > "$work/mine"
used_make() {
    tools/disk.sh "$work/system" "$work/disk" --renew &&
        debugfs -w -f - "$work/disk" <<- END && touch -d 'now + 1 minute' "$work/disk"
		write $work/mine /etc/mine
		rm /etc/motd
		write $work/mine /etc/motd
		write $work/mine /bin/mine
	END
}
disk_has() { [[ $(debugfs -R "cat $1" "$work/disk" 2> /dev/null) == "$2" ]]; }
newer_make() {
    echo newer > "$work/program"
    echo more > "$work/another"
    echo other > "$work/from/etc/motd"
    tools/system.sh "$work/system" build/host/mkfs 2M "$work/from" bin: "$work/program" sh=program \
        "$work/another" tmp: etc:
}
renewed() {
    used_make && newer_make && disk_says 'has 3 newer' && e2fsck -fn "$work/disk" &&
        disk_has /bin/program newer && disk_has /bin/sh newer && disk_has /bin/another more &&
        debugfs -R 'stat /bin/sh' "$work/disk" 2> /dev/null | grep -q 'Links: 2' &&
        debugfs -R 'stat /bin/program' "$work/disk" 2> /dev/null | grep -q 'Mode:  0755'
}
check 'a disk that was written to gets newer programs, and a line says so' renewed
check 'what the user has written is as it was' \
    eval 'disk_has /etc/mine mine && disk_has /etc/motd mine && disk_has /bin/mine mine'
check 'a disk whose programs are those of the system is left alone' disk_says ''
again() {
    echo newest > "$work/program"
    make_system system && disk_says 'has 2 newer' && disk_has /bin/program newest && disk_has /bin/another more
}
check 'programs that have been renewed are renewed again' again
own_kept() {
    debugfs -w -f - "$work/disk" <<- END
		rm /bin/program
		write $work/mine /bin/program
	END
    echo later > "$work/program"
    make_system system && disk_says '1 that are your own' && disk_has /bin/program mine && disk_has /bin/sh later
}
check "a user's own program under a name of the system's is kept" own_kept
full_kept() {
    used_make && head -c 400k /dev/urandom > "$work/program" && make_system system || return 1
    head -c 1800k /dev/urandom > "$work/large"
    debugfs -w -R "write $work/large /large" "$work/disk"
    touch -d 'now + 1 minute' "$work/disk"
    cp "$work/disk" "$work/before"
    disk_says 'no room' && cmp "$work/before" "$work/disk"
}
check 'a disk without room for them is kept as it is' full_kept
busy_kept() {
    used_make && echo small > "$work/program" && make_system system || return 1
    exec 5<> "$work/disk"
    python3 -c 'import fcntl, struct; fcntl.fcntl(5, 37, struct.pack("hhqqi4x", fcntl.F_RDLCK, 0, 100, 1, 0))'
    status=3 disk_says 'a machine runs with it'
    local result=$?
    exec 5>&-
    return $result
}
check 'a disk that a machine runs with is kept, and a line says so' busy_kept
foreign_kept() {
    cp "$work/mine" "$work/disk" && touch -d 'now + 1 minute' "$work/disk" && disk_says 'no system' &&
        cmp "$work/mine" "$work/disk"
}
check 'a disk without a system is kept' foreign_kept
check 'a disk that was written to is made anew if that is asked for' eval "disk_says '' --renew && is_system"

# --- disk-mend.sh

state() { od -An -tx1 -j1082 -N1 "$1" | tr -d ' '; }
unclean_make() {
    cp "$work/system" "$work/unclean"
    debugfs -w -R 'set_super_value state 0' "$work/unclean"
    [[ $(state "$work/unclean") == 00 ]]
}
mended() {
    unclean_make && tools/disk-mend.sh "$work/unclean" 2> "$work/said" && cat "$work/said" &&
        grep -q 'was not unmounted' "$work/said" && [[ $(state "$work/unclean") == 01 ]]
}
check 'a disk that was not unmounted is mended, and a line says so' mended

left_alone() {
    cp "$1" "$work/copy"
    [[ -z $(tools/disk-mend.sh "$1" 2>&1) ]] && cmp "$1" "$work/copy"
}
check 'a clean disk is left alone' left_alone "$work/system"
check 'a file that is no file system is left alone' left_alone "$work/program"
: > "$work/empty"
check 'an empty file is left alone' left_alone "$work/empty"

# QEMU holds such locks on its disks as long as it runs.
locked_left_alone() {
    unclean_make || return 1
    exec 5<> "$work/unclean"
    python3 -c 'import fcntl, struct; fcntl.fcntl(5, 37, struct.pack("hhqqi4x", fcntl.F_RDLCK, 0, 100, 1, 0))'
    left_alone "$work/unclean"
    local result=$?
    exec 5>&-
    return $result
}
check 'a disk that a machine runs with is left alone' locked_left_alone

exit $((failures != 0))
