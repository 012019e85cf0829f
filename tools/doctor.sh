#!/bin/bash
# SPDX-License-Identifier: MIT
#
# doctor.sh: says what this machine has and lacks for building and running Bulkhead.
set -u
cd "$(dirname "$0")/.."

problems=0

# report NAME COMMAND...: the first line that the command prints, or that it is not there
report() {
    local name=$1 text
    shift
    if text=$("$@" 2> /dev/null | head -n 1) && [[ -n $text ]]; then
        printf '  ok       %-10s %s\n' "$name" "$text"
    else
        printf '  MISSING  %-10s (run tools/deps.sh)\n' "$name"
        problems=$((problems + 1))
    fi
}

report compiler "${HOSTCC:-cc}" --version
report cross "${TOOLPREFIX:-riscv64-unknown-elf-}gcc" --version
report qemu "${QEMU:-qemu-system-riscv64}" --version
report python /usr/bin/python3 --version
report pytest /usr/bin/python3 -c 'import pytest; print(pytest.__version__)'
report pexpect /usr/bin/python3 -c 'import pexpect; print(pexpect.__version__)'
report spin spin -V

if missing=$(tools/deps.sh --check); then
    echo '  ok       packages   all of tools/deps.sh'
else
    echo '  MISSING  packages  ' $missing '(run tools/deps.sh)'
    problems=$((problems + 1))
fi

free=$(df -Pk . | awk 'NR == 2 { print int($4 / 1024) }')
if ((free >= 2048)); then
    echo "  ok       disk       $free MiB free"
else
    echo "  LOW      disk       $free MiB free, a build with its tests takes 2048"
    problems=$((problems + 1))
fi

((problems == 0)) || {
    echo "$problems problem(s)"
    exit 1
}
