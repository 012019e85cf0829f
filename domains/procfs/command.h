// SPDX-License-Identifier: MIT
// The language of /proc/sys/domain/command: one command, one line. Portable, no allocation.
#pragma once
#include <stdint.h>

#define COMMAND_LINE_MAX 4096
#define COMMAND_WORD_MAX 256

enum command_verb {
    VERB_REGISTER, // file
    VERB_LOAD,     // image, and service if `as NAME` was given
    VERB_UPDATE,   // service, image, number (0: not given)
    VERB_ROLLBACK, // service
    VERB_RESTART,
    VERB_STOP,   // service, force
    VERB_FAULT,  // service, image: the class
    VERB_FORGET, // image
    VERB_SHADOW, // service, image: on or off
    VERB_VERIFY,
    VERB_FAILNTH, // image: the kind, number, times; or image: off
};

struct command {
    enum command_verb verb;
    char service[COMMAND_WORD_MAX];
    char image[COMMAND_WORD_MAX]; // image name or file
    uint32_t number;
    uint32_t force;
    uint32_t times;
};

// Reads LENGTH bytes, with or without a newline at the end. Returns 0; -E2BIG for more than
// COMMAND_LINE_MAX bytes; -EINVAL, with *why naming what is wrong (static text).
int command_parse(const char *line, uint64_t length, struct command *command, const char **why);
