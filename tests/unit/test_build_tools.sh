#!/bin/bash
# SPDX-License-Identifier: MIT
#
# The build's own tools: initrd.sh, symbols, count-lines.sh, and qemu-run with a pretended QEMU.
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

# --- initrd.sh

echo one > "$work/one"
echo two > "$work/two"
chmod 755 "$work/two"
tools/initrd.sh "$work/a.cpio" bin: "$work/two" "[=two" boot: "$work/one" tmp:
touch "$work/one"
tools/initrd.sh "$work/b.cpio" bin: "$work/two" "[=two" boot: "$work/one" tmp:
check 'the initial tree is packed into the same bytes each time' cmp "$work/a.cpio" "$work/b.cpio"

tree_complete() {
    cpio -t --quiet < "$work/a.cpio" | diff - <(printf '%s\n' bin 'bin/[' bin/two boot boot/one tmp)
}
check 'the initial tree has folders, files and second names in order' tree_complete

owners_root() { ! cpio -tvn --quiet < "$work/a.cpio" | awk '$3 != 0 || $4 != 0' | grep .; }
check 'everything in the initial tree belongs to root' owners_root

# --- symbols

table() { printf '%s\n' "$@" | build/host/symbols; }

symbols_right() {
    table '000000000002a1ce W call.c.e53e094d' '0000000080000000 T first' \
        '0000000080000010 t second' '0000000080000010 t alias' \
        '0000000080000014 t .L1' '0000000080000020 D data' '0000000080000020 T third' > "$work/table.S"
    cat "$work/table.S"
    grep -q '0x80000000' "$work/table.S" && grep -q '.word 3$' "$work/table.S" &&
        grep -q '.word 0x10, 6$' "$work/table.S" && grep -q '.word 0x20, 13$' "$work/table.S" &&
        ! grep -qE 'alias|"data|L1|call' "$work/table.S"
}
check 'the symbol table lists text symbols once, as offsets from the first' symbols_right
check 'an empty symbol table assembles' \
    eval 'build/host/symbols < /dev/null | "${TOOLPREFIX:-riscv64-unknown-elf-}gcc" -x assembler -c -o "$work/t.o" -'

# --- count-lines.sh

cat > "$work/sample.c" << 'SAMPLE'
// a comment

int first; // counted
/* one
   two */ int second;
/* all */
    int third; /* open
still open */
SAMPLE
check 'lines are counted without blanks and comments' \
    eval 'tools/count-lines.sh 6000 "$work/sample.c" | grep -q "^ *3  .*sample.c"'

# --- qemu-run: what a status means, with a QEMU that only pretends

cat > "$work/qemu" << 'PRETENDED'
#!/bin/bash
printf '%s\n' "$@" > "$PRETENDED_ARGUMENTS"
while (($#)); do [[ $1 != -initrd ]] || cp "$2" "$PRETENDED_ARGUMENTS.initrd"; shift; done
eval "$PRETENDED"
PRETENDED
chmod +x "$work/qemu"
export QEMU=$work/qemu PRETENDED_ARGUMENTS=$work/arguments CORE=$work/one INITRD=$work/a.cpio DISK=none
unset APPEND ICOUNT QEMUEXTRA CPUS MEM TIMEOUT

# run_says STATUS TEXT PRETENDED [COMMANDS]
run_says() {
    local status=$1 text=$2
    export PRETENDED=$3
    printf '%s.\n' "${4:-true}" > "$work/commands"
    tools/qemu-run --run "$work/commands" > "$work/console" 2> "$work/message"
    local actual=$?
    cat "$work/console" "$work/message"
    [[ $actual == "$status" ]] && grep -qF -e "$text" "$work/message" "$work/console"
}

check 'status 0 of the guest is status 0' run_says 0 hello 'echo Bulkhead 0; echo hello'
check 'status 0 counts even if a program printed panic' run_says 0 'panic:' 'echo Bulkhead 0; echo "panic: no"; exit 0'
check "the commands' status is handed on and named" \
    run_says 3 'the commands ended with status 3' 'echo "Bulkhead 0"; exit 3'
check 'a panic is told, with its line' \
    run_says 125 'core panic: panic: lock order' 'echo "Bulkhead 0"; echo "panic: lock order"; exit 101'
check 'a panic that a program printed is none' \
    run_says 9 'the commands ended with status 9' 'echo "Bulkhead 0"; echo "panic: no"; exit 9'
check 'a boot that the core gives up is told, with its last line' \
    run_says 126 'boot failure: no disk' 'echo "Bulkhead 0"; echo "boot: no disk"; exit 102'
check 'a program that prints and ends alike, but not at the end, is no boot failure' \
    run_says 102 'the commands ended' 'echo "Bulkhead 0"; echo "boot: x"; echo y; exit 102'
check 'a boot failure is told' run_says 126 'boot failure' 'echo OpenSBI; exit 1'
check 'a boot that ends QEMU with status 1 before the banner is no status of commands' \
    run_says 126 'boot failure' 'exit 1'
TIMEOUT=5 # in which a loaded computer says the first line
export TIMEOUT
check 'a hang is told' run_says 124 'hang: no end after 5 seconds' 'echo "Bulkhead 0"; exec sleep 30'
TIMEOUT=1
check 'a hang before the banner is a boot failure' run_says 126 'boot failure' 'exec sleep 30'
unset TIMEOUT

archive_right() {
    local commands=$'echo "$x" \'a\'\n\\ $(y) end'
    run_says 0 fine 'echo Bulkhead 0; echo fine' "$commands" || return 1
    tail -c +$(($(stat -c %s "$work/a.cpio") + 1)) "$work/arguments.initrd" > "$work/second.cpio"
    cpio -i --to-stdout --quiet boot/run.sh < "$work/second.cpio" > "$work/arrived"
    printf '%s' "$commands" | cmp - "$work/arrived"
}
check 'the commands arrive byte for byte in a second archive' archive_right
check 'the word run is on the kernel command line' grep -qx run "$work/arguments"
check 'the file with the commands is deleted' test ! -e "$work/commands"

icount_right() {
    APPEND='key=value' ICOUNT=1 run_says 0 fine 'echo Bulkhead 0; echo fine' && cat "$work/arguments" &&
        grep -qx 'key=value icount run' "$work/arguments" && grep -qx 'shift=0' "$work/arguments"
}
check 'ICOUNT=1 tells QEMU and the kernel, behind the words of APPEND' icount_right

extra_right() {
    QEMUEXTRA='-cpu "rv64,zba=false" -d x' run_says 0 fine 'echo Bulkhead 0; echo fine' && cat "$work/arguments" &&
        tail -n 12 "$work/arguments" | grep -qx 'rv64,zba=false'
}
check 'QEMUEXTRA reaches QEMU word by word' extra_right

refusal() { # VARIABLE=VALUE TEXT
    printf 'true.\n' > "$work/commands"
    env "$1" tools/qemu-run --run "$work/commands" > "$work/message" 2>&1
    local actual=$?
    cat "$work/message"
    [[ $actual != 0 && $(wc -l < "$work/message") == 1 ]] && grep -qF -e "$2" "$work/message"
}
check 'CPUS=9 is refused' refusal CPUS=9 'from 1 to 8'
check 'CPUS=two is refused' refusal CPUS=two 'from 1 to 8'
check 'TIMEOUT=soon is refused' refusal TIMEOUT=soon 'number of seconds'
check 'a disk that is not there is refused by name' refusal DISK=/no/disk 'DISK=/no/disk: no such file'
check 'a QEMU that is not there is refused by name' refusal QEMU=no-qemu 'no-qemu: not found'

too_long() {
    head -c 65537 /dev/zero | tr '\0' x > "$work/commands"
    printf '.\n' >> "$work/commands"
    tools/qemu-run --run "$work/commands" > "$work/message" 2>&1
    local actual=$?
    cat "$work/message"
    [[ $actual != 0 ]] && grep -qF 'RUN has 65537 bytes, 65536 are possible' "$work/message"
}
check 'commands past 64 KiB are refused with their size' too_long

# --- the core

# Its last command puts it in its place, and no other writes to that.
core_in_one_step() {
    make -n -W linker/core.ld build/core/core.elf > "$work/commands" 2> "$work/message" || return 1
    tail -n 1 "$work/commands" | grep -qx '.*mv build/core/core.elf.part build/core/core.elf' &&
        ! grep -E -- '-o build/core/core\.elf( |$)' "$work/commands"
}
check 'a link of the core that is killed leaves no core that looks finished' core_in_one_step

exit $((failures != 0))
