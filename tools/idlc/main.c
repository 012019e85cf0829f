// SPDX-License-Identifier: MIT
// idlc, the interface compiler: turns an IDL file into client stubs and a server's method table,
// or a domain's manifest into the header of its image. docs/idl.md describes both languages.
#include "interface.h"
#include "manifest.h"
#include "output.h"

#include <string.h>

enum { EXIT_REFUSED = 1, EXIT_USAGE = 2 };

static const char usage[] =
    "usage: idlc --interface FILE.idl --out DIR\n"
    "           writes NAME_interface.h NAME_client.h NAME_server.h NAME_server.c NAME_calls.json\n"
    "       idlc --manifest FILE --interfaces DIR --out DIR\n"
    "           writes manifest.h manifest.c; DIR holds the IDL files of the interfaces named\n";

struct options {
    const char *interface;
    const char *manifest;
    const char *interfaces;
    const char *out;
};

static int refuse_usage(const char *why, const char *word)
{
    fprintf(stderr, "idlc: %s%s\n%s", why, word, usage);
    return EXIT_USAGE;
}

// Returns 0, or the exit status after saying what is wrong.
static int read_options(struct options *options, int count, char **words)
{
    const struct {
        const char *name;
        const char **value;
    } known[] = {
        {"--interface", &options->interface},
        {"--manifest", &options->manifest},
        {"--interfaces", &options->interfaces},
        {"--out", &options->out},
    };
    for (int i = 1; i < count; i += 2) {
        const char **value = NULL;
        for (size_t k = 0; k < sizeof(known) / sizeof(known[0]); k++)
            if (strcmp(words[i], known[k].name) == 0)
                value = known[k].value;
        if (!value)
            return refuse_usage("unknown option ", words[i]);
        if (*value)
            return refuse_usage("given twice: ", words[i]);
        if (i + 1 == count || words[i + 1][0] == '\0')
            return refuse_usage("a value must follow ", words[i]);
        *value = words[i + 1];
    }
    if (!options->interface == !options->manifest)
        return refuse_usage("give either --interface or --manifest", "");
    if (!options->out)
        return refuse_usage("say with --out where to write", "");
    if (!options->manifest != !options->interfaces)
        return refuse_usage("--manifest and --interfaces belong together", "");
    return 0;
}

static bool compile_interface(const char *path, struct output *output)
{
    struct source source;
    static struct interface interface;
    if (!source_load(&source, path) || !interface_parse(&interface, &source))
        return false;
    const struct {
        const char *suffix;
        void (*emit)(FILE *file, const struct interface *interface);
    } files[] = {
        {"_interface.h", emit_interface_header}, {"_client.h", emit_client_header},
        {"_server.h", emit_server_header},       {"_server.c", emit_server_source},
        {"_calls.json", emit_call_descriptions},
    };
    for (size_t i = 0; i < sizeof(files) / sizeof(files[0]) && !output->failed; i++) {
        FILE *file = output_open(output, interface.name, files[i].suffix);
        if (!file)
            break;
        files[i].emit(file, &interface);
        output_close(output, file);
    }
    return !output->failed;
}

static bool compile_manifest(const char *path, const char *interfaces, struct output *output)
{
    struct source source;
    static struct manifest manifest;
    if (!source_load(&source, path) || !manifest_parse(&manifest, &source, interfaces))
        return false;
    FILE *file = output_open(output, "manifest", ".h");
    if (!file)
        return false;
    emit_manifest_header(file, &manifest);
    output_close(output, file);
    file = output->failed ? NULL : output_open(output, "manifest", ".c");
    if (!file)
        return false;
    emit_manifest_source(file, &manifest);
    output_close(output, file);
    return !output->failed;
}

int main(int count, char **words)
{
    if (count == 2 && (strcmp(words[1], "--help") == 0 || strcmp(words[1], "-h") == 0)) {
        fputs(usage, stdout);
        return 0;
    }
    struct options options = {0};
    int status = read_options(&options, count, words);
    if (status)
        return status;
    struct output output = {.folder = options.out};
    bool good = options.interface ? compile_interface(options.interface, &output)
                                  : compile_manifest(options.manifest, options.interfaces, &output);
    return good ? 0 : EXIT_REFUSED;
}
