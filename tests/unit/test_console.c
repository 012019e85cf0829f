// SPDX-License-Identifier: MIT
// test-sources: domains/console/input.c domains/console/output.c domains/console/control.c
// test-flags: -Itests/unit/fake_domain -Idomains/console -DDOMAIN_VERSION=1
//
// The console's line discipline, key by key: what a program reads, and what the screen shows.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>
#include "console.h"

struct console_state console;
rref_t fake_kept;
static uint32_t changes;

void console_changed(void)
{
    changes++;
}

void log_printf(const char *format, ...)
{
    (void)format;
}

static void press(const char *keys)
{
    while (*keys)
        input_byte((uint8_t)*keys++);
}

static const char *read_once(uint32_t room)
{
    static char text[INPUT_SIZE + 8];
    bool finished;
    uint32_t count = input_take((uint8_t *)text, room, &finished);
    text[count] = 0;
    return text;
}

static const char *screen(void)
{
    static char text[OUTPUT_SIZE + 1];
    uint32_t count = 0;
    while (console.output_tail != console.output_head)
        text[count++] = (char)console.output[console.output_tail++ % OUTPUT_SIZE];
    text[count] = 0;
    return text;
}

static int start(void **state)
{
    (void)state;
    memset(&console, 0, sizeof console);
    fake_kept = 0; // a start without a predecessor
    settings_open();
    changes = 0;
    return 0;
}

static void set_raw(void)
{
    struct termios raw = console.settings;
    raw.c_lflag &= ~(ICANON | ECHO | ISIG | IEXTEN);
    raw.c_iflag &= ~ICRNL;
    settings_control(TCSETS, (rref_t)(uintptr_t)&raw, 0);
}

static void a_line_is_read_whole_and_only_when_it_ends(void **state)
{
    (void)state;
    press("ls -l");
    assert_false(input_ready());
    press("\r");
    assert_true(input_ready());
    assert_int_equal(changes, 1);
    assert_string_equal(read_once(100), "ls -l\n");
    assert_false(input_ready());
    assert_string_equal(screen(), "ls -l\r\n");
}

static void two_lines_are_two_reads(void **state)
{
    (void)state;
    press("a\rb\r");
    assert_string_equal(read_once(100), "a\n");
    assert_string_equal(read_once(100), "b\n");
}

static void a_short_read_leaves_the_rest_of_the_line(void **state)
{
    (void)state;
    press("abcdef\r");
    assert_string_equal(read_once(3), "abc");
    assert_string_equal(read_once(100), "def\n");
}

static void editing_keys_change_line_and_screen(void **state)
{
    static const struct {
        const char *keys, *line, *screen;
    } cases[] = {
        {"abx\x7f"
         "c\r",
         "abc\n", "abx\b \bc\r\n"},
        {"\x7f"
         "a\r",
         "a\n", "a\r\n"},
        {"one two\x17"
         "2\r",
         "one 2\n", "one two\b \b\b \b\b \b2\r\n"},
        {"junk\x15"
         "ok\r",
         "ok\n", "junk\b \b\b \b\b \b\b \bok\r\n"},
        {"a\x01"
         "b\x7f\x7f"
         "\r",
         "a\n", "a^Ab\b \b\b \b\b \b\r\n"},
        {"\x16\x03"
         "x\r",
         "\x03x\n", "^Cx\r\n"},
        {"a\tb\x7f\x7f\r", "a\n", "a\tb\b \b\b \b\b \b\b \b\b \b\b \b\b \b\b \b\r\n"},
        {"\xc3\xa4\x7f"
         "b\r",
         "b\n", "\xc3\xa4\b \bb\r\n"},
        {"ab\x12\r", "ab\n", "ab^R\r\nab\r\n"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        start(state);
        press(cases[i].keys);
        assert_string_equal(read_once(100), cases[i].line);
        assert_string_equal(screen(), cases[i].screen);
    }
}

static void end_of_file_on_an_empty_line_reads_as_nothing(void **state)
{
    (void)state;
    press("\x04");
    assert_true(input_ready());
    assert_string_equal(read_once(100), "");
    assert_false(input_ready());
}

static void end_of_file_behind_text_only_pushes_the_text(void **state)
{
    (void)state;
    press("abc\x04");
    assert_string_equal(read_once(100), "abc");
    assert_false(input_ready());
    press("abc\x04");
    assert_string_equal(read_once(3), "abc");
    assert_false(input_ready());
}

static void signal_keys_ask_for_signals_and_drop_what_was_typed(void **state)
{
    (void)state;
    press("abc\x03");
    assert_int_equal(typed->signals, 1u << SIGNAL_INTERRUPT);
    press("\x1a\x1c");
    assert_int_equal(typed->signals,
                     1u << SIGNAL_INTERRUPT | 1u << SIGNAL_STOP | 1u << SIGNAL_QUIT);
    assert_int_equal(changes, 3);
    assert_string_equal(screen(), "abc^C^Z^\\");
    press("x\r");
    assert_string_equal(read_once(100), "x\n");
}

static void raw_mode_gives_each_key_at_once_and_unchanged(void **state)
{
    (void)state;
    set_raw();
    press("\x03\r\x7f");
    assert_true(input_ready());
    assert_string_equal(read_once(100), "\x03\r\x7f");
    assert_string_equal(screen(), "");
    assert_int_equal(typed->signals, 0);
}

static void raw_mode_reads_the_line_that_was_being_typed(void **state)
{
    (void)state;
    press("one\rtw");
    set_raw();
    assert_true(input_ready());
    assert_string_equal(read_once(100), "one\ntw");
}

static void a_minimum_of_three_waits_for_three(void **state)
{
    (void)state;
    set_raw();
    console.settings.c_cc[VMIN] = 3;
    press("ab");
    assert_false(input_ready());
    press("c");
    assert_true(input_ready());
}

static void a_line_too_long_rings_and_keeps_its_beginning(void **state)
{
    (void)state;
    for (int i = 0; i < LINE_SIZE + 10; i++)
        press("y");
    press("\r");
    assert_int_equal(strlen(read_once(INPUT_SIZE)), LINE_SIZE);
}

static void a_full_queue_loses_no_finished_line(void **state)
{
    (void)state;
    char line[64];
    int lines = 0;
    for (int i = 0; i < 1000; i++) {
        int length = snprintf(line, sizeof line, "line number %d\r", i);
        if (input_queued() + (uint32_t)length > INPUT_SIZE)
            break;
        press(line);
        lines++;
    }
    press("this one does not fit at all\r");
    for (int i = 0; i < lines; i++) {
        snprintf(line, sizeof line, "line number %d\n", i);
        assert_string_equal(read_once(100), line);
    }
}

static void the_end_of_a_line_that_found_no_room_is_asked_for_again(void **state)
{
    (void)state;
    for (uint32_t i = 0; i < INPUT_SIZE / 1000; i++) { // the queue is nearly full
        for (uint32_t j = 0; j < 999; j++)
            press("x");
        press("\r");
    }
    for (uint32_t j = 0; j < LINE_SIZE; j++)
        press("y");
    for (uint32_t again = 0; again < 100; again++)
        press("\r");
    assert_true(typed->line_length <= LINE_SIZE);
    static char line[INPUT_SIZE];
    while (input_ready())
        strcpy(line, read_once(INPUT_SIZE));
    assert_int_equal(line[0], 'x');
    press("\r");
    strcpy(line, read_once(INPUT_SIZE));
    assert_int_equal(strlen(line), LINE_SIZE);
    assert_int_equal(line[0], 'y');
    assert_int_equal(line[LINE_SIZE - 1], '\n');
}

static void what_was_typed_outlives_a_crash_unless_it_is_damaged(void **state)
{
    (void)state;
    press("first\rseco");
    memset(&console, 0, sizeof console); // all that the next instance does not find
    settings_open();
    assert_string_equal(read_once(100), "first\n");
    press("nd\r");
    assert_string_equal(read_once(100), "second\n");
    typed->head = typed->tail + INPUT_SIZE + 1;
    settings_open();
    assert_false(input_ready());
    press("third");
    typed->line_length = LINE_SIZE + 1;
    settings_open();
    press("fourth\r");
    assert_string_equal(read_once(100), "fourth\n");
}

static void output_adds_returns_and_stops_when_full(void **state)
{
    (void)state;
    assert_true(output_byte('\n'));
    assert_string_equal(screen(), "\r\n");
    console.settings.c_oflag = 0;
    assert_true(output_byte('\n'));
    assert_string_equal(screen(), "\n");
    uint32_t taken = 0;
    while (output_byte('x'))
        taken++;
    assert_int_equal(taken, OUTPUT_SIZE);
}

static void a_new_window_size_asks_for_a_signal_once(void **state)
{
    (void)state;
    struct window_size window = {.rows = 50, .columns = 132};
    settings_control(TIOCSWINSZ, (rref_t)(uintptr_t)&window, 0);
    assert_int_equal(typed->signals, 1u << SIGNAL_WINDOW);
    typed->signals = 0;
    settings_control(TIOCSWINSZ, (rref_t)(uintptr_t)&window, 0);
    assert_int_equal(typed->signals, 0);
    struct window_size answer;
    settings_control(TIOCGWINSZ, (rref_t)(uintptr_t)&answer, 0);
    assert_int_equal(answer.columns, 132);
}

int main(void)
{
#define TEST(function) cmocka_unit_test_setup(function, start)
    const struct CMUnitTest tests[] = {
        TEST(a_line_is_read_whole_and_only_when_it_ends),
        TEST(two_lines_are_two_reads),
        TEST(a_short_read_leaves_the_rest_of_the_line),
        TEST(editing_keys_change_line_and_screen),
        TEST(end_of_file_on_an_empty_line_reads_as_nothing),
        TEST(end_of_file_behind_text_only_pushes_the_text),
        TEST(signal_keys_ask_for_signals_and_drop_what_was_typed),
        TEST(raw_mode_gives_each_key_at_once_and_unchanged),
        TEST(raw_mode_reads_the_line_that_was_being_typed),
        TEST(a_minimum_of_three_waits_for_three),
        TEST(a_line_too_long_rings_and_keeps_its_beginning),
        TEST(a_full_queue_loses_no_finished_line),
        TEST(the_end_of_a_line_that_found_no_room_is_asked_for_again),
        TEST(what_was_typed_outlives_a_crash_unless_it_is_damaged),
        TEST(output_adds_returns_and_stops_when_full),
        TEST(a_new_window_size_asks_for_a_signal_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
