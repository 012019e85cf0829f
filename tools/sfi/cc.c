// SPDX-License-Identifier: MIT
// sfi-cc: gcc for domains, usable as CC. Everything is left to gcc's own driver, which runs its
// compiler and assembler through this program again (-wrapper): what the compiler wrote, and what
// the assembler is given, is confined in between. `sfi-cc -S` gives confined assembly.
//
// Environment: SFI=stores leaves loads unconfined, to measure the difference; the kernel refuses
// the result. SFI_FAR=1 makes calls reach beyond 1 MiB. TOOLPREFIX names the cross compiler.
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include "tools/sfi/sfi.h"

// The first line of what has been confined already, so that it is not confined twice.
#define CONFINED "# confined by sfi\n"

// After the caller's own flags, so that they win. Unwind tables tell where ra is restored.
static char *const compiler_flags[] = {
    "-march=rv64ima_zba_zbb",
    "-mabi=lp64",
    "-mno-relax",
    "-mcmodel=medany",
    "-ffixed-x25",
    "-ffixed-x26",
    "-fno-pic",
    "-fno-stack-protector",
    "-fasynchronous-unwind-tables",
    "-fdwarf2-cfi-asm",
    "-mno-save-restore",
    "-msmall-data-limit=0",
    "-D__DOMAIN__=1",
};
#define COMPILER_FLAGS (sizeof compiler_flags / sizeof compiler_flags[0])

static void die(const char *what, const char *name)
{
    fprintf(stderr, "sfi-cc: %s %s: %s\n", what, name, strerror(errno));
    exit(1);
}

static int run(char **command)
{
    pid_t child = fork();
    if (child < 0)
        die("cannot start", command[0]);
    if (child == 0) {
        execvp(command[0], command);
        die("cannot run", command[0]);
    }
    int status;
    while (waitpid(child, &status, 0) < 0 && errno == EINTR)
        ;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}

static struct sfi_options options_read(void)
{
    const char *mode = getenv("SFI"), *far = getenv("SFI_FAR");
    return (struct sfi_options){
        .stores_only = mode && strcmp(mode, "stores") == 0,
        .far_calls = far && strcmp(far, "1") == 0,
    };
}

static bool is_confined(const char *path)
{
    char line[sizeof CONFINED] = "";
    FILE *file = fopen(path, "r");
    if (!file)
        die("cannot read", path);
    bool confined = fgets(line, sizeof line, file) && strcmp(line, CONFINED) == 0;
    fclose(file);
    return confined;
}

// Puts the confined form of `path` in the place of `path`, or into `output` if that is given.
static enum sfi_status confine_file(const char *path, const char *output,
                                    const struct sfi_options *options)
{
    char *text = NULL;
    size_t size = 0;
    FILE *memory = open_memstream(&text, &size);
    if (!memory)
        die("cannot confine", path);
    fputs(CONFINED, memory);
    enum sfi_status status = sfi_confine(path, memory, options);
    if (fclose(memory) != 0)
        die("cannot confine", path);
    if (status == SFI_OK) {
        FILE *file = fopen(output ? output : path, "w");
        if (!file || fwrite(text, 1, size, file) != size || fclose(file) != 0)
            die("cannot write", output ? output : path);
    }
    free(text);
    return status;
}

static int find_argument(char **command, const char *name)
{
    for (int i = 1; command[i]; i++) {
        if (strcmp(command[i], name) == 0)
            return i;
    }
    return 0;
}

static int count(char **command)
{
    int n = 0;
    while (command[n])
        n++;
    return n;
}

// cc1 into a file: compile, confine; where data was in ra compile again as link_register.c wants
// it.
static int compile_file(char **command, const char *path)
{
    int status = run(command);
    if (status)
        return status;
    struct sfi_options options = options_read();
    options.compiled = true;
    enum sfi_status confined = confine_file(path, NULL, &options);
    if (confined == SFI_DATA_IN_LINK) {
        static char *const again[] = {"-ffixed-x31", "-fno-shrink-wrap", "-w", NULL};
        int n = count(command);
        char **second = calloc((size_t)n + 4, sizeof *second);
        if (!second)
            die("cannot compile", path);
        memcpy(second, command, (size_t)n * sizeof *second);
        memcpy(second + n, again, sizeof again);
        status = run(second);
        free(second);
        if (status)
            return status;
        options.move_data = true;
        confined = confine_file(path, NULL, &options);
    }
    return confined == SFI_OK ? 0 : 1;
}

static void temporary_make(char *name)
{
    int fd = mkstemps(name, 2);
    if (fd < 0)
        die("cannot make", name);
    close(fd);
}

static int file_print(const char *path)
{
    char *print[] = {"cat", (char *)path, NULL};
    return run(print);
}

static int compile(char **command)
{
    int output = find_argument(command, "-o");
    if (find_argument(command, "-E") || find_argument(command, "-fsyntax-only") || !output ||
        !command[output + 1])
        return run(command);
    struct stat kind;
    const char *path = command[output + 1];
    bool is_stdout = strcmp(path, "-") == 0;
    if (!is_stdout && stat(path, &kind) == 0 && !S_ISREG(kind.st_mode))
        return run(command); // /dev/null
    if (!is_stdout)
        return compile_file(command, path);

    char temporary[] = "/tmp/sfi-XXXXXX.s";
    temporary_make(temporary);
    command[output + 1] = temporary;
    int status = compile_file(command, temporary);
    if (status == 0)
        status = file_print(temporary);
    unlink(temporary);
    return status;
}

// as: its input is the last argument. A person's assembly is confined into a file of our own.
static int assemble(char **command)
{
    int n = count(command);
    char *input = command[n - 1];
    size_t length = strlen(input);
    bool is_source = length > 2 && strcmp(input + length - 2, ".s") == 0;
    if (!is_source || is_confined(input))
        return run(command);

    char temporary[] = "/tmp/sfi-XXXXXX.s";
    temporary_make(temporary);
    struct sfi_options options = options_read();
    int status = confine_file(input, temporary, &options) == SFI_OK ? 0 : 1;
    command[n - 1] = temporary;
    if (status == 0)
        status = run(command);
    unlink(temporary);
    return status;
}

static int wrapped(char **command)
{
    const char *slash = strrchr(command[0], '/');
    const char *name = slash ? slash + 1 : command[0];
    const char *dash = strrchr(name, '-');
    if (strcmp(name, "cc1") == 0)
        return compile(command);
    if (strcmp(dash ? dash + 1 : name, "as") == 0)
        return assemble(command);
    return run(command);
}

int main(int argc, char **argv)
{
    static char *query[] = {"--version", "-v", "-dumpversion", "-dumpmachine", NULL};
    if (argc > 1 && strcmp(argv[1], "--wrapped") == 0)
        return argc > 2 ? wrapped(argv + 2) : 2;

    char self[4096], wrapper[sizeof self + 16], compiler[256];
    ssize_t length = readlink("/proc/self/exe", self, sizeof self - 1);
    if (length < 0)
        die("cannot find", "itself");
    self[length] = 0;
    snprintf(wrapper, sizeof wrapper, "%s,--wrapped", self);
    const char *prefix = getenv("TOOLPREFIX");
    snprintf(compiler, sizeof compiler, "%sgcc", prefix ? prefix : "riscv64-unknown-elf-");

    char **command = calloc((size_t)argc + COMPILER_FLAGS + 4, sizeof *command);
    if (!command)
        die("cannot run", compiler);
    int n = 0;
    command[n++] = compiler;
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "-pipe") != 0)
            command[n++] = argv[i];
    }
    for (int i = 0; argc == 2 && query[i]; i++) {
        if (strcmp(argv[1], query[i]) == 0)
            execvp(command[0], command);
    }
    command[n++] = "-wrapper";
    command[n++] = wrapper;
    for (size_t i = 0; i < COMPILER_FLAGS; i++)
        command[n++] = compiler_flags[i];
    execvp(command[0], command);
    die("cannot run", compiler);
}
