// SPDX-License-Identifier: MIT
// ioctl() and the requests that user programs make (asm-generic/ioctls.h, linux/fs.h).
#pragma once

#define TCGETS     0x5401
#define TCSETS     0x5402
#define TCSETSW    0x5403
#define TCSETSF    0x5404
#define TCSBRK     0x5409
#define TCFLSH     0x540b
#define TIOCSCTTY  0x540e
#define TIOCGPGRP  0x540f
#define TIOCSPGRP  0x5410
#define TIOCGWINSZ 0x5413
#define TIOCSWINSZ 0x5414
#define FIONREAD   0x541b
#define TIOCNOTTY  0x5422
#define TIOCGSID   0x5429

#define BLKROGET     0x125e
#define BLKSSZGET    0x1268
#define BLKFLSBUF    0x1261
#define BLKGETSIZE64 0x80081272

struct winsize {
    unsigned short ws_row;
    unsigned short ws_col;
    unsigned short ws_xpixel;
    unsigned short ws_ypixel;
};

int ioctl(int file, unsigned long request, ...);
