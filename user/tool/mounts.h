// SPDX-License-Identifier: MIT
// What is mounted, as /proc/mounts tells it.
#pragma once

struct mount_line {
    char *source, *path, *kind, *options;
};

/* Calls `work` for each mount; its strings last until it returns. Ends the tool where the list
   cannot be read. */
void mounts_each(void (*work)(const struct mount_line *line));
