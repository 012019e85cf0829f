#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""The user programs, tried on the host: they make Linux's system calls, so qemu-riscv64 runs them.

Prints `ok - SENTENCE` or `not ok - SENTENCE` for each test. Files of the guest (/proc, /boot) lie
in a folder that qemu-riscv64 looks into first (-L).
"""

import hashlib
import json
import os
import pty
import re
import select
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import time
from pathlib import Path

PROGRAMS = Path(__file__).resolve().parent.parent.parent / "build" / "user" / "bin"
EMULATOR = shutil.which("qemu-riscv64")
LIMIT = 30

TEXT = "".join(f"line {number} {'odd' if number % 2 else 'even'}\n" for number in range(1, 26))
BINARY = bytes(range(256)) * 3 + bytes(200) + b"end"

failures = []


class Skip(Exception):
    """This computer does not let the test be made; the text says why."""


class Place:
    """A folder for one test, with the guest's own files in `tree`."""

    def __init__(self, folder):
        self.folder = Path(folder, "work")
        self.tree = Path(folder, "tree")
        self.folder.mkdir()
        self.tree.mkdir()
        (self.folder / "text").write_text(TEXT)
        (self.folder / "binary").write_bytes(BINARY)
        (self.folder / "empty").write_bytes(b"")
        (self.folder / "sub").mkdir()

    def guest_file(self, path, content):
        target = Path(self.tree, path.lstrip("/"))
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(content)
        return target

    def run(self, program, *arguments, stdin="", limit=LIMIT, name=None, within=()):
        """Returns (status, stdout, stderr); bytes in, text out. `within`: words in front of all."""
        command = [*within, EMULATOR, "-L", str(self.tree), "-0", name or program, str(PROGRAMS / program)]
        done = subprocess.run(
            command + list(arguments), cwd=self.folder, timeout=limit,
            input=stdin if isinstance(stdin, bytes) else stdin.encode(),
            stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            env={"PATH": os.environ["PATH"], "HOME": "/"})
        return (done.returncode, done.stdout.decode(errors="replace"),
                done.stderr.decode(errors="replace"))


def test(function):
    """Runs a test; its name is the sentence that it proves."""
    sentence = function.__name__.replace("_", " ")
    if not EMULATOR:
        print(f"ok - {sentence} # SKIP no qemu-riscv64 (install the package qemu-user)")
        return
    with tempfile.TemporaryDirectory() as folder:
        try:
            function(Place(folder))
            print(f"ok - {sentence}", flush=True)
        except Skip as why:
            print(f"ok - {sentence} # SKIP {why}", flush=True)
        except Exception as error:  # also what a pattern that is not there leads to: the others go on
            failures.append(sentence)
            print(f"{type(error).__name__}: {error}\nnot ok - {sentence}", flush=True)


def slow_test(function):
    """The same of one that takes long: --quick leaves it out."""
    if "--quick" not in sys.argv:
        test(function)


def expect(found, wanted, what):
    assert found == wanted, f"{what}: {found!r}, not {wanted!r}"


def on_terminal(place, words, dialogue, limit=LIMIT, environment=None):
    """Runs a program on a terminal; types each answer when its text has come. (output, status)"""
    pid, master = pty.fork()
    if pid == 0:
        for number in signal.SIGINT, signal.SIGQUIT:
            signal.signal(number, signal.SIG_DFL)  # who runs in the background ignores them
        os.chdir(place.folder)
        os.execve(EMULATOR, [EMULATOR, "-L", str(place.tree), str(PROGRAMS / words[0]), *words[1:]],
                  {"PATH": os.environ["PATH"], "HOME": "/", "TERM": "vt100", "PS1": "# ",
                   **(environment or {})})
    output, position, end = "", 0, time.monotonic() + limit
    dialogue = list(dialogue)
    while time.monotonic() < end:
        if dialogue and dialogue[0][0] in output[position:]:
            position += output[position:].index(dialogue[0][0]) + len(dialogue[0][0])
            os.write(master, dialogue.pop(0)[1].encode())
        if not select.select([master], [], [], 0.1)[0]:
            continue
        try:
            part = os.read(master, 65536)
        except OSError:
            part = b""
        if not part:
            break
        output += part.decode(errors="replace")
    else:
        os.kill(pid, 9)
        os.waitpid(pid, 0)
        raise AssertionError(f"no end after {limit} s; so far: {output!r}")
    return output, os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


# ---- the small tools: (arguments, stdin, status, stdout); None: not compared ----

CASES = [
    ("echo a b  'c d'", "", 0, "a b c d\n"),
    ("echo -n a", "", 0, "a"),
    ("echo", "", 0, "\n"),
    ("cat text empty", "", 0, TEXT),
    ("cat -", "from stdin", 0, "from stdin"),
    ("cat nowhere text", "", 1, TEXT),
    ("head text", "", 0, "".join(TEXT.splitlines(True)[:10])),
    ("head -n 2 text", "", 0, "line 1 odd\nline 2 even\n"),
    ("head -3 text", "", 0, "line 1 odd\nline 2 even\nline 3 odd\n"),
    ("head -c 6 text", "", 0, "line 1"),
    ("head -n 0 text", "", 0, ""),
    ("head -n 1 text empty", "", 0, "==> text <==\nline 1 odd\n\n==> empty <==\n"),
    ("head -n x text", "", 2, ""),
    ("tail -2 text", "", 0, "line 24 even\nline 25 odd\n"),
    ("tail -n 1", "a\nb\nc", 0, "c"),
    ("tail -n 2", "a\nb\nc", 0, "b\nc"),
    ("tail -n 100 text", "", 0, TEXT),
    ("tail -c 4 text", "", 0, "odd\n"),
    ("tail -n +25 text", "", 0, "line 25 odd\n"),
    ("tail -n 0 text", "", 0, ""),
    ("tail empty", "", 0, ""),
    ("wc text", "", 0, f"25 75 {len(TEXT)} text\n"),
    ("wc -l", "a\nb", 0, "1\n"),
    ("wc -c text empty", "", 0, f"{len(TEXT)} text\n0 empty\n{len(TEXT)} total\n"),
    ("wc nowhere", "", 1, ""),
    ("grep 7 text", "", 0, "line 7 odd\nline 17 odd\n"),
    ("grep -n '^line 2.* even$' text", "", 0,
     "2:line 2 even\n20:line 20 even\n22:line 22 even\n24:line 24 even\n"),
    ("grep -c odd text", "", 0, "13\n"),
    ("grep -v e", "even\nodd\n", 0, "odd\n"),
    ("grep -i ODD", "odd\nOdd\nx\n", 0, "odd\nOdd\n"),
    ("grep -q odd text", "", 0, ""),
    ("grep nothing text", "", 1, ""),
    ("grep x nowhere", "", 2, ""),
    ("grep -l odd text empty", "", 0, "text\n"),
    ("grep even text empty -c", "", 0, "text:12\nempty:0\n"),
    ("grep -E 'a(b|c)+d?$'", "abcb\nad\nabd\nabdx\n", 0, "abcb\nabd\n"),
    ("grep -E '^(a|b)*c'", "ababc\ncab\nxc\n", 0, "ababc\ncab\n"),
    ("grep 'a\\(b\\|c\\)\\+'", "ab\nac\na\n", 0, "ab\nac\n"),
    ("grep 'a+b'", "a+b\naab\n", 0, "a+b\n"),
    ("grep -F 'a.b'", "a.b\naxb\n", 0, "a.b\n"),
    ("grep '[^0-9]$'", "a1\n1a\n", 0, "1a\n"),
    ("grep '[]x]'", "]\nx\ny\n", 0, "]\nx\n"),
    ("grep '[[:digit:]][[:upper:]-]'", "1A\n1-\n1a\n", 0, "1A\n1-\n"),
    ("grep ''", "a\n\n", 0, "a\n\n"),
    ("grep '*a'", "*a\na\n", 0, "*a\n"),
    ("grep '['", "", 2, ""),
    ("grep -E '(a'", "", 2, ""),
    ("grep -E '(a*)*b'", "a" * 3000 + "\n", 1, ""),
    ("grep -r needle .", "", 1, ""),
    ("test a = a", "", 0, ""),
    ("test a != a", "", 1, ""),
    ("test", "", 1, ""),
    ("test ''", "", 1, ""),
    ("test -z '' -a -n x", "", 0, ""),
    ("test 1 -gt 2 -o 3 -le 3", "", 0, ""),
    ("test ! -e nowhere", "", 0, ""),
    ("test -f text -a -d sub -a ! -s empty", "", 0, ""),
    ("test '(' a = b ')' -o x", "", 0, ""),
    ("test a -eq 1", "", 2, ""),
    ("test a b", "", 2, ""),
    ("test -d", "", 0, ""),
    ("test ! = !", "", 0, ""),
    ("seq 3", "", 0, "1\n2\n3\n"),
    ("seq 5 -2 1", "", 0, "5\n3\n1\n"),
    ("seq 3 1", "", 0, ""),
    ("seq 1 0 2", "", 2, ""),
    ("sort", "b\na\nc\na\n", 0, "a\na\nb\nc\n"),
    ("sort -u", "b\na\nb", 0, "a\nb\n"),
    ("sort -nr", "9\n10\n-1\n", 0, "10\n9\n-1\n"),
    ("printf '%s-%d\\n' a 1 b 2", "", 0, "a-1\nb-2\n"),
    ("printf '%5.2s|%-4d|%x\\t\\101\\n' abc 7 255", "", 0, "   ab|7   |ff\tA\n"),
    ("printf '%05.2f|%.1e|%g|%-6.1f|\\n' 3.14159 1234 0.5 2", "", 0, "03.14|1.2e+03|0.5|2.0   |\n"),
    ("printf plain", "", 0, "plain"),
    ("printf %d x", "", 1, "0"),
    ("printf %q x", "", 2, ""),
    ("cmp text text", "", 0, ""),
    ("cmp text binary", "", 1, "text binary differ: byte 1, line 1\n"),
    ("cmp -s text empty", "", 1, ""),
    ("cmp text nowhere", "", 2, ""),
    ("true", "", 0, ""),
    ("false", "", 1, ""),
    ("sleep 0.05", "", 0, ""),
    ("sleep x", "", 2, ""),
    ("sleep -1", "", 2, ""),
    ("mkdir a sub", "", 1, ""),
    ("mkdir -p a/b/c sub", "", 0, ""),
    ("rm nowhere", "", 1, ""),
    ("rm -f nowhere", "", 0, ""),
    ("rm sub", "", 1, ""),
    ("rm -r sub text", "", 0, ""),
    ("rm -r .", "", 1, ""),
    ("cp text", "", 2, ""),
    ("cp sub other", "", 1, ""),
    ("cp text text", "", 1, ""),
    ("mv nowhere x", "", 1, ""),
    ("kill -l 9 130 hup", "", 0, "KILL\nINT\n1\n"),
    ("kill -l 99", "", 1, ""),
    ("kill -0 1x", "", 2, ""),
    ("kill -NOSUCH 1", "", 2, ""),
    ("uname -m", "", 0, "riscv64\n"),
    ("env -i A=1 B=2", "", 0, "A=1\nB=2\n"),
    ("env -i /no/such", "", 127, ""),
    ("date +%%", "", 0, "%\n"),
    ("date today", "", 2, ""),
    ("ls nowhere", "", 1, ""),
    ("ls -1", "", 0, "binary\nempty\nsub\ntext\n"),
    ("ls -d sub", "", 0, "sub\n"),
    ("touch -c new", "", 0, ""),
    ("sha256sum empty", "", 0, hashlib.sha256(b"").hexdigest() + "  empty\n"),
    ("hexdump -n 18", "0123456789abcdefghi", 0,
     "0000000 3130 3332 3534 3736 3938 6261 6463 6665\n0000010 6867\n0000012\n"),
    ("poweroff 256", "", 2, ""),
    ("stat nowhere", "", 1, ""),
    ("stat", "", 2, ""),
    ("du nowhere", "", 1, ""),
    ("du -as", "", 2, ""),
    ("uniq", "a\na\nb\na\n", 0, "a\nb\na\n"),
    ("uniq -c", "a\na\nb\n", 0, "      2 a\n      1 b\n"),
    ("uniq -d", "a\na\nb\n", 0, "a\n"),
    ("uniq -u", "a\na\nb", 0, "b\n"),
    ("uniq -i", "a\nA\nb\n", 0, "a\nb\n"),
    ("uniq empty", "", 0, ""),
    ("uniq text binary", "", 2, ""),
    ("cut -d ' ' -f 2", "a b c\nd\n", 0, "b\nd\n"),
    ("cut -d: -f 1,3- -s", "a:b:c:d\nx\n::\n", 0, "a:c:d\n:\n"),
    ("cut -c 2-3,5", "abcdef\nab\n\n", 0, "bce\nb\n\n"),
    ("cut -f -2", "a\tb\tc\n", 0, "a\tb\n"),
    ("cut -f 0", "", 2, ""),
    ("cut -f 3-1", "", 2, ""),
    ("cut -f 1x", "", 2, ""),
    ("cut -f - text", "", 2, ""),
    ("cut -d ab -f 1", "", 2, ""),
    ("cut text", "", 2, ""),
    ("cut -f 1 nowhere", "", 1, ""),
    ("tr a-z A-Z", "abc-xyz\n", 0, "ABC-XYZ\n"),
    ("tr -d '\\n'", "a\nb\n", 0, "ab"),
    ("tr -s ' '", "a   b  c", 0, "a b c"),
    ("tr -s a-z x", "abcd 1", 0, "x 1"),
    ("tr -cd '[:digit:]'", "a1b22\n", 0, "122"),
    ("tr '[:lower:]' '[:upper:]'", "abc", 0, "ABC"),
    ("tr abc x", "aabbcc-", 0, "xxxxxx-"),
    ("tr '\\101' '\\\\'", "A-", 0, "\\-"),
    ("tr -cs a-z '\\n'", "ab, cd", 0, "ab\ncd"),
    ("tr a", "", 2, ""),
    ("tr z-a x", "", 2, ""),
    ("tr", "", 2, ""),
    ("find", "", 0, ".\n./binary\n./empty\n./sub\n./text\n"),
    ("find . -type f -name '*t*'", "", 0, "./empty\n./text\n"),
    ("find . -name '[be]*' -o -type d", "", 0, ".\n./binary\n./empty\n./sub\n"),
    ("find . ! -type d -size +0 -print", "", 0, "./binary\n./text\n"),
    ("find . -type f -empty", "", 0, "./empty\n"),
    ("find . -maxdepth 0", "", 0, ".\n"),
    ("find . -mindepth 1 -depth -iname SUB", "", 0, "./sub\n"),
    ("find . '(' -name text -o -name sub ')' -type d", "", 0, "./sub\n"),
    ("find . -name text -print0", "", 0, "./text\0"),
    ("find sub/ text -path 'sub*'", "", 0, "sub/\n"),
    ("find nowhere", "", 1, ""),
    ("find . -name", "", 2, ""),
    ("find . -nonsense", "", 2, ""),
    ("find . -type x", "", 2, ""),
    ("find . -size x", "", 2, ""),
    ("find . '(' -name a", "", 2, ""),
    ("find . -exec echo", "", 2, ""),
    ("find . -newer nowhere", "", 1, ""),
    ("xargs echo a", "b 'c d' \"e\"\nf\\ g", 0, "a b c d e f g\n"),
    ("xargs -n 2 echo", "1 2 3", 0, "1 2\n3\n"),
    ("xargs -0 echo", "a b\0c", 0, "a b c\n"),
    ("xargs -I X echo '<X>-X'", "a b\nc\n", 0, "<a b>-a b\n<c>-c\n"),
    ("xargs echo none", "", 0, "none\n"),
    ("xargs -r echo none", "", 0, ""),
    ("xargs", "a b", 0, "a b\n"),
    ("xargs false", "a", 123, ""),
    ("xargs sh -c 'exit 255'", "a", 124, ""),
    ("xargs /no/such", "a", 127, ""),
    ("xargs echo", "a 'b", 1, ""),
    ("xargs -n 0 echo", "", 2, ""),
    ("diff text text", "", 0, ""),
    ("diff text nowhere", "", 2, ""),
    ("diff text", "", 2, ""),
    ("diff -q text empty", "", 1, "Files text and empty differ\n"),
    ("diff -U x a b", "", 2, ""),
    ("diff empty -", "a\nb", 1, "0a1,2\n> a\n> b\n\\ No newline at end of file\n"),
    ("diff - empty", "a\n", 1, "1d0\n< a\n"),
    ("time true", "", 0, ""),
    ("time false", "", 1, ""),
    ("time /no/such", "", 127, ""),
    ("time", "", 2, ""),
    ("time -x true", "", 2, ""),
    ("clear", "", 0, "\033[H\033[2J"),
    ("clear x", "", 2, ""),
    ("more text empty", "", 0, TEXT),
    ("more", "piped\n", 0, "piped\n"),
    ("more nowhere", "", 1, ""),
    ("id -x", "", 2, ""),
    ("chmod 600 text nowhere", "", 1, ""),
    ("chmod 9 text", "", 2, ""),
    ("chmod u+q text", "", 2, ""),
    ("chmod 600", "", 2, ""),
    ("top -n 0", "", 2, ""),
    ("top x", "", 2, ""),
    ("man -k", "", 2, ""),
    ("man ../x", "", 2, ""),
    ("domain help", "", 0, None),
    ("domain", "", 0, None),
    ("domain nonsense", "", 2, ""),
    ("domain update null", "", 2, ""),
    ("domain load a b c d", "", 2, ""),
    ("domain load a to b", "", 2, ""),
    ("domain stop a --now", "", 2, ""),
    ("domain fault null sneeze", "", 1, ""),
    ("domain list", "", 1, ""),
    ("rpcbench", "", 1, ""),
    ("rpcbench -x", "", 2, ""),
    ("osbench -x", "", 2, ""),
    ("osbench nothing", "", 2, ""),
]


@test
def every_small_tool_does_what_its_table_of_cases_says(_):
    import shlex
    for line, stdin, status, stdout in CASES:
        with tempfile.TemporaryDirectory() as folder:
            place = Place(folder)
            found = place.run(*shlex.split(line), stdin=stdin)
            expect(found[0], status, f"status of `{line}` (stderr {found[2]!r})")
            if stdout is not None:
                expect(found[1], stdout, f"output of `{line}`")
            if status and line.split()[0] not in ("false", "test", "cmp", "grep", "diff", "xargs", "time"):
                assert found[2].startswith((line.split()[0] + ": ", "usage: ")), found[2]
                assert "usage" in found[2] or found[2].count("\n") == 1, found[2]


# ---- the same, compared with what the host's programs say: (line, stdin) ----

TABLE = "pear 10 x\napple 9 y\nfig 10 a\nApple 2.5 z\nfig -3 q\n"
COLONS = "root:x:0:0\nbin:y:10:2\n:z:9\nplain\n"

HOST_CASES = [
    ("sort -k 2", TABLE), ("sort -k 2n", TABLE), ("sort -k 2,2n -k 1,1r", TABLE), ("sort -f", TABLE),
    ("sort -k1.2,1.3", TABLE), ("sort -t: -k3n", COLONS), ("sort -t: -k3,3nr -k1", COLONS),
    ("sort -u -k1,1", TABLE), ("sort -fu", "b\nA\na\nB\n"), ("sort -rn", TABLE + "1\n-1\n"),
    ("sort -n", "1.50\n1.5\n-0\n0\nx\n-2.25\n-2.5\n00012\n 3\n"), ("sort -b", "  b\n a\nc\n"),
    ("sort -r", "a\nb\na\n"), ("sort -nu", "1\n01\n2\n"),
    ("cat -n text", ""), ("cat -n", "a\n\nb"), ("cat -b", "a\n\nb\n"), ("cat -A binary", ""),
    ("cat -s", "a\n\n\n\nb\n"), ("cat -E", "a \n\n"), ("cat -vet", "a\tb\x01\x7f\n"), ("cat -ns text text", ""),
    ("seq -s , 3", ""), ("seq -w 8 10", ""), ("seq -w 8 5 12", ""), ("seq -w -- -1 1", ""), ("seq -5 -3", ""),
    ("seq -s ' ' 1 0", ""), ("seq 2", ""),
    ("wc -m", "h\xc3\xa4t\n"), ("wc -L", "abc\n\tx\nab\n"), ("wc -c", "abc"),
    ("cut -c 2,4- --complement", "abcdef\n"), ("cut -d: -f 2 --complement", COLONS), ("cut -b 1-3", TABLE),
    ("cut -d ' ' -f 2-", TABLE), ("uniq -c -i", "a\nA\nb\n"), ("uniq -d -i", "a\nA\nb\n"),
    ("tr -cs '[:alnum:]' '[\\n*]'", "ab, c1;;d\n"), ("tr -d '[:punct:][:space:]'", "a, b; c\n"),
    ("tr -c 'a-z\\n' '*'", "aB1c\n"), ("tr '[:upper:]' '[:lower:]'", "AbC\n"), ("tr -s '\\n'", "a\n\n\nb\n"),
    ("tr -ds a b", "aabbcc\n"), ("tr '[a*2]b' x-z", "aab"), ("tr 'a-c' 'A-C'", "abcd"),
    ("grep -w line", "line\nlines\na line.\nline_\nxline line\n"), ("grep -ow 'l[a-z]*'", "line lol _l l\n"),
    ("grep -o '[0-9][0-9]*'", "a1b22c333\nx\n4\n"), ("grep -on b*", "abba\n"), ("grep -x 'a*'", "aa\nab\n\n"),
    ("grep -A 1 7 text", ""), ("grep -B 2 -n '7' text", ""), ("grep -C 1 -n '[05] ' text", ""), ("grep -c 1 text empty", ""),
    ("grep -A1 -B1 -m 1 odd text", ""), ("grep -m 2 odd text", ""), ("grep -L 1 text empty", ""), ("grep -l 1 text empty", ""),
    ("grep -e 1 -e 25 text", ""), ("grep -E -o 'o|od|odd' text", ""), ("grep -iw LINE -c text", ""), ("grep -h 25 text text", ""),
    ("grep -vn e", "a\ne\nb\n"), ("grep -H 25 text", ""), ("grep -F -o .b", "a.b.b\n"), ("grep -nA1 x", "x\ny\nz\nz\nx\n"),
    ("head -n 1 text text", ""), ("tail -n 1 text text", ""), ("tail -c +100 text", ""), ("head -c 10 text", ""),
    ("stat -c '%n %s %a %F %h %u %g %A %i %b %o %Y' text sub empty", ""), ("stat -c '%y|%%' text", ""), ("stat -c '%U %G' .", ""),
    ("ls -1F", ""), ("ls -1S", ""), ("ls -1r", ""), ("ls -R", ""), ("ls -1a", ""), ("ls -1A", ""), ("ls -d sub text", ""),
    ("ls -1 text sub binary", ""), ("ls -1i", ""), ("ls -1Sr text binary empty", ""), ("ls -1FR sub .", ""),
    ("du -ah", ""), ("du -sh sub text", ""), ("du -sc text", ""), ("du -h text", ""),
    ("find . -mtime -1 -type f -name t*", ""), ("find . -mtime +1", ""), ("find . -mmin -10 -name text", ""),
    ("find . -name sub -prune -o -type f -name '*e*' -print", ""), ("find text -exec echo a {} + -exec echo b {} ;", ""),
    ("date -u -d @0", ""), ("date -u -d @86399 +%H:%M:%S", ""), ("date -u -d '2031-05-04 12:30:15' +%s", ""),
    ("date -u -d 2024-02-29 '+%F %j %a'", ""), ("date -u -d 2000-03-01T01:02 +%s", ""), ("date -u -r text +%s", ""),
    ("date -u -d 2023-02-29", ""), ("date -u -d @1700000000 +%N%%s", ""), ("date -I -u -d @0", ""),
    ("sha256sum -c", "0" * 64 + "  text\n"), ("sha256sum text empty", ""),
    ("basename /a/b/", ""), ("basename a.c .c", ""), ("basename .c .c", ""), ("basename /", ""), ("basename -a a/b c/d", ""),
    ("basename -s .h a/b.h c.h", ""), ("basename ''", ""), ("basename", ""), ("dirname /a/b/ a / a/b //", ""), ("dirname a//b//", ""),
    ("rev", "abc\n\nxy\n"), ("rev", "h\xc3\xa4t\n"), ("nl", "a\n\nb\n"), ("nl -b a -w 3 -s : -v 5 -i 2", "a\n\nb\n"),
    ("nl -n ln text", ""), ("nl -nrz -w4", "a\n"), ("nl -bn", "a\n"),
    ("paste text - -d :", "1\n2\n"), ("paste -s", "1\n2\n3\n"), ("paste -sd ,-", "1\n2\n3\n4\n"), ("paste - - -", "1\n2\n3\n4\n"),
    ("paste empty text", ""), ("paste -d '' - -", "1\n2\n"), ("paste nowhere text", ""),
    ("od binary", ""), ("od -c binary", ""), ("od -An -tx1 text", ""), ("od -t x4 -t c -N 21", "abcdefghijklmnopqrstuvwxyz"),
    ("od -A d -t d2 -j 3", "abcdefghijk"), ("od -tu8 -Ax binary", ""), ("od -b empty", ""), ("od -v -tx2 binary", ""), ("od -td1", "\x80\xff"),
    ("od -to8 -tx8 -td4 text", ""),
    ("expr 1 + 2 '*' 3", ""), ("expr '(' 1 + 2 ')' '*' 3", ""), ("expr 7 / 2 - 7 % 2", ""), ("expr 1 - 1", ""), ("expr a = b", ""),
    ("expr 10 '<' 9", ""), ("expr a10 '<' a9", ""), ("expr abc.c : '.*'", ""), ("expr abc.c : '\\(.*\\)\\.c'", ""), ("expr length abcd", ""),
    ("expr substr abcdef 2 3", ""), ("expr index abc cb", ""), ("expr '' '|' x", ""), ("expr 0 '|' 0", ""), ("expr 2 '&' 3", ""),
    ("expr 1 /", ""), ("expr 1 / 0", ""), ("expr x + 1", ""), ("expr", ""), ("expr abc : b", ""), ("expr + length", ""), ("expr length : length", ""),
    ("expr abab : '\\(ab\\)*'", ""), ("expr aXbX : '\\(.*\\)X'", ""), ("expr abc : '\\(x\\)*abc'", ""),
    ("grep 'a\\{2,3\\}b' -o", "aaaab ab aab\n"), ("grep -E -o '(ab){2}|x{0,2}y'", "ababab xxxy y\n"), ("grep -E 'a{2'", "a{2\naa\n"),
    ("grep -Ec '^.{3,}$'", "ab\nabc\nabcd\n"), ("grep -E 'a{3,2}'", ""), ("grep -E -x '(a|ab)(c|bcd)'", "abcd\nac\n"),
    ("sed s/line/LINE/ text", ""), ("sed -n '/7/p' text", ""), ("sed -n 2,4p text", ""), ("sed '2,$d' text", ""), ("sed '$!d' text", ""),
    ("sed 's/[0-9]/<&>/g' text", ""), ("sed -E 's/([a-z]+) ([0-9]+)/\\2 \\1/' text", ""), ("sed 's/\\(l\\)\\(i\\)*/\\2\\1/' text", ""),
    ("sed s/e/E/2", "eee eee\n"), ("sed s/e/E/2g", "eee eee\n"), ("sed 's/x*/-/g'", "abxxcx\n"), ("sed 's/^/> /;s/$/ </'", "a\n\nb"), ("sed 's|/|:|g'", "/a/b\n"),
    ("sed -n 's/odd/ODD/p' text", ""), ("sed -e 1d -e 3d", "1\n2\n3\n4\n"), ("sed 3q text", ""), ("sed -n '$=' text", ""), ("sed = -", "a\nb\n"),
    ("sed y/abc/xyz/", "aabbcc\n"), ("sed '1!G;h;$!d'", "1\n2\n3\n"), ("sed -n '1{p;=};3{s/3/x/;p}'", "1\n2\n3\n"), ("sed 'N;s/\\n/+/'", "1\n2\n3\n"),
    ("sed ':a;N;$!ba;s/\\n/,/g'", "1\n2\n3\n"), ("sed '2a more'", "1\n2\n3"), ("sed '2i before'", "1\n2\n"), ("sed '2,3c changed'", "1\n2\n3\n4\n"),
    ("sed '/b/,/d/s/^/-/'", "a\nb\nc\nd\ne\nb\n"), ("sed '2,1s/^/-/'", "1\n2\n3\n"), ("sed '/x/!s/$/!/'", "x\ny\n"), ("sed -n l", "a\tb\x01\\\n"),
    ("sed 's/a\\|b/X/g'", "abc\n"), ("sed 's/A/x/I'", "aA\n"), ("sed '\\,a,d'", "a\nb\n"), ("sed 's/[/]/x/'", "a/b\n"), ("sed 's/a/\\n/;P;D'", "bab\n"),
    ("sed -n '2{n;p}'", "1\n2\n3\n"), ("sed 's/b*$//'", "abb\n"), ("sed ':x;s/^\\( *\\)x/\\1 /;tx'", "xxxa\n"), ("sed 's/a'", ""), ("sed k", ""), ("sed", ""),
    ("sed -n '/a/,3p'", "a\n1\n2\na\n5\n"), ("sed '$a\\' text", ""), ("sed s/a/b/ nowhere text", ""), ("sed '/1/{/2/!d}' text", ""), ("sed x", "1\n2\n"),
    ("sed 's/\\./,/g;s/,$//'", "1.2.\n"), ("sed -E 's/(a|ab)(c|bcd)(d*)/[\\1|\\2|\\3]/'", "abcd\n"), ("sed 's/a*\\(b\\)\\{0,1\\}/<\\1>/'", "aac\n"),
    ("readlink text", ""), ("readlink -f text", ""), ("readlink -f sub/../nowhere", ""), ("readlink -f nowhere/x", ""), ("readlink -f /", ""),
    ("which -a no_such_program_x", ""), ("rmdir nowhere", ""),
    ("diff -r sub .", ""), ("sleep 0.01s", ""), ("sleep 0.01 0s", ""), ("xargs -n 1 -I X echo aXb", "1\n2\n"),
    ("chown nobody_x text", ""), ("printf '%s\\n' a b", ""), ("echo -n a", ""),
]


def host_run(place, words, stdin):
    """What the host's program of that name says: (status, stdout)."""
    done = subprocess.run(words, cwd=place.folder, input=stdin.encode("latin-1"), capture_output=True, timeout=LIMIT,
                          env={"PATH": os.environ["PATH"], "HOME": "/", "LC_ALL": "C.UTF-8", "TZ": "UTC"})
    return done.returncode, done.stdout.decode(errors="replace")


@test
def tools_print_what_the_hosts_print_and_end_as_they_do(_):
    import shlex
    wrong = []
    for line, stdin in HOST_CASES:
        with tempfile.TemporaryDirectory() as folder:
            place = Place(folder)
            words = shlex.split(line)
            # A tool may say that it was called wrongly (2) where the host's only fails (1).
            found = place.run(*words, stdin=stdin.encode("latin-1"))
            host = host_run(place, words, stdin)
            if words[0] in ("du", "find"):  # whose order is the folder's there, and sorted here
                found, host = [(each[0], "".join(sorted(each[1].splitlines(True)))) for each in (found, host)]
            if (bool(found[0]), found[1]) != (bool(host[0]), host[1]):
                wrong.append(f"`{line}`: {found!r}, not {host!r}")
    assert not wrong, "\n".join(wrong)


# ---- what changes files, compared by the files that are left ----

TREE_CASES = [
    ["touch -d '2001-02-03 04:05:06' text sub", "cp -p text copy", "cp text fresh"],
    ["ln -s text link", "mkdir sub/deep", "touch -d @1000000 sub/deep text", "chmod 750 sub/deep", "cp -a . ../copy"],
    ["ln -s text link", "cp link plain", "cp -d link kept", "cp -r link kept2"],
    ["cp -rv sub other", "cp -v text sub"],
    ["chmod 0 text", "cp -f binary text"],
    ["cp -n binary text", "cp -i binary empty < no", "cp -i text empty < yes"],
    ["cp text sub/a", "cp -r sub/a sub other"],
    ["cp -r sub sub/inner"],
    ["mv -v text sub", "mv -n binary sub/text", "mv -i binary empty < no", "mv sub moved"],
    ["mv -i binary empty < yes", "mv text sub/"],
    ["mkdir -m 700 a", "mkdir -p -m 711 b/c", "mkdir -p a b/c/d"],
    ["mkdir -p a/b/c", "rmdir -p a/b/c"],
    ["mkdir -p a/b/c", "touch a/x", "rmdir -p a/b/c"],
    ["touch -d 2001-02-03T04:05 text", "touch -r text binary", "touch -c nothing", "touch -m -d @99 empty"],
    ["touch -d tomorrowish text"],
    ["touch -t 202001020304.05 text", "touch -t 9902030405 binary", "touch -t 123 empty", "touch -t 202013010000 empty"],
    ["split -l 10 text", "split -b 100 -d -a 3 binary part-", "split empty e"],
    ["split -l 1 -a 1 text", "rm xa"],
    ["sort -o text -r text", "sort -c text", "sort -rc text"],
    ["find . -name t* -delete", "find . -type f -exec rm {} +"],
    ["rm -iv text binary < yes", "rm -rv sub"],
    ["ln text second", "cp -a text third", "ln -sf binary text", "rm -f nothing text"],
    ["cp text nowhere/x", "cp -r nowhere x", "mv text text"],
    ["sha256sum text empty > sums", "sha256sum -c sums", "cp binary text", "sha256sum -c sums", "rm text", "sha256sum -c sums"],
    ["dd if=text of=copy bs=10 count=3 status=none", "dd if=binary of=text bs=4 seek=2 skip=1 count=5 conv=notrunc status=none"],
    ["dd if=binary of=text seek=1 bs=7 count=2 status=none", "dd if=text of=nowhere/x status=none", "dd of=empty bs=1k status=none < yes"],
    ["sed -i s/line/LINE/ text binary", "sed -n -i 2p text", "sed -i d sub"],
    ["cp -r sub/. .", "cp -a sub text other"],
]


def tree_look(folder):
    """All that is in it: kind, mode, contents, and times that are not today's."""
    found = {}
    for path in sorted(folder.rglob("*")):
        info = path.lstat()
        if path.is_symlink():
            found[str(path.relative_to(folder))] = os.readlink(path)
            continue
        old = info.st_mtime if time.time() - info.st_mtime > 86400 else "new"
        mode = stat.S_IMODE(info.st_mode)
        path.chmod(mode | 0o700)
        found[str(path.relative_to(folder))] = (stat.S_IFMT(info.st_mode), mode, old,
                                                path.read_bytes() if path.is_file() else None)
    return found


def steps_run(steps, run):
    """Runs commands one behind the other in a new place. (what each said, the files that are left)"""
    import shlex
    with tempfile.TemporaryDirectory() as folder:
        place = Place(folder)
        said = []
        for step in steps:
            words, stdin = shlex.split(step), ""
            if "<" in words:
                stdin = {"yes": "y\ny\n", "no": "n\n"}[words[words.index("<") + 1]]
                words = words[:words.index("<")]
            target = words[words.index(">") + 1] if ">" in words else None
            done = run(place, words[:words.index(">")] if target else words, stdin)
            if target:
                (place.folder / target).write_text(done[1])
            said.append((step, bool(done[0]), "" if target else done[1]))
        return said, {**tree_look(Path(folder, "work")), "copy": tree_look(Path(folder, "copy"))}


@test
def tools_that_change_files_leave_what_the_hosts_leave(_):
    wrong = []
    for steps in TREE_CASES:
        ours = steps_run(steps, lambda place, words, stdin: place.run(*words, stdin=stdin))
        host = steps_run(steps, host_run)
        if ours != host:
            wrong.append(f"{steps}\n  {ours[0]}\n  {host[0]}\n  " + repr(
                {key: (ours[1].get(key), host[1].get(key)) for key in {**ours[1], **host[1]}
                 if ours[1].get(key) != host[1].get(key)}))
    assert not wrong, "\n".join(wrong)


def tools():
    """Those of user/bin, not what strangers wrote."""
    sources = Path(__file__).resolve().parent.parent.parent / "user" / "bin"
    return sorted(PROGRAMS / source.stem for source in sources.iterdir()
                  if (PROGRAMS / source.stem).exists())


HUMAN = ("df", "du", "free", "ls")  # -h means sizes as people read them there


def usage_of(place, name):
    """What -h prints, or --help where -h is something else."""
    return place.run(name, "--help" if name in HUMAN else "-h")


@test
def every_tool_prints_its_usage_with_h_or_help(place):
    for program in tools():
        status, stdout, stderr = usage_of(place, program.name)
        expect((status, stderr), (0, ""), f"{program.name} -h")
        assert stdout.startswith((f"usage: {program.name} ", f"usage: {program.name}\n")), stdout


@test
def h_is_no_call_for_help_where_it_means_something_else(place):
    place.guest_file("/proc/meminfo", "MemTotal:  204800 kB\nMemFree: 102912 kB\n")
    place.guest_file("/proc/mounts", f"here {place.folder} ext2 rw 0 0\n")
    expect(place.run("free", "-h")[1].split()[3:], ["Mem:", "200M", "100M", "101M"], "free -h")
    expect(place.run("free", "-m")[1].split()[4:], ["200", "99", "100"], "free -m")
    assert place.run("ls", "-h")[1] == place.run("ls")[1] != ""
    assert re.search(r" 4[.]0K .* sub$", place.run("ls", "-lh")[1], re.M), place.run("ls", "-lh")
    for words in (["df", "-h"], ["df", "-h", "text"]):
        row = place.run(*words)[1].splitlines()[1]
        assert re.fullmatch(r"here( +[0-9.]+[KMGT]?){3} +\d+% " + re.escape(str(place.folder)), row), row
    assert place.run("df", "-h", "/sys")[0] == 1, "not on one of the mounts"
    expect(place.run("grep", "-h", "25", "text", "text")[1], "line 25 odd\n" * 2, "grep -h")


OF_THE_LIBRARY = ["pthreads"]  # pages of no program


def pages():
    """The pages for man: {name: text}."""
    folder = Path(__file__).resolve().parent.parent.parent / "user" / "man"
    return {path.name: path.read_text() for path in folder.iterdir()}


@test
def every_program_has_a_page_that_begins_with_its_name_and_usage(place):
    found = pages()
    expect(sorted(found), sorted([path.name for path in PROGRAMS.iterdir()] + OF_THE_LIBRARY), "pages")
    for name, text in found.items():
        match = re.match(r"NAME\n    ([^ ,]+)(?:, \S+)? - \S.*\n\nSYNOPSIS\n((?:    .*\n)+)\nDESCRIPTION\n",
                         text)
        assert match and match.group(1) == name, f"{name}: {text[:200]}"
        assert all(len(line) <= 100 for line in text.splitlines()), name
        if PROGRAMS / name not in tools():
            continue
        shown = usage_of(place, name)[1].removeprefix("usage: ")
        wanted = [line.split() for line in match.group(2).splitlines()]
        expect([line.split() for line in shown.splitlines()][:len(wanted)], wanted, f"usage of {name}")


@test
def man_shows_a_page_and_lists_them(place):
    for name, text in pages().items():
        place.guest_file(f"/usr/share/man/{name}", text)
    expect(place.run("man", "cat")[:2], (0, pages()["cat"]), "a page")
    expect(place.run("man", "1", "cat")[:2], (0, pages()["cat"]), "a page of a section")
    expect(place.run("man", "cat", "1")[0], 2, "two names")
    listed = place.run("man")[1].splitlines()
    expect(len(listed), len(pages()), "all of them")
    assert "cat - prints files" in listed, listed
    expect(place.run("man", "-k", "FOLDER")[0], 0, "man -k")
    assert "find - goes through folders\n" in place.run("man", "-k", "FOLDER")[1]
    status, stdout, stderr = place.run("man", "nothing")
    expect((status, stdout), (1, ""), "no such page")
    assert "man lists them" in stderr, stderr
    expect(place.run("man", "-k", "no such word")[0], 1, "a word of no page")


@test
def programs_are_small_and_stripped(_):
    for program in [*tools(), PROGRAMS / "mksh"]:
        limit = {"mksh": 500, "faultstorm": 64}.get(program.name, 60)
        size = program.stat().st_size
        assert size < limit * 1024, f"{program.name} has {size} bytes, more than {limit} KiB"
        assert b".symtab" not in program.read_bytes(), f"{program.name} has symbols"


@test
def output_that_cannot_be_written_is_an_error(place):
    # Whole buffers, so that nothing is left for the last flush to fail on; and some without end.
    for command in (["cat", "text"], ["head", "-c", "65536", "/dev/zero"], ["tail", "text"],
                    ["head", "-c", "1000G", "/dev/zero"], ["hexdump", "-v", "/dev/zero"],
                    ["seq", "1000000000000"], ["grep", "-n", "line", "text"], ["yes"]):
        with open("/dev/full", "w") as full:
            done = subprocess.run([EMULATOR, str(PROGRAMS / command[0]), *command[1:]],
                                  cwd=place.folder, stdout=full, stderr=subprocess.PIPE,
                                  timeout=LIMIT)
        expect(done.returncode, 2 if command[0] == "grep" else 1, f"status of {command}")
        expect(done.stderr.count(b"No space left on device"), 1, f"complaints of {command}")


def unified_apply(lines, patch):
    """What a unified patch makes of the lines; its own lines are checked."""
    result, at = [], 0
    for line in patch.splitlines()[2:]:
        if line.startswith("@@"):
            first, count = (re.search(r"-(\d+)(?:,(\d+))?", line).groups())
            start = int(first) - (count != "0")
            result += lines[at:start]
            at = start
        elif line[0] in " -":
            expect(line[1:], lines[at], "the patch's own line")
            result += [line[1:]] if line[0] == " " else []
            at += 1
        else:
            result.append(line[1:])
    return result + lines[at:]


@slow_test
def diff_finds_the_fewest_lines_and_patch_would_take_them(place):
    """Random texts: as many changed lines as the longest common subsequence leaves, and the unified
    form turns one into the other."""
    import random
    chance = random.Random(5)
    for _ in range(40):
        left = [chance.choice("abcd") for _ in range(chance.randrange(12))]
        right = [chance.choice("abcd") for _ in range(chance.randrange(12))]
        for name, lines in (("l", left), ("r", right)):
            (place.folder / name).write_text("".join(line + "\n" for line in lines))
        common = [[0] * (len(right) + 1) for _ in range(len(left) + 1)]
        for i, a in enumerate(left):
            for j, b in enumerate(right):
                common[i + 1][j + 1] = (common[i][j] + 1 if a == b else
                                        max(common[i][j + 1], common[i + 1][j]))
        status, stdout, _ = place.run("diff", "l", "r")
        expect(status, int(left != right), "status")
        changed = sum(line[0] in "<>" for line in stdout.splitlines())
        expect(changed, len(left) + len(right) - 2 * common[-1][-1], f"{left} {right}")
        for context in ("0", "1", "3"):
            patch = place.run("diff", "-U", context, "l", "r")[1]
            expect(unified_apply(left, patch), right, f"{left} {patch}")


@test
def stat_and_du_say_what_the_host_says(place):
    os.link(place.folder / "binary", place.folder / "sub" / "second")
    (place.folder / "text").chmod(0o640)
    info = (place.folder / "text").stat()
    stdout = place.run("stat", "text")[1]
    for word in (f"Size: {info.st_size} ", f"Inode: {info.st_ino} ", "(0640/-rw-r-----)", "Links: 1",
                 "regular file"):
        assert word in stdout, stdout
    assert time.strftime("Modify: %Y-%m-%d %H:%M:%S", time.gmtime(info.st_mtime)) in stdout, stdout
    host = subprocess.run(["du", "-ak", "."], cwd=place.folder, stdout=subprocess.PIPE, text=True,
                          check=True).stdout
    found = place.run("du", "-a")[1]
    expect(found.splitlines()[-1], host.splitlines()[-1], "du of all")
    expect(place.run("du", "-s")[1], host.splitlines()[-1] + "\n", "du -s")
    expect(len(found.splitlines()), len(host.splitlines()), "lines: the second name counts no more")


@test
def find_runs_commands_and_deletes(place):
    stdout = place.run("find", ".", "-type", "f", "-exec", "echo", "<", "{}", ">", ";")[1]
    expect(stdout, "< ./binary >\n< ./empty >\n< ./text >\n", "-exec")
    stdout = place.run("find", ".", "-type", "f", "-exec", "test", "-s", "{}", ";", "-print")[1]
    expect(stdout, "./binary\n./text\n", "-exec as a test")
    (place.folder / "sub" / "deep").mkdir()
    (place.folder / "sub" / "deep" / "file").write_text("x")
    expect(place.run("find", "sub", "-delete")[0], 0, "-delete")
    assert not (place.folder / "sub").exists()


@test
def chmod_takes_numbers_and_letters(place):
    path = place.folder / "text"
    for mode, wanted in (("600", 0o600), ("u+x,g=r", 0o740), ("a-w", 0o540), ("+x", 0o551),
                         ("o=", 0o550), ("0644", 0o644)):
        expect(place.run("chmod", mode, "text")[0], 0, mode)
        expect(path.stat().st_mode & 0o7777, wanted, mode)
    (place.folder / "sub" / "file").write_text("x")
    expect(place.run("chmod", "-R", "go=", "sub")[0], 0, "-R")
    expect((place.folder / "sub" / "file").stat().st_mode & 0o077, 0, "-R")


@test
def time_tells_how_long_a_command_took(place):
    status, _, stderr = place.run("time", "sleep", "0.3")
    expect(status, 0, "status")
    real = float(re.search(r"^real (\d+\.\d{3})$", stderr, re.M).group(1))
    assert 0.3 <= real < 20, stderr
    expect(place.run("time", "sh", "-c", "exit 7")[0], 7, "the command's status")


@test
def more_shows_a_screen_at_a_time(place):
    (place.folder / "long").write_text("".join(f"row {n}\n" for n in range(60)))
    output, status = on_terminal(place, ["more", "long"], [("%)", " "), ("%)", "\r"), ("%)", "q")])
    expect(status, 0, "status")
    assert "row 22\r\n" in output and "row 46\r\n" in output, output
    assert "row 47" not in output and "(36 %)" in output, output


@test
def stty_refuses_what_it_does_not_know(place):
    expect(place.run("stty")[::2], (1, "stty: stdin: Inappropriate ioctl for device\n"), "no terminal")
    for words in (["nope"], ["rows"], ["rows", "x"], ["intr", "abc"], ["intr"]):
        expect(on_terminal(place, ["stty", *words], [])[1], 2, f"status of {words}")


@test
def nohup_keeps_output_of_a_terminal_in_a_file(place):
    output, status = on_terminal(place, ["nohup", "sh", "-c", "echo out; echo err >&2; kill -HUP $$; cat; exit 5"], [])
    expect((output, status), ("nohup: what it prints goes to nohup.out\r\n", 5), "on the terminal")
    expect((place.folder / "nohup.out").read_text(), "out\nerr\n", "in the file")
    expect(place.run("nohup", "echo", "plain"), (0, "plain\n", ""), "without a terminal")
    expect(place.run("nohup", "/nowhere"), (127, "", "nohup: /nowhere: No such file or directory\n"), "no such command")


@test
def reasons_are_in_the_words_that_people_know(place):
    said = place.run("lua", "-e", """print(io.open(('x'):rep(300))) print(io.open('/'):read()) print(io.open('text/x'))
        for i = 1, 300 do kept = kept or {}; kept[i], why = io.open('text'); if why then print(why) break end end""",
                     within=["sh", "-c", 'ulimit -n 40; exec "$@"', "sh"])[1]
    for words in "File name too long", "Is a directory", "Not a directory", "text: Too many open files":
        assert words in said, said


@test
def top_shows_who_uses_time_until_q(place):
    line = " S 1 1 1 0 0 0 0 0 0 0 {} 0 0 0 20 0 1 0 0 8192 3 0\n"
    place.guest_file("/proc/7/stat", "7 (idle)" + line.format(0))
    place.guest_file("/proc/8/stat", "8 (busy one)" + line.format(900))
    place.guest_file("/proc/meminfo", "MemTotal:  204800 kB\nMemFree: 102400 kB\n")
    output, status = on_terminal(place, ["top"], [("q quits", "q")])
    expect(status, 0, "status")
    assert "100 of 200 MiB free" in output, output
    assert output.index("busy one") < output.index("idle"), output
    expect(len(place.run("top")[1].splitlines()), 4, "one list where there is no terminal")


@test
def top_prints_lists_below_each_other_with_b(place):
    place.guest_file("/proc/7/stat", "7 (idle) S 1 1 1 0 0 0 0 0 0 0 0 0 0 0 20 0 1 0 0 8192 3 0\n")
    place.guest_file("/proc/meminfo", "MemTotal:  204800 kB\nMemFree: 102400 kB\n")
    status, stdout, _ = place.run("top", "-b", "-n", "2", "-d", "1")
    expect((status, stdout.count("1 processes"), stdout.count("idle\n")), (0, 2, 2), "two lists")
    assert "\033" not in stdout, stdout


@test
def ps_shows_the_processes_and_columns_that_are_asked_for(place):
    for pid, name in ((7, "sh"), (8, "big one"), (9, "kernel")):
        place.guest_file(f"/proc/{pid}/stat", f"{pid} ({name}) S 1 1 1 0 0 0 0 0 0 0 5 0 0 0 20 0 1 0 0 8192 3 0\n")
        place.guest_file(f"/proc/{pid}/cmdline", "" if pid == 9 else f"/bin/{name}\0-c\0a b\0")
    expect(place.run("ps")[1].splitlines()[1:], [
        "    7     1 S   1      12    0.05 sh", "    8     1 S   1      12    0.05 big one",
        "    9     1 S   1      12    0.05 kernel"], "ps")
    for words in (["aux"], ["-ef"]):
        expect([line[34:] for line in place.run("ps", *words)[1].splitlines()],
               ["COMMAND", "/bin/sh -c a b", "/bin/big one -c a b", "[kernel]"], f"ps {words}")
    expect(place.run("ps", "-o", "pid,args", "-p", "7,9")[1],
           "  PID COMMAND\n    7 /bin/sh -c a b\n    9 [kernel]\n", "ps -o -p")
    expect(place.run("ps", "8")[1].splitlines()[1][:5], "    8", "ps 8")
    expect(place.run("ps", "-p", "99")[0], 1, "a process that is not there")
    for words in (["-o", "nonsense"], ["nonsense"], ["-p", "x"]):
        expect(place.run("ps", *words)[0], 2, f"ps {words}")


@test
def tail_follows_what_is_added_and_begins_anew_where_a_file_becomes_shorter(place):
    (place.folder / "log").write_text("one\ntwo\n")
    command = [EMULATOR, str(PROGRAMS / "tail"), "-f", "-n", "1", "log", "other"]
    (place.folder / "other").write_text("")
    with subprocess.Popen(command, cwd=place.folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as run:
        said = b""
        for wanted, path, text, mode in ((b"two\n", "log", "three\n", "a"), (b"three\n", "other", "new\n", "a"),
                                         (b"==> other <==\nnew\n", "log", "x\n", "w"), (b"==> log <==\nx\n", "log", "", "a")):
            end = time.monotonic() + LIMIT
            while wanted not in said and time.monotonic() < end:
                if select.select([run.stdout], [], [], 0.1)[0]:
                    said += os.read(run.stdout.fileno(), 4096)
            assert wanted in said, (wanted, said)
            with open(place.folder / path, mode, encoding="ascii") as file:
                file.write(text)
        run.kill()
        assert b"shorter" in run.stderr.read()


@slow_test
def what_takes_long_tells_how_far_it_is_though_each_part_is_short(place):
    names = [f"file{number}" for number in range(10)]
    for name in names:
        (place.folder / name).write_bytes(bytes(4 << 20))
    output, status = on_terminal(place, ["sha256sum", *names, "nowhere"], [], limit=120)
    expect(status, 1, "status")
    assert re.search(r"\rfile\d+: \d+\.\d of 4\.0 MiB \(\d+ %\), \d+\.\d MiB/s", output), output
    left = re.sub(r"\r[^\r\n]*\033\[K", "", output).replace("\r\n", "\n")
    host = subprocess.run(["sha256sum", *names], cwd=place.folder, stdout=subprocess.PIPE, text=True, check=True)
    expect(left, host.stdout + "sha256sum: nowhere: No such file or directory\n", "what stays on the screen")
    assert "\r" not in place.run("sha256sum", *names[:1])[2], "progress without a terminal"
    for number in range(160):
        (place.folder / "sub" / f"short{number}").write_bytes(bytes(256 << 10))
    output, _ = on_terminal(place, ["sha256sum", *(f"sub/short{number}" for number in range(160))], [], limit=120)
    assert re.search(r"\rsha256sum: \d+\.\d MiB, ", output), output[-300:]


@test
def diff_compares_folders_as_the_host_does(place):
    for side in "ab":
        (place.folder / side / "deep").mkdir(parents=True)
        (place.folder / side / "same").write_text("x\n")
        (place.folder / side / "other").write_text(side + "\n")
        (place.folder / side / "deep" / "bin").write_bytes(side.encode() + b"\0")
        (place.folder / side / f"only-{side}").write_text("y\n")
    for options in (["-r"], ["-rq"], ["-r", "-u"], ["-r", "-N", "-U", "1"], []):
        host = subprocess.run(["diff", *options, "a", "b"], cwd=place.folder, capture_output=True, text=True,
                              env={"LC_ALL": "C"})
        wanted = re.sub(r"(?m)^(---|\+\+\+) (\S+)\t.*$", r"\1 \2", host.stdout)  # the times behind the names
        wanted = re.sub(r"(?m)^(---|\+\+\+) (a/only-b|b/only-a)$", r"\1 /dev/null", wanted)
        wanted = wanted.replace("diff -r -N -U 1 a/only-a b/only-a", "diff -r -N -U 1 a/only-a /dev/null")
        wanted = wanted.replace("diff -r -N -U 1 a/only-b b/only-b", "diff -r -N -U 1 /dev/null b/only-b")
        status, stdout, _ = place.run("diff", *options, "a", "b")
        expect((status, stdout), (host.returncode, wanted), f"diff {options}")


@test
def cp_does_not_copy_a_folder_into_itself_for_ever(place):
    for words in (["-r", ".", "sub"], ["-r", "sub", "sub/inner"]):
        status, _, stderr = place.run("cp", *words)
        expect((status, stderr.count("into itself")), (1, 1), f"cp {words}")
    assert not (place.folder / "sub" / "sub" / "sub").exists()


@test
def who_one_is_and_what_the_machine_is_called(place):
    if os.geteuid() == 0:
        expect(place.run("whoami")[1], "root\n", "whoami")
        expect(place.run("id", "-un")[1], "root\n", "id -un")
        expect(place.run("chown", "-R", "12:34", "sub", "text")[0], 0, "chown")
        expect(place.run("chown", ":root", "text")[0], 0, "chown of the group")
        expect([(place.folder / name).stat().st_uid for name in ("sub", "text")], [12, 12], "owners")
        expect([(place.folder / name).stat().st_gid for name in ("sub", "text")], [34, 0], "groups")
    expect(place.run("chown", "12", "nowhere")[0], 1, "chown of nothing")
    expect(place.run("chown", ":", "text")[0], 2, "chown to nobody")
    expect(place.run("hostname")[1], os.uname().nodename + "\n", "hostname")


@test
def domain_says_which_word_is_missing_or_too_many(place):
    for words, why in ((["update", "null"], "null: IMAGE is missing"), (["update"], "update: NAME is missing"),
                       (["load"], "load: IMAGE is missing"), (["info"], "info: NAME is missing"),
                       (["fault", "null"], "null: CLASS is missing"), (["restart", "a", "b"], "b: not expected"),
                       (["list", "all"], "all: not expected")):
        status, stdout, stderr = place.run("domain", *words)
        expect((status, stdout), (2, ""), f"domain {words}")
        assert re.fullmatch(rf"domain: {why}\nusage: domain {words[0]}.*\n", stderr), stderr


@test
def dd_says_how_much_it_has_copied(place):
    status, stdout, stderr = place.run("dd", "if=text", "bs=200")
    expect((status, stdout), (0, TEXT), "dd")
    assert re.match(rf"1\+1 records in\n1\+1 records out\n{len(TEXT)} bytes copied, \d+\.\d", stderr), stderr
    expect(place.run("dd", "bs=100", "count=1", "skip=1", "status=none", stdin=BINARY.decode("latin-1"))[2], "", "silence")
    done = subprocess.run(f"(head -c 700 /dev/zero; sleep 0.3; head -c 700 /dev/zero) | {EMULATOR} {PROGRAMS}/dd bs=1000 count=1 | wc -c",
                          shell=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=True)
    expect(done.stdout.strip(), b"1000", "a block that comes in parts")
    for word in ("bs=0", "count=x", "nonsense", "if"):
        expect(place.run("dd", word)[0], 2, word)


@test
def rm_does_not_follow_a_link_out_of_the_tree(place):
    (place.folder / "sub" / "link").symlink_to(place.folder)
    (place.folder / "outer").symlink_to(place.folder / "sub")
    expect(place.run("rm", "-r", "outer")[0], 0, "rm -r of a link")
    assert (place.folder / "sub" / "link").is_symlink()
    expect(place.run("rm", "-r", "sub/", "./empty")[0], 0, "rm -r")
    expect(sorted(path.name for path in place.folder.iterdir()), ["binary", "text"], "what is left")


@test
def checksums_and_dumps_agree_with_the_hosts(place):
    for size in (0, 1, 55, 56, 63, 64, 65, 119, 120, 65535, 65536, 200000):
        content = (BINARY * 300)[:size]
        expect(place.run("sha256sum", stdin=content)[1],
               hashlib.sha256(content).hexdigest() + "  -\n",
               f"checksum of {size} bytes")
    wanted = [f"{offset:08x}" for offset in (0, 16)]
    found = place.run("hexdump", "-C", "binary")[1].splitlines()
    assert found[0].startswith(wanted[0] + "  00 01 02 03 04 05 06 07  08"), found[0]
    assert found[0].endswith("|................|"), found[0]
    assert found[4].endswith("|@ABCDEFGHIJKLMNO|"), found[4]
    assert "*" in found and found[-1] == f"{len(BINARY):08x}", found[-3:]


@test
def files_are_made_copied_moved_and_deleted(place):
    expect(place.run("mkdir", "-p", "a/b")[0], 0, "mkdir")
    expect(place.run("cp", "text", "binary", "a/b")[0], 0, "cp to a folder")
    expect(place.run("cp", "-r", "a", "copy")[0], 0, "cp -r")
    expect((place.folder / "copy/b/binary").read_bytes(), BINARY, "the copy")
    expect(place.run("cp", "-r", "a", "a/b")[0], 1, "cp into itself")
    expect(place.run("mv", "copy/b/text", "moved")[0], 0, "mv")
    expect((place.folder / "moved").read_text(), TEXT, "the moved file")
    assert not (place.folder / "copy/b/text").exists()
    for words in (["a", "a"], ["a", "a/b/new"], ["./a", "a/b"]):
        status, _, stderr = place.run("mv", *words)
        expect((status, stderr.count("into itself")), (1, 1), f"mv {words}: {stderr}")
    expect(place.run("mv", "moved", "sub")[0], 0, "mv to a folder")
    assert (place.folder / "sub/moved").exists()
    expect(place.run("touch", "new")[0], 0, "touch")
    expect((place.folder / "new").read_bytes(), b"", "a new file")
    expect(place.run("ln", "-s", "text", "link")[0], 0, "ln -s")
    assert place.run("ls", "-l", "link")[1].rstrip().endswith("link -> text")
    for number in range(300):
        (place.folder / "a" / f"file {number}").touch()
    expect(place.run("rm", "-r", "a", "copy")[0], 0, "rm -r")
    assert not (place.folder / "a").exists() and not (place.folder / "copy").exists()
    expect(place.run("rmdir", "sub")[0], 1, "rmdir of a folder that is not empty")
    expect(place.run("tee", "-a", "text", stdin="more")[1], "more", "tee")
    expect((place.folder / "text").read_text(), TEXT + "more", "what tee appended to")


def tree_make(place, name, depth):
    """A folder in a folder in a folder, each of that name; made step by step, as paths end."""
    before = os.getcwd()
    os.chdir(place.folder)
    for _ in range(depth):
        os.mkdir(name)
        os.chdir(name)
    os.chdir(before)
    return name


@slow_test
def rm_deletes_a_tree_as_deep_as_paths_go(place):
    status, _, errors = place.run("rm", "-r", tree_make(place, "d", 1900))
    expect((status, errors), (0, ""), "rm -r")
    assert not (place.folder / "d").exists()


@test
def rm_takes_one_step_to_each_file_however_deep_it_is(place):
    tree_make(place, "d", 50)
    done = subprocess.run([EMULATOR, "-strace", str(PROGRAMS / "rm"), "-r", "d"], cwd=place.folder,
                          capture_output=True, timeout=LIMIT, text=True)
    expect(done.returncode, 0, "status")
    assert done.stderr.count("unlinkat(") >= 50 and "d/d" not in done.stderr, done.stderr


@test
def paths_that_do_not_fit_are_refused_and_not_cut(place):
    top = tree_make(place, "n" * 250, 16)
    status, stdout, errors = place.run("ls", "-l", "/".join([top] * 16))
    expect(status, 0, "ls -l of what just fits")
    before = os.getcwd()
    os.chdir(place.folder)
    Path("/".join([top] * 16 + ["f" * 78])).write_text("x")
    os.chdir(before)
    status, _, errors = place.run("cp", "-r", top, "c" * 255)
    expect(status, 1, "cp -r")
    assert "too long" in errors and len(errors.splitlines()) < 4, errors
    shutil.rmtree(place.folder / top)


@test
def what_goes_to_a_pipe_is_not_written_line_by_line(place):
    done = subprocess.run([EMULATOR, "-strace", str(PROGRAMS / "seq"), "1", "2000"],
                          capture_output=True, timeout=LIMIT)
    expect(done.stdout.decode(), "".join(f"{n}\n" for n in range(1, 2001)), "seq")
    calls = done.stderr.decode().count(" write(1,")
    assert 1 <= calls < 20, f"{calls} calls"


@test
def grep_searches_folders(place):
    (place.folder / "sub" / "deep").write_text("a needle\n")
    expect(place.run("grep", "-r", "needle", ".")[:2], (0, "./sub/deep:a needle\n"), "grep -r")


@test
def ls_lists_in_columns_on_a_terminal_and_in_full_with_l(place):
    lines = place.run("ls", "-la")[1].splitlines()
    expect([line.split()[-1] for line in lines], [".", "..", "binary", "empty", "sub", "text"],
           "names")
    assert lines[0].startswith("drwx") and lines[5].startswith("-rw"), lines
    assert f" {len(BINARY)} " in lines[2], lines[2]


# ---- the system's own files ----

@test
def ps_free_uptime_and_dmesg_read_proc(place):
    place.guest_file("/proc/meminfo", "MemTotal:  2048 kB\nMemFree: 512 kB\n")
    place.guest_file("/proc/uptime", "93784.25 1.00\n")
    place.guest_file("/proc/kmsg", "[0.1] hart0 boot: hello\n")
    assert re.search(r"Mem: +2048 +1536 +512\n", place.run("free")[1])
    assert re.search(r"Mem: +2 +1 +0\n", place.run("free", "-m")[1])
    expect(place.run("uptime")[1], "up 1 d 02:03:04\n", "uptime")
    expect(place.run("dmesg")[1], "[0.1] hart0 boot: hello\n", "dmesg")
    place.guest_file("/proc/12/stat",
                     "12 (a (b) c) R 1 12 12 0 12 0 0 0 0 0 150 75 0 0 20 0 4 0 5 8192 2\n")
    place.guest_file("/proc/3/stat", "3 (sh) S 1 3 3 0 12" + " 0" * 11 + " 1 0 0 0 7\n")
    lines = place.run("ps")[1].splitlines()
    expect([line.split() for line in lines[1:]],
           [["3", "1", "S", "1", "28", "0.00", "sh"], ["12", "1", "R", "4", "8", "2.25", "a", "(b)", "c"]],
           "processes")


LIST = ("blk blk 1 3 running 1234 0 0 40 2\n"
        "null null_v2 2 10 probation 7 1 2 12 0\n")


@test
def domain_list_and_images_print_tables_and_json(place):
    place.guest_file("/proc/sys/domain/list", LIST)
    place.guest_file("/proc/sys/domain/images", "blk 1 block 2 0x00ff 51234 /boot/a b.elf\n")
    lines = place.run("domain", "list")[1].splitlines()
    expect(lines[0].split(), "NAME IMPL VERSION ID STATE CALLS FAULTS RESTARTS PAGES RREFS".split(),
           "headings")
    expect([line.split() for line in lines[1:]], [line.split() for line in LIST.splitlines()],
           "rows")
    assert len({len(line) for line in lines}) == 1, lines
    rows = [json.loads(line) for line in place.run("domain", "list", "-j")[1].splitlines()]
    expect(rows[1],
           {"name": "null", "impl": "null_v2", "version": 2, "id": 10, "state": "probation",
                     "calls": 7, "faults": 1, "restarts": 2, "pages": 12, "rrefs": 0}, "an object")
    row = json.loads(place.run("domain", "images", "-j")[1])
    expect(row, {"name": "blk", "version": 1, "interface": "block", "number": 2, "hash": "0x00ff",
                 "size": 51234, "from": "/boot/a b.elf"}, "an image")


@test
def domain_info_prints_what_is_known_of_one_service(place):
    place.guest_file("/proc/sys/domain/service/blk",
                     'name blk\nlast_fault none\nholders posix "x"\nneeds\n')
    assert "last_fault      none\n" in place.run("domain", "info", "blk")[1]
    found = json.loads(place.run("domain", "info", "blk", "-j")[1])
    expect(found, {"name": "blk", "last_fault": "none", "holders": 'posix "x"', "needs": ""},
           "info -j")
    status, stdout, stderr = place.run("domain", "info", "nobody")
    expect((status, stdout), (1, ""), "info of no service")
    expect(stderr, "domain: nobody: no such service (see `domain list`)\n", "the refusal")
    expect(place.run("domain", "info", "../list")[0], 1, "info of a path")


@test
def domain_sends_one_line_for_each_command(place):
    for words in ("register /boot/x.elf", "load null as other", "update null null_v2",
                  "update null null_v2 1", "rollback null", "restart null", "stop null --force",
                  "fault null loop", "verify x.elf"):
        command = place.guest_file("/proc/sys/domain/command", "")
        expect(place.run("domain", *words.split())[0], 0, words)
        expect(command.read_text(), words + "\n", "the line sent")
    command = place.guest_file("/proc/sys/domain/command", "")
    for words in (["register", "a b"], ["register", ""], ["register", "x" * 5000],
                  ["load", "a\nstop b"]):
        expect(place.run("domain", *words)[0], 2, repr(words))
        expect(command.read_text(), "", "the line sent")


@test
def domain_says_what_the_system_says(place):
    """A pipe for a command file: what is written there comes back."""
    folder = place.guest_file("/proc/sys/domain/list", "").parent
    (folder / "command").mkdir()
    status, _, stderr = place.run("domain", "restart", "null")
    expect((status, stderr), (1, "domain: /proc/sys/domain/command: Is a directory\n"), "a refusal")


@test
def domain_fault_list_explains_every_class(place):
    listed = place.run("domain", "fault", "list")[1]
    for kind in ("load store jump exec illegal ebreak misaligned stack loop assert exhaust leak "
                 "badref deadlock").split():
        assert re.search(rf"^{kind} +\w", listed, re.M), kind


@test
def domain_words_tells_what_may_come_next(place):
    place.guest_file("/proc/sys/domain/list", "blk blk_v2 2 3 running\nvfs vfs 1 4 running\n")
    place.guest_file("/proc/sys/domain/images", "blk 1 block\nblk_v2 2 block\n")
    for words, wanted in (
            ("update", "blk vfs"), ("update blk", "blk blk_v2"), ("update blk blk", ""), ("load", "blk blk_v2"),
            ("shadow vfs", "on off"), ("stop vfs", "--force"), ("register", ""), ("nonsense", ""), ("fault", "blk vfs list"),
            ("fault blk load in", "init import attach detach export exit thread"), ("fault blk load in init x y", "")):
        expect(place.run("domain", "words", *words.split())[1].split(), wanted.split(), words)
    assert {"load", "deadlock"} <= set(place.run("domain", "words", "fault", "vfs")[1].split())
    assert {"list", "update", "top"} <= set(place.run("domain", "words")[1].split())


@test
def domain_top_shows_the_services_until_q(place):
    place.guest_file("/proc/sys/domain/list", LIST)
    output, status = on_terminal(place, ["domain", "top"], [("q quits", "q")])
    expect(status, 0, "status")
    assert "null_v2" in output and "CALLS/S" in output, output


@test
def rpcbench_prices_what_the_device_answers(place):
    place.guest_file("/dev/bench", "")
    status, stdout, _ = place.run("rpcbench", "-j")
    found = json.loads(stdout)
    assert found["syscall"]["ns"] > 0 and found["syscall"]["insns"] is None, found
    expect(list(found),
           ["direct", "call", "call_rref", "call_borrow", "shadow", "shadow_rref", "syscall",
                         "fault", "restart", "update_pause"], "keys")


@test
def osbench_prices_what_a_program_asks_of_the_system(place):
    place.guest_file("/bin/osbench", "x" * 4096)
    status, stdout, stderr = place.run("osbench", "-j")
    expect((status, stderr), (0, ""), "status")
    found = json.loads(stdout)
    expect(list(found), ["getpid", "fork", "exec", "pipe", "read"], "keys")
    for name, price in found.items():
        assert price["ns"] > 0 and price["insns"] is None, (name, price)
    place.guest_file("/proc/cmdline", "run icount")
    found = json.loads(place.run("osbench", "-j", "getpid")[1])
    expect(found["getpid"]["insns"], found["getpid"]["ns"], "what QEMU counts is its time")
    expect(list(found), ["getpid"], "the one that was asked for")
    assert re.search(r"^read +\d+ +\d+  4 KiB", place.run("osbench", "read")[1], re.M), "the table"
    place.guest_file("/bin/osbench", "short")
    expect(place.run("osbench", "read")[0], 1, "a file of less than a page")


# ---- blkbench ----

def disk_make(place, mebibytes=4):
    path = place.folder / "disk"
    with open(path, "wb") as disk:
        disk.truncate(mebibytes << 20)
    return path


@test
def blkbench_runs_every_pattern_verified(place):
    disk_make(place)
    for pattern in ("read", "write", "randread", "randwrite", "rw", "randrw"):
        status, stdout, stderr = place.run("blkbench", "--dev=disk", f"--rw={pattern}", "--ios=200",
                                           "--numjobs=3", "--iodepth=2", "--size=1m", "--verify",
                                           "-j")
        expect((status, stderr), (0, ""), pattern)
        found = json.loads(stdout)
        expect((found["ios"], found["errors"], found["verify_errors"]), (600, 0, 0), pattern)
        expect(set(found),
               {"dev", "rw", "bs", "numjobs", "iodepth", "ios", "errors", "verify_errors",
                            "elapsed_ns", "iops", "bw_bytes", "lat_ns", "insns_per_io"}, "keys")
        latency = found["lat_ns"]
        order = [latency[key] for key in ("min", "p50", "p95", "p99", "p99.9", "max")]
        assert order == sorted(order) and order[0] > 0, latency
        assert latency["min"] <= latency["mean"] <= latency["max"], latency


@slow_test
def blkbench_logs_as_many_requests_in_windows_as_it_made(place):
    disk_make(place)
    log = ("--dev=disk", "--write_iops_log=log")
    status, stdout, stderr = place.run("blkbench", *log, "--rw=randread", "--runtime=1", "--numjobs=2",
                                       "--log_avg_msec=20", "-j")
    expect((status, stderr), (0, ""), "status")
    rows = [line.split(", ") for line in (place.folder / "log").read_text().splitlines()]
    times = [int(time) for time, _ in rows]
    expect(times, list(range(times[0], times[0] + 20 * len(times), 20)), "windows without a gap")
    expect(sum(int(count) for _, count in rows), json.loads(stdout)["ios"], "requests")
    expect(place.run("blkbench", *log, "--ios=1")[0], 2, "with --ios")
    expect(place.run("blkbench", *log, "--runtime=1", "--write_iops_log=no/log")[0], 1, "no such folder")


@slow_test
def blkbench_block_sizes_from_512_bytes_to_a_mebibyte_work(place):
    disk_make(place)
    for size in ("512", "4k", "64K", "1m"):
        status, stdout, _ = place.run("blkbench", "--dev=disk", "--rw=randrw", f"--bs={size}",
                                      "--ios=20",
                                      "--verify", "-j")
        expect(status, 0, size)
        expect(json.loads(stdout)["verify_errors"], 0, size)


@test
def blkbench_finds_data_that_somebody_else_changed(place):
    """The other run writes other generations into the same blocks while this one reads."""
    disk = disk_make(place, 1)
    command = [EMULATOR, str(PROGRAMS / "blkbench"), f"--dev={disk}", "--rw=randread",
               "--runtime=3",
               "--verify", "-j"]
    run = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    while run.poll() is None:  # it may still be writing what it will read
        with open(disk, "r+b") as content:
            content.seek(300 * 1024 + 100)
            content.write(b"something else")
            content.seek(512 * 1024)
            content.write(open(disk, "rb").read(4096))
        time.sleep(0.1)
    stdout, _ = run.communicate(timeout=LIMIT)
    found = json.loads(stdout)
    expect((run.returncode, found["errors"]), (1, 0), "status and errors")
    assert found["verify_errors"] > 1, found


def worker_await(run):
    """Waits until blkbench has a worker: then it has taken the size of its device."""
    children, end = Path(f"/proc/{run.pid}/task/{run.pid}/children"), time.monotonic() + LIMIT
    while not children.read_text():
        assert run.poll() is None and time.monotonic() < end, "no worker"
        time.sleep(0.01)


@test
def blkbench_counts_failed_requests(place):
    disk = disk_make(place, 1)
    command = [EMULATOR, str(PROGRAMS / "blkbench"), f"--dev={disk}", "--rw=read", "--runtime=2",
               "-j"]
    run = subprocess.Popen(command, stdout=subprocess.PIPE)
    worker_await(run)
    os.truncate(disk, 4096)
    found = json.loads(run.communicate(timeout=LIMIT)[0])
    expect((run.returncode, found["verify_errors"]), (1, 0), "status and wrong data")
    assert found["errors"] > 0, found


@test
def blkbench_gives_the_same_requests_for_the_same_seed(place):
    disk = disk_make(place)
    contents = []
    for seed in (7, 7, 8):
        disk.write_bytes(bytes(4 << 20))
        place.run("blkbench", "--dev=disk", "--rw=randwrite", "--ios=50", f"--seed={seed}",
                  "--verify")
        contents.append(disk.read_bytes())
    assert contents[0] == contents[1] != contents[2]


@test
def blkbench_tells_people_what_fio_tells_them(place):
    disk_make(place)
    status, stdout, _ = place.run("blkbench", "--dev=disk", "--rw=randread", "--ios=100")
    expect(status, 0, "status")
    for word in ("IOPS=", "BW=", "min=", "mean=", "max=", "p50=", "p95=", "p99=", "p99.9=",
                 "errors: 0 failed"):
        assert word in stdout, stdout


@test
def blkbench_reads_the_clock_seldom_if_told(place):
    disk_make(place)
    for limit in ("--ios=100", "--runtime=1"):
        status, stdout, _ = place.run("blkbench", "--dev=disk", limit, "--gtod_reduce", "-j")
        result = json.loads(stdout)
        assert status == 0 and result["lat_ns"] is None, stdout
        assert result["ios"] >= 100 and result["iops"] > 0 and result["elapsed_ns"] > 0, stdout
    stdout = place.run("blkbench", "--dev=disk", "--ios=100", "--gtod_reduce")[1]
    assert "IOPS=" in stdout and "latency" not in stdout, stdout
    expect(place.run("blkbench", "--dev=disk", "--gtod_reduce", "--runtime=1", "--write_iops_log=log")[0], 2,
           "with a log of times")


@slow_test
def blkbench_shows_its_progress_on_a_terminal_only(place):
    disk_make(place)
    output, _ = on_terminal(place, ["blkbench", "--dev=disk", "--runtime=3"], [])
    assert re.search(r"\r\d+ s: \d+ requests, IOPS=", output), output


@test
def blkbench_counts_instructions_where_the_machine_does(place):
    disk_make(place)
    place.guest_file("/proc/cmdline", "run icount\n")
    place.guest_file("/proc/stat", "cpu 1 0 0 1\ninsns 5000 idle 1000\n")
    stdout = place.run("blkbench", "--dev=disk", "--ios=10", "-j")[1]
    expect(json.loads(stdout)["insns_per_io"], 0, "with the same count before and after")
    place.guest_file("/proc/cmdline", "run icountry=1\n")
    stdout = place.run("blkbench", "--dev=disk", "--ios=10", "-j")[1]
    expect(json.loads(stdout)["insns_per_io"], None, "without")


@test
def blkbench_refuses_a_setting_that_cannot_be_in_one_line(place):
    disk_make(place)
    for arguments in ("--rw=sideways", "--bs=0", "--bs=1000", "--bs=-4k", "--bs=4kk", "--bs=1e99",
                      "--bs=99999999999999999999", "--bs=", "--size=0", "--size=1k", "--size=5000",
                      "--size=1g", "--size=2m --numjobs=3", "--numjobs=0", "--numjobs=65",
                      "--iodepth=0",
                      "--iodepth=x", "--bs=1m --iodepth=5", "--runtime=0", "--ios=0",
                      "--ios=1 --runtime=1",
                      "--nonsense", "stray", "-x", "--bs", "--seed=-1", "--dev=/dev/null",
                      "--numjobs=64 --iodepth=64", "--bs=8m"):
        status, stdout, stderr = place.run("blkbench", "--dev=disk", *arguments.split())
        expect((status, stdout), (2, ""), arguments)
        assert stderr.startswith("blkbench: ") and stderr.count("\n") == 1, stderr
    expect(place.run("blkbench", "--dev=/no/such")[0], 1, "no such device")


@test
def blkbench_writes_to_a_mounted_device_only_with_force(place):
    disk = disk_make(place)
    place.guest_file("/proc/mounts", f"ramfs / ramfs rw 0 0\n{disk} /mnt ext2 rw 0 0\n")
    for arguments in ("--rw=write", "--rw=randrw", "--rw=read --verify"):
        words = [f"--dev={disk}", "--ios=1", *arguments.split()]
        status, _, stderr = place.run("blkbench", *words)
        assert status == 2 and "mounted" in stderr and "--force" in stderr, stderr
        expect(place.run("blkbench", "--force", *words)[0], 0, "--force " + arguments)
    expect(place.run("blkbench", f"--dev={disk}", "--ios=1", "--rw=read")[0], 0, "reading")


# ---- the shell and init ----

SCRIPTS = [
    ("echo $((6 * 7))", 0, "42\n"),
    ("exit 3", 3, ""),
    ("for i in 1 2 3; do echo -n $i; done; echo", 0, "123\n"),
    ("i=0; while [ $i -lt 3 ]; do i=$((i + 1)); done; echo $i", 0, "3\n"),
    ("echo a b | while read x y; do echo $y $x; done", 0, "b a\n"),
    ("echo $(echo one; echo two)", 0, "one two\n"),
    ("cat <<END\nhere $((1 + 1))\nEND", 0, "here 2\n"),
    ("cat <<'END'\n$HOME\nEND", 0, "$HOME\n"),
    ("echo hi > out; cat < out; echo more >> out; cat out", 0, "hi\nhi\nmore\n"),
    ("ls nowhere > out 2>&1 || echo failed", 0, "failed\n"),
    ("(exit 5); echo $?", 0, "5\n"),
    ("true && echo yes; false || echo no", 0, "yes\nno\n"),
    ("f() { echo \"$1-$#\"; return 4; }; f a b; echo $?", 0, "a-2\n4\n"),
    ("case abc in a*) echo yes;; *) echo no;; esac", 0, "yes\n"),
    ("x=abcdef; echo ${x#ab} ${x%ef} ${#x} ${y:-unset}", 0, "cdef abcd 6 unset\n"),
    ("set -- a b c; shift; echo $* $#", 0, "b c 2\n"),
    ("sleep 0.1 & wait; echo waited $?", 0, "waited 0\n"),
    ("(exit 7) & wait $!; echo $?", 0, "7\n"),
    ("(sleep 0.2; echo late) & echo early; wait", 0, "early\nlate\n"),
    ("trap 'echo bye' EXIT; exit 0", 0, "bye\n"),
    ("trap 'echo caught' USR1; kill -USR1 $$; echo after", 0, "caught\nafter\n"),
    ("kill -TERM $$; echo not reached", 143, ""),
    ("kill -SEGV $$", 139, ""),
    ("mksh_no_such_program", 127, ""),
    ("./text", 126, ""),
    ("cd sub && pwd | grep -c /sub$", 0, "1\n"),
    ("echo *", 0, "binary empty sub text\n"),
    ("echo t*t [be]*", 0, "text binary empty\n"),
    ("echo 'single $x' \"double \\$x\" back\\\\slash", 0, "single $x double $x back\\slash\n"),
    ("a='x y'; for w in \"$a\" $a; do echo \"$w\"; done", 0, "x y\nx\ny\n"),
    ("exec 3> out; echo three >&3; exec 3>&-; cat out", 0, "three\n"),
    ("echo one | cat | cat | cat", 0, "one\n"),
    ("yes | head -n 1", 0, "y\n"),
    ("set -e; false; echo not reached", 1, ""),
    ("eval 'echo evaluated'", 0, "evaluated\n"),
    ("ulimit -n > /dev/null && umask 022 && umask", 0, "022\n"),
    ("echo $(( (1 << 31) - 1 )) $(( 7 / 2 )) $(( 7 % 4 ))", 0, "2147483647 3 3\n"),
    ("printf '%s\\n' \"$0\"", 0, "sh\n"),
    ("if (", 1, ""),
]


@test
def the_shell_runs_scripts_pipes_redirections_and_jobs(_):
    for script, status, stdout in SCRIPTS:
        with tempfile.TemporaryDirectory() as folder:
            place = Place(folder)
            found = place.run("mksh", "-c", script, name="sh")
            expect(found[1], stdout, f"output of `{script}` (stderr {found[2]!r})")
            ended = found[0] if found[0] >= 0 else 128 - found[0]
            expect(ended, status, f"status of `{script}` (stderr {found[2]!r})")


@test
def the_shell_edits_lines_recalls_history_and_completes_names(place):
    output, status = on_terminal(place, ["mksh", "-i"], [
        ("# ", "echo first $((40+2))\r"),
        ("first 42\r\n", ""),
        ("# ", "\x10\r"),                       # history: the line before
        ("first 42\r\n", ""),
        ("# ", "ecoh x\x01\x06\x06\x06\x08h\x05\x02\x02\x08o\x05\r"),  # moves in the line
        ("# ", "cat tex\t| head -n 1\r"),       # completion
        ("line 1 odd\r\n", ""),
        ("# ", "exit 4\r")])
    expect(status, 4, f"status; output {output!r}")


@test
def control_c_ends_what_runs_and_not_the_shell(place):
    output, status = on_terminal(place, ["mksh", "-i"], [
        # The program itself shows that it runs, since the line editor takes Ctrl-C for a key; and no shell
        # between them, which would end with a status.
        ("# ", "cat text -; echo $((1+1))not\r"),
        (TEXT.splitlines()[-1], "\x03"),
        ("# ", "echo $((2+2))here\r"),
        ("4here", ""),
        ("# ", "exit\r")], limit=60)
    assert "2not" not in output, output


@test
def control_d_ends_the_shell(place):
    _, status = on_terminal(place, ["mksh", "-i"], [("# ", "\x04")])
    expect(status, 0, "status")


AS_PROCESS_1 = ["unshare", "--user", "--map-root-user", "--pid", "--fork"]


def init_run(place, commands):
    """Runs init with these commands; (status, what it wrote to the console)."""
    if subprocess.run([*AS_PROCESS_1, "true"], stderr=subprocess.DEVNULL).returncode:
        raise Skip("no process namespaces here (unshare --pid)")
    console = place.guest_file("/dev/console", "")
    place.guest_file("/boot/run.sh", commands)
    status, stdout, _ = place.run("init", within=AS_PROCESS_1)
    expect(stdout, "", "what init wrote elsewhere")
    return status, console.read_text()


@test
def init_runs_the_commands_byte_for_byte_and_hands_on_their_status(place):
    (place.tree / "root").mkdir()
    status, console = init_run(
        place, "printf '%s|' \"a b\" '$x' `echo back`\necho \"$HOME $PATH\"; exit 9")
    assert console.startswith("a b|$x|back|/root /bin\n"), console
    expect(status, 9, "status")
    assert "boot:" not in console, console
    expect(init_run(place, "kill -9 $$")[0], 137, "status of a shell that was killed")


@test
def init_takes_64_kib_of_commands_and_no_more(place):
    expect(init_run(place, ": " + "x" * (65536 - 10) + ";exit 6 ")[0], 6, "status of 64 KiB")
    status, console = init_run(place, "#" * 65537)
    expect(status, 126, "status of a byte more")
    assert "init: /boot/run.sh: " in console and "RUN" in console, console


def main():
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
