# SPDX-License-Identifier: MIT
"""The operator's command, word for word: what it answers, what it refuses and how."""

import re
import subprocess

import pytest

from machine import ROOT, Machine, json_lines

REFUSAL = r"domain: [^:]+: .+ \([^()]+\)"
LONG = "n" * 24

# Each leaves everything as it was. The text is part of the reason.
REFUSALS = [
    ("info nobody", "no such service"),
    ("info a/b", "no such service"),
    ("register /no/such.elf", "no such image or file"),
    ("register /tmp", "is a directory"),
    ("register /dev/zero", "is no regular file"),
    ("register /proc/sys/domain/list", "not a 64-bit little-endian ELF file"),
    ("register /tmp/empty", "is empty"),
    ("register /tmp/text", "ELF"),
    ("register /bin/mksh", "("),
    ("register /tmp/cut.elf", "outside the file: truncated?"),
    ("register /tmp/wild.elf", "breaks rule 2"),
    ("verify /no/such.elf", "no such image or file"),
    ("load nothing", "no such image or file"),
    ("load /tmp/text as other", "ELF"),
    ("load null", "runs already (use `domain update null null`)"),
    ("load null as nullblk", "interface"),
    (f"load null as {LONG}", "at most 23"),
    ("load null as a/b", "cannot be a name"),
    ("load blk as disk2", "device virtio 2 is held by another service"),
    ("update nobody null_v2", "no such service"),
    (f"update {LONG} null_v2", "no such service"),
    ("update null nothing", "no such image or file"),
    ("update null null", "serves it already (use `domain restart null`)"),
    ("update null blk", "interface block"),
    ("update blk nullblk", "import of nullblk failed with -22"),
    ("rollback null", "nothing to roll back"),
    ("rollback nobody", "no such service"),
    ("restart nobody", "no such service"),
    ("stop nobody", "no such service"),
    ("stop null", "hold it (stop it with --force)"),
    ("stop posix", "holds it (stop it with --force)"),
    ("fault nobody load", "no such service"),
    ("shadow nobody on", "no such service"),
    ("fault null sneeze", "no fault class sneeze (see `domain fault list`)"),
]

USAGE_ERRORS = ["list x", "info", "info a b", "images x", "register", "register a b", "load",
                "load null as", "load null to b", "load a as b c", "update", "update null",
                "update null a b c", "rollback", "rollback a b", "restart", "stop", "stop null now",
                "stop null --force x", "fault", "fault null", "fault a b c", "shadow null",
                "shadow null maybe", "verify", "verify a b",
                "top x", "nonsense", "''", "update null ''", "load 'a b'"]


def wild_store():
    """null with a store through an unguarded register in the middle of its text."""
    image = bytearray((ROOT / "build" / "domains" / "null.elf").read_bytes())
    return bytes(image[:0x2000] + (0x00B53023).to_bytes(4, "little") + image[0x2004:])


def good():
    return (ROOT / "build" / "domains" / "null.elf").read_bytes()


FILES = {"tmp/empty": lambda: b"", "tmp/text": lambda: b"no ELF\n" * 100, "tmp/wild.elf": wild_store,
         "tmp/cut.elf": lambda: good()[:9000], "tmp/good.elf": good}


@pytest.fixture(scope="module")
def one(tmp_path_factory):
    """A machine for all that is refused: it stays as it is."""
    files = {name: make() for name, make in FILES.items()}
    machine = Machine(tmp_path_factory.mktemp("machine"), files=files)
    yield machine.boot()
    machine.kill()


def state(one):
    rows = json_lines(one.check("domain list -j"))
    return [{key: row[key] for key in ("name", "impl", "id", "state")} for row in rows]


@pytest.mark.parametrize("command, reason", REFUSALS, ids=[case[0] for case in REFUSALS])
def test_a_refusal_is_one_line_that_says_why_and_what_to_do(one, command, reason):
    before, images = state(one), one.check("domain images -j")
    line = one.refuse(f"domain {command}")
    assert re.fullmatch(REFUSAL, line), line
    assert reason in line
    assert (state(one), one.check("domain images -j")) == (before, images)


@pytest.mark.parametrize("name", ["text", "wild.elf", "cut.elf", "good.elf"])
def test_verify_says_what_domverify_says_on_the_host(one, tmp_path, name):
    subprocess.run(["make", "-s", "build/host/domverify"], cwd=ROOT, check=True)
    file = tmp_path / name
    file.write_bytes(FILES[f"tmp/{name}"]())
    host = subprocess.run([ROOT / "build" / "host" / "domverify", file], stdout=subprocess.PIPE)
    output, status = one.run(f"domain verify /tmp/{name}")
    assert (output, status) == (host.stdout.decode(), host.returncode)


@pytest.mark.parametrize("words", USAGE_ERRORS)
def test_a_usage_error_ends_with_status_2_and_changes_nothing(one, words):
    before = state(one)
    output, status = one.run(f"domain {words}")
    assert status == 2 and output.startswith(("usage: domain ", "domain: ")), output
    assert state(one) == before


@pytest.mark.parametrize("words", ["", " help", " -h"])
def test_domain_on_its_own_prints_its_usage(one, words):
    output = one.check(f"domain{words}")
    for verb in ("list", "info", "images", "register", "load", "update", "rollback", "restart",
                 "stop", "fault", "shadow", "verify", "top"):
        assert f"domain {verb}" in output


def test_tables_and_json_say_the_same(one):
    head = "NAME IMPL VERSION ID STATE CALLS FAULTS RESTARTS PAGES RREFS".split()
    table = one.check("domain list").splitlines()
    rows = json_lines(one.check("domain list -j"))
    assert table[0].split() == head
    assert [list(row) for row in rows] == [[word.lower() for word in head]] * (len(table) - 1)
    assert [line.split()[0] for line in table[1:]] == [row["name"] for row in rows]
    images = json_lines(one.check("domain images -j"))
    assert {"null", "null_v2", "blk", "blk_v2"} <= {image["name"] for image in images}
    assert all(image["from"] == "initrd" for image in images)


def test_who_reads_a_report_in_pieces_gets_one_text(one):
    """In between its numbers and names grow: lines are not cut, nor is there more at the end."""
    read = "(dd bs={0} count=1 2> /dev/null; {1} > /dev/null; cat) < /proc/sys/domain/list"
    whole = one.check("cat /proc/sys/domain/list")
    for size in (100, len(whole)):
        pieces = one.check(read.format(size, "domain update nullblk nullblk_v2"))
        again = one.check(read.format(size, "domain rollback nullblk"))
        for text, driver in ((pieces, "nullblk nullblk"), (again, "nullblk nullblk_v2")):
            lines = text.splitlines()
            assert len(lines) == len(whole.splitlines())
            assert [line.count(" ") for line in lines] == [9] * len(lines)
            assert any(line.startswith(driver + " ") for line in lines)


def test_info_tells_interface_holders_and_what_it_holds(one):
    info = json_lines(one.check("domain info blk -j"))[0]
    assert info["title"] == "virtio-blk" and info["implementation"] == "blk v1"
    assert re.match(r"block number 2 version \d+ hash 0x[0-9a-f]{16}$", info["interface"])
    assert info["holders"] == "devfs ext2" and info["needs"] == "device:virtio"
    for key in ("id", "pages", "rrefs", "threads", "last_fault", "last_update"):
        assert key in info


def test_the_life_of_a_service_from_a_file_anywhere(machine):
    one = machine()
    one.check("mkdir /tmp/d && cp /boot/null_v2.elf /tmp/d/mine.elf && cd /tmp/d")
    assert one.check("domain register mine.elf").strip() == "domain: null_v2: null_v2 v2: already known"
    assert "ok: " in one.check("domain verify mine")
    assert re.fullmatch(r"domain: again: null_v2 v2 \(id \d+\) is running",
                        one.check("domain load ./mine as again").strip())
    assert re.fullmatch(r"domain: again: null_v2 v2 \(id \d+\) -> null v1 \(id \d+\): "
                        r"paused \d+ us, drained 0 calls, 0 failed",
                        one.check("domain update again null").strip())
    assert "already known" in one.check("domain register /boot/null")
    assert one.check("domain stop again").strip() == "domain: again: stopped"
    assert "stopped already" in one.refuse("domain stop again")
    assert "is not running (use `domain restart again`)" in one.refuse("domain update again null_v2")
    assert "is running" in one.check("domain load null as again")
    assert "is running" in one.check("domain restart again")


def test_a_stopped_service_refuses_its_callers_until_it_is_loaded_again(machine):
    one = machine()
    one.check("domain stop null --force")
    _, status = one.run("head -c 1 /dev/empty")
    assert status == 1
    one.check("domain stop nullblk --force")
    one.refuse("blkbench --dev=/dev/nullb0 --ios=1")
    one.check("domain load null && domain load nullblk")
    one.check("head -c 1 /dev/empty > /dev/null && blkbench --dev=/dev/nullb0 --ios=1 -j")


@pytest.mark.parametrize("length", [24, 3000, 10000])
def test_a_name_of_any_length_is_refused_with_one_short_line(machine, length):
    one = machine()
    one.check(f"n=$(printf %{length}s x | tr ' ' y)")
    for command in ("update $n blk", "update blk $n", "load $n", "info $n", "register $n", "verify $n",
                    "restart $n", "stop $n", "rollback $n", "fault $n load", "forget $n"):
        output, status = one.run(f"domain {command}")
        assert status in (1, 2) and output.startswith("domain: "), (command, output)
        assert len(output.strip().splitlines()) == 1 and len(output) < 200, (command, output)


def times_taken(one):
    """Of each service the calls that were timed: limit in ns, how many. That is a reader more."""
    head, *lines = (line.split() for line in one.check("cat /proc/sys/domain/latency").splitlines())
    assert head[0] == "BELOW" and {len(line) for line in lines} == {len(head)}
    limits = [int(limit) for limit in head[1:]]
    assert limits == sorted(set(limits))
    return {line[0]: {limit: int(count) for limit, count in zip(limits, line[1:], strict=True) if count != "0"}
            for line in lines}


def null_called(one, count):
    """How many of so many calls of null were timed."""
    before = sum(times_taken(one)["null"].values())
    one.check(f"dd if=/dev/empty of=/dev/null bs=1 count={count} 2> /dev/null")
    return sum(times_taken(one)["null"].values()) - before


def null_called_unwatched(one, count):
    """The same, but the first who looks for seconds does so when they are over."""
    before = sum(times_taken(one)["null"].values())
    one.check(f"sleep 4; dd if=/dev/empty of=/dev/null bs=1 count={count} 2> /dev/null")
    return sum(times_taken(one)["null"].values()) - before


@pytest.mark.slow
def test_calls_are_timed_each_once_while_somebody_looks_and_not_for_long_after_that(machine):
    one = machine()
    while not null_called(one, 100):  # from the first look on, but not in no time
        pass
    assert null_called(one, 1000) == 1000
    assert null_called_unwatched(one, 1000) == 0


@pytest.mark.slow
def test_top_shows_p99_and_leaves_nothing_behind_when_it_is_killed(machine):
    one = machine()
    table = one.check("domain top | cat").splitlines()
    assert table[0].split() == "NAME IMPL STATE CALLS/S P99 FAULTS PAGES RREFS".split()
    rows = {line.split()[0]: line.split() for line in table[1:]}
    assert re.fullmatch(r"\d+\.\d(us|ms|s)", rows["posix"][4]) and rows["bench"][4] == "-"
    one.foreground("domain top")
    one.expect(r"posix +posix +running +\d+ +\d+\.\d(us|ms|s) .*q quits")
    one.send("q")
    one.expect("# ")
    for signal in ("KILL", "TERM"):
        one.check("(until top=$(ps -o pid,args | sed -n 's/^ *\\([0-9]*\\) domain top.*/\\1/p'); [ \"$top\" ]; do :; done; "
                  f"sleep 1; kill -{signal} $top) &")
        one.foreground("domain top")
        one.expect("(Killed|Terminated)")
        one.expect("# ")
        one.check("wait")
        assert null_called_unwatched(one, 1000) == 0


@pytest.mark.slow
def test_what_a_program_sleeps_for_is_not_the_time_of_its_call(machine):
    one = machine()
    while not null_called(one, 100):
        pass
    before = times_taken(one)["posix"]
    one.check("sleep 2.5; true | cat; echo x | (read y; sleep 2.5)")
    after = times_taken(one)["posix"]
    late = {limit for limit in after if limit > 2400000000 and after[limit] != before.get(limit, 0)}
    assert not late, (before, after)


@pytest.mark.slow
def test_timed_calls_survive_updates_crashes_and_faults_under_load(machine):
    one = machine()
    one.check("(while [ ! -e /tmp/stop ]; do blkbench --dev=/dev/nullb0 --rw=randrw --size=8m --ios=3000 --verify -j"
              " || echo FAILED; done > /tmp/load 2>&1) & (while [ ! -e /tmp/stop ]; do"
              " blkbench --dev=/dev/vda --rw=randread --ios=500 -j || echo FAILED; done > /tmp/load2 2>&1) &")
    for turn in range(4):
        image = ("_v2", "")[turn % 2]
        before = times_taken(one)
        for service in ("nullblk", "blk", "posix", "devfs", "null", "procfs"):
            output, status = one.run(f"domain update {service} {service}{image}")
            brought_back = "serves it already" in output  # after its fault, by its probation
            assert status == 0 or "busy: " in output or brought_back, output
        one.check("domain fault nullblk load; sleep 0.3")
        one.check("sleep 4" if turn == 1 else "true")  # once over the end of a watch and into the next
        after = times_taken(one)
        assert sum(after["nullblk"].values()) > sum(before["nullblk"].values()), (before, after)
    one.check("touch /tmp/stop; wait", timeout=120)
    for name in ("load", "load2"):
        output = one.check(f"cat /tmp/{name}")
        assert "FAILED" not in output and json_lines(output), output[-2000:]
    one.await_states("running", "probation")


def test_a_call_is_counted_once_also_where_the_gate_leaves_it_to_the_core(run):
    """devfs lends on what a program writes to the console: it is not its own, so that goes the slow way."""
    look, count = "domain list -j", 400
    done = run(f"{look}; i=0; while [ $i -lt {count} ]; do echo line; i=$((i+1)); done; {look}")
    before, after = (row["calls"] for row in json_lines(done.output) if row["name"] == "console")
    assert count <= after - before < count * 3 / 2
