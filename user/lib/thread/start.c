// SPDX-License-Identifier: MIT
// What a thread consists of, see thread.h, and the first one. The program's thread-local variables
// begin with a copy of the image that the linker made (PT_TLS; the names are in linker/user.ld).
#include "thread.h"

#include <string.h>
#include <unistd.h>
#include "cancellation.h"

extern const char __tls_image[], __tls_image_size[], __tls_size[], __tls_alignment[];

#define TLS_IMAGE_SIZE ((size_t)__tls_image_size)
#define TLS_SIZE       ((size_t)__tls_size)
#define TLS_ALIGNMENT  ((size_t)__tls_alignment)
#define STACK_ALIGNED  16

_Static_assert(sizeof(struct thread_head) == 32, "linker/user.ld leaves room for it");
_Static_assert(offsetof(struct thread_head, cancel) == 32 - 24, "cancellation.S");
_Static_assert(offsetof(struct thread_head, reent) == 32 - 16, "sys/reent.h");
_Static_assert(offsetof(struct thread_head, self) == 32 - 8, "thread_self()");

static struct __pthread first; /* without a value: it takes no room in a program's file */

static struct thread_head *head_fill(char *tls, struct __pthread *thread, struct _reent *reent)
{
    struct thread_head *head = (struct thread_head *)tls - 1;
    *head = (struct thread_head){.reent = reent, .self = thread};
    memcpy(tls, __tls_image, TLS_IMAGE_SIZE);
    return head;
}

/* tp is where it should be already, and the memory of variables without a value is zero. */
void thread_start_first(void)
{
    char *tls;
    __asm__("mv %0, tp" : "=r"(tls));
    first.alive = 1;
    first.is_of_process = true;
    first.head = head_fill(tls, &first, _global_impure_ptr);
}

static char *place_below(char *end, size_t size, size_t alignment)
{
    return (char *)(((uintptr_t)end - size) & ~(uintptr_t)(alignment - 1));
}

struct __pthread *thread_lay_out(char *bottom, char *top)
{
    size_t needed = TLS_SIZE + TLS_ALIGNMENT + sizeof(struct thread_head) + sizeof(struct _reent) +
                    sizeof(struct __pthread) + 3 * STACK_ALIGNED;
    if ((size_t)(top - bottom) < needed + PTHREAD_STACK_MIN / 2)
        return NULL;
    char *tls = place_below(top, TLS_SIZE, TLS_ALIGNMENT);
    char *reent =
        place_below((char *)((struct thread_head *)tls - 1), sizeof(struct _reent), STACK_ALIGNED);
    char *thread = place_below(reent, sizeof(struct __pthread), STACK_ALIGNED);
    memset(thread, 0, (size_t)(tls + TLS_SIZE - thread));
    _REENT_INIT_PTR_ZEROED((struct _reent *)reent);
    struct __pthread *laid = (struct __pthread *)thread;
    laid->head = head_fill(tls, laid, (struct _reent *)reent);
    laid->alive = 1;
    return laid;
}

/* newlib calls this where sys/reent.h has no say. */
struct _reent *__getreent(void)
{
    return thread_self()->head->reent;
}
