#!/bin/bash
# SPDX-License-Identifier: MIT
#
# build.sh [IMAGE]
# Builds Linux 6.1 from Debian's source package, unmodified but for its configuration (config), as the
# peer that tests/bench measures beside Bulkhead: build/linux/Image. Some ten minutes on two cores.
# Installs what that takes beside tools/deps.sh's packages: as root, or through sudo. Does nothing
# where the image is newer than the configuration.
set -eu
cd "$(dirname "$0")/../../.."

readonly PACKAGES='gcc-riscv64-linux-gnu flex bison bc' SOURCE=linux-source-6.1
readonly CONFIG=$PWD/tests/bench/linux/config
B=$(realpath -m "${B:-build}")
work=$B/linux
image=$(realpath -m "${1:-$work/Image}")
log=$work/build.log

[[ ! $image -nt $CONFIG ]] || exit 0
mkdir -p "$work"

packages_missing() {
    local package
    for package in $PACKAGES; do
        [[ $(dpkg-query -W -f '${db:Status-Status}' "$package" 2> /dev/null) == installed ]] ||
            echo "$package"
    done
}

packages_install() {
    local missing as_root=()
    missing=$(packages_missing)
    [[ -n $missing ]] || return 0
    [[ $(id -u) == 0 ]] || as_root=(sudo)
    echo "linux: installing" $missing
    "${as_root[@]}" apt-get update -q
    "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
        apt-get install -q -y --no-install-recommends $missing
}

source_fetch() {
    [[ ! -d $work/$SOURCE ]] || return 0
    (cd "$work" && apt-get download -q $SOURCE && dpkg-deb -x $SOURCE*.deb package &&
        tar -xf package/usr/src/$SOURCE.tar.xz && rm -rf package ./$SOURCE*.deb)
}

image_make() {
    cd "$work/$SOURCE"
    export ARCH=riscv CROSS_COMPILE=riscv64-linux-gnu-
    make -s tinyconfig
    scripts/kconfig/merge_config.sh -m .config "$CONFIG"
    make -s olddefconfig
    local setting
    while read -r setting; do
        grep -qx "$setting" .config || {
            echo "error: $setting was not taken"
            return 1
        }
    done < <(grep '^CONFIG' "$CONFIG")
    make -s -j"$(nproc)" Image
    cp arch/riscv/boot/Image "$image"
}

failed() {
    echo "linux: building it failed (see $log)" >&2
    grep -a -m5 -E 'error:|Error ' "$log" >&2 || tail -5 "$log" >&2
    exit 1
}

packages_install
echo "linux: building $SOURCE, once (some ten minutes; $log)"
(set -e; source_fetch; image_make) > "$log" 2>&1 < /dev/null || failed
