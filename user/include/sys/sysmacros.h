// SPDX-License-Identifier: MIT
// Device numbers as Linux packs them.
#pragma once

#define major(device) ((unsigned)(((device) >> 8) & 0xfff))
#define minor(device) ((unsigned)(((device)&0xff) | (((device) >> 12) & 0xfff00)))
#define makedev(major, minor)                                                                      \
    (((dev_t)(major) << 8) | ((minor)&0xff) | ((dev_t)((minor)&0xfff00) << 12))
