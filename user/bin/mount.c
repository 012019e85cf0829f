// SPDX-License-Identifier: MIT
// mount: lists what is mounted, or mounts a disk's file system on a folder.
#include <errno.h>
#include <string.h>
#include <sys/mount.h>
#include <unistd.h>
#include "mounts.h"
#include "tool.h"

static void line_print(const struct mount_line *line)
{
    printf("%s on %s type %s (%s)\n", line->source, line->path, line->kind, line->options);
}

/* `ro` and `rw`, with commas between. */
static unsigned long options_read(char *options)
{
    unsigned long flags = 0;
    for (char *each = strtok(options, ","); each; each = strtok(NULL, ",")) {
        if (strcmp(each, "ro") == 0)
            flags |= MS_RDONLY;
        else if (strcmp(each, "rw") == 0)
            flags &= ~(unsigned long)MS_RDONLY;
        else
            tool_usage_error("unknown option '%s' (there are: ro, rw)", each);
    }
    return flags;
}

/* What the error means here, where its usual text would not say it. */
static const char *reason(void)
{
    switch (errno) {
    case EBUSY:
        return "the disk or the folder is in use: mounted already (see mount)";
    case EINVAL:
        return "no ext2 file system that this system can read";
    case ENODEV:
        return "no file system of that type, or not on this device (there is ext2, on /dev/vda)";
    case ENXIO:
        return "the file system's domain does not run, or there is no disk (see domain list)";
    default:
        return strerror(errno);
    }
}

int main(int argc, char **argv)
{
    const char *type = "ext2";
    unsigned long flags = 0;
    tool_begin("mount", "[-r] [-t TYPE] [-o ro|rw] [DEVICE FOLDER]");
    for (int letter; (letter = tool_option(argc, argv, "rt:o:")) >= 0;) {
        if (letter == 't')
            type = optarg;
        else if (letter == 'o')
            flags = options_read(optarg);
        else
            flags |= MS_RDONLY;
    }
    if (optind == argc) {
        mounts_each(line_print);
        return tool_status();
    }
    if (argc - optind != 2)
        tool_usage_error("a device and a folder are needed");
    if (mount(argv[optind], argv[optind + 1], type, flags, NULL) < 0)
        tool_complain(argv[optind], "%s", reason());
    return tool_status();
}
