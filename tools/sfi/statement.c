// SPDX-License-Identifier: MIT
// Reading assembly: lines into statements, operands, registers, and where each stood in the source.
#include "tools/sfi/sfi.h"

#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

static const char *const register_names[32] = {
    "zero", "ra", "sp", "gp", "tp",  "t0",  "t1", "t2", "s0", "s1", "a0",
    "a1",   "a2", "a3", "a4", "a5",  "a6",  "a7", "s2", "s3", "s4", "s5",
    "s6",   "s7", "s8", "s9", "s10", "s11", "t3", "t4", "t5", "t6",
};

const char *register_name(int number)
{
    return register_names[number];
}

int register_number(const char *name)
{
    for (int i = 0; i < 32; i++) {
        if (strcmp(name, register_names[i]) == 0)
            return i;
    }
    if (strcmp(name, "fp") == 0)
        return 8;
    if (name[0] == 'x' && isdigit((unsigned char)name[1])) {
        char *end;
        long number = strtol(name + 1, &end, 10);
        if (!*end && number < 32)
            return (int)number;
    }
    return REG_NONE;
}

bool operand_number(const char *operand, long *value)
{
    char *end;
    if (!*operand)
        return false;
    *value = strtol(operand, &end, 0);
    return *end == 0;
}

static void *checked(void *memory)
{
    if (!memory) {
        fprintf(stderr, "sfi: out of memory\n");
        exit(1);
    }
    return memory;
}

// A copy of text[0..length) without the spaces around it.
static char *copy_trimmed(const char *text, size_t length)
{
    while (length && isspace((unsigned char)*text))
        text++, length--;
    while (length && isspace((unsigned char)text[length - 1]))
        length--;
    return checked(strndup(text, length));
}

bool operand_memory(const char *operand, char **offset, int *base)
{
    size_t length = strlen(operand);
    const char *open = strrchr(operand, '(');
    if (!open || operand[length - 1] != ')')
        return false;
    char *name = copy_trimmed(open + 1, length - (size_t)(open - operand) - 2);
    *base = register_number(name);
    free(name);
    if (*base == REG_NONE)
        return false;
    *offset = copy_trimmed(operand, (size_t)(open - operand));
    return true;
}

void statement_refuse(const struct statement *statement, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    fprintf(stderr, "%s:%d: ", statement->file, statement->line);
    if (statement->kind == STATEMENT_INSTRUCTION)
        fprintf(stderr, "%s %s: ", statement->name, statement->arguments);
    vfprintf(stderr, format, arguments);
    fputc('\n', stderr);
    va_end(arguments);
}

bool program_is_weak(const struct program *program, const char *symbol)
{
    size_t length = strcspn(symbol, "+- ");
    for (size_t i = 0; i < program->weak_count; i++) {
        if (strlen(program->weak[i]) == length && strncmp(program->weak[i], symbol, length) == 0)
            return true;
    }
    return false;
}

static char *file_read(const char *path)
{
    FILE *file = strcmp(path, "-") == 0 ? stdin : fopen(path, "r");
    if (!file) {
        fprintf(stderr, "sfi: cannot read %s: %s\n", path, strerror(errno));
        exit(1);
    }
    size_t size = 0, capacity = 1 << 16;
    char *text = checked(malloc(capacity));
    size_t got;
    while ((got = fread(text + size, 1, capacity - size - 1, file)) > 0) {
        size += got;
        if (capacity - size < 2)
            text = checked(realloc(text, capacity *= 2));
    }
    text[size] = 0;
    if (file != stdin)
        fclose(file);
    return text;
}

// Where the reader is: the physical line, or the one that the last `# LINE "FILE"` announced.
struct position {
    const char *path, *file;
    int physical_line, line;
};

static void operands_split(struct statement *statement)
{
    const char *start = statement->arguments;
    int depth = 0;
    bool quoted = false;
    for (const char *c = start;; c++) {
        if (*c == '"' && (c == start || c[-1] != '\\'))
            quoted = !quoted;
        if (*c && (quoted || depth > 0 || *c != ',')) {
            depth += quoted ? 0 : (*c == '(') - (*c == ')');
            continue;
        }
        if (statement->operand_count < OPERANDS_MAX &&
            (*c || c > start || statement->operand_count))
            statement->operands[statement->operand_count++] =
                copy_trimmed(start, (size_t)(c - start));
        if (!*c)
            return;
        start = c + 1;
    }
}

static struct statement *statement_add(struct program *program, const struct position *position,
                                       enum statement_kind kind)
{
    if ((program->count & (program->count - 1)) == 0) {
        size_t capacity = program->count ? program->count * 2 : 1;
        program->statements =
            checked(realloc(program->statements, capacity * sizeof program->statements[0]));
    }
    struct statement *statement = &program->statements[program->count++];
    *statement = (struct statement){
        .kind = kind,
        .file = position->file ? position->file : position->path,
        .line = position->file ? position->line : position->physical_line,
    };
    return statement;
}

static bool is_name(char c)
{
    return isalnum((unsigned char)c) || c == '_' || c == '.' || c == '$';
}

static void weak_remember(struct program *program, const struct statement *directive)
{
    for (int i = 0; i < directive->operand_count; i++) {
        program->weak =
            checked(realloc(program->weak, (program->weak_count + 1) * sizeof program->weak[0]));
        program->weak[program->weak_count++] = directive->operands[i];
    }
}

// One statement: labels, then a directive or an instruction.
static void statement_parse(struct program *program, const struct position *position,
                            const char *text, size_t length)
{
    const char *end = text + length;
    for (;;) {
        while (text < end && isspace((unsigned char)*text))
            text++;
        const char *name_end = text;
        while (name_end < end && is_name(*name_end))
            name_end++;
        const char *after = name_end;
        while (after < end && isspace((unsigned char)*after))
            after++;
        if (name_end == text || after >= end || *after != ':')
            break;
        statement_add(program, position, STATEMENT_LABEL)->name =
            copy_trimmed(text, (size_t)(name_end - text));
        text = after + 1;
    }
    if (text >= end)
        return;

    const char *name_end = text;
    while (name_end < end && !isspace((unsigned char)*name_end))
        name_end++;
    struct statement *statement = statement_add(
        program, position, *text == '.' ? STATEMENT_DIRECTIVE : STATEMENT_INSTRUCTION);
    statement->name = copy_trimmed(text, (size_t)(name_end - text));
    statement->arguments = copy_trimmed(name_end, (size_t)(end - name_end));
    operands_split(statement);
    if (strcmp(statement->name, ".weak") == 0)
        weak_remember(program, statement);
}

// `# LINE "FILE"` as the preprocessor leaves it; `# 0 ""` ends an inline assembly.
static bool line_marker(const char *line, struct position *position)
{
    char *after;
    if (line[0] != '#' || line[1] != ' ' || !isdigit((unsigned char)line[2]))
        return false;
    long number = strtol(line + 2, &after, 10);
    const char *open = strchr(after, '"');
    const char *close = open ? strchr(open + 1, '"') : NULL;
    if (!close)
        return false;
    position->file = close == open + 1 ? NULL : copy_trimmed(open + 1, (size_t)(close - open - 1));
    position->line = (int)number - 1;
    return true;
}

static void line_parse(struct program *program, const struct position *position, char *line)
{
    char *start = line;
    bool quoted = false;
    for (char *c = line;; c++) {
        if (*c == '"' && (c == line || c[-1] != '\\'))
            quoted = !quoted;
        bool comment = !quoted && *c == '#';
        if (*c && !comment && (quoted || *c != ';'))
            continue;
        statement_parse(program, position, start, (size_t)(c - start));
        if (!*c || comment)
            return;
        start = c + 1;
    }
}

// Blanks out comments of C's older kind; gas knows them too.
static void block_comments_remove(char *text)
{
    bool quoted = false;
    for (char *c = text; *c; c++) {
        if (*c == '\n')
            quoted = false;
        if (*c == '"' && (c == text || c[-1] != '\\'))
            quoted = !quoted;
        if (quoted || c[0] != '/' || c[1] != '*')
            continue;
        char *close = strstr(c + 2, "*/");
        char *stop = close ? close + 2 : c + strlen(c);
        for (; c < stop; c++) {
            if (*c != '\n')
                *c = ' ';
        }
        c--;
    }
}

struct program program_read(const char *path)
{
    struct program program = {.path = path};
    struct position position = {.path = path};
    char *text = file_read(path);
    block_comments_remove(text);

    for (char *line = text, *next; line; line = next) {
        next = strchr(line, '\n');
        if (next)
            *next++ = 0;
        position.physical_line++;
        position.line++;
        if (!line_marker(line, &position))
            line_parse(&program, &position, line);
    }
    free(text);
    return program;
}
