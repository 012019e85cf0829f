// SPDX-License-Identifier: MIT
// test-sources: domains/procfs/command.c
// test-flags: -Idomains/procfs
//
// What may be written to /proc/sys/domain/command: every verb, every refusal, and any garbage. The
// line lies in a heap block of its exact size: the parser looks at nothing behind it.
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "command.h"
#include "kernel/abi/error.h"

#define MEBIBYTE 1048576u

static struct command command;
static const char *why;

static int parse_bytes(const void *line, uint64_t length)
{
    char *copy = malloc(length ? length : 1);
    assert_non_null(copy);
    memcpy(copy, line, length);
    why = NULL;
    memset(&command, 0xA5, sizeof command);
    int error = command_parse(copy, length, &command, &why);
    free(copy);
    return error;
}

static int parse(const char *line)
{
    return parse_bytes(line, strlen(line));
}

static void each_form_is_understood(void **state)
{
    (void)state;
    static const struct {
        const char *line;
        enum command_verb verb;
        const char *service, *image;
        uint32_t number, force;
    } cases[] = {
        {"register null_v2.elf", VERB_REGISTER, "", "null_v2.elf", 0, 0},
        {"register /tmp/x.elf\n", VERB_REGISTER, "", "/tmp/x.elf", 0, 0},
        {"load null", VERB_LOAD, "", "null", 0, 0},
        {"load null as second", VERB_LOAD, "second", "null", 0, 0},
        {"update blk blk_v2", VERB_UPDATE, "blk", "blk_v2", 0, 0},
        {"update null null_v2 1", VERB_UPDATE, "null", "null_v2", 1, 0},
        {"update null null_v2 65535", VERB_UPDATE, "null", "null_v2", 65535, 0},
        {"update null null_v2 0001", VERB_UPDATE, "null", "null_v2", 1, 0},
        {"rollback blk", VERB_ROLLBACK, "blk", "", 0, 0},
        {"failnth off", VERB_FAILNTH, "", "off", 0, 0},
        {"failnth page 17", VERB_FAILNTH, "", "page", 17, 0},
        {"failnth page 17 3", VERB_FAILNTH, "", "page", 17, 0},
        {"restart blk", VERB_RESTART, "blk", "", 0, 0},
        {"stop blk", VERB_STOP, "blk", "", 0, 0},
        {"stop blk --force", VERB_STOP, "blk", "", 0, 1},
        {"fault null load", VERB_FAULT, "null", "load", 0, 0},
        {"verify /boot/blk.elf", VERB_VERIFY, "", "/boot/blk.elf", 0, 0},
        {"  \tstop \t blk\t\t--force  \n", VERB_STOP, "blk", "", 0, 1},
        {"restart \xc3\xa4", VERB_RESTART, "\xc3\xa4", "", 0, 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        if (parse(cases[i].line))
            fail_msg("\"%s\" was refused: %s", cases[i].line, why);
        assert_int_equal(command.verb, cases[i].verb);
        assert_string_equal(command.service, cases[i].service);
        assert_string_equal(command.image, cases[i].image);
        assert_int_equal(command.number, cases[i].number);
        assert_int_equal(command.force, cases[i].force);
    }
}

static void each_wrong_form_is_refused_with_how_to_write_it(void **state)
{
    (void)state;
    static const struct {
        const char *line, *reason; // the beginning of it
    } cases[] = {
        {"", "unknown command"},
        {"\n", "unknown command"},
        {" \t ", "unknown command"},
        {"frobnicate null", "unknown command"},
        {"Register x", "unknown command"},
        {"registe x", "unknown command"},
        {"registerx y", "unknown command"},
        {"list", "unknown command"},
        {"register", "usage: register FILE"},
        {"register a b", "usage: register FILE"},
        {"load", "usage: load IMAGE [as NAME]"},
        {"load null as", "usage: load"},
        {"load null is second", "usage: load"},
        {"load null as second third", "usage: load"},
        {"update", "usage: update NAME IMAGE [INTERFACE-NUMBER]"},
        {"update null", "usage: update"},
        {"failnth", "usage: failnth"},
        {"failnth page 0", "usage: failnth"},
        {"failnth page 1 0", "usage: failnth"},
        {"failnth page 1 1 1", "usage: failnth"},
        {"update null null_v2 0", "usage: update"},
        {"update null null_v2 -1", "usage: update"},
        {"update null null_v2 65536", "usage: update"},
        {"update null null_v2 4294967297", "usage: update"},
        {"update null null_v2 18446744073709551617", "usage: update"},
        {"update null null_v2 1x", "usage: update"},
        {"update null null_v2 0x1", "usage: update"},
        {"update null null_v2 1 2", "usage: update"},
        {"rollback", "usage: rollback NAME"},
        {"rollback blk twice", "usage: rollback NAME"},
        {"restart", "usage: restart NAME"},
        {"restart a b", "usage: restart NAME"},
        {"stop", "usage: stop NAME [--force]"},
        {"stop blk -f", "usage: stop"},
        {"stop blk --force --force", "usage: stop"},
        {"stop --force", NULL}, // a service of that name: the core says that there is none
        {"fault", "usage: fault NAME CLASS"},
        {"fault null", "usage: fault"},
        {"fault null load 2", "usage: fault"},
        {"verify", "usage: verify FILE"},
        {"verify a b", "usage: verify FILE"},
        {"load a b c d e", "a command has at most 5 words"}, // none has more
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        int error = parse(cases[i].line);
        if (!cases[i].reason) {
            assert_int_equal(error, 0);
            continue;
        }
        if (error != -EINVAL || !why || strncmp(why, cases[i].reason, strlen(cases[i].reason)))
            fail_msg("\"%s\": %d, %s", cases[i].line, error, why ? why : "no reason");
    }
}

static void a_control_character_anywhere_refuses_the_line(void **state)
{
    (void)state;
    static const char good[] = "update null null_v2 1";
    for (int byte = 0; byte < 256; byte++) {
        bool refused = (byte < ' ' && byte != '\t') || byte == 127;
        if (!refused)
            continue;
        for (size_t at = 0; at < sizeof good - 1; at++) {
            char line[sizeof good];
            if (byte == '\n' && at == sizeof good - 2)
                continue; // the end of the line
            memcpy(line, good, sizeof good);
            line[at] = (char)byte;
            assert_int_equal(parse_bytes(line, sizeof good - 1), -EINVAL);
            assert_non_null(why);
        }
    }
}

static void two_lines_in_one_write_are_refused(void **state)
{
    (void)state;
    assert_int_equal(parse("stop a\nstop b"), -EINVAL);
    assert_int_equal(parse("stop a\nstop b\n"), -EINVAL);
    assert_int_equal(parse("stop a\n\n"), -EINVAL);
    assert_int_equal(parse("stop a\r\n"), -EINVAL);
    assert_int_equal(parse_bytes("stop a\0", 7), -EINVAL);
}

// "stop blk" with blanks behind it, LENGTH bytes in all.
static char *long_line(uint64_t length)
{
    char *line = malloc(length);
    assert_non_null(line);
    memset(line, ' ', length);
    memcpy(line, "stop blk", 8);
    return line;
}

static void a_line_may_have_4096_bytes_and_not_one_more(void **state)
{
    (void)state;
    char *line = long_line(4097);
    assert_int_equal(parse_bytes(line, 4095), 0);
    assert_int_equal(parse_bytes(line, 4096), 0);
    assert_string_equal(command.service, "blk");
    assert_int_equal(parse_bytes(line, 4097), -E2BIG);
    assert_string_equal(why, "a command is one line of at most 4096 bytes");
    line[4096] = '\n'; // the newline counts
    assert_int_equal(parse_bytes(line, 4097), -E2BIG);
    line[4095] = '\n';
    assert_int_equal(parse_bytes(line, 4096), 0);
    free(line);
}

static void a_word_may_have_255_bytes_and_not_one_more(void **state)
{
    (void)state;
    char line[512] = "verify ";
    memset(line + 7, 'w', 256);
    assert_int_equal(parse_bytes(line, 7 + 255), 0);
    assert_int_equal(strlen(command.image), 255);
    assert_int_equal(parse_bytes(line, 7 + 256), -EINVAL);
    assert_string_equal(why, "a name or path has at most 255 bytes");
}

static void nothing_of_a_refused_line_looks_like_a_command_that_was_understood(void **state)
{
    (void)state;
    assert_int_equal(parse("stop blk --force"), 0);
    char *line = long_line(5000);
    assert_int_equal(command_parse(line, 5000, &command, &why), -E2BIG);
    assert_int_equal(command.force, 0);
    assert_string_equal(command.service, "");
    free(line);
}

static void a_mebibyte_of_garbage_is_refused(void **state)
{
    (void)state;
    char *line = malloc(MEBIBYTE);
    assert_non_null(line);
    srand(20261);
    for (uint32_t i = 0; i < MEBIBYTE; i++)
        line[i] = (char)rand();
    assert_int_equal(parse_bytes(line, MEBIBYTE), -E2BIG);
    for (uint32_t at = 0; at + COMMAND_LINE_MAX <= MEBIBYTE; at += COMMAND_LINE_MAX) {
        assert_int_equal(parse_bytes(line + at, COMMAND_LINE_MAX), -EINVAL);
        assert_non_null(why);
    }
    memset(line, 'a', MEBIBYTE);
    assert_int_equal(parse_bytes(line, MEBIBYTE), -E2BIG);
    memset(line, '\n', MEBIBYTE);
    assert_int_equal(parse_bytes(line, MEBIBYTE), -E2BIG);
    assert_int_equal(parse_bytes(line, COMMAND_LINE_MAX), -EINVAL);
    free(line);
}

// Lines put together at random of what is nearly right: the result is one of three, with a reason.
static void every_line_has_an_answer(void **state)
{
    (void)state;
    static const char *const words[] = {
        "register", "load", "update",  "rollback", "restart", "stop",    "fault",
        "verify",   "as",   "--force", "1",        "65536",   "null",    "",
        " ",        "\t",   "\n",      "\x7f",     "/boot/x", "null_v2",
    };
    uint32_t accepted = 0;
    srand(20262);
    for (int round = 0; round < 100000; round++) {
        char line[256] = "";
        for (int count = rand() % 7; count >= 0; count--) {
            strcat(line, words[(uint32_t)rand() % (sizeof words / sizeof *words)]);
            strcat(line, rand() % 8 ? " " : "");
        }
        int error = parse(line);
        assert_true(error == 0 || error == -EINVAL);
        assert_non_null(why);
        assert_true(memchr(command.service, 0, sizeof command.service) != NULL);
        assert_true(memchr(command.image, 0, sizeof command.image) != NULL);
        accepted += !error;
    }
    assert_true(accepted > 1000); // else the test shows nothing
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_form_is_understood),
        cmocka_unit_test(each_wrong_form_is_refused_with_how_to_write_it),
        cmocka_unit_test(a_control_character_anywhere_refuses_the_line),
        cmocka_unit_test(two_lines_in_one_write_are_refused),
        cmocka_unit_test(a_line_may_have_4096_bytes_and_not_one_more),
        cmocka_unit_test(a_word_may_have_255_bytes_and_not_one_more),
        cmocka_unit_test(nothing_of_a_refused_line_looks_like_a_command_that_was_understood),
        cmocka_unit_test(a_mebibyte_of_garbage_is_refused),
        cmocka_unit_test(every_line_has_an_answer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
