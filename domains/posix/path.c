// SPDX-License-Identifier: MIT
// The walk looks up one component after the other in the directory that it has reached. Whether
// that directory is in truth a symbolic link is asked only when the file system answers -ENOTDIR,
// so the usual component costs one call.
#include "path.h"

#include <stdlib.h>
#include <string.h>
#include "core.h"
#include "fs_client.h"
#include "processes.h"

static const struct mount *place_mount(struct place place)
{
    return &mounts[place.mount];
}

int64_t place_stat(struct thread *thread, struct place place, struct fs_stat *stat)
{
    RpcResult result;
    do {
        result = fs_stat(place_mount(place)->service, place.node, thread->data);
    } while (result.status == -EAGAIN);
    if (result.status < 0)
        return fs_error(result.status);
    *stat = *(const struct fs_stat *)thread->data;
    return 0;
}

// The node of NAME in a directory, through mounts.
static int64_t place_lookup(struct thread *thread, struct place *place, const char *name)
{
    bool is_up = strcmp(name, "..") == 0;
    struct place from = is_up ? mount_leave(*place) : *place;
    if (mount_named(place, name))
        return 0;
    uint32_t length = (uint32_t)strlen(name);
    memcpy((void *)thread->names, name, length);
    RpcResult found;
    do {
        found = fs_lookup(place_mount(from)->service, from.node, thread->names, length);
    } while (found.status == -EAGAIN);
    if (found.status < 0)
        return fs_error(found.status);
    *place = mount_enter((struct place){from.mount, found.value});
    return 0;
}

// ---- The absolute path of where the walk is ----

static int64_t path_append(struct walk *walk, const char *name)
{
    size_t length = strlen(walk->path), more = strlen(name);
    if (length + 1 + more >= PATH_SIZE)
        return -ENAMETOOLONG;
    if (length > 1)
        walk->path[length++] = '/';
    memcpy(walk->path + length, name, more + 1);
    return 0;
}

static void path_up(struct walk *walk)
{
    char *slash = strrchr(walk->path, '/');
    slash[slash == walk->path] = '\0';
}

static void walk_to_root(struct walk *walk)
{
    walk->found = (struct place){0, mounts[0].root};
    strcpy(walk->path, "/");
}

// ---- Symbolic links ----

// Puts a link's target before what is left to walk.
static int64_t link_splice(struct walk *walk, const char *target, size_t length)
{
    size_t rest = strlen(walk->rest);
    if (++walk->links > LINKS_FOLLOWED_MAX)
        return -ELOOP;
    if (length == 0)
        return -ENOENT;
    if (length + 1 + rest >= PATH_SIZE)
        return -ENAMETOOLONG;
    memmove(walk->rest + length + 1, walk->rest, rest + 1);
    memcpy(walk->rest, target, length);
    walk->rest[length] = rest ? '/' : '\0';
    return 0;
}

// Replaces the link that the walk has reached by its target: back to the directory that it lies in.
// -EINVAL: it is no link.
static int64_t link_follow(struct thread *thread, struct walk *walk)
{
    RpcResult result = fs_readlink(place_mount(walk->found)->service, walk->found.node,
                                   thread->names, FS_TARGET_MAX);
    if (result.status < 0)
        return fs_error(result.status);
    const char *target = (const char *)thread->names;
    int64_t spliced = link_splice(walk, target, result.value);
    if (spliced < 0)
        return spliced;
    walk->found = walk->parent;
    path_up(walk);
    if (walk->rest[0] == '/')
        walk_to_root(walk);
    return 0;
}

// ---- The walk ----

// Cuts the next component off the rest. 0 if there is none; -ENAMETOOLONG.
static int64_t component_take(struct walk *walk)
{
    size_t slashes = strspn(walk->rest, "/");
    if (slashes && walk->rest[slashes] == '\0')
        walk->must_be_directory = true;
    size_t length = strcspn(walk->rest + slashes, "/");
    if (length == 0)
        return 0;
    if (length > FS_NAME_MAX)
        return -ENAMETOOLONG;
    memcpy(walk->last, walk->rest + slashes, length);
    walk->last[length] = '\0';
    size_t rest = strlen(walk->rest + slashes + length);
    memmove(walk->rest, walk->rest + slashes + length, rest + 1);
    return (int64_t)length;
}

static bool rest_is_empty(const struct walk *walk)
{
    return walk->rest[strspn(walk->rest, "/")] == '\0';
}

// Goes on by the component in `last`. -ENOENT where it is not there.
static int64_t component_enter(struct thread *thread, struct walk *walk)
{
    struct place next = walk->found;
    if (strcmp(walk->last, ".") == 0)
        return place_lookup(thread, &next, ".");
    int64_t result = place_lookup(thread, &next, walk->last);
    if (result < 0)
        return result;
    walk->parent = walk->found;
    walk->found = next;
    if (strcmp(walk->last, "..") == 0) {
        path_up(walk);
        return 0;
    }
    return path_append(walk, walk->last);
}

// One component, or one link in the way of it.
static int64_t walk_step(struct thread *thread, struct walk *walk)
{
    char name[FS_NAME_MAX + 1];
    int64_t result = component_enter(thread, walk);
    if (result != -ENOTDIR)
        return result;
    strcpy(name, walk->last);
    int64_t rest = link_splice(walk, name, strlen(name)); // it comes again after the target
    walk->links--;
    if (rest < 0)
        return rest;
    result = link_follow(thread, walk);
    return result == -EINVAL ? -ENOTDIR : result;
}

// The last component is not there: the walk ends beside it.
static void walk_missed(struct walk *walk)
{
    walk->parent = walk->found;
    walk->exists = false;
}

// What the walk has come to: looked at, and followed on if it is a link that must be.
// Returns 1 to go on walking.
static int64_t walk_arrive(struct thread *thread, struct walk *walk, uint32_t flags)
{
    int64_t result = place_stat(thread, walk->found, &walk->stat);
    if (result < 0)
        return result;
    uint32_t type = walk->stat.mode & FS_TYPE;
    if (type == FS_SYMLINK && ((flags & WALK_FOLLOW) || walk->must_be_directory)) {
        result = link_follow(thread, walk);
        return result < 0 ? result : 1;
    }
    if (walk->must_be_directory && type != FS_DIRECTORY)
        return -ENOTDIR;
    walk->exists = true;
    return 0;
}

static int64_t walk_run(struct thread *thread, struct walk *walk, uint32_t flags)
{
    for (;;) {
        int64_t length = component_take(walk);
        if (length < 0)
            return length;
        int64_t result;
        if (length == 0) {
            result = walk_arrive(thread, walk, flags);
            if (result <= 0)
                return result;
            continue;
        }
        result = walk_step(thread, walk);
        if (result == -ENOENT && (flags & WALK_PARENT) && rest_is_empty(walk)) {
            component_take(walk); // a slash at the end is noted
            walk_missed(walk);
            return 0;
        }
        if (result < 0)
            return result;
    }
}

// Where a relative path begins.
static int64_t walk_begin(struct thread *thread, int32_t descriptor, struct walk *walk)
{
    if (walk->rest[0] == '/') {
        walk_to_root(walk);
        return 0;
    }
    if (descriptor == AT_CURRENT) {
        walk->found = directory_read(thread, walk->path);
        return 0;
    }
    struct open_file *file = file_get(thread, descriptor);
    if (!file)
        return -EBADF;
    int64_t result = file->path ? 0 : -ENOTDIR;
    if (result == 0) {
        walk->found = file->place;
        strcpy(walk->path, file->path);
    }
    file_put(thread, file);
    return result;
}

// A name that ends in "." or "..", or none at all, cannot be made or removed.
static void last_settle(struct walk *walk)
{
    if (strcmp(walk->last, ".") == 0 || strcmp(walk->last, "..") == 0)
        walk->last[0] = '\0';
}

static int64_t walk_whole(struct thread *thread, int32_t descriptor, struct walk *walk,
                          uint32_t flags)
{
    walk->last[0] = '\0';
    walk->links = 0;
    walk->exists = walk->must_be_directory = false;
    if (walk->rest[0] == '\0')
        return -ENOENT;
    int64_t result = walk_begin(thread, descriptor, walk);
    if (result < 0)
        return result;
    walk->parent = walk->found;
    result = walk_run(thread, walk, flags);
    if (result == -ESTALE)
        result = -ENOENT; // a folder on the way, or where it begins, is removed meanwhile
    last_settle(walk);
    return result;
}

int64_t path_walk(struct thread *thread, int32_t descriptor, const char *path, uint32_t flags,
                  struct walk **result)
{
    struct walk *walk = malloc(sizeof *walk);
    if (!walk)
        return -ENOMEM;
    size_t length = strnlen(path, PATH_SIZE);
    int64_t error = length == PATH_SIZE ? -ENAMETOOLONG : 0;
    if (error == 0) {
        memcpy(walk->rest, path, length + 1);
        error = walk_whole(thread, descriptor, walk, flags);
    }
    *result = walk;
    if (error < 0)
        free(walk);
    return error;
}

int64_t path_walk_user(struct thread *thread, int32_t descriptor, uint64_t address, uint32_t flags,
                       struct walk **result)
{
    struct walk *walk = malloc(sizeof *walk);
    if (!walk)
        return -ENOMEM;
    int64_t error =
        core_space_read_string(thread->process->memory.space, walk->rest, address, PATH_SIZE);
    if (error >= 0)
        error = walk_whole(thread, descriptor, walk, flags);
    *result = walk;
    if (error < 0)
        free(walk);
    return error;
}
