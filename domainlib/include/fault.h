// SPDX-License-Identifier: MIT
// The faults that `domain fault NAME CLASS` can arm, in the order of the contract. The core keeps
// the armed number until fault_commit takes it; numbers begin at 1.
#pragma once

// FAULT_CLASS(name, what happens)
#define FAULT_CLASSES(FAULT_CLASS)                                                                 \
    FAULT_CLASS(load, "reads an address of its slot where nothing is mapped")                      \
    FAULT_CLASS(store, "writes an address of its slot where nothing is mapped")                    \
    FAULT_CLASS(jump, "jumps to an address of its slot where nothing is mapped")                   \
    FAULT_CLASS(exec, "writes an instruction into its data and jumps there")                       \
    FAULT_CLASS(illegal, "jumps to a word in its constants that is no instruction")                \
    FAULT_CLASS(ebreak, "executes ebreak")                                                         \
    FAULT_CLASS(misaligned, "an atomic operation at an odd address")                               \
    FAULT_CLASS(stack, "recursion without end")                                                    \
    FAULT_CLASS(loop, "a loop without end")                                                        \
    FAULT_CLASS(assert, "a failed assertion")                                                      \
    FAULT_CLASS(exhaust, "takes memory and RRefs until there are none, then aborts")               \
    FAULT_CLASS(leak, "makes RRefs that nobody frees, then aborts")                                \
    FAULT_CLASS(badref, "completes, frees and returns an RRef that it does not have")              \
    FAULT_CLASS(deadlock, "waits for an event that nobody signals")

enum fault_class {
    FAULT_NONE,
#define FAULT_CLASS(name, text) FAULT_##name,
    FAULT_CLASSES(FAULT_CLASS)
#undef FAULT_CLASS
        FAULT_COUNT,
};
