// SPDX-License-Identifier: MIT
// Tables and descriptions: lines of words from the system, for people or as JSON.
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "domain.h"
#include "json.h"
#include "tool.h"

#define COLUMNS 16

struct row {
    char *cells[COLUMNS];
};

/* Cuts a line at its spaces; the last cell takes the rest, which may hold spaces. */
static struct row line_cut(char *line, int columns)
{
    struct row row = {0};
    line[strcspn(line, "\n")] = 0;
    for (int i = 0; i < columns; i++) {
        line += strspn(line, " ");
        row.cells[i] = line;
        if (i == columns - 1)
            break;
        line += strcspn(line, " ");
        if (*line)
            *line++ = 0;
    }
    return row;
}

static bool cell_is_number(const char *cell)
{
    return *cell && strspn(cell, "0123456789") == strlen(cell);
}

static void row_print_json(const struct row *keys, const struct row *row, int columns)
{
    for (int i = 0; i < columns; i++) {
        char key[32] = "";
        for (size_t letter = 0; keys->cells[i][letter] && letter < sizeof key - 1; letter++)
            key[letter] = (char)tolower((unsigned char)keys->cells[i][letter]);
        fputs(i ? "," : "{", stdout);
        json_print_string(key);
        putchar(':');
        json_print_value(row->cells[i]);
    }
    puts("}");
}

/* Numbers stand at the right of their column, text at the left; so do the headings. */
static void rows_print(const struct row *rows, size_t count, int columns)
{
    int width[COLUMNS] = {0};
    bool number[COLUMNS];
    for (int column = 0; column < columns; column++) {
        number[column] = count > 1;
        for (size_t i = 0; i < count; i++) {
            int length = (int)strlen(rows[i].cells[column]);
            width[column] = length > width[column] ? length : width[column];
            number[column] &= i == 0 || cell_is_number(rows[i].cells[column]);
        }
    }
    for (size_t i = 0; i < count; i++)
        for (int column = 0; column < columns; column++) {
            bool last = column == columns - 1;
            if (number[column])
                printf("%*s", width[column], rows[i].cells[column]);
            else if (last)
                fputs(rows[i].cells[column], stdout);
            else
                printf("%-*s", width[column], rows[i].cells[column]);
            fputs(last ? "\n" : "  ", stdout);
        }
}

static FILE *source_open(const char *path)
{
    FILE *file = fopen(path, "r");
    if (!file)
        tool_fail(path);
    return file;
}

void table_print(const char *name, const char *headings, bool json)
{
    char path[64], *line = NULL;
    size_t count = 1, room = 0;
    snprintf(path, sizeof path, DOMAIN_FOLDER "%s", name);
    FILE *file = source_open(path);
    int columns = 1;
    for (const char *each = headings; (each = strchr(each, ' ')); each++)
        columns++;
    struct row *rows = malloc(sizeof *rows);
    char *titles = strdup(headings);
    if (!rows || !titles)
        tool_fail("memory");
    rows[0] = line_cut(titles, columns);
    while (getline(&line, &room, file) > 0) {
        char *copy = strdup(line);
        if (!copy || !(rows = realloc(rows, (count + 1) * sizeof *rows)))
            tool_fail("memory");
        rows[count++] = line_cut(copy, columns);
    }
    if (ferror(file))
        tool_error(path);
    fclose(file);
    for (size_t i = 1; json && i < count; i++)
        row_print_json(&rows[0], &rows[i], columns);
    if (!json)
        rows_print(rows, count, columns);
}

bool service_print(const char *name, bool json)
{
    char path[320], *line = NULL;
    size_t room = 0;
    snprintf(path, sizeof path, DOMAIN_FOLDER "service/%s", name);
    FILE *file = strchr(name, '/') || !*name ? NULL : fopen(path, "r");
    if (!file) {
        if (strchr(name, '/') || !*name || errno == ENOENT || errno == ENAMETOOLONG)
            tool_complain(word_shown(name), "no such service (see `domain list`)");
        else
            tool_error(path);
        return false;
    }
    const char *gap = "{";
    while (getline(&line, &room, file) > 0) {
        struct row row = line_cut(line, 2);
        if (!json) {
            printf("%-15s %s\n", row.cells[0], row.cells[1]);
            continue;
        }
        fputs(gap, stdout);
        json_print_string(row.cells[0]);
        putchar(':');
        json_print_string(row.cells[1]);
        gap = ",";
    }
    if (json)
        puts(*gap == '{' ? "{}" : "}");
    if (ferror(file))
        tool_error(path);
    fclose(file);
    return true;
}
