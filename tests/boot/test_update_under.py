# SPDX-License-Identifier: MIT
"""Services are replaced under the programs that use them, which do not notice."""

import re
import sys

import pytest

from machine import ROOT, json_lines

sys.path.insert(0, str(ROOT / "tests" / "bench"))
from update import faults_of, measure  # noqa: E402

pytestmark = pytest.mark.slow  # too long for the quick part of the tests

SERVICES = ["null", "nullblk", "blk", "console", "ramfs", "devfs", "procfs", "posix"]

# What each second version shows: a command, and what it prints then and not before.
DIFFERENCES = {
    "null": ("head -c 1 /dev/empty | hexdump", "0002"),
    "devfs": ("ls /dev", "full"),
    "procfs": ("cat /proc/stat", "opens"),
    "posix": ("uname -v", "posix 2"),
}

# Forks, pipes, sleeps, reads and writes files, and reads the terminal. Prints the same each time.
SCRIPT = r"""
echo begin; mkdir -p /tmp/work; cd /tmp/work
count() { i=0; while [ $i -lt $1 ]; do echo $i; i=$((i+1)); done; }
count 300 | grep 7 | wc -l
printf 'first? '; IFS= read -r line; echo "read: $line"
for n in 1 2 3; do (sleep 0.2; echo slept $n); done
count 200 > numbers; sort numbers | head -n 20 | sha256sum
exec 5< numbers; read a <&5; read b <&5; echo $a $b
printf 'second? '; cat | tr_line; echo "cat ended: $?"
for n in 1 2 3 4 5 6 7 8; do echo part $n >> log; cat log | wc -l; done
trap 'echo told' USR1; kill -USR1 $$; echo after; trap - USR1
seq 1 3000 | (sleep 0.3; wc -l)
sleep 0.3 & printf 'third? '; IFS= read -r line; wait; echo "read: $line"; read c <&5; echo $c
rm -r /tmp/work; echo done
"""
SCRIPT = SCRIPT.replace("tr_line", "while IFS= read -r line; do echo \"<$line>\"; done")

# What is typed, and when. The end of input (Ctrl-D) ends `cat`.
TYPED = [(r"first\? ", "a line with  blanks\r"), (r"second\? ", "one\r"), ("<one>", "two\r"),
         ("<two>", "\x04"), (r"third\? ", "the last, \x7f corrected\r")]

# Each service is replaced COUNT times; "busy" leaves all as it was and is asked again.
UPDATES = r"""
for s in SERVICES; do
    n=0; image=${s}_v2
    while [ $n -lt COUNT ]; do
        answer=$(domain update $s $image 2>&1)
        case $answer in
        *"0 failed") n=$((n+1)); [ $image = $s ] && image=${s}_v2 || image=$s ;;
        *"busy: "*) ;;
        *) echo "$answer"; break ;;
        esac
    done
    echo "$s: $n"
done > /tmp/updates 2>&1
touch /tmp/updated
"""


# For scripts in the machine, the same as Machine.change().
CHANGE = r"""
change() {
    while :; do
        answer=$(domain "$@" 2>&1)
        case $answer in *"busy: "*) ;; *) echo "$answer"; return ;; esac
    done
}
"""


def rows(one):
    return {row["name"]: row for row in json_lines(one.check("domain list -j"))}


def change(one, command):
    text = one.change(command)
    assert "0 failed" in text, text


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_is_replaced_under_the_shell_and_back(machine, service):
    one = machine()
    command, mark = DIFFERENCES.get(service, ("echo", None))
    before = one.check(command)
    change(one, f"domain update {service} {service}_v2")
    assert rows(one)[service]["impl"] == f"{service}_v2"
    if mark:
        assert mark not in before and mark in one.check(command)
    change(one, f"domain rollback {service}")
    assert rows(one)[service]["impl"] == service
    assert one.check(command) == before or service == "procfs"
    one.check("echo alive | cat | grep alive")


# What a tool shows that has been at it for two seconds, which the host may need, and takes back.
PROGRESS = re.compile(r"\r[^\r\n]*MiB/s\x1b\[K|\r\x1b\[K")


def script_run(one):
    """Runs the script in the foreground and types what it asks for; what the terminal showed."""
    one.send("sh /root/script.sh; echo \"<$((40+2)):$?>\"\r")
    one.expect("begin\r*\n")
    shown = ""
    for question, answer in TYPED:
        one.expect(question)
        shown += one.child.before + one.child.after
        one.send(answer)
    one.expect("<42:0>")
    shown += one.child.before
    one.expect("# ")
    return PROGRESS.sub("", shown).replace("\r", "")


def updates_during_a_script(machine, services, count):
    updates = UPDATES.replace("SERVICES", services).replace("COUNT", str(count))
    one = machine(timeout=120, files={"/root/script.sh": SCRIPT.encode(),
                                      "/root/updates.sh": updates.encode()})
    plain = script_run(one)
    assert "read: a line with  blanks" in plain and "read: the last, corrected" in plain, plain
    assert "cat ended: 0" in plain and "done" in plain, plain
    one.check("sh /root/updates.sh > /tmp/log 2>&1 &")
    runs = 0
    while one.run("test -e /tmp/updated")[1]:
        assert script_run(one) == plain
        runs += 1
    wanted = [f"{service}: {count}" for service in services.split()]
    assert one.check("cat /tmp/updates").splitlines() == wanted and runs


def test_a_script_at_the_terminal_does_not_notice_that_what_is_below_is_replaced(machine):
    updates_during_a_script(machine, "posix ramfs console devfs procfs", 6)


@pytest.mark.slow
def test_a_script_at_the_terminal_does_not_notice_a_hundred_replacements_of_each(machine):
    updates_during_a_script(machine, "posix ramfs console", 100)


def test_a_line_that_is_being_typed_survives_the_console_and_posix(machine):
    one = machine(files={"/root/change.sh": CHANGE.encode()})
    # Who is at the terminal cannot look: the updates say themselves on it that they are over.
    one.check("(. /root/change.sh; sleep 1; for s in console posix devfs; do change update $s ${s}_v2; done "
              "> /tmp/updates 2>&1; echo updated) &")
    one.send("cat\r")
    one.expect("cat\r+\n")
    one.send("half a l")
    one.expect("half a l")
    one.expect("updated")
    one.send("ine\r")
    one.expect("ine\r+\nhalf a line\r+\n")
    one.send("\x03")
    one.expect("# ")
    text = one.check("cat /tmp/updates")
    assert text.count("0 failed") == 3, text


def test_a_stopped_program_and_its_sleep_survive_posix(machine):
    one = machine()
    for seconds in 3, 30:  # in which the key must come
        # It says that it runs: a key that is typed before is the line editor's.
        one.send(f"sh -c 'echo $((1+1))runs; exec sleep {seconds}'; echo woke $?\r")
        one.expect("2runs")
        one.send("\x1a")
        one.expect("# ")
        if "topped" in one.check("jobs"):
            break
    change(one, "domain update posix posix_v2")
    one.check("jobs | grep -i stopped")
    change(one, "domain rollback posix")
    one.send("fg\r")
    one.expect("woke 0|# ")
    one.check("echo alive")


def test_a_fault_on_probation_brings_the_old_image_back_and_repeats_the_request(machine):
    one = machine()
    one.check("domain update null null_v2")
    assert rows(one)["null"]["state"] == "probation"
    one.check("domain fault null load")
    assert "0001" in one.check("head -c 1 /dev/empty | hexdump")  # no error, and by the old one
    assert rows(one)["null"]["impl"] == "null"
    assert "brought back" in one.check("dmesg")


def test_after_a_thousand_calls_and_five_seconds_probation_is_over(machine):
    one = machine()
    one.check("domain update nullblk nullblk_v2")
    one.check("blkbench --dev=/dev/nullb0 --rw=read --runtime=6 -j > /dev/null")
    assert rows(one)["nullblk"]["state"] == "running"
    one.check("domain fault nullblk load")
    one.check("blkbench --dev=/dev/nullb0 --rw=read --ios=10 -j > /dev/null")
    assert rows(one)["nullblk"]["impl"] == "nullblk_v2"


def test_updates_from_several_shells_are_done_one_after_the_other(machine):
    one = machine(timeout=120, files={"/root/change.sh": CHANGE.encode()})
    one.check(". /root/change.sh; for s in null nullblk blk ramfs devfs procfs posix; do "
              "change update $s ${s}_v2 > /tmp/u$s & done; wait")
    text = one.check("cat /tmp/u*")
    assert text.count("0 failed") == 7, text
    one.check("for n in 1 2 3; do change rollback blk > /tmp/r$n & done; wait")
    text = one.check("cat /tmp/r*")
    assert text.count("0 failed") == 1 and text.count("nothing to roll back") == 2, text


@pytest.mark.parametrize("command, why", [
    ("domain update blk blk", "serves it already"),
    ("domain update blk null_v2", "interface"),
    ("domain update blk nullblk_v9", "no such image"),
    ("domain update nobody blk_v2", "no such service"),
    ("domain update blk $x$x$x$x$x$x$x$x$x$x", "too long"),
])
def test_what_cannot_be_is_refused_in_one_line(machine, command, why):
    one = machine()
    one.check("x=x; for n in 1 2 3 4 5 6 7 8 9 10; do x=$x$x; done")
    before = rows(one)["blk"]
    output, status = one.run(command)
    lines = [line for line in output.splitlines() if line.startswith("domain: ")]
    assert status in (1, 2) and len(lines) == 1 and why in lines[0], output
    assert len(lines[0]) < 200
    after = rows(one)["blk"]
    assert (before["impl"], before["id"]) == (after["impl"], after["id"])


def test_top_shows_the_services_and_quits(machine):
    one = machine()
    assert re.search(r"^posix +posix +running +[1-9]", one.check("domain top | cat"), re.M)
    one.send("domain top\r")
    one.expect(r"NAME +IMPL +STATE +CALLS/S")
    one.expect(r"posix +posix +running")
    one.send("q")
    one.expect("# ")
    one.check("echo alive")


@pytest.mark.parametrize("service, device, jobs, depth", [
    ("blk", "/dev/vda", 2, 32), ("nullblk", "/dev/nullb0", 4, 1)])
def test_each_request_under_updates_is_carried_out_and_answered_once(service, device, jobs, depth):
    row = measure(service, device, jobs, depth, 50, size="1m", seconds=1)
    assert row["updates"] == 50 and row["requests"] > 0, row
    assert not faults_of(row), row


READERS = CHANGE + """
for reader in 1 2; do
    (while [ ! -e /tmp/stop ]; do head -c 4096 /dev/nullb0 || echo BAD >&2; done > /dev/null) &
done
n=0
while [ $n -lt 40 ]; do
    change update nullblk nullblk_v2; change rollback nullblk
    n=$((n + 1))
done > /tmp/log
touch /tmp/stop
wait
cat /tmp/log
"""


def test_threads_that_call_for_the_first_time_meet_a_service_that_is_replaced(machine):
    """Nothing of an earlier call is in their frames, which the gate would take for this one's."""
    output = machine(files={"/root/readers.sh": READERS.encode()}).check("sh /root/readers.sh",
                                                                         timeout=300)
    assert "BAD" not in output and output.count("0 failed") == 80, output


def given_up(one):
    """How many requests of null-block the core has given up, as it says. A request is repeated after two crashes
    and not after the third, which one may meet where a slow host keeps its thread from running for as long."""
    return int(one.run("dmesg | grep -c 'nullblk: a request .* is given up'")[0].split()[0])


STRESS = r"""
for job in 1 2 3 4; do
    (while [ ! -e /tmp/stop ]; do head -c 1 /dev/empty; done > /tmp/odd$job) &
done
(while [ ! -e /tmp/stop ]; do
    blkbench --dev=/dev/nullb0 --rw=randrw --verify --size=1m --numjobs=4 --runtime=1 -j || echo BAD
done > /tmp/load) &
n=0
while [ $n -lt ROUNDS ]; do
    domain update null null_v2 && domain rollback null
    domain update nullblk nullblk_v2 && domain rollback nullblk
    domain fault null load; domain fault nullblk jump; domain restart devfs
    n=$((n + 1))
done > /tmp/log 2>&1
touch /tmp/stop
wait
cat /tmp/load
cat /proc/meminfo
"""


@pytest.mark.parametrize("rounds", [10, pytest.param(100, marks=pytest.mark.slow)])
def test_four_harts_call_while_services_are_replaced_crash_and_restart(machine, rounds):
    """With DEBUG=1 the gate stops for a while between any two of its steps."""
    one = machine(cpus=4, timeout=120,
                  files={"/root/stress.sh": STRESS.replace("ROUNDS", str(rounds)).encode()})
    text = one.check("sh /root/stress.sh", timeout=120 + 10 * rounds)
    loads, allowed = json_lines(text), given_up(one)
    assert loads and text.count("BAD") <= allowed, text
    assert sum(load["errors"] for load in loads) <= allowed, (allowed, loads)
    assert all(load["verify_errors"] == 0 for load in loads), loads
    # The last one that crashed may be waiting for its time to start again.
    one.await_states("running", "probation")


# A chain (posix above devfs above blk) is replaced link by link, all at once, under verified load;
# beside that one service crashes again and again, also between the order for its update and the update.
CHAIN = CHANGE + r"""
for device in vda nullb0; do
    (while [ ! -e /tmp/stop ]; do
        blkbench --dev=/dev/$device --rw=randrw --verify --size=1m --numjobs=2 --iodepth=4 --runtime=1 \
            --force -j 2>&1 || echo BAD
    done > /tmp/load_$device) &
done
for service in blk devfs posix; do
    (n=0; while [ $n -lt ROUNDS ]; do
        change update $service ${service}_v2; change update $service $service; n=$((n + 1))
    done > /tmp/changes_$service; echo over > /tmp/over_$service) &
done
while [ ! -e /tmp/over_blk ] || [ ! -e /tmp/over_devfs ] || [ ! -e /tmp/over_posix ]; do
    domain fault nullblk load
    domain update nullblk nullblk_v2
    domain fault null jump; head -c 1 /dev/empty
    domain update null null_v2
    domain fault nullblk exec in import
    domain update nullblk nullblk
    domain update null null
done > /tmp/crashes 2>&1
touch /tmp/stop
wait
"""


@pytest.mark.parametrize("cpus", [2, pytest.param(4, marks=pytest.mark.slow)])
def test_a_chain_is_replaced_at_once_under_load_while_others_recover(machine, cpus):
    rounds = 5
    one = machine(cpus=cpus, timeout=120,
                  files={"/root/chain.sh": CHAIN.replace("ROUNDS", str(rounds)).encode()})
    one.check("umount /mnt 2> /dev/null; sh /root/chain.sh", timeout=300)
    for service in ("blk", "devfs", "posix"):
        lines = one.check(f"cat /tmp/changes_{service}").splitlines()
        assert len(lines) == 2 * rounds and all("0 failed" in line for line in lines), lines
    for device, allowed in (("vda", 0), ("nullb0", given_up(one))):
        text = one.check(f"cat /tmp/load_{device}")
        loads = json_lines(text)
        assert loads and text.count("BAD") <= allowed, text
        assert sum(each["errors"] for each in loads) <= allowed, (allowed, text)
        assert all(each["verify_errors"] == 0 for each in loads), loads
    now = rows(one)
    assert all(row["state"] in ("running", "probation") for row in now.values()), now
    assert now["nullblk"]["faults"] and now["null"]["faults"], now
    crashes = one.check("cat /tmp/crashes")
    assert "import of nullblk crashed" in crashes and "0 failed" in crashes, crashes
