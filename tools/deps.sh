#!/bin/bash
# SPDX-License-Identifier: MIT
#
# deps.sh [--check]
# Installs the Debian packages that building and testing Bulkhead needs: as root, or through sudo.
# Does nothing, quickly, where all of them are there. --check only prints what is missing.
#
# Each package is pinned to the upstream version that Debian 12 serves; its Debian revision may
# move, so that security updates still come in.
set -eu

readonly PACKAGES='
gcc=4:12.2                      compiler for the programs that run here
libc6-dev=2.36                  their C library
make=4.3                        runs this build
git=1:2.39                      names the commit in the boot banner
python3-minimal=3.11            runs the boot tests
gcc-riscv64-unknown-elf=12.2    cross compiler for core, domains and user programs
binutils-riscv64-unknown-elf=2.40   cross assembler and linker
newlib-source=3.3               C library of domains and user programs
linux-libc-dev-riscv64-cross=6.1    virtio and system call headers
opensbi=1.1                     firmware of the machine
qemu-system-misc=1:7.2          the machine
qemu-user=1:7.2                 tries user programs on the host
libext2fs-dev=1.47              disk images, on the host
e2fsprogs=1.47                  checks disk images
cpio=2.13                       packs the initial file tree
device-tree-compiler=1.6        shows the device tree of the machine
libcmocka-dev=1.1               unit tests
python3-pytest=7.2              boot tests
python3-pexpect=4.8             boot tests
spin=6.5                        model checker
clang-format=1:14.0             make format
gnuplot-nox=5.4                 plots of the benchmarks
gdb-multiarch=13.1              make gdb
dpkg-dev=1.21                   unpacks Debian sources
ca-certificates=2023            fetches them over https
tcl=8.6                         joins the sources of SQLite
sqlite3=3.40                    answers what ours must answer
ed=1.19                         answers what ours must answer
xz-utils=5.4                    unpacks newlib
bzip2=1.0                       unpacks Debian sources
'

# Prints NAME=VERSION of each package that is not installed in the version wanted.
packages_missing() {
    local installed name version line
    installed=$(dpkg-query -W -f '${db:Status-Status} ${Package}=${Version}\n' 2> /dev/null |
        sed -n 's/^installed //p')
    while read -r line _; do
        [[ -n $line ]] || continue
        name=${line%%=*} version=${line#*=}
        [[ $'\n'$installed == *$'\n'"$name=$version"* ]] || echo "$name=$version"
    done <<< "$PACKAGES"
}

missing=$(packages_missing)
[[ -n $missing ]] || exit 0

if [[ ${1:-} == --check ]]; then
    echo "$missing"
    exit 1
fi

. /etc/os-release
if [[ ${ID:-} != debian || ${VERSION_ID:-} != 12 ]]; then
    echo "deps: this is ${PRETTY_NAME:-an unknown system}, the packages come from Debian 12; missing:" \
        $missing "(install them by hand, or use a Debian 12 container)" >&2
    exit 1
fi

as_root=()
if [[ $(id -u) != 0 ]]; then
    if ! command -v sudo > /dev/null; then
        echo "deps: not root and no sudo (run tools/deps.sh as root once); missing:" $missing >&2
        exit 1
    fi
    as_root=(sudo)
fi

echo "deps: installing" $missing
"${as_root[@]}" apt-get update -q
"${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
    apt-get install -q -y --no-install-recommends $(sed 's/$/*/' <<< "$missing")

missing=$(packages_missing)
if [[ -n $missing ]]; then
    echo "deps: still missing:" $missing "(see apt-get's messages above)" >&2
    exit 1
fi
