// SPDX-License-Identifier: MIT
// Who is who: there is one user, root.
#include <pwd.h>
#include <stddef.h>
#include <string.h>

static struct passwd root = {
    .pw_name = "root",
    .pw_passwd = "",
    .pw_gecos = "root",
    .pw_dir = "/",
    .pw_shell = "/bin/sh",
};

struct passwd *getpwuid(uid_t user)
{
    return user == root.pw_uid ? &root : NULL;
}

struct passwd *getpwnam(const char *name)
{
    return strcmp(name, root.pw_name) == 0 ? &root : NULL;
}
