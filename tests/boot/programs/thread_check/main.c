// SPDX-License-Identifier: MIT
// What programs expect of threads and futexes as Linux's system calls make them, checked from
// inside; prints a line for each check that fails, and their number at the end. The same binary
// must find nothing on Linux, either. Without a C library's help: threads here have no errno.
#include "check.h"

atomic_int failures;

void check_failed(const char *file, int line)
{
    char text[64], *end = text + sizeof text, *at = end;
    const char *slash = strrchr(file, '/'), *name = slash ? slash + 1 : file;
    *--at = '\n';
    for (; line; line /= 10)
        *--at = (char)('0' + line % 10);
    *--at = ':';
    for (size_t n = strlen(name); n && at > text; n--)
        *--at = name[n - 1];
    CALL3(CALL_WRITE, 1, at, end - at);
    failures++;
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
