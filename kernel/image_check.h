// SPDX-License-Identifier: MIT
// The header that an image carries in its read-only data: copied out, every field checked.
#pragma once
#include "kernel/image.h"

// Fills in image->header, methods and descriptions from the file. image->elf is set. 0, or -ENOEXEC
// with one line in *reason (static text).
int image_check(const uint8_t *file, struct image *image, const char **reason);
