// SPDX-License-Identifier: MIT
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "sed.h"
#include "tool.h"

struct buffer {
    char *text; /* with a NUL behind it */
    size_t length, room;
};

static struct buffer pattern_space, hold_space;
static struct buffer appended; /* what comes behind the line */
static struct pattern *last_pattern;
static bool quiet, newline_missing;

// ---- Buffers ----

static void buffer_add(struct buffer *buffer, const char *text, size_t length)
{
    if (buffer->length + length + 1 > buffer->room) {
        buffer->room = 2 * (buffer->length + length + 1);
        if (!(buffer->text = realloc(buffer->text, buffer->room)))
            tool_fail("memory");
    }
    memcpy(buffer->text + buffer->length, text, length);
    buffer->length += length;
    buffer->text[buffer->length] = 0;
}

static void buffer_set(struct buffer *buffer, const char *text, size_t length)
{
    buffer->length = 0;
    buffer_add(buffer, text, length);
}

// ---- Input: the line ahead is known, since it tells whether this one is the last ----

static struct {
    char **paths;
    int count, next;
    FILE *stream;
    char *ahead;
    size_t room;
    ssize_t length; /* of the line ahead, < 0: there is none */
    long number;    /* of the line at hand */
} input;

static void ahead_read(void)
{
    for (;;) {
        if (input.stream && (input.length = getline(&input.ahead, &input.room, input.stream)) >= 0)
            return;
        if (input.stream && ferror(input.stream))
            tool_error(input.paths[input.next - 1]);
        if (input.stream && input.stream != stdin)
            fclose(input.stream);
        input.stream = NULL;
        if (input.next == input.count) {
            input.length = -1;
            return;
        }
        const char *path = input.paths[input.next++];
        input.stream = strcmp(path, "-") == 0 ? stdin : fopen(path, "r");
        if (!input.stream)
            tool_error(path);
    }
}

/* The next line goes to the end of the pattern space. False: there is none. */
static bool line_take(void)
{
    if (input.length < 0)
        return false;
    newline_missing = input.length == 0 || input.ahead[input.length - 1] != '\n';
    buffer_add(&pattern_space, input.ahead, (size_t)input.length - !newline_missing);
    input.number++;
    ahead_read();
    return true;
}

// ---- Output ----

/* As the last line came, with or without a newline. */
static void space_print(size_t length)
{
    fwrite(pattern_space.text, 1, length, stdout);
    if (!newline_missing || input.length >= 0 || length < pattern_space.length)
        putchar('\n');
    tool_output_check();
}

static void appended_print(void)
{
    fwrite(appended.text, 1, appended.length, stdout);
    appended.length = 0;
}

static void space_print_visible(void)
{
    static const char letters[] = "\\\a\b\f\n\r\t\v", names[] = "\\abfnrtv";
    for (size_t i = 0; i < pattern_space.length; i++) {
        unsigned char byte = (unsigned char)pattern_space.text[i];
        const char *found = memchr(letters, byte, sizeof letters - 1);
        if (found)
            printf("\\%c", names[found - letters]);
        else if (byte < ' ' || byte > 126)
            printf("\\%03o", byte);
        else
            putchar(byte);
    }
    puts("$");
}

// ---- Matching ----

/* An empty pattern is the last one that was used. */
static struct pattern *pattern_choose(struct pattern *pattern)
{
    if (!pattern && !last_pattern)
        tool_usage_error("an empty pattern means the last one, and there is none");
    return last_pattern = pattern ? pattern : last_pattern;
}

static bool address_matches(const struct address *address)
{
    if (address->kind == ADDRESS_LINE)
        return input.number == address->line;
    if (address->kind == ADDRESS_LAST)
        return input.length < 0;
    return pattern_find(pattern_choose(address->pattern), pattern_space.text, pattern_space.length);
}

/* A range ends with the line that its end describes, or where that has been passed. */
static bool range_has(struct command *command)
{
    bool line = command->to.kind == ADDRESS_LINE;
    if (!command->in_range) {
        if (!address_matches(&command->from))
            return false;
        command->in_range = !line || command->to.line > input.number;
        if (command->to.kind == ADDRESS_LAST && input.length < 0)
            command->in_range = false;
        return true;
    }
    if (line ? input.number >= command->to.line : address_matches(&command->to))
        command->in_range = false;
    return !line || input.number <= command->to.line;
}

static bool is_selected(struct command *command)
{
    bool selected = command->from.kind == ADDRESS_NONE ? true
                    : command->to.kind == ADDRESS_NONE ? address_matches(&command->from)
                                                       : range_has(command);
    return selected != command->inverted;
}

// ---- Substitution ----

/* & and \1 to \9 are what has matched; \ before anything else means it. */
static void replacement_add(struct buffer *result, const char *text, const char *line,
                            const long places[PATTERN_PLACES])
{
    for (; *text; text++) {
        int group = *text == '&' ? 0 : -1;
        if (*text == '\\' && text[1]) {
            text++;
            if (*text >= '0' && *text <= '9')
                group = *text - '0';
            if (*text == 't') {
                buffer_add(result, "\t", 1);
                continue;
            }
        }
        if (group < 0)
            buffer_add(result, text, 1);
        else if (places[2 * group] >= 0)
            buffer_add(result, line + places[2 * group],
                       (size_t)(places[2 * group + 1] - places[2 * group]));
    }
}

static bool substitute(const struct command *command)
{
    static struct buffer result;
    struct pattern *pattern = pattern_choose(command->pattern);
    const char *line = pattern_space.text;
    size_t length = pattern_space.length, at = 0, start, end;
    long number = 0, places[PATTERN_PLACES];
    bool changed = false, after_match = false;
    if (!pattern_find(pattern, line, length))
        return false;
    result.length = 0;
    while (at <= length && (command->all || !changed) &&
           pattern_match(pattern, line, length, PATTERN_ANY, at, &start, &end)) {
        buffer_add(&result, line + at, start - at);
        bool counts =
            end > start || !(after_match && start == at); /* not where one has just ended */
        if (counts && ++number >= command->which) {
            if (!pattern_groups(pattern, line, length, start, end, places))
                tool_fail("memory");
            replacement_add(&result, command->text, line, places);
            changed = true;
        } else {
            buffer_add(&result, line + start, end - start);
        }
        after_match = end > start;
        at = end;
        if (end == start) {
            if (at < length)
                buffer_add(&result, line + at, 1);
            at++;
        }
    }
    if (!changed)
        return false;
    if (at < length)
        buffer_add(&result, line + at, length - at);
    buffer_set(&pattern_space, result.text, result.length);
    return true;
}

// ---- Commands ----

enum next { NEXT_COMMAND, NEXT_LINE, NEXT_SAME, NEXT_QUIT };

/* n and N end the program where there is no line any more, with what is there. */
static enum next line_fetch(bool joins)
{
    if (input.length < 0)
        return NEXT_QUIT;
    if (!joins && !quiet)
        space_print(pattern_space.length);
    appended_print();
    if (joins)
        buffer_add(&pattern_space, "\n", 1);
    else
        pattern_space.length = 0;
    line_take();
    return NEXT_COMMAND;
}

static size_t first_line(void)
{
    const char *newline = memchr(pattern_space.text, '\n', pattern_space.length);
    return newline ? (size_t)(newline - pattern_space.text) : pattern_space.length;
}

static void spaces_swap(void)
{
    struct buffer other = hold_space;
    hold_space = pattern_space;
    pattern_space = other;
}

static enum next command_run(const struct command *command, bool *substituted, size_t *at)
{
    size_t first;
    switch (command->name) {
    case 's':
        if (substitute(command)) {
            *substituted = true;
            if (command->print)
                space_print(pattern_space.length);
        }
        break;
    case 'y':
        for (size_t i = 0; i < pattern_space.length; i++)
            pattern_space.text[i] = (char)command->table[(unsigned char)pattern_space.text[i]];
        break;
    case 'p':
        space_print(pattern_space.length);
        break;
    case 'P':
        space_print(first_line());
        break;
    case 'l':
        space_print_visible();
        break;
    case '=':
        printf("%ld\n", input.number);
        break;
    case 'a':
        buffer_add(&appended, command->text, strlen(command->text));
        break;
    case 'i':
        fputs(command->text, stdout);
        break;
    case 'c':
        if (command->to.kind == ADDRESS_NONE || command->inverted || !command->in_range)
            fputs(command->text, stdout);
        return NEXT_LINE;
    case 'd':
        return NEXT_LINE;
    case 'D':
        first = first_line();
        if (first == pattern_space.length)
            return NEXT_LINE;
        memmove(pattern_space.text, pattern_space.text + first + 1, pattern_space.length - first);
        pattern_space.length -= first + 1;
        return NEXT_SAME;
    case 'n':
    case 'N':
        return line_fetch(command->name == 'N');
    case 'h':
        buffer_set(&hold_space, pattern_space.text, pattern_space.length);
        break;
    case 'H':
        buffer_add(&hold_space, "\n", 1);
        buffer_add(&hold_space, pattern_space.text, pattern_space.length);
        break;
    case 'g':
        buffer_set(&pattern_space, hold_space.text, hold_space.length);
        break;
    case 'G':
        buffer_add(&pattern_space, "\n", 1);
        buffer_add(&pattern_space, hold_space.text, hold_space.length);
        break;
    case 'x':
        spaces_swap();
        break;
    case 't':
        if (*substituted)
            *at = command->target - 1;
        *substituted = false;
        break;
    case 'b':
        *at = command->target - 1;
        break;
    case 'q':
        return NEXT_QUIT;
    }
    return NEXT_COMMAND;
}

static enum next cycle_run(struct script *script)
{
    bool substituted = false;
    for (size_t at = 0; at < script->count; at++) {
        struct command *command = &script->commands[at];
        if (!is_selected(command)) {
            if (command->name == '{')
                at = command->target;
            continue;
        }
        enum next next = command_run(command, &substituted, &at);
        if (next != NEXT_COMMAND)
            return next;
    }
    return NEXT_COMMAND;
}

void script_run(struct script *script, int count, char **paths, bool be_quiet)
{
    quiet = be_quiet;
    input.paths = paths;
    input.count = count;
    input.next = 0;
    input.number = 0;
    for (size_t i = 0; i < script->count; i++)
        script->commands[i].in_range = false;
    buffer_set(&hold_space, "", 0);
    buffer_set(&appended, "", 0);
    ahead_read();
    for (enum next next = NEXT_COMMAND; next != NEXT_QUIT;) {
        if (next != NEXT_SAME) {
            buffer_set(&pattern_space, "", 0);
            if (!line_take())
                break;
        }
        next = cycle_run(script);
        if (!quiet && (next == NEXT_COMMAND || next == NEXT_QUIT))
            space_print(pattern_space.length);
        appended_print();
        tool_output_check();
    }
    if (input.stream && input.stream != stdin)
        fclose(input.stream);
    input.stream = NULL;
}
