// SPDX-License-Identifier: MIT
// Linux's terminal settings as a user program sees them (riscv64: asm-generic/termbits.h and
// ioctls.h), as far as this console carries them out. Everything else is stored and given back.
#pragma once
#include <stdint.h>

#define TERMIOS_KEYS 19

struct termios {
    uint32_t c_iflag, c_oflag, c_cflag, c_lflag;
    uint8_t c_line;
    uint8_t c_cc[TERMIOS_KEYS];
};
_Static_assert(sizeof(struct termios) == 36, "the kernel's struct termios of Linux");

struct window_size {
    uint16_t rows, columns, width, height;
};

// Places in c_cc
enum {
    VINTR,
    VQUIT,
    VERASE,
    VKILL,
    VEOF,
    VTIME,
    VMIN,
    VSWTC,
    VSTART,
    VSTOP,
    VSUSP,
    VEOL,
    VREPRINT,
    VDISCARD,
    VWERASE,
    VLNEXT,
    VEOL2,
};

// c_iflag
#define ISTRIP 0x0020
#define INLCR  0x0040
#define IGNCR  0x0080
#define ICRNL  0x0100
#define IUTF8  0x4000
// c_oflag
#define OPOST 0x0001
#define ONLCR 0x0004
// c_cflag: 8 bits, receiver on, 115200 baud
#define CFLAG_DEFAULT 0x10B2
// c_lflag
#define ISIG    0x0001
#define ICANON  0x0002
#define ECHO    0x0008
#define ECHOE   0x0010
#define ECHOK   0x0020
#define ECHONL  0x0040
#define NOFLSH  0x0080
#define ECHOCTL 0x0200
#define ECHOKE  0x0800
#define IEXTEN  0x8000

// Requests of terminal.control
#define TCGETS     0x5401
#define TCSETS     0x5402
#define TCSETSW    0x5403
#define TCSETSF    0x5404
#define TCSBRK     0x5409
#define TCXONC     0x540A
#define TCFLSH     0x540B
#define TIOCOUTQ   0x5411
#define TIOCGWINSZ 0x5413
#define TIOCSWINSZ 0x5414
#define FIONREAD   0x541B

enum { TCIFLUSH, TCOFLUSH, TCIOFLUSH };

#define SIGNAL_INTERRUPT 2
#define SIGNAL_QUIT      3
#define SIGNAL_STOP      20
#define SIGNAL_WINDOW    28
