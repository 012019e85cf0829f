# SPDX-License-Identifier: MIT
"""The figures that this project has set itself: instructions on one hart, counted by QEMU (ICOUNT=1), beside
what Linux 6.1 takes in the same QEMU, with the reason where one falls short. tests/bench/run writes them."""

CALL_COMMAND = "rpcbench -j"

# Of rpcbench's prices: what it is, what to reach, and why it falls short where it does.
CALLS = {
    "direct": ("an indirect call in C", None, ""),
    "call": ("null call into another domain and return (RedLeaf: 124 cycles)", 64,
             "53 instructions of the gate, 4 of the caller, 5 of the callee and its return stub; gate.md tells what "
             "each is for and which could go"),
    "call_rref": ("the same with an RRef there and back (RedLeaf: +17)", 104,
                  "a null call, and 40 for the two moves: the word is found, and compared and swapped; gate.md has each"),
    "call_borrow": ("the same with an RRef on loan", None, ""),
    "shadow": ("null call to a service with a shadow (RedLeaf: 279)", 100, ""),
    "shadow_rref": ("the same with an RRef on loan (RedLeaf: 297)", None, ""),
    "syscall": ("getpid from user mode (Linux: 182)", None, ""),
}

PATH = "the way to the driver: trap and system call, posix, the call with its loan; "
# Device, pattern, size, what Linux takes, what to reach, why it falls short.
BLOCKS = [
    ("/dev/nullb0", "read", "4k", 5368, 1800, PATH + "and a copy of 4 KiB, 1,065 instructions"),
    ("/dev/nullb0", "write", "4k", 5561, 1800, PATH + "and a copy of 4 KiB, 1,065 instructions"),
    ("/dev/nullb1", "read", "4k", 3836, 600, PATH + "blkbench's own loop is 128"),
    ("/dev/nullb1", "write", "4k", 4022, 600, PATH + "blkbench's own loop is 128"),
    ("/dev/vda", "read", "4k", 9688, 2600, "beside the way to the driver: the program's sleep and the interrupt that ends "
     "it, 1,250 instructions; and the mediator, which pins and checks the buffer and tells the device, 560"),
    ("/dev/vda", "write", "4k", 9867, 2600, "as read"),
    ("/dev/nullb0", "read", "256k", 132534, 75000, "the copy alone is 64 times 1,100 instructions (1,024 loads and stores "
     "of 8 bytes); each page is counted, found and let go by itself"),
]
REQUESTS = {"4k": 2000, "256k": 100}
AREA = "8m"


def block_command(device, pattern, size):
    return (f"blkbench --dev={device} --rw={pattern} --bs={size} --size={AREA} --ios={REQUESTS[size]} --seed=1 -j")


def verdict(reading, linux, goal):
    if goal and reading <= goal:
        return "reached"
    ahead = linux and reading < linux
    if goal:
        return "ahead of Linux, short of the goal" if ahead else "short of the goal"
    return ""


def row(figure, command, reading, linux, goal, why):
    said = verdict(reading, linux, goal)
    return {"figure": figure, "command": f"make qemu CPUS=1 ICOUNT=1 RUN='{command}'", "insns": reading,
            "linux_6_1": linux or "", "goal": goal or "", "verdict": said,
            "why": why if "short" in said else ""}


def calls(guest):
    """GUEST runs commands in a machine and returns the JSON objects that they print."""
    price = guest(CALL_COMMAND, icount=True, cpus=1)[-1]
    return [row(f"{key}: {what}", CALL_COMMAND, price[key]["insns"], 182 if key == "syscall" else None, goal, why)
            for key, (what, goal, why) in CALLS.items()]


def blocks(guest):
    # The area is written first: a block that never was is read as zeros, and made by its first write.
    first = block_command("/dev/nullb0", "write", "256k")
    lines = [first] + [block_command(*case[:3]) for case in BLOCKS]
    results = guest("\n".join(f"{line} || exit 1" for line in lines), icount=True, cpus=1)[1:]
    return [row(f"{pattern} {size} {device}", block_command(device, pattern, size), result["insns_per_io"], linux,
                goal, why)
            for (device, pattern, size, linux, goal, why), result in zip(BLOCKS, results, strict=True)]
