#!/bin/bash
# SPDX-License-Identifier: MIT
#
# fetch-source.sh PACKAGE UPSTREAM-VERSION
# Fetches a Debian source package, checks it as apt does, unpacks it into
# build/src/PACKAGE-UPSTREAM-VERSION with Debian's patches, and prints that folder.
# Does nothing but print where it is there already. Needs no root: the lists are private ones, made
# from the machine's own sources by turning `deb` into `deb-src`.
set -eu
cd "$(dirname "$0")/.."

package=$1
version=$2
sources=$PWD/build/src
folder=$sources/$package-$version
apt=$sources/.apt

if [[ -d $folder ]]; then
    echo "$folder"
    exit 0
fi

apt_source() {
    apt-get -q -o "Dir::Etc::SourceList=$apt/sources.list" -o "Dir::Etc::SourceParts=$apt/parts" \
        -o "Dir::State::Lists=$apt/lists" -o "Dir::Cache=$apt/cache" -o APT::Sandbox::User= "$@"
}

lists_update() {
    local file
    mkdir -p "$apt/parts" "$apt/lists/partial" "$apt/cache/archives/partial"
    : > "$apt/sources.list"
    for file in /etc/apt/sources.list /etc/apt/sources.list.d/*.list; do
        [[ ! -f $file ]] || sed -n 's/^deb /deb-src /p' "$file" >> "$apt/sources.list"
    done
    for file in /etc/apt/sources.list.d/*.sources; do
        [[ ! -f $file ]] ||
            sed 's/^Types:.*/Types: deb-src/' "$file" > "$apt/parts/$(basename "$file")"
    done
    apt_source update >&2
    touch "$apt/updated"
}

# The newest Debian revision of the upstream version that is served.
revision_find() {
    apt-cache -o "Dir::Etc::SourceList=$apt/sources.list" -o "Dir::Etc::SourceParts=$apt/parts" \
        -o "Dir::State::Lists=$apt/lists" -o "Dir::Cache=$apt/cache" showsrc --only-source "$package" |
        sed -n 's/^Version: //p' | grep -E "^([0-9]+:)?${version//./\\.}([-+~].*)?\$" |
        sort -V | tail -n 1
}

mkdir -p "$sources"
exec 9> "$sources/.lock"
flock 9
[[ -e $apt/updated ]] || lists_update
revision=$(revision_find)
if [[ -z $revision ]]; then
    lists_update
    revision=$(revision_find)
fi
if [[ -z $revision ]]; then
    echo "fetch-source: $package $version: Debian's mirrors do not serve it (see: apt-cache showsrc $package)" >&2
    exit 1
fi

work=$(mktemp -d "$sources/.fetch.XXXXXX")
trap 'rm -rf "$work"' EXIT
(cd "$work" && apt_source source "$package=$revision" >&2)
mv "$work"/*/ "$folder"
echo "$folder"
