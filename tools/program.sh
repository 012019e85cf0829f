#!/bin/bash
# SPDX-License-Identifier: MIT
#
# program.sh mksh|lua|sqlite3|ed OUTPUT
# Builds a user program from Debian's sources against our C library: unmodified, but for mksh, where
# three faults are mended (mksh_mend) and Tab completes the words of `domain` (mksh_complete).
# From the environment: B (build folder), CC, STRIP, CFLAGS, LDFLAGS, LIBS; their paths are
# absolute, for programs are built in folders of their own. Objects are kept until what they are made
# from changes, so that a new C library only costs a link. Quiet unless something fails; the log stays
# beside the result.
set -eu

name=$1
output=$(realpath -m "$2")
B=$(realpath "${B:-build}")
work=$B/user/$name
log=$B/user/$name.log

# Puts LINES behind the one line of FILE that has TEXT in it, or in its place.
put_lines() { # behind|instead FILE TEXT LINES
    [[ $(grep -cF "$3" "$2") == 1 ]] || {
        echo "program: $2: not one line says $3" >&2
        return 1
    }
    awk -v where="$1" -v text="$3" -v lines="$4" '
        !index($0, text) || where == "behind" { print }
        index($0, text) { print lines }' "$2" > "$2.new"
    mv "$2.new" "$2"
}

# Three mends of mksh, all of which Linux sees as well.
# - A SIGINT that comes while the environment of `exec PROGRAM` is being made was noted by the shell's
#   handler and then forgotten: `sh -c 'echo x; exec prog'` and a Ctrl-C at the x.
# - A subshell in the background set the terminal's modes after a command of its own had failed, and
#   was stopped for that.
# - A SIGTERM that came to a child before it had forgotten what its parent had noted was forgotten with
#   that: `(sleep 60 & kill $!)` of an interactive shell. Now signals wait until then.
mksh_mend() {
    put_lines behind "$work/exec.c" "restoresigs();" \
        "for (Trap *p = sigtraps; p <= sigtraps + ksh_NSIG; p++)
            if (p->set && !p->trap && (p->flags & (TF_DFL_INTR | TF_FATAL)))
                kill(procpid, p->signal);"
    put_lines behind "$work/jobs.c" "Flag(FTALKING) = 0;" "if (flags & XBGND) tty_hasstate = Nee;"
    put_lines instead "$work/jobs.c" "while ((cldpid = fork()) < 0 && (eno = errno) == EAGAIN &&" \
        "while ((cldpid = fork_blocked()) < 0 && (eno = errno) == EAGAIN &&"
    put_lines instead "$work/jobs.c" "cleartraps();" ""
    put_lines behind "$work/jobs.c" 'remove_job(j, "child");' "cleartraps();"
    put_lines behind "$work/jobs.c" "check_job(Job *);" \
        "static pid_t fork_blocked(void) /* the child has all signals blocked */
        {
            sigset_t all, before;
            sigfillset(&all);
            sigprocmask(SIG_BLOCK, &all, &before);
            pid_t child = fork();
            if (child)
                sigprocmask(SIG_SETMASK, &before, NULL);
            return child;
        }"
}

# It asks for words before it looks for files.
mksh_complete() {
    put_lines behind "$work/edit.c" "static void x_free_words(int, char **);" \
        "#include \"$PWD/user/mksh/words.h\""
    put_lines instead "$work/edit.c" "x_file_glob(flagsp, toglob, &words);" \
        "(nwords = x_words_glob(buf, *startp, len, &words)) ? nwords :
            x_file_glob(flagsp, toglob, &words);"
}

# Debian's sources want MKSH_BUILDMEAT, as debian/meat gives it. Persistent history would need mmap
# on a locked file; names of users exist nowhere here.
mksh_build() {
    local source
    source=$(tools/fetch-source.sh mksh 59c)
    cp "$source"/*.{c,h,opt,sh} "$work/"
    mksh_mend
    mksh_complete
    cd "$work"
    export TARGET_OS=Linux TARGET_OSREV=6 CFLAGS LDFLAGS LIBS CC
    export HAVE_PERSISTENT_HISTORY=0 HAVE_CAN_FSTACKPROTECTORSTRONG=0 HAVE_CAN_FSTACKPROTECTORALL=0
    export CPPFLAGS="-DMKSH_BUILDMEAT -DMKSH_NOPWNAM -DMKSH_DISABLE_TTY_WARNING"
    sh ./Build.sh -r
}

mksh_link() {
    : # done by its own script, whose probes link as well
}

# No modules to load: there is no dynamic linker. Debian's rules make the header that names their folder.
lua_build() {
    local source file
    source=$(tools/fetch-source.sh lua5.4 5.4.4)
    cd "$work"
    echo '#define DEB_HOST_MULTIARCH "riscv64"' > lua5.4-deb-multiarch.h
    for file in "$source"/src/*.c; do
        [[ $file == */luac.c ]] || echo "$file"
    done | xargs -P 2 -I{} sh -c '$CC $CFLAGS -w -DLUA_COMPAT_5_3 -DLUA_USE_POSIX -I. -c {}'
}

lua_link() {
    $CC $LDFLAGS "$work"/*.o $LIBS -lm -o "$work/lua"
}

# SQLite's own scripts join its sources into one file, on the host and with Tcl. Threads may
# use it; no modules to load; files are not mapped, so WAL mode works in exclusive locking mode only.
sqlite3_build() {
    local source options
    source=$(tools/fetch-source.sh sqlite3 3.40.1)
    options="-DSQLITE_THREADSAFE=1 -DSQLITE_OMIT_LOAD_EXTENSION -DSQLITE_MAX_MMAP_SIZE=0 -DHAVE_USLEEP=1 \
-DSQLITE_ENABLE_MATH_FUNCTIONS -DSQLITE_OMIT_POPEN"
    cd "$work"
    env -u CFLAGS -u LDFLAGS -u LIBS CC=cc "$source/configure" --disable-tcl --disable-readline
    env -u CFLAGS -u LDFLAGS -u LIBS make CC=cc sqlite3.c shell.c
    printf '%s\n' sqlite3.c shell.c | OPTIONS=$options xargs -P 2 -I{} sh -c '$CC $CFLAGS -w $OPTIONS -c {}'
}

sqlite3_link() {
    $CC $LDFLAGS "$work/sqlite3.o" "$work/shell.o" $LIBS -lm -o "$work/sqlite3"
}

# Its regular expressions are newlib's, which newlib builds for other systems than ours; characters
# collate by their numbers.
ed_build() {
    local source file
    source=$(tools/fetch-source.sh ed 1.19)
    cd "$work"
    echo 'int __collate_load_error = 1; int __collate_range_cmp(int a, int b) { return a - b; }' > collate.c
    for file in "$source"/*.c "$work/collate.c" "$B"/newlib/source/newlib/libc/posix/reg{comp,exec,error,free}.c; do
        echo "$file"
    done | xargs -P 2 -I{} sh -c '$CC $CFLAGS -w -include sys/types.h -DPROGVERSION=\"1.19\" -c {}'
}

ed_link() {
    $CC $LDFLAGS "$work"/*.o $LIBS -o "$work/ed"
}

# What the objects are made from; mksh's script wants to see the C library itself.
key() {
    echo "$CC $CFLAGS"
    cat tools/program.sh
    find user/include libc/include -type f -exec cat {} +
    [[ $name != mksh ]] || cat user/mksh/words.h "$B/user/libuser.a"
}

build() {
    local now
    now=$(key | sha256sum)
    if [[ ! -f $work/.key || $(< "$work/.key") != "$now" ]]; then
        rm -rf "$work"
        mkdir -p "$work"
        ("${name}_build")
        echo "$now" > "$work/.key"
    fi
    "${name}_link"
    $STRIP "$work/$name" -o "$output"
}

export CC CFLAGS
mkdir -p "$B/user" "$(dirname "$output")"
unset MAKEFLAGS MFLAGS MAKELEVEL
set +e
(set -e; build) > "$log" 2>&1
status=$?
if [[ $status != 0 ]]; then
    grep -a -m5 -E 'error:|undefined reference|fetch-source' "$log" >&2 || tail -5 "$log" >&2
    echo "$name: the build failed; the whole log is $log" >&2
    exit 1
fi
