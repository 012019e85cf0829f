#!/bin/bash
# SPDX-License-Identifier: MIT
#
# build/host/mkfs: what it makes is sound, complete, and the same every time.
set -u
cd "$(dirname "$0")/../.."

mkfs=build/host/mkfs
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
failures=0

# check SENTENCE COMMAND...: the test passes if the command does
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

# refuses STATUS TEXT ARGUMENT...: mkfs ends with the status, one line with the text, and no image
refuses() {
    local status=$1 text=$2 actual
    shift 2
    rm -f "$work/refused.img"
    "$mkfs" "$@" > "$work/refusal" 2>&1
    actual=$?
    cat "$work/refusal"
    [[ $actual == "$status" && $(wc -l < "$work/refusal") == 1 ]] &&
        grep -qF -e "$text" "$work/refusal" && [[ ! -e $work/refused.img ]]
}

contents_same() {
    mkdir "$work/back" && debugfs -R "rdump / $work/back" "$work/one.img" && rmdir "$work/back/lost+found" &&
        diff -r --no-dereference "$work/tree" "$work/back"
}

# one_file PATH PATH: both are the same inode, which has two links
one_file() {
    for path in "$@"; do
        debugfs -R "stat $path" "$work/one.img" 2> /dev/null | grep -oE '^Inode: [0-9]+|Links: 2 '
    done > "$work/numbers"
    cat "$work/numbers"
    [[ $(wc -l < "$work/numbers") == 4 && $(sort -u "$work/numbers" | wc -l) == 2 ]]
}

mkdir -p "$work/tree/deep/er" "$work/tree/many" "$work/empty"
echo hello > "$work/tree/file"
: > "$work/tree/nothing"
head -c 300000 /dev/zero | tr '\0' x > "$work/tree/deep/er/large"
truncate -s 5M "$work/tree/deep/holes"
ln -s ../file "$work/tree/deep/link"
ln -s "$(printf '%0200d' 7)" "$work/tree/deep/long-link"
for i in $(seq 500); do
    : > "$work/tree/many/a-rather-long-name-so-that-the-folder-takes-several-blocks-$i"
done
ln "$work/tree/file" "$work/tree/deep/second-name"
cp -r --preserve=links "$work/tree" "$work/tree-later"
touch "$work/tree-later/file"

check 'a tree becomes an image' "$mkfs" "$work/one.img" --size 64M --from "$work/tree"
check 'e2fsck accepts the image' e2fsck -fn "$work/one.img"
check 'the image holds the tree: same names, contents, links' contents_same
check 'a file with two names is one file on the image' one_file /file /deep/second-name
check 'the image has the size asked for' test "$(stat -c %s "$work/one.img")" = $((64 << 20))
"$mkfs" "$work/two.img" --size 64M --from "$work/tree-later"
check 'same input, same bytes, whatever the clock says' cmp "$work/one.img" "$work/two.img"
check 'an empty folder gives a sound image' "$mkfs" "$work/empty.img" --size 1M --from "$work/empty"
check 'e2fsck accepts the empty image' e2fsck -fn "$work/empty.img"
check 'a size of several block groups gives a sound image' \
    eval '"$mkfs" "$work/big.img" --size 1G --from "$work/tree" && e2fsck -fn "$work/big.img"'
check 'a tree too large for the image is refused in one line, and no image is left' \
    refuses 1 'deep/' "$work/refused.img" --size 1M --from "$work/tree"
check 'a folder that is not there is named' \
    refuses 1 "$work/absent" "$work/refused.img" --size 1M --from "$work/absent"
check 'a size that is none is refused' \
    refuses 2 '--size 12Q' "$work/refused.img" --size 12Q --from "$work/tree"
check 'a size too small for a file system is refused' \
    refuses 2 'at least 1M' "$work/refused.img" --size 4K --from "$work/tree"
check 'a negative size is refused' \
    refuses 2 '--size -5M' "$work/refused.img" --size -5M --from "$work/tree"
check 'missing arguments print the usage' refuses 2 'usage: mkfs' "$work/refused.img"

exit $((failures != 0))
