// SPDX-License-Identifier: MIT
// The system calls: Linux's numbers on riscv64 (asm-generic/unistd.h) and our own from 0x42000 on.
// Each is a function call_NAME(thread, arguments) whose result goes into the caller's a0: a value
// or a negative errno. -EINTR with no handler to run means that the call is issued again.
#pragma once
#include <limits.h>
#include <stdint.h>

struct thread;

// Results that are none: the registers have been set (sigreturn, execve), the thread is no more, or
// the call is to be made in `deliver`, since it wants all registers (fork).
#define CALL_DELIVERED (INT64_MIN + 2)
#define CALL_REGISTERS (INT64_MIN + 1)
#define CALL_ENDED     INT64_MIN

#define CALL_CLONE      220
#define CALL_POWEROFF   0x42000
#define CALL_BLOCK_RING 0x42001

// CALL(number, function)
#define CALLS(CALL)                                                                                \
    CALL(17, getcwd)                                                                               \
    CALL(23, dup)                                                                                  \
    CALL(24, dup3)                                                                                 \
    CALL(25, fcntl)                                                                                \
    CALL(29, ioctl)                                                                                \
    CALL(32, flock)                                                                                \
    CALL(33, mknodat)                                                                              \
    CALL(34, mkdirat)                                                                              \
    CALL(35, unlinkat)                                                                             \
    CALL(36, symlinkat)                                                                            \
    CALL(37, linkat)                                                                               \
    CALL(39, umount2)                                                                              \
    CALL(40, mount)                                                                                \
    CALL(43, statfs)                                                                               \
    CALL(44, fstatfs)                                                                              \
    CALL(45, truncate)                                                                             \
    CALL(46, ftruncate)                                                                            \
    CALL(48, faccessat)                                                                            \
    CALL(49, chdir)                                                                                \
    CALL(50, fchdir)                                                                               \
    CALL(52, fchmod)                                                                               \
    CALL(53, fchmodat)                                                                             \
    CALL(54, fchownat)                                                                             \
    CALL(55, fchown)                                                                               \
    CALL(56, openat)                                                                               \
    CALL(57, close)                                                                                \
    CALL(59, pipe2)                                                                                \
    CALL(61, getdents64)                                                                           \
    CALL(62, lseek)                                                                                \
    CALL(63, read)                                                                                 \
    CALL(64, write)                                                                                \
    CALL(65, readv)                                                                                \
    CALL(66, writev)                                                                               \
    CALL(67, pread64)                                                                              \
    CALL(68, pwrite64)                                                                             \
    CALL(69, preadv)                                                                               \
    CALL(70, pwritev)                                                                              \
    CALL(72, pselect6)                                                                             \
    CALL(73, ppoll)                                                                                \
    CALL(78, readlinkat)                                                                           \
    CALL(79, newfstatat)                                                                           \
    CALL(80, fstat)                                                                                \
    CALL(81, sync)                                                                                 \
    CALL(82, fsync)                                                                                \
    CALL(83, fdatasync)                                                                            \
    CALL(88, utimensat)                                                                            \
    CALL(93, exit)                                                                                 \
    CALL(94, exit_group)                                                                           \
    CALL(96, set_tid_address)                                                                      \
    CALL(98, futex)                                                                                \
    CALL(99, set_robust_list)                                                                      \
    CALL(100, get_robust_list)                                                                     \
    CALL(101, nanosleep)                                                                           \
    CALL(102, getitimer)                                                                           \
    CALL(103, setitimer)                                                                           \
    CALL(113, clock_gettime)                                                                       \
    CALL(114, clock_getres)                                                                        \
    CALL(115, clock_nanosleep)                                                                     \
    CALL(124, sched_yield)                                                                         \
    CALL(129, kill)                                                                                \
    CALL(130, tkill)                                                                               \
    CALL(131, tgkill)                                                                              \
    CALL(133, rt_sigsuspend)                                                                       \
    CALL(134, rt_sigaction)                                                                        \
    CALL(135, rt_sigprocmask)                                                                      \
    CALL(136, rt_sigpending)                                                                       \
    CALL(139, rt_sigreturn)                                                                        \
    CALL(142, reboot)                                                                              \
    CALL(143, setregid)                                                                            \
    CALL(144, setgid)                                                                              \
    CALL(145, setreuid)                                                                            \
    CALL(146, setuid)                                                                              \
    CALL(147, setresuid)                                                                           \
    CALL(148, getresuid)                                                                           \
    CALL(149, setresgid)                                                                           \
    CALL(150, getresgid)                                                                           \
    CALL(153, times)                                                                               \
    CALL(154, setpgid)                                                                             \
    CALL(155, getpgid)                                                                             \
    CALL(156, getsid)                                                                              \
    CALL(157, setsid)                                                                              \
    CALL(158, getgroups)                                                                           \
    CALL(159, setgroups)                                                                           \
    CALL(160, uname)                                                                               \
    CALL(163, getrlimit)                                                                           \
    CALL(164, setrlimit)                                                                           \
    CALL(165, getrusage)                                                                           \
    CALL(166, umask)                                                                               \
    CALL(169, gettimeofday)                                                                        \
    CALL(172, getpid)                                                                              \
    CALL(173, getppid)                                                                             \
    CALL(174, getuid)                                                                              \
    CALL(175, geteuid)                                                                             \
    CALL(176, getgid)                                                                              \
    CALL(177, getegid)                                                                             \
    CALL(178, gettid)                                                                              \
    CALL(179, sysinfo)                                                                             \
    CALL(214, brk)                                                                                 \
    CALL(215, munmap)                                                                              \
    CALL(220, clone)                                                                               \
    CALL(221, execve)                                                                              \
    CALL(222, mmap)                                                                                \
    CALL(226, mprotect)                                                                            \
    CALL(227, msync)                                                                               \
    CALL(233, madvise)                                                                             \
    CALL(260, wait4)                                                                               \
    CALL(261, prlimit64)                                                                           \
    CALL(267, syncfs)                                                                              \
    CALL(276, renameat2)                                                                           \
    CALL(278, getrandom)                                                                           \
    CALL(285, copy_file_range)

#define CALL_DECLARE(number, name) int64_t call_##name(struct thread *thread, const uint64_t *a);
CALLS(CALL_DECLARE)
#undef CALL_DECLARE

int64_t call_poweroff(struct thread *thread, const uint64_t *a);
// What a timespec of a program says, in nanoseconds. -EFAULT, -EINVAL.
int64_t time_read(struct thread *thread, uint64_t address, uint64_t *ns);

// What a clock (below 12) showed at boot.
uint64_t clock_start(uint64_t clock);

int64_t call_block_ring(struct thread *thread, const uint64_t *a);

// The signal mask that a call sleeps with (sigsuspend, ppoll), and back to what it was. Replacing
// it again while the call is repeated changes nothing.
void mask_replace(struct thread *thread, uint64_t mask);
void mask_return(struct thread *thread);
