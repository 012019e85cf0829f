// SPDX-License-Identifier: MIT
#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include "sed.h"
#include "tool.h"

static const char *at; /* what is read next */
static bool extended;

static void *memory_get(size_t size)
{
    void *memory = calloc(1, size);
    if (!memory)
        tool_fail("memory");
    return memory;
}

static void blanks_skip(void)
{
    while (isblank((unsigned char)*at))
        at++;
}

// ---- Patterns ----

static struct pattern *pattern_make(const char *text, bool fold_case)
{
    const char *reason;
    if (!*text)
        return NULL;
    struct pattern *pattern =
        pattern_compile(text, extended ? PATTERN_EXTENDED : PATTERN_BASIC, fold_case, &reason);
    if (!pattern)
        tool_usage_error("%s: %s", text, reason);
    return pattern;
}

/* The text up to the end mark, which is passed over. A backslash before the mark goes, \n becomes a
   newline; in sets of patterns the mark is a letter like others. */
static char *text_take(char mark, bool is_pattern)
{
    char *text = memory_get(strlen(at) + 1), *to = text;
    bool in_set = false;
    for (; *at && (*at != mark || in_set); at++) {
        if (*at == '\\' && at[1] && !in_set) {
            at++;
            if (*at == 'n' && mark != 'n') {
                *to++ = '\n';
                continue;
            }
            if (*at == 't' && is_pattern) {
                *to++ = '\t';
                continue;
            }
            if (*at != mark)
                *to++ = '\\';
        } else if (is_pattern && *at == '[' && !in_set) {
            in_set = true;
            *to++ = *at;
            if (at[1] == '^')
                *to++ = *++at;
            if (at[1] == ']')
                *to++ = *++at;
            continue;
        } else if (in_set && *at == '[' && at[1] == ':' && strstr(at, ":]")) {
            for (const char *end = strstr(at, ":]") + 1; at < end; at++)
                *to++ = *at;
        } else if (*at == ']') {
            in_set = false;
        }
        *to++ = *at;
    }
    if (!*at)
        tool_usage_error("the %c at the end is missing", mark);
    at++;
    return text;
}

// ---- Addresses ----

static struct address address_take(void)
{
    struct address address = {.kind = ADDRESS_NONE};
    if (isdigit((unsigned char)*at)) {
        char *end;
        address.kind = ADDRESS_LINE;
        address.line = strtol(at, &end, 10);
        at = end;
    } else if (*at == '$') {
        address.kind = ADDRESS_LAST;
        at++;
    } else if (*at == '/' || (*at == '\\' && at[1])) {
        at += *at == '\\';
        char mark = *at++;
        char *text = text_take(mark, true);
        bool fold_case = *at == 'I';
        at += fold_case;
        address.kind = ADDRESS_PATTERN;
        address.pattern = pattern_make(text, fold_case);
    }
    return address;
}

// ---- Commands ----

static void flags_take(struct command *command, const char *text)
{
    bool fold_case = false;
    for (command->which = 1;; at++) {
        if (*at == 'g') {
            command->all = true;
        } else if (*at == 'p') {
            command->print = true;
        } else if (*at == 'i' || *at == 'I') {
            fold_case = true;
        } else if (isdigit((unsigned char)*at) && *at != '0') {
            char *end;
            command->which = strtol(at, &end, 10);
            at = end - 1;
        } else {
            break;
        }
    }
    command->pattern = pattern_make(text, fold_case);
}

/* The bytes of y's text, escapes resolved; returns how many. */
static size_t bytes_resolve(char *text)
{
    char *to = text;
    for (const char *from = text; *from; from++) {
        if (*from == '\\' && from[1])
            from++;
        *to++ = *from;
    }
    return (size_t)(to - text);
}

static void table_take(struct command *command, char mark)
{
    char *from = text_take(mark, false), *to = text_take(mark, false);
    size_t length = bytes_resolve(from);
    if (length != bytes_resolve(to))
        tool_usage_error("y: both texts must have the same length");
    command->table = memory_get(256);
    for (int byte = 0; byte < 256; byte++)
        command->table[byte] = (unsigned char)byte;
    for (size_t i = 0; i < length; i++)
        command->table[(unsigned char)from[i]] = (unsigned char)to[i];
}

/* The text of a, i or c: the rest of the line; a backslash at the end of one joins the next. */
static char *lines_take(void)
{
    blanks_skip();
    if (at[0] == '\\' && !at[1])
        return at++, memory_get(1);
    if (at[0] == '\\' && at[1] == '\n')
        at += 2;
    else if (at[0] == '\\')
        at++;
    char *text = memory_get(strlen(at) + 2), *to = text;
    for (; *at && *at != '\n'; at++) {
        if (*at == '\\' && at[1])
            at++;
        *to++ = *at;
    }
    *to = '\n';
    return text;
}

static char *label_take(void)
{
    blanks_skip();
    size_t length = strcspn(at, ";\n}");
    char *label = memory_get(length + 1);
    memcpy(label, at, length);
    while (length > 0 && isblank((unsigned char)label[length - 1]))
        label[--length] = 0;
    at += strcspn(at, ";\n}");
    return label;
}

static void command_take(struct command *command)
{
    command->from = address_take();
    blanks_skip();
    if (*at == ',' && command->from.kind != ADDRESS_NONE) {
        at++;
        blanks_skip();
        command->to = address_take();
        if (command->to.kind == ADDRESS_NONE)
            tool_usage_error("an address is missing behind the comma");
    }
    blanks_skip();
    for (; *at == '!' || isblank((unsigned char)*at); at++)
        command->inverted |= *at == '!';
    command->name = *at;
    if (!*at || !strchr("{}pdDqnNPhHgGxls=yaicbt:", *at))
        tool_usage_error(*at ? "%c: no such command" : "a command is missing", *at);
    at++;
    if (command->name == 's') {
        char mark = *at;
        if (!mark || mark == '\n' || mark == '\\')
            tool_usage_error("s: s/PATTERN/TEXT/ is needed");
        at++;
        char *pattern = text_take(mark, true);
        command->text = text_take(mark, false);
        flags_take(command, pattern);
    } else if (command->name == 'y' && *at) {
        char mark = *at++;
        table_take(command, mark);
    } else if (strchr("aic", command->name)) {
        command->text = lines_take();
    } else if (strchr("bt:", command->name)) {
        command->text = label_take();
    }
}

void script_add(struct script *script, const char *text, bool with_extended)
{
    extended = with_extended;
    at = text;
    for (;;) {
        while (*at == ';' || isspace((unsigned char)*at))
            at++;
        if (*at == '#')
            at += strcspn(at, "\n");
        else if (!*at)
            return;
        else {
            if (script->count % 16 == 0 &&
                !(script->commands =
                      realloc(script->commands, (script->count + 16) * sizeof *script->commands)))
                tool_fail("memory");
            struct command *command = &script->commands[script->count++];
            *command = (struct command){0};
            command_take(command);
            blanks_skip();
            if (*at && !strchr(";\n}#", *at) && command->name != '{' && command->name != '}')
                tool_usage_error("%s: not expected behind %c", at, command->name);
        }
    }
}

static size_t label_find(const struct script *script, const char *label)
{
    if (!*label)
        return script->count;
    for (size_t i = 0; i < script->count; i++)
        if (script->commands[i].name == ':' && strcmp(script->commands[i].text, label) == 0)
            return i;
    tool_usage_error("%s: no such label", label);
}

void script_finish(struct script *script)
{
    for (size_t i = 0; i < script->count; i++) {
        struct command *command = &script->commands[i];
        int depth = 1;
        if (command->name == 'b' || command->name == 't')
            command->target = label_find(script, command->text);
        if (command->name != '{')
            continue;
        size_t end = i + 1;
        for (; end < script->count; end++) {
            depth += script->commands[end].name == '{';
            depth -= script->commands[end].name == '}';
            if (depth == 0)
                break;
        }
        if (end == script->count)
            tool_usage_error("a { without its }");
        command->target = end;
    }
}
