// SPDX-License-Identifier: MIT
// sed: puts each line through a script of commands. -n: prints only what commands print, -e, -f:
// the script, -E: extended expressions, -i: changes the files themselves.
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "sed.h"
#include "tool.h"

#define SCRIPT_MAX 65536

static void file_add(struct script *script, const char *path, bool extended)
{
    static char text[SCRIPT_MAX + 1];
    FILE *file = strcmp(path, "-") == 0 ? stdin : fopen(path, "r");
    if (!file)
        tool_fail(path);
    size_t length = fread(text, 1, sizeof text, file);
    if (ferror(file))
        tool_fail(path);
    if (length > SCRIPT_MAX)
        tool_usage_error("%s: more than %d bytes", path, SCRIPT_MAX);
    text[length] = 0;
    script_add(script, text, extended);
    if (file != stdin)
        fclose(file);
}

/* What is printed goes to a new file beside the old one, which then takes its place and mode. */
static void file_change(struct script *script, char *path, bool quiet)
{
    static char target[4096];
    struct stat info;
    if (stat(path, &info) < 0 || !S_ISREG(info.st_mode)) {
        if (stat(path, &info) == 0)
            tool_complain(path, "is no file that could be changed");
        else
            tool_error(path);
        return;
    }
    if ((size_t)snprintf(target, sizeof target, "%s.sed-new", path) >= sizeof target) {
        tool_complain(path, "the path is too long");
        return;
    }
    int file = open(target, O_WRONLY | O_CREAT | O_TRUNC, info.st_mode & 0777);
    if (file < 0) {
        tool_error(target);
        return;
    }
    fflush(stdout);
    int before = dup(STDOUT_FILENO);
    if (before < 0 || dup2(file, STDOUT_FILENO) < 0)
        tool_fail(path);
    close(file);
    script_run(script, 1, &path, quiet);
    bool written = fflush(stdout) == 0 && !ferror(stdout);
    dup2(before, STDOUT_FILENO);
    close(before);
    if (!written || chmod(target, info.st_mode & 07777) < 0 || rename(target, path) < 0) {
        tool_error(path);
        unlink(target);
    }
}

int main(int argc, char **argv)
{
    static struct script script;
    static char *only_stdin[] = {"-"};
    bool quiet = false, extended = false, in_place = false, have_script = false;
    tool_begin("sed",
               "[-Eni] SCRIPT [FILE]..., or sed [-Eni] [-e SCRIPT]... [-f FILE]... [FILE]...");
    for (int i = 1; i < argc; i++) /* the syntax counts for scripts before it, too */
        extended |= strcmp(argv[i], "-E") == 0 || strcmp(argv[i], "-r") == 0;
    for (int letter; (letter = tool_option(argc, argv, "Ernie:f:")) >= 0;) {
        extended |= letter == 'E' || letter == 'r';
        quiet |= letter == 'n';
        in_place |= letter == 'i';
        have_script |= letter == 'e' || letter == 'f';
        if (letter == 'e')
            script_add(&script, optarg, extended);
        if (letter == 'f')
            file_add(&script, optarg, extended);
    }
    if (!have_script && optind == argc)
        tool_usage_error("no script given");
    if (!have_script)
        script_add(&script, argv[optind++], extended);
    script_finish(&script);
    if (in_place && optind == argc)
        tool_usage_error("-i needs files");
    for (int i = optind; in_place && i < argc; i++)
        file_change(&script, argv[i], quiet);
    if (!in_place)
        script_run(&script, optind < argc ? argc - optind : 1,
                   optind < argc ? argv + optind : only_stdin, quiet);
    return tool_status();
}
