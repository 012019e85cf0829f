// SPDX-License-Identifier: MIT
// sfi [--stores] [--far] [-o OUTPUT] [FILE]
// The rewriter on its own, for assembly that a person wrote. For C there is sfi-cc.
#include <stdlib.h>
#include <string.h>
#include "tools/sfi/sfi.h"

static int usage(void)
{
    fprintf(stderr, "usage: sfi [--stores] [--far] [-o OUTPUT] [FILE]\n");
    return 2;
}

int main(int argc, char **argv)
{
    struct sfi_options options = {0};
    const char *input = NULL, *output = NULL;
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--stores") == 0)
            options.stores_only = true;
        else if (strcmp(argv[i], "--far") == 0)
            options.far_calls = true;
        else if (strcmp(argv[i], "-o") == 0 && i + 1 < argc)
            output = argv[++i];
        else if ((argv[i][0] == '-' && argv[i][1]) || input)
            return usage();
        else
            input = argv[i];
    }
    FILE *out = output ? fopen(output, "w") : stdout;
    if (!out) {
        fprintf(stderr, "sfi: cannot write %s\n", output);
        return 1;
    }
    enum sfi_status status = sfi_confine(input ? input : "-", out, &options);
    if (fflush(out) != 0 || ferror(out)) {
        fprintf(stderr, "sfi: cannot write %s\n", output ? output : "the result");
        status = SFI_REFUSED;
    }
    if (status != SFI_OK && output)
        remove(output);
    return status == SFI_OK ? 0 : 1;
}
