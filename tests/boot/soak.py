# SPDX-License-Identifier: MIT
"""Programs at work on an ext2 disk while the file system and the driver below it crash and are replaced
again and again. An operation that met a crash may end with EIO (docs/caveats.md): it is made again."""

import re
import subprocess
from pathlib import Path

from machine import ROOT, Machine, json_lines

MKFS = ROOT / "build" / "host" / "mkfs"
FILE = "lua"  # of /bin, which is copied

LOAD = r"""
again() {
    tries=0
    until "$@" 2> /dev/null; do
        tries=$((tries + 1)); [ $tries -lt 100 ] || { echo "failed: $*"; return 1; }
    done
}
# An operation that met a crash may have been done all the same: then there is nothing left to move.
moved() { mv $1 $2 || { [ ! -e $1 ] && [ -e $2 ]; }; }
sum() { set -- $(sha256sum $1 2> /dev/null); echo $1; }
want=$(sum /bin/FILE)

copies() {
    n=0
    while [ ! -e /tmp/stop ]; do
        again cp /bin/FILE /mnt/copy$1
        found=$(sum /mnt/copy$1)
        [ "$found" = "$want" ] || echo "wrong: copy $n of $1 has $found"
        again moved /mnt/copy$1 /mnt/moved$1
        found=$(sum /mnt/moved$1)
        [ "$found" = "$want" ] || echo "wrong: copy $n of $1 has $found after it was moved"
        n=$((n + 1))
    done
    echo "copies: $n"
}

rows() {
    n=0
    again sqlite3 /mnt/db "CREATE TABLE IF NOT EXISTS t(k INTEGER PRIMARY KEY, v);"
    while [ ! -e /tmp/stop ] || [ $((n % 20)) != 0 ]; do
        n=$((n + 1))
        again sqlite3 /mnt/db "INSERT OR REPLACE INTO t VALUES($n, hex(randomblob(300)));"
        [ $((n % 20)) != 0 ] || [ "$(again sqlite3 /mnt/db 'PRAGMA integrity_check; SELECT count(*) FROM t;')" = "ok
$n" ] || echo "wrong: the database at row $n"
    done
    echo "rows: $n"
}

(copies 1 > /tmp/out1 & copies 2 > /tmp/out2 & rows > /tmp/out3 & wait; touch /tmp/stopped) &
"""

# The shell's own words where there are some: no process is made for a command.
CHANGES = r"""
exec 3<> /proc/sys/domain/command
faults() {
    line=$(domain list -j | grep "\"name\":\"$1\"")
    line=${line#*\"faults\":}
    echo ${line%%,*}
}
crash() {
    before=$(faults $1)
    echo "fault $1 load" >&3 2> /dev/null
    while [ "$(faults $1)" = $before ]; do echo poke > /mnt/poke; sync; done 2> /dev/null
}
# To the other image: a crash on probation has brought the one before back.
update() {
    line=$(domain list -j | grep "\"name\":\"$1\"")
    image=$1_v2
    case $line in *"\"impl\":\"$image\""*) image=$1 ;; esac
    while :; do
        echo "update $1 $image" >&3 2> /dev/null
        read -r line <&3
        case $line in
        *"paused "* | *"is running") return ;; # or it has crashed meanwhile, and this was its restart
        *"busy"*) ;;
        *) echo "failed: $line"; return ;;
        esac
    done
}
n=0
while [ $n -lt COUNT ]; do
    n=$((n + 1))
    for service in SERVICES; do crash $service; update $service; done
done > /tmp/changes 2>&1
touch /tmp/stop
while [ ! -e /tmp/stopped ]; do wait; done
"""


def measure(folder, count, services="ext2 vfs blk", timeout=3600):
    """COUNT crashes and COUNT updates of each service under load: a row, and what went wrong, in lines."""
    folder = Path(folder)
    image = folder / "soak.img"
    (folder / "soak").mkdir()
    subprocess.run([MKFS, image, "--size", "32M", "--from", folder / "soak"], check=True)
    script = (LOAD + CHANGES).replace("FILE", FILE).replace("COUNT", str(count)).replace("SERVICES", services)
    one = Machine(folder, disk=image, files={"root/soak.sh": script.encode()}, timeout=120)
    one.environment["TIMEOUT"] = str(timeout)
    one.boot()
    before = {row["name"]: row["faults"] for row in json_lines(one.check("domain list -j"))}
    one.check("mount /dev/vda /mnt")
    one.check("sh /root/soak.sh", timeout=timeout)
    said = one.check("cat /tmp/out1 /tmp/out2 /tmp/out3 /tmp/changes")
    after = {row["name"]: row["faults"] for row in json_lines(one.check("domain list -j"))}
    one.check("umount /mnt")
    assert one.poweroff() == 0
    sound = subprocess.run(["e2fsck", "-fn", image], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                           check=False)
    copy = subprocess.run(["debugfs", "-R", "cat /moved1", image], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                          check=True).stdout
    row = {"services": services, "crashes_of_each": min(after[name] - before[name] for name in services.split()),
           "updates_of_each": count, "copies": sum(map(int, re.findall(r"^copies: (\d+)", said, re.M))),
           "transactions": sum(map(int, re.findall(r"^rows: (\d+)", said, re.M))),
           "wrong": len(re.findall("^wrong: ", said, re.M)), "failed": len(re.findall("^failed: ", said, re.M)),
           "e2fsck": sound.returncode, "host_reads_the_copy": copy == (ROOT / "build/user/bin" / FILE).read_bytes()}
    bad = [line for line in said.splitlines() if not re.match(r"(copies|rows): \d+", line)]
    return row, bad + ([sound.stdout] if sound.returncode else [])
