// SPDX-License-Identifier: MIT
// stty: prints and changes how the terminal that is stdin behaves, as far as our console has it.
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>
#include "tool.h"

#define ROWS_MAX 65535

static struct termios now;
static struct winsize size;

/* What a name of a flag stands for; with a - in front it is taken away. */
static const struct flag {
    const char *name;
    tcflag_t *word, bit;
    bool is_usual;
} flags[] = {
    {"istrip", &now.c_iflag, ISTRIP, false}, {"inlcr", &now.c_iflag, INLCR, false},
    {"igncr", &now.c_iflag, IGNCR, false},   {"icrnl", &now.c_iflag, ICRNL, true},
    {"opost", &now.c_oflag, OPOST, true},    {"onlcr", &now.c_oflag, ONLCR, true},
    {"isig", &now.c_lflag, ISIG, true},      {"icanon", &now.c_lflag, ICANON, true},
    {"iexten", &now.c_lflag, IEXTEN, true},  {"echo", &now.c_lflag, ECHO, true},
    {"echoe", &now.c_lflag, ECHOE, true},    {"echok", &now.c_lflag, ECHOK, true},
    {"echonl", &now.c_lflag, ECHONL, false}, {"echoctl", &now.c_lflag, ECHOCTL, true},
    {"echoke", &now.c_lflag, ECHOKE, true},  {"noflsh", &now.c_lflag, NOFLSH, false},
};

static const struct key {
    const char *name;
    int index;
    cc_t usual;
} keys[] = {
    {"intr", VINTR, 'C' & 31},     {"quit", VQUIT, '\\' & 31},  {"erase", VERASE, 0x7f},
    {"kill", VKILL, 'U' & 31},     {"eof", VEOF, 'D' & 31},     {"susp", VSUSP, 'Z' & 31},
    {"werase", VWERASE, 'W' & 31}, {"lnext", VLNEXT, 'V' & 31},
};

#define FLAGS (sizeof flags / sizeof *flags)
#define KEYS  (sizeof keys / sizeof *keys)

static void key_print(const struct key *key)
{
    cc_t letter = now.c_cc[key->index];
    printf("%s = ", key->name);
    if (!letter)
        printf("none; ");
    else if (letter < ' ' || letter == 0x7f)
        printf("^%c; ", letter ^ 0x40);
    else
        printf("%c; ", letter);
}

/* ALL, or only what is not as usual. */
static void settings_print(bool all)
{
    bool any = false;
    if (all)
        printf("rows %d; columns %d;\n", size.ws_row, size.ws_col);
    for (size_t i = 0; i < KEYS; i++)
        if (all || now.c_cc[keys[i].index] != keys[i].usual) {
            key_print(&keys[i]);
            any = true;
        }
    if (any)
        putchar('\n');
    any = false;
    for (size_t i = 0; i < FLAGS; i++) {
        bool is_set = *flags[i].word & flags[i].bit;
        if (!all && is_set == flags[i].is_usual)
            continue;
        printf("%s%s%s", any ? " " : "", is_set ? "" : "-", flags[i].name);
        any = true;
    }
    puts(any ? "" : "all as usual");
}

static void sane_set(void)
{
    for (size_t i = 0; i < FLAGS; i++)
        *flags[i].word =
            flags[i].is_usual ? *flags[i].word | flags[i].bit : *flags[i].word & ~flags[i].bit;
    for (size_t i = 0; i < KEYS; i++)
        now.c_cc[keys[i].index] = keys[i].usual;
}

static bool flag_set(const char *name)
{
    bool on = *name != '-';
    for (size_t i = 0; i < FLAGS; i++)
        if (strcmp(name + !on, flags[i].name) == 0) {
            *flags[i].word = on ? *flags[i].word | flags[i].bit : *flags[i].word & ~flags[i].bit;
            return true;
        }
    return false;
}

static bool mode_set(const char *name)
{
    if (strcmp(name, "sane") == 0 || strcmp(name, "cooked") == 0 || strcmp(name, "-raw") == 0)
        sane_set();
    else if (strcmp(name, "raw") == 0)
        cfmakeraw(&now);
    else
        return flag_set(name);
    return true;
}

/* ^C, ^?, a letter, or ^- for none. */
static cc_t key_parse(const char *text)
{
    if (strcmp(text, "^-") == 0 || strcmp(text, "undef") == 0)
        return 0;
    if (text[0] == '^' && text[1] && !text[2])
        return text[1] == '?' ? 0x7f : text[1] & 31;
    if (!text[0] || text[1])
        tool_usage_error("%s: not a key (^C, ^?, a letter, ^- for none)", text);
    return (cc_t)text[0];
}

/* A setting with a value. False: NAME is none. */
static bool value_set(const char *name, const char *text)
{
    long value;
    bool rows = strcmp(name, "rows") == 0;
    if (rows || strcmp(name, "cols") == 0 || strcmp(name, "columns") == 0) {
        if (!text || !tool_number(text, 1, ROWS_MAX, &value))
            tool_usage_error("%s: not a number of %s", text ? text : "nothing", name);
        *(rows ? &size.ws_row : &size.ws_col) = (unsigned short)value;
        if (ioctl(STDIN_FILENO, TIOCSWINSZ, &size) < 0)
            tool_fail("stdin");
        return true;
    }
    for (size_t i = 0; i < KEYS; i++)
        if (strcmp(name, keys[i].name) == 0) {
            if (!text)
                tool_usage_error("%s: which key?", name);
            now.c_cc[keys[i].index] = key_parse(text);
            return true;
        }
    return false;
}

int main(int argc, char **argv)
{
    tool_begin("stty", "[-a | size | SETTING...]");
    tool_help_alone(argc, argv);
    if (tcgetattr(STDIN_FILENO, &now) < 0)
        tool_fail("stdin");
    ioctl(STDIN_FILENO, TIOCGWINSZ, &size);
    if (argc == 1 || (argc == 2 && strcmp(argv[1], "-a") == 0)) {
        settings_print(argc == 2);
        return tool_status();
    }
    if (argc == 2 && strcmp(argv[1], "size") == 0) {
        printf("%d %d\n", size.ws_row, size.ws_col);
        return tool_status();
    }
    for (int i = 1; i < argc; i++) {
        if (mode_set(argv[i]))
            continue;
        if (!value_set(argv[i], i + 1 < argc ? argv[i + 1] : NULL))
            tool_usage_error("%s: no such setting", argv[i]);
        i++;
    }
    if (tcsetattr(STDIN_FILENO, TCSADRAIN, &now) < 0)
        tool_fail("stdin");
    return tool_status();
}
