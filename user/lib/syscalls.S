// SPDX-License-Identifier: MIT
// The system calls whose C function takes exactly the kernel's arguments: one line each. What needs
// a word more is in the C files beside this one. A result in [-4095, -1] is an errno. newlib calls
// some of them with an underscore in front; those lines give both names. Calls that are cancellation
// points are in thread/cancellation.S; newlib's own use of them, with the underscore, is none.
#include "arguments.h"
#include "number.h"

    .macro CALL name, number, alias
    .section .text.\name, "ax"
    .globl \name
\name:
    .ifnb \alias
    .globl \alias
\alias:
    .endif
    li      a7, \number
    ecall
    li      t0, -4096
    bgtu    a0, t0, 1f
    ret
1:  tail    syscall_failed          // a0 = -errno; returns -1 to our caller
    .endm

    .section .text.system_call, "ax"
    .globl  system_call             // long system_call(long number, six arguments)
system_call:
    call_arguments
    ecall
    li      t0, -4096
    bgtu    a0, t0, 1f
    ret
1:  tail    syscall_failed

    CALL dup,           CALL_dup
    CALL dup3,          CALL_dup3
    CALL fcntl,         CALL_fcntl, _fcntl
    CALL ioctl,         CALL_ioctl
    CALL flock,         CALL_flock
    CALL truncate,      CALL_truncate
    CALL ftruncate,     CALL_ftruncate
    CALL chdir,         CALL_chdir
    CALL fchdir,        CALL_fchdir
    CALL chroot,        CALL_chroot
    CALL fchmod,        CALL_fchmod
    CALL fchmodat,      CALL_fchmodat
    CALL fchown,        CALL_fchown
    CALL fchownat,      CALL_fchownat
    CALL mkdirat,       CALL_mkdirat
    CALL unlinkat,      CALL_unlinkat
    CALL symlinkat,     CALL_symlinkat
    CALL readlinkat,    CALL_readlinkat
    CALL linkat,        CALL_linkat
    CALL faccessat,     CALL_faccessat
    CALL fstatat,       CALL_newfstatat
    CALL fstat,         CALL_fstat, _fstat
    CALL utimensat,     CALL_utimensat
    CALL _close,        CALL_close
    CALL pipe2,         CALL_pipe2
    CALL getdents64,    CALL_getdents64
    CALL lseek,         CALL_lseek, _lseek
    CALL _read,         CALL_read
    CALL _write,        CALL_write
    CALL sync,          CALL_sync
    CALL syncfs,        CALL_syncfs
    CALL sched_yield,   CALL_sched_yield
    CALL getitimer,     CALL_getitimer
    CALL setitimer,     CALL_setitimer
    CALL clock_getres,  CALL_clock_getres
    CALL gettimeofday,  CALL_gettimeofday, _gettimeofday
    CALL times,         CALL_times, _times
    CALL kill,          CALL_kill, _kill
    CALL sigaltstack,   CALL_sigaltstack
    CALL setregid,      CALL_setregid
    CALL setgid,        CALL_setgid
    CALL setreuid,      CALL_setreuid
    CALL setuid,        CALL_setuid
    CALL setresuid,     CALL_setresuid
    CALL setresgid,     CALL_setresgid
    CALL setpgid,       CALL_setpgid
    CALL getpgid,       CALL_getpgid
    CALL getsid,        CALL_getsid
    CALL setsid,        CALL_setsid
    CALL getgroups,     CALL_getgroups
    CALL setgroups,     CALL_setgroups
    CALL uname,         CALL_uname
    CALL getrlimit,     CALL_getrlimit
    CALL setrlimit,     CALL_setrlimit
    CALL getrusage,     CALL_getrusage
    CALL umask,         CALL_umask
    CALL getpid,        CALL_getpid, _getpid
    CALL getppid,       CALL_getppid
    CALL getuid,        CALL_getuid
    CALL geteuid,       CALL_geteuid
    CALL getgid,        CALL_getgid
    CALL getegid,       CALL_getegid
    CALL munmap,        CALL_munmap
    CALL mmap,          CALL_mmap
    CALL mprotect,      CALL_mprotect
    CALL execve,        CALL_execve, _execve
    CALL getrandom,     CALL_getrandom
    CALL copy_file_range, CALL_copy_file_range
    CALL poweroff,      CALL_poweroff
    CALL block_ring_enter, CALL_block_ring

    .section .text.signal_restore, "ax"
    .globl  signal_restore          // where a signal handler returns to, see signal.c
signal_restore:
    li      a7, CALL_rt_sigreturn
    ecall
