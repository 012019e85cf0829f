// SPDX-License-Identifier: MIT
// /proc: nodes are made of numbers alone, so nothing has to be kept for them; only open files have
// a record (the reply to a command, the place in the kernel log).
#pragma once
#include <stdbool.h>
#include <stdint.h>
#include "fs.h"
#include "kernel/abi/rpc.h"
#include "process.h"

// ---- Open files (procfs.c) ----

#define OPEN_MAX   64
#define REPLY_SIZE 320 // of a command

// Its number is the place in the table and, above it, how often that was used.
// What only reports needs no record: its number is its node, below how many were opened before it,
// so that each opening has one of its own.
#define FILE_STATELESS     (1ull << 62)
#define FILE_OPENING       (FILE_STATELESS - 1 - FILE_NODE)
#define FILE_OPENING_SHIFT 32
#define FILE_NODE          0xFFFFFFFFull

struct open_file {
    uint64_t node; // 0: free
    uint64_t ticket;
    uint32_t uses;
    uint32_t reply_at; // bytes of the reply that were read
    uint64_t log_base; // position in the kernel log where this reader began
    char reply[REPLY_SIZE];
};

// The table is kept when the instance crashes: a file number that comes back then must not be
// another's.
extern struct open_file *files;
extern uint64_t opens_total;

// ---- Text that a read produces (text.c) ----

struct text {
    char *bytes;
    uint64_t length, room;
    int64_t error; // why there is no text: what the read gives
};

__attribute__((format(printf, 2, 3))) void text_add(struct text *text, const char *format, ...);
void text_add_bytes(struct text *text, const char *bytes, uint64_t length);
// What a read of LENGTH bytes at OFFSET gives, to START of the buffer: how many, or its error.
RpcResult text_read(const struct text *text, uint64_t offset, rref_t buffer, uint32_t start,
                    uint32_t length);
void text_free(struct text *text);

// ---- What was read, for who reads on (snapshot.c) ----

// A report is made when it is read from its start. Where a reader goes on, be it only to find the
// end, it gets the rest of that text: one made anew has its lines elsewhere once a number has grown
// by a digit. What is kept is bounded; who does not find the text any more, after many readers, a
// crash or an update, gets the rest of a new one.

// Keeps the text, whose bytes belong to the snapshot from now on.
void snapshot_keep(uint64_t file, const struct text *text);
// False: none is kept for that open file.
bool snapshot_read(uint64_t file, uint64_t offset, rref_t buffer, uint32_t start, uint32_t length,
                   RpcResult *result);
void snapshot_forget(uint64_t file);

// ---- The tree (tree.c) ----

#define NODE_ROOT      1
#define NODE_STATIC    1       // entries of the table in tree.c
#define NODE_SERVICES  0x1000  // + index of the service: service/NAME
#define NODE_PROCESSES 0x10000 // + 4 * pid + kind

#define PROCESS_POSITION 0x10000 // + pid: in the listing of the root

enum process_node { PROCESS_DIRECTORY, PROCESS_STAT, PROCESS_ARGUMENTS, PROCESS_NODES };

struct node {
    char name[FS_NAME_MAX + 1];
    uint32_t mode;
    void (*report)(struct text *text, uint64_t number); // what a read gives
    bool command, log;
};

// The node with that number. False: there is none (any more).
bool node_find(uint64_t number, struct node *node);
// The child of a directory at *POSITION or the next one behind it, or the child called NAME (when
// not NULL): its node number, 0: none. Positions begin with 0; *POSITION becomes the next one.
uint64_t node_child(uint64_t directory, uint64_t *position, const char *name, struct node *node);
// The process with this number or the next higher one. Its number, 0: none.
uint64_t process_next(uint64_t pid, struct process_info *info);

// ---- Reports (report.c) ----

void report_memory(struct text *text, uint64_t number);
void report_uptime(struct text *text, uint64_t number);
void report_mounts(struct text *text, uint64_t number);
void report_command_line(struct text *text, uint64_t number);
void report_statistics(struct text *text, uint64_t number);
void report_self(struct text *text, uint64_t number);
void report_table(struct text *text, uint64_t number);
void report_list(struct text *text, uint64_t number);
void report_latency(struct text *text, uint64_t number);
void report_images(struct text *text, uint64_t number);
void report_service(struct text *text, uint64_t number);
void report_process(struct text *text, uint64_t number);
void report_arguments(struct text *text, uint64_t number);

// ---- Commands (operator.c) ----

// Carries out one command line. 0 or a negative errno; REPLY receives one line with its newline.
int64_t operator_run(const char *line, uint64_t length, char reply[REPLY_SIZE]);
