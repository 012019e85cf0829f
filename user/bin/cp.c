// SPDX-License-Identifier: MIT
// cp: copies files. -r: folders with all that is in them, -p: with mode, owner and times, -a: both,
// -f: what cannot be written is deleted first, -i: asks before overwriting, -n: overwrites nothing,
// -v: tells each copy.
#include <unistd.h>
#include "copy.h"
#include "progress.h"
#include "tool.h"

static void operand_copy(const char *from, const char *to)
{
    (void)path_copy(from, to); /* what fails has been reported */
}

int main(int argc, char **argv)
{
    tool_begin("cp", "[-adfinprvR] FROM TO, or cp [-adfinprvR] PATH... FOLDER");
    for (int letter; (letter = tool_option(argc, argv, "adfinprvR")) >= 0;) {
        copy_options.recursive |= letter == 'a' || letter == 'r' || letter == 'R';
        copy_options.keep |= letter == 'a' || letter == 'p';
        copy_options.links |= letter == 'a' || letter == 'd';
        copy_options.verbose |= letter == 'v';
        copy_options.force |= letter == 'f';
        if (letter == 'i' || letter == 'n') {
            copy_options.ask = letter == 'i';
            copy_options.leave = letter == 'n';
        }
    }
    progress_begin("cp", PROGRESS_BYTES, 0);
    copy_operands(argc, argv, operand_copy);
    progress_end();
    return tool_status();
}
