// SPDX-License-Identifier: MIT
// What programs expect of threads and futexes as Linux's system calls make them, checked from
// inside; prints a line for each check that fails, and their number at the end. The same binary
// must find nothing on Linux, either. Without a C library's help: threads here have no errno.
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

static atomic_int failures;

// Anybody may fail; only the first thread prints.
#define CHECK(condition)                                                                           \
    do {                                                                                           \
        if (!(condition))                                                                          \
            failed(__LINE__);                                                                      \
    } while (0)

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

static long call(long number, long a, long b, long c, long d, long e, long f)
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

static void failed(int line)
{
    char text[] = "line 0000\n";
    for (int i = 8; i > 4; i--, line /= 10)
        text[i] = (char)('0' + line % 10);
    CALL3(CALL_WRITE, 1, text, sizeof text - 1);
    failures++;
}

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

static long futex(atomic_uint *word, int operation, unsigned value, const void *timeout,
                  atomic_uint *second, unsigned third)
{
    return call(CALL_FUTEX, (long)word, operation, (long)value, (long)timeout, (long)second,
                (long)third);
}

static long futex_wait(atomic_uint *word, unsigned value)
{
    return futex(word, WAIT | PRIVATE, value, NULL, NULL, 0);
}

static long futex_wake(atomic_uint *word, int count)
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

static struct thread threads[THREADS_MAX];
static const uint64_t *first_tp;

// The function and its argument lie at the new stack's end.
__asm__(".globl check_clone\n"
        "check_clone: li a7, 220\n"
        "ecall\n"
        "bnez a0, 1f\n"
        "ld a1, 0(sp)\n"
        "ld a0, 8(sp)\n"
        "addi sp, sp, 16\n"
        "jalr a1\n"
        "li a0, 0\n"
        "li a7, 93\n"
        "ecall\n"
        "1: ret\n");
long check_clone(long flags, void *stack, void *parent_tid, void *tp, void *child_tid);

static long thread_start(struct thread *thread, void (*function)(struct thread *), long argument)
{
    if (!thread->stack)
        thread->stack = malloc(STACK_BYTES);
    uint64_t *top = (uint64_t *)(thread->stack + STACK_BYTES) - 2;
    top[0] = (uint64_t)function;
    top[1] = (uint64_t)thread;
    thread->argument = argument;
    memcpy(thread->head, first_tp - 4, sizeof thread->head);
    return check_clone(THREAD_FLAGS | SET_TP | PARENT_SET | CHILD_CLEAR | CHILD_SET, top,
                       &thread->parent_tid, &thread->tid, &thread->tid);
}

static void thread_join(struct thread *thread)
{
    unsigned tid;
    while ((tid = thread->tid) != 0)
        futex(&thread->tid, WAIT, tid, NULL, NULL, 0); // the system's wake is not private
}

static void start_all(int count, void (*function)(struct thread *))
{
    for (int i = 0; i < count; i++)
        CHECK(thread_start(&threads[i], function, i) > 0);
}

static void join_all(int count)
{
    for (int i = 0; i < count; i++)
        thread_join(&threads[i]);
}

// Mutex 2 of Drepper's "Futexes Are Tricky".
static void lock(atomic_uint *word)
{
    unsigned expected = 0;
    if (atomic_compare_exchange_strong(word, &expected, 1))
        return;
    while (atomic_exchange(word, 2) != 0)
        futex_wait(word, 2);
}

static void unlock(atomic_uint *word)
{
    if (atomic_exchange(word, 0) == 2)
        futex_wake(word, 1);
}

// Until *WORD is VALUE: somebody else has come so far.
static void await(atomic_uint *word, unsigned value)
{
    unsigned now;
    while ((now = *word) != value)
        futex_wait(word, now);
}

static void announce(atomic_uint *word)
{
    (*word)++;
    futex_wake(word, INT32_MAX);
}

static void pause_ms(long ms)
{
    struct timespec time = {ms / 1000, ms % 1000 * 1000000};
    nanosleep(&time, NULL);
}

static int child_status(pid_t child)
{
    int status = -1;
    CHECK(waitpid(child, &status, 0) == child);
    return status;
}

// ---- Numbers and ends ----

static void note_numbers(struct thread *self)
{
    uint64_t tp;
    __asm__("mv %0, tp" : "=r"(tp));
    CHECK(tp == (uint64_t)&self->tid);
    CHECK(CALL1(CALL_GETPID, 0) == getpid());
    CHECK(CALL1(CALL_GETTID, 0) == (long)self->tid && self->tid == self->parent_tid);
}

static void threads_have_numbers(void)
{
    CHECK(CALL1(CALL_GETTID, 0) == getpid());
    start_all(8, note_numbers);
    for (int i = 0; i < 8; i++)
        for (int k = 0; k < i; k++)
            CHECK(threads[i].parent_tid != threads[k].parent_tid);
    join_all(8);
    CHECK(threads[0].parent_tid != (unsigned)getpid());
}

static void impossible_clones_are_refused(void)
{
    char *stack = malloc(STACK_BYTES) + STACK_BYTES;
    CHECK(check_clone(0x10000, stack, NULL, NULL, NULL) == -EINVAL);         // a thread alone
    CHECK(check_clone(0x10800, stack, NULL, NULL, NULL) == -EINVAL);         // without memory
    CHECK(check_clone(0x800 | SIGCHLD, stack, NULL, NULL, NULL) == -EINVAL); // handlers alone
}

// ---- Mutual exclusion ----

#define ROUNDS 10000

static atomic_uint mutex, turn;
static volatile long counter;

static void count_up(struct thread *self)
{
    (void)self;
    for (int i = 0; i < ROUNDS; i++) {
        lock(&mutex);
        counter++;
        unlock(&mutex);
    }
}

static void a_mutex_excludes(void)
{
    counter = 0;
    start_all(8, count_up);
    join_all(8);
    CHECK(counter == 8 * ROUNDS);
}

// Each passes the turn to the next: none may miss its wake.
static void take_turns(struct thread *self)
{
    for (unsigned i = 0; i < 500; i++) {
        unsigned mine = i * 4 + (unsigned)self->argument, now;
        while ((now = turn) != mine)
            futex_wait(&turn, now);
        announce(&turn);
    }
}

static void no_wake_is_missed(void)
{
    turn = 0;
    start_all(4, take_turns);
    join_all(4);
    CHECK(turn == 2000);
}

// ---- What futex answers ----

static uint64_t now_ns(clockid_t clock)
{
    struct timespec now;
    clock_gettime(clock, &now);
    return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

static void errors_are_those_of_linux(void)
{
    atomic_uint word = 7, other = 0;
    struct timespec bad = {0, 1000000000};
    CHECK(futex_wait(&word, 8) == -EAGAIN);
    CHECK(futex((atomic_uint *)((char *)&word + 1), WAIT, 7, NULL, NULL, 0) == -EINVAL);
    CHECK(futex(&word, WAIT, 7, &bad, NULL, 0) == -EINVAL);
    CHECK(futex(&word, WAIT, 7, (void *)8, NULL, 0) == -EFAULT);
    CHECK(futex((atomic_uint *)8, WAIT, 7, NULL, NULL, 0) == -EFAULT);
    CHECK(futex(&word, WAIT_BITSET, 7, NULL, NULL, 0) == -EINVAL);
    CHECK(futex(&word, WAKE_BITSET, 7, NULL, NULL, 0) == -EINVAL);
    CHECK(futex(&word, 77, 7, NULL, NULL, 0) == -ENOSYS);
    CHECK(futex(&word, WAKE | REALTIME, 1, NULL, NULL, 0) == -ENOSYS);
    CHECK(futex(&word, COMPARE_REQUEUE, 1, (void *)1, &other, 8) == -EAGAIN);
    CHECK(futex(&word, REQUEUE, (unsigned)-1, (void *)1, &other, 0) == -EINVAL);
    CHECK(futex_wake(&word, 5) == 0);
}

static void waits_end_in_time(void)
{
    atomic_uint word = 0;
    struct timespec relative = {0, 20000000};
    uint64_t before = now_ns(CLOCK_MONOTONIC);
    CHECK(futex(&word, WAIT | PRIVATE, 0, &relative, NULL, 0) == -ETIMEDOUT);
    uint64_t passed = now_ns(CLOCK_MONOTONIC) - before;
    CHECK(passed >= 20000000 && passed < 5000000000);
    for (int i = 0; i < 2; i++) {
        clockid_t clock = i ? CLOCK_REALTIME : CLOCK_MONOTONIC;
        uint64_t until = now_ns(clock) + 20000000;
        struct timespec absolute = {(time_t)(until / 1000000000), (long)(until % 1000000000)};
        CHECK(futex(&word, WAIT_BITSET | PRIVATE | (i ? REALTIME : 0), 0, &absolute, NULL,
                    UINT32_MAX) == -ETIMEDOUT);
        CHECK(now_ns(clock) >= until);
    }
    struct timespec past = {0, 0};
    CHECK(futex(&word, WAIT_BITSET | PRIVATE, 0, &past, NULL, UINT32_MAX) == -ETIMEDOUT);
}

// ---- Who is woken ----

static atomic_uint gate, second_gate, woken;
static unsigned order[THREADS_MAX];

static void sleep_at_gate(struct thread *self)
{
    long result = futex(&gate, WAIT_BITSET | PRIVATE, 0, NULL, NULL, 1u << self->argument);
    CHECK(result == 0);
    order[woken++] = (unsigned)self->argument;
    futex_wake(&woken, 1);
}

// Until COUNT threads sleep at a word: who moves them from there to there learns how many.
static void await_sleepers(atomic_uint *word, long count)
{
    while (futex(word, REQUEUE | PRIVATE, 0, (void *)100, word, 0) != count)
        CALL1(CALL_YIELD, 0);
}

static void gate_fill(int count)
{
    gate = second_gate = woken = 0;
    for (int i = 0; i < count; i++) { // they come in this order
        CHECK(thread_start(&threads[i], sleep_at_gate, i) > 0);
        await_sleepers(&gate, i + 1);
    }
}

static void as_many_are_woken_as_asked(void)
{
    gate_fill(6);
    CHECK(futex_wake(&gate, 2) == 2);
    await(&woken, 2);
    CHECK(futex(&gate, WAKE_BITSET | PRIVATE, 10, NULL, NULL, 1u << 5) == 1);
    await(&woken, 3);
    CHECK(order[2] == 5);
    CHECK(futex(&gate, WAKE_BITSET | PRIVATE, 10, NULL, NULL, 1u << 9) == 0);
    CHECK(futex_wake(&gate, 100) == 3);
    join_all(6);
}

static void sleepers_move_to_another_word(void)
{
    gate_fill(6);
    CHECK(futex(&gate, COMPARE_REQUEUE | PRIVATE, 1, (void *)3, &second_gate, 0) == 4);
    await(&woken, 1);
    CHECK(futex_wake(&second_gate, 100) == 3);
    await(&woken, 4);
    CHECK(futex(&gate, REQUEUE | PRIVATE, 0, (void *)100, &second_gate, 0) == 2);
    CHECK(futex_wake(&gate, 100) == 0);
    CHECK(futex_wake(&second_gate, 100) == 2);
    join_all(6);
}

static void processes_share_words(void)
{
    atomic_uint *shared =
        mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    CHECK(shared != MAP_FAILED);
    pid_t child = fork();
    if (child == 0) {
        for (unsigned i = 0; i < 200; i++) {
            while (shared[1024] != 2 * i + 1)
                futex(&shared[1024], WAIT, 2 * i, NULL, NULL, 0);
            shared[1024]++;
            futex(&shared[1024], WAKE, 1, NULL, NULL, 0);
        }
        _exit(0);
    }
    for (unsigned i = 0; i < 200; i++) {
        shared[1024]++;
        futex(&shared[1024], WAKE, 1, NULL, NULL, 0);
        while (shared[1024] != 2 * i + 2)
            futex(&shared[1024], WAIT, 2 * i + 1, NULL, NULL, 0);
    }
    CHECK(child_status(child) == 0);
    CHECK(munmap(shared, 8192) == 0);
}

// ---- Signals ----

static atomic_uint handled, handler_tid, ready, finished;

static void note_thread(int number)
{
    (void)number;
    handler_tid = (unsigned)CALL1(CALL_GETTID, 0);
    announce(&handled);
}

static void handler_set(int number, int flags)
{
    struct sigaction action = {.sa_handler = note_thread, .sa_flags = flags};
    CHECK(sigaction(number, &action, NULL) == 0);
}

static long mask_change(int how, int number)
{
    uint64_t set = 1ull << (number - 1);
    return CALL4(CALL_SIGMASK, how, &set, NULL, 8);
}

// Argument 0: a wait that the signal ends; 1: one that goes on.
static void wait_interrupted(struct thread *self)
{
    long result = futex_wait(&finished, 0);
    CHECK(result == (self->argument ? 0 : -EINTR));
}

static void a_signal_reaches_the_thread_it_is_for(void)
{
    for (int restarts = 0; restarts < 2; restarts++) {
        handled = finished = 0;
        handler_set(SIGUSR1, restarts ? SA_RESTART : 0);
        for (int i = 0; i < 4; i++)
            CHECK(thread_start(&threads[i], wait_interrupted, restarts) > 0);
        await_sleepers(&finished, 4);
        for (unsigned i = 0; i < 4; i++) {
            unsigned tid = threads[i].tid;
            CHECK(CALL3(CALL_TGKILL, getpid(), tid, SIGUSR1) == 0);
            await(&handled, i + 1);
            CHECK(handler_tid == tid);
        }
        if (restarts) {
            await_sleepers(&finished, 4);
            CHECK(futex_wake(&finished, 100) == 4);
        }
        join_all(4);
    }
    CHECK(CALL3(CALL_TGKILL, getpid(), threads[0].parent_tid, SIGUSR1) == -ESRCH);
    CHECK(CALL3(CALL_TGKILL, getpid() + 1, CALL1(CALL_GETTID, 0), SIGUSR1) == -ESRCH);
    CHECK(CALL2(CALL_TKILL, 0, SIGUSR1) == -EINVAL);
    CHECK(CALL2(CALL_TKILL, CALL1(CALL_GETTID, 0), 100) == -EINVAL);
    CHECK(CALL2(CALL_TKILL, CALL1(CALL_GETTID, 0), 0) == 0);
}

// Blocks all but the signal of its argument, and says what was pending for it alone.
static void block_and_wait(struct thread *self)
{
    uint64_t all = ~0ull, pending = 0;
    CHECK(CALL4(CALL_SIGMASK, SIG_SETMASK, &all, NULL, 8) == 0);
    if (self->argument)
        CHECK(mask_change(SIG_UNBLOCK, (int)self->argument) == 0);
    announce(&ready);
    while (finished == 0)
        futex_wait(&finished, 0);
    CHECK(CALL2(CALL_SIGPENDING, &pending, 8) == 0);
    CHECK(((pending >> (SIGUSR2 - 1)) & 1) == (self->argument == SIGUSR1));
}

static void a_signal_of_the_process_goes_to_who_does_not_block_it(void)
{
    handled = ready = finished = 0;
    handler_set(SIGUSR1, 0);
    handler_set(SIGUSR2, 0);
    CHECK(mask_change(SIG_BLOCK, SIGUSR1) == 0);
    CHECK(thread_start(&threads[0], block_and_wait, 0) > 0);
    CHECK(thread_start(&threads[1], block_and_wait, SIGUSR1) > 0);
    await(&ready, 2);
    for (unsigned i = 0; i < 20; i++) {
        kill(getpid(), SIGUSR1);
        await(&handled, i + 1);
        CHECK(handler_tid == threads[1].parent_tid);
    }
    // One for a thread that blocks it stays with that.
    CHECK(CALL3(CALL_TGKILL, getpid(), threads[1].tid, SIGUSR2) == 0);
    finished = 1;
    futex_wake(&finished, 100);
    join_all(2);
    // Blocked by all, it waits for the first that unblocks it.
    kill(getpid(), SIGUSR1);
    CHECK(handled == 20);
    CHECK(mask_change(SIG_UNBLOCK, SIGUSR1) == 0);
    CHECK(handled == 21 && handler_tid == (unsigned)getpid());
}

// ---- Ends ----

static void sleep_for_ever(struct thread *self)
{
    (void)self;
    announce(&ready);
    for (;;)
        futex_wait(&finished, 0);
}

static void spin(struct thread *self)
{
    (void)self;
    announce(&ready);
    for (;;)
        counter++;
}

static void end_process(struct thread *self)
{
    CALL1(CALL_EXIT_GROUP, self->argument);
}

static void fault(struct thread *self)
{
    (void)self;
    *(volatile int *)8 = 1;
}

static void end_thread_late(struct thread *self)
{
    (void)self;
    pause_ms(30);
    CALL1(CALL_EXIT, 9);
}

// A child with three sleepers and one that runs, which ends by FUNCTION or else by a signal.
static pid_t busy_child(void (*function)(struct thread *), long argument)
{
    fflush(stdout);
    pid_t child = fork();
    if (child)
        return child;
    ready = finished = 0;
    for (int i = 0; i < 3; i++)
        thread_start(&threads[i], sleep_for_ever, 0);
    thread_start(&threads[3], spin, 0);
    await(&ready, 4);
    if (function)
        thread_start(&threads[4], function, argument);
    for (;;)
        futex_wait(&finished, 0);
}

static void a_process_ends_with_all_its_threads(void)
{
    for (int i = 0; i < 10; i++) {
        CHECK(child_status(busy_child(end_process, 40 + i)) == (40 + i) << 8);
        CHECK((child_status(busy_child(fault, 0)) & 0x7F) == SIGSEGV);
        pid_t child = busy_child(NULL, 0);
        pause_ms(i * 3);
        kill(child, SIGKILL);
        CHECK(child_status(child) == SIGKILL);
    }
}

static void the_first_thread_may_end_first(void)
{
    fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
        for (int i = 0; i < 4; i++)
            thread_start(&threads[i], end_thread_late, 0);
        CALL1(CALL_EXIT, 5);
    }
    CHECK(child_status(child) == 5 << 8);
}

static atomic_uint *shared_page(void)
{
    return mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
}

static atomic_uint *shown;

static void spin_shown(struct thread *self)
{
    for (;;)
        shown[self->argument]++;
}

// Whether nobody counted within MS milliseconds.
static int all_stand_still(long ms)
{
    unsigned before[3] = {shown[0], shown[1], shown[2]};
    pause_ms(ms);
    return shown[0] == before[0] && shown[1] == before[1] && shown[2] == before[2];
}

static void all_threads_stop_and_go_on(void)
{
    shown = shared_page();
    fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
        for (int i = 0; i < 3; i++)
            thread_start(&threads[i], spin_shown, i);
        for (;;)
            pause_ms(1000);
    }
    while (!shown[0] || !shown[1] || !shown[2])
        CALL1(CALL_YIELD, 0);
    int status;
    for (int round = 0; round < 3; round++) {
        kill(child, SIGSTOP);
        CHECK(waitpid(child, &status, WUNTRACED) == child && WIFSTOPPED(status));
        // The parent is told of the first: the others follow when they get a hart, and that when
        // the host gives one. So long a rest none of them has that goes on.
        int rests = 0;
        for (int i = 0; i < 300 && rests < 15; i++)
            rests = all_stand_still(20) ? rests + 1 : 0;
        CHECK(rests == 15);
        unsigned before[3] = {shown[0], shown[1], shown[2]};
        kill(child, SIGCONT);
        for (int i = 0; i < 3; i++)
            while (shown[i] == before[i])
                CALL1(CALL_YIELD, 0);
    }
    kill(child, SIGSTOP);
    CHECK(waitpid(child, &status, WUNTRACED) == child);
    kill(child, SIGKILL);
    CHECK(child_status(child) == SIGKILL);
    munmap(shown, 4096);
}

static char *own_path;

static void execute(struct thread *self)
{
    char *arguments[] = {own_path, "executed", NULL}, *environment[] = {NULL};
    (void)self;
    CALL3(CALL_EXECVE, own_path, arguments, environment);
    CALL1(CALL_EXIT_GROUP, 99);
}

static void execute_nothing(struct thread *self)
{
    char *arguments[] = {"x", NULL}, *environment[] = {NULL};
    (void)self;
    CHECK(CALL3(CALL_EXECVE, "/no/such", arguments, environment) == -ENOENT);
    CALL1(CALL_EXIT_GROUP, failures ? 1 : 7);
}

static void execve_leaves_one_thread(void)
{
    for (int i = 0; i < 5; i++)
        CHECK(child_status(busy_child(execute, 0)) == 33 << 8);
    CHECK(child_status(busy_child(execute_nothing, 0)) == 7 << 8);
}

// What the program that was executed sees.
static int executed(void)
{
    CHECK(CALL1(CALL_GETTID, 0) == getpid());
    return failures ? 1 : 33;
}

// ---- fork ----

static atomic_uint forks;

static void fork_and_wait(struct thread *self)
{
    for (int i = 0; i < 10; i++) {
        long child = call(CALL_CLONE, SIGCHLD, 0, 0, 0, 0, 0);
        if (child == 0) { // alone: nobody else of the parent is here
            long group = CALL1(CALL_GETPID, 0), own = CALL1(CALL_GETTID, 0);
            CALL1(CALL_EXIT_GROUP, group == own ? (int)self->argument + 1 : 99);
        }
        int status = 0;
        CHECK(child > 0);
        CHECK(CALL4(CALL_WAIT4, child, &status, 0, 0) == child);
        CHECK(status == ((int)self->argument + 1) << 8);
        forks++;
    }
}

static void threads_fork(void)
{
    forks = 0;
    start_all(4, fork_and_wait);
    join_all(4);
    CHECK(forks == 40);
}

// Writers check that none of their stores is lost while their pages are shared and copied again.
#define FIELD_PAGES 16

static volatile uint64_t *field; // of each writer a word in each page

static void write_and_look(struct thread *self)
{
    uint64_t round = 0;
    for (; !finished; round++) {
        for (int page = 0; page < FIELD_PAGES; page++) {
            volatile uint64_t *word = &field[page * 512 + self->argument * 8];
            if (*word != round) {
                failed(__LINE__);
                return;
            }
            *word = round + 1;
        }
    }
}

static void no_store_is_lost_while_others_fork(void)
{
    field =
        mmap(NULL, FIELD_PAGES * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    finished = 0;
    start_all(3, write_and_look);
    for (int i = 0; i < 100; i++) {
        long child = call(CALL_CLONE, SIGCHLD, 0, 0, 0, 0, 0);
        if (child == 0)
            CALL1(CALL_EXIT_GROUP, 0);
        CHECK(child_status((pid_t)child) == 0);
    }
    finished = 1;
    join_all(3);
    munmap((void *)field, FIELD_PAGES * 4096);
}

// ---- Memory ----

static void map_and_unmap(struct thread *self)
{
    for (int i = 0; i < 200; i++) {
        long size = 4096 * (1 + (i + self->argument) % 5);
        long address =
            call(CALL_MMAP, 0, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        CHECK(address > 0);
        volatile uint64_t *words = (uint64_t *)address;
        for (long k = 0; k < size / 8; k += 512) {
            CHECK(words[k] == 0); // nobody else's
            words[k] = (uint64_t)self->argument + 1;
        }
        CALL1(CALL_YIELD, 0);
        for (long k = 0; k < size / 8; k += 512)
            CHECK(words[k] == (uint64_t)self->argument + 1);
        CHECK(CALL3(CALL_MPROTECT, address, 4096, PROT_READ) == 0);
        CHECK(words[0] == (uint64_t)self->argument + 1);
        CHECK(CALL2(CALL_MUNMAP, address, size) == 0);
    }
}

static void memory_is_mapped_by_all_at_once(void)
{
    start_all(8, map_and_unmap);
    join_all(8);
}

// One takes a page away that the others write to: they get the signal, at once.
static atomic_uint faulted;
static char *victim_page;

static void note_fault(int number, siginfo_t *info, void *context)
{
    uint64_t *registers = (uint64_t *)((char *)context + 176); // pc, x1, ...
    CHECK(number == SIGSEGV && info->si_addr == victim_page);
    faulted++;
    registers[0] = registers[10]; // to where a0 says
}

// Stores until the store faults.
__asm__("store_until_fault: la a0, 2f\n"
        "1: ld a2, 0(a1)\n"
        "addi a2, a2, 1\n"
        "sd a2, 0(a1)\n"
        "j 1b\n"
        "2: ret\n");

static void write_to_victim(struct thread *self)
{
    (void)self;
    announce(&ready);
    __asm__ volatile("mv a1, %0\n call store_until_fault"
                     :
                     : "r"(victim_page)
                     : "ra", "a0", "a1", "a2", "memory");
}

static void who_uses_a_page_that_is_taken_away_faults(void)
{
    struct sigaction action = {.sa_sigaction = note_fault, .sa_flags = SA_SIGINFO};
    CHECK(sigaction(SIGSEGV, &action, NULL) == 0);
    for (int i = 0; i < 20; i++) {
        ready = faulted = 0;
        victim_page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        start_all(4, write_to_victim);
        await(&ready, 4);
        CHECK((i % 2 ? munmap(victim_page, 4096) : mprotect(victim_page, 4096, PROT_READ)) == 0);
        join_all(4);
        CHECK(faulted == 4);
    }
    signal(SIGSEGV, SIG_DFL);
}

// ---- Locks whose owner has ended ----

struct robust_entry {
    struct robust_entry *next;
    atomic_uint word;
};

static struct {
    struct robust_entry *list;
    long offset;
    struct robust_entry *pending;
} robust_head;
static struct robust_entry robust_entries[2];

static void end_as_owner(struct thread *self)
{
    robust_head.offset = offsetof(struct robust_entry, word);
    robust_head.list = &robust_entries[0];
    robust_head.pending = NULL;
    robust_entries[0].next = &robust_entries[1];
    robust_entries[1].next = (struct robust_entry *)&robust_head;
    void *head = NULL;
    long length = 0;
    CHECK(CALL2(CALL_SET_ROBUST, &robust_head, 8) == -EINVAL);
    CHECK(CALL2(CALL_SET_ROBUST, &robust_head, sizeof robust_head) == 0);
    CHECK(CALL3(CALL_GET_ROBUST, 0, &head, &length) == 0);
    CHECK(head == &robust_head && length == sizeof robust_head);
    robust_entries[0].word = self->tid;
    robust_entries[1].word = self->tid;
    announce(&ready);
    pause_ms(30);
}

static void wait_for_owner(struct thread *self)
{
    (void)self;
    await(&ready, 1);
    unsigned now = robust_entries[1].word |= 0x80000000u;
    while (!(robust_entries[1].word & 0x40000000u))
        futex(&robust_entries[1].word, WAIT, now, NULL, NULL, 0);
}

static void locks_of_who_ends_are_given_up(void)
{
    ready = 0;
    CHECK(thread_start(&threads[0], end_as_owner, 0) > 0);
    CHECK(thread_start(&threads[1], wait_for_owner, 0) > 0);
    join_all(2);
    CHECK(robust_entries[0].word == 0x40000000u);
    CHECK(robust_entries[1].word == 0xC0000000u);
}

int main(int argc, char **argv)
{
    __asm__("mv %0, tp" : "=r"(first_tp));
    own_path = argv[0];
    if (argc > 1)
        return executed();
    threads_have_numbers();
    impossible_clones_are_refused();
    a_mutex_excludes();
    no_wake_is_missed();
    errors_are_those_of_linux();
    waits_end_in_time();
    as_many_are_woken_as_asked();
    sleepers_move_to_another_word();
    processes_share_words();
    a_signal_reaches_the_thread_it_is_for();
    a_signal_of_the_process_goes_to_who_does_not_block_it();
    a_process_ends_with_all_its_threads();
    the_first_thread_may_end_first();
    all_threads_stop_and_go_on();
    execve_leaves_one_thread();
    threads_fork();
    no_store_is_lost_while_others_fork();
    memory_is_mapped_by_all_at_once();
    who_uses_a_page_that_is_taken_away_faults();
    locks_of_who_ends_are_given_up();
    printf("%d checks failed\n", failures);
    return failures != 0;
}
