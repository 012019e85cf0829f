// SPDX-License-Identifier: MIT
// What the parts of thread_check share: system calls without the C library's help, for threads here
// have no errno, and threads. Each part is a function with checks; main.c lists them.
#pragma once

#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

// Anybody may fail; only the line is printed, by a call of its own.
#define CHECK(condition)                                                                           \
    do {                                                                                           \
        if (!(condition))                                                                          \
            check_failed(__FILE__, __LINE__);                                                      \
    } while (0)

extern atomic_int failures;
void check_failed(const char *file, int line);

// ---- System calls: a value, or a negative error number ----

enum {
    CALL_EXIT = 93,
    CALL_EXIT_GROUP = 94,
    CALL_SET_TID = 96,
    CALL_FUTEX = 98,
    CALL_SET_ROBUST = 99,
    CALL_GET_ROBUST = 100,
    CALL_YIELD = 124,
    CALL_KILL = 129,
    CALL_TKILL = 130,
    CALL_TGKILL = 131,
    CALL_SIGMASK = 135,
    CALL_SIGPENDING = 136,
    CALL_GETPID = 172,
    CALL_GETTID = 178,
    CALL_BRK = 214,
    CALL_MUNMAP = 215,
    CALL_CLONE = 220,
    CALL_EXECVE = 221,
    CALL_MMAP = 222,
    CALL_MPROTECT = 226,
    CALL_WAIT4 = 260,
    CALL_WRITE = 64,
};

static inline long call(long number, long a, long b, long c, long d, long e, long f)
{
    register long a0 __asm__("a0") = a, a1 __asm__("a1") = b, a2 __asm__("a2") = c;
    register long a3 __asm__("a3") = d, a4 __asm__("a4") = e, a5 __asm__("a5") = f;
    register long a7 __asm__("a7") = number;
    __asm__ volatile("ecall"
                     : "+r"(a0)
                     : "r"(a1), "r"(a2), "r"(a3), "r"(a4), "r"(a5), "r"(a7)
                     : "memory");
    return a0;
}
#define CALL1(n, a)          call(n, (long)(a), 0, 0, 0, 0, 0)
#define CALL2(n, a, b)       call(n, (long)(a), (long)(b), 0, 0, 0, 0)
#define CALL3(n, a, b, c)    call(n, (long)(a), (long)(b), (long)(c), 0, 0, 0)
#define CALL4(n, a, b, c, d) call(n, (long)(a), (long)(b), (long)(c), (long)(d), 0, 0)

enum {
    WAIT,
    WAKE,
    REQUEUE = 3,
    COMPARE_REQUEUE,
    WAIT_BITSET = 9,
    WAKE_BITSET,
    PRIVATE = 128,
    REALTIME = 256
};

static inline long futex(atomic_uint *word, int operation, unsigned value, const void *timeout,
                         atomic_uint *second, unsigned third)
{
    return call(CALL_FUTEX, (long)word, operation, (long)value, (long)timeout, (long)second,
                (long)third);
}

static inline long futex_wait(atomic_uint *word, unsigned value)
{
    return futex(word, WAIT | PRIVATE, value, NULL, NULL, 0);
}

static inline long futex_wake(atomic_uint *word, int count)
{
    return futex(word, WAKE | PRIVATE, (unsigned)count, NULL, NULL, 0);
}

// ---- Threads ----

#define THREAD_FLAGS 0x50F00 // memory, directory, files, handlers, thread, semaphores
#define SET_TP       0x80000
#define PARENT_SET   0x100000
#define CHILD_CLEAR  0x200000
#define CHILD_SET    0x1000000
#define STACK_BYTES  16384
#define THREADS_MAX  16

struct thread {
    uint64_t head[4]; // what the C library looks for below tp: the first thread's
    atomic_uint tid;  // cleared at its end; tp points here
    unsigned parent_tid;
    void (*function)(struct thread *);
    long argument;
    char *stack;
};

extern struct thread threads[THREADS_MAX];
extern const uint64_t *first_tp; // of the first thread

// clone(2), with the function and its argument at the new stack's end.
long check_clone(long flags, void *stack, void *parent_tid, void *tp, void *child_tid);

// A thread that runs FUNCTION; its number, or a negative errno.
long thread_start(struct thread *thread, void (*function)(struct thread *), long argument);

// COUNT of `threads`, each with its index as the argument.
void start_all(int count, void (*function)(struct thread *));
void join_all(int count);

// Mutex 2 of Drepper's "Futexes Are Tricky".
void lock(atomic_uint *word);
void unlock(atomic_uint *word);

// Until *WORD is VALUE: somebody else has come so far.
void await(atomic_uint *word, unsigned value);
void announce(atomic_uint *word);

// Words for that; who uses one sets it to 0 first.
extern atomic_uint ready, finished;

// Until COUNT threads sleep at a word: who moves them from there to there learns how many.
void await_sleepers(atomic_uint *word, long count);

void pause_ms(long ms);
int child_status(pid_t child); // as wait() gives it

void threads_have_numbers(void);
void impossible_clones_are_refused(void);
void a_mutex_excludes(void);
void no_wake_is_missed(void);
void errors_are_those_of_linux(void);
void waits_end_in_time(void);
void as_many_are_woken_as_asked(void);
void sleepers_move_to_another_word(void);
void processes_share_words(void);
void a_signal_reaches_the_thread_it_is_for(void);
void a_signal_of_the_process_goes_to_who_does_not_block_it(void);
void a_process_ends_with_all_its_threads(void);
void the_first_thread_may_end_first(void);
void all_threads_stop_and_go_on(void);
void execve_leaves_one_thread(void);
void threads_fork(void);
void no_store_is_lost_while_others_fork(void);
void memory_is_mapped_by_all_at_once(void);
void who_uses_a_page_that_is_taken_away_faults(void);
void locks_of_who_ends_are_given_up(void);

// What the program that was executed sees; its exit status. The path is that of this program.
extern char *own_path;
int executed(void);
