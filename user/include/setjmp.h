// SPDX-License-Identifier: MIT
// newlib's setjmp.h, the two calls that can restore the signal mask too, and the names of those
// that never do.
#pragma once

#include_next <setjmp.h>
#include <sys/_sigset.h>

typedef struct {
    jmp_buf __context;
    int __has_mask;
    __sigset_t __mask;
} sigjmp_buf[1];

int __signal_mask_save(sigjmp_buf buffer, int save);
_Noreturn void siglongjmp(sigjmp_buf buffer, int value);

#define sigsetjmp(buffer, save) (__signal_mask_save(buffer, save), setjmp((buffer)->__context))

#define _setjmp(buffer)         setjmp(buffer)
#define _longjmp(buffer, value) longjmp(buffer, value)
