// SPDX-License-Identifier: MIT
// Running programs: from a path and arguments to an address space and a start address.
#pragma once
#include <stdint.h>
#include "elf.h"
#include "memory.h"
#include "path.h"

#define ARGUMENT_BYTES 131072u // as sysconf(_SC_ARG_MAX) says
#define ARGUMENTS_MAX  4096u
#define SCRIPT_DEPTH   4

// Arguments and environment, string after string, each with its NUL.
struct arguments {
    char *bytes; // allocated
    uint32_t used, room;
    uint32_t count, environment_count; // strings
};

// A program that is ready to run.
struct image {
    struct memory memory;
    struct elf_program program;
    uint64_t sp;
    char name[32];
};

struct thread;

// Appends a string. -E2BIG, -ENOMEM.
int64_t arguments_add(struct arguments *arguments, const char *text);
void arguments_free(struct arguments *arguments);

// Loads what a path leads to, scripts through their interpreter; may change the arguments. 0, or a
// negative errno with nothing left behind.
int64_t image_load(struct thread *thread, const char *path, struct arguments *arguments,
                   struct image *image);

// Makes the image the thread's process's own. The registers to start with go to *REGISTERS.
struct user_registers;
void image_adopt(struct thread *thread, struct image *image, const struct arguments *arguments,
                 struct user_registers *registers);

// Builds what a program finds on its stack (stack.c): count, arguments, environment, auxiliary
// vector. 0 or a negative errno; *SP is where it begins.
int64_t stack_build(const struct image *image, const struct arguments *arguments, uint64_t *sp);
