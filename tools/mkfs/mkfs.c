// SPDX-License-Identifier: MIT
//
// mkfs: makes an ext2 disk image from a folder, through libext2fs.
//
//     mkfs IMAGE --size 64M --from DIR
//
// Reproducible: the same names, modes and contents give the same bytes. So identifiers and times
// are fixed, owners are root, names are taken in byte order, and of the modes only the owner's x
// counts. A file with several names in DIR is one file on the image.

#define _GNU_SOURCE

#include <dirent.h>
#include <errno.h>
#include <ext2fs/ext2fs.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define BLOCK_SIZE      4096
#define BYTES_PER_INODE 16384
#define COPY_SIZE       65536
#define FIXED_TIME      1704067200 // 2024-01-01 00:00 UTC
#define FIXED_TIME_TEXT "1704067200"
#define SIZE_MIN        (1ull << 20)
#define SIZE_MAX_IMAGE  (1ull << 42) // 2^30 blocks: block numbers stay below 2^32

static const unsigned char fixed_uuid[16] = "BulkheadDiskV1";
static const char *image_path;
static bool image_begun;

// Ends the program with one line; a half-made image is deleted.
__attribute__((format(printf, 2, 3), noreturn)) static void fail(int status, const char *format,
                                                                 ...)
{
    va_list arguments;
    va_start(arguments, format);
    fputs("mkfs: ", stderr);
    vfprintf(stderr, format, arguments);
    fputc('\n', stderr);
    va_end(arguments);
    if (image_begun)
        unlink(image_path);
    exit(status);
}

// Ends the program if libext2fs reports an error about PATH.
static void check(errcode_t error, const char *path)
{
    if (error)
        fail(1, "%s: %s", path, error_message(error));
}

static void populate(ext2_filsys fs, ext2_ino_t directory, const char *path);

// Enters INODE into DIRECTORY, which grows if it must.
static void name_enter(ext2_filsys fs, ext2_ino_t directory, const char *name, ext2_ino_t inode,
                       int type, const char *path)
{
    errcode_t error = ext2fs_link(fs, directory, name, inode, type);
    if (error == EXT2_ET_DIR_NO_SPACE) {
        check(ext2fs_expand_dir(fs, directory), path);
        error = ext2fs_link(fs, directory, name, inode, type);
    }
    check(error, path);
}

static void content_copy(ext2_filsys fs, ext2_ino_t inode, const char *path)
{
    static char buffer[COPY_SIZE];
    ext2_file_t file;
    int source = open(path, O_RDONLY | O_CLOEXEC);
    if (source < 0)
        fail(1, "%s: %s", path, strerror(errno));
    check(ext2fs_file_open(fs, inode, EXT2_FILE_WRITE, &file), path);

    ssize_t length;
    while ((length = read(source, buffer, sizeof(buffer))) > 0) {
        unsigned int written;
        check(ext2fs_file_write(file, buffer, (unsigned int)length, &written), path);
    }
    if (length < 0)
        fail(1, "%s: %s", path, strerror(errno));

    check(ext2fs_file_close(file), path);
    close(source);
}

// The files of the host that have several names, by what tells them apart there.
struct linked {
    dev_t device;
    ino_t host;
    ext2_ino_t number; // on the image
};

static struct linked *linked_files;
static size_t linked_count;

static ext2_ino_t linked_find(const struct stat *status)
{
    for (size_t i = 0; i < linked_count; i++)
        if (linked_files[i].device == status->st_dev && linked_files[i].host == status->st_ino)
            return linked_files[i].number;
    return 0;
}

static void linked_remember(const struct stat *status, ext2_ino_t number)
{
    linked_files = realloc(linked_files, (linked_count + 1) * sizeof(*linked_files));
    if (!linked_files)
        fail(1, "out of memory");
    linked_files[linked_count++] = (struct linked){status->st_dev, status->st_ino, number};
}

static void name_add(ext2_filsys fs, ext2_ino_t directory, const char *name, const char *path,
                     ext2_ino_t number)
{
    struct ext2_inode inode;
    name_enter(fs, directory, name, number, EXT2_FT_REG_FILE, path);
    check(ext2fs_read_inode(fs, number, &inode), path);
    inode.i_links_count++;
    check(ext2fs_write_inode(fs, number, &inode), path);
}

static ext2_ino_t file_add(ext2_filsys fs, ext2_ino_t directory, const char *name, const char *path,
                           mode_t mode)
{
    ext2_ino_t number;
    struct ext2_inode inode = {
        .i_mode = (__u16)(LINUX_S_IFREG | mode),
        .i_links_count = 1,
        .i_atime = FIXED_TIME,
        .i_ctime = FIXED_TIME,
        .i_mtime = FIXED_TIME,
    };
    check(ext2fs_new_inode(fs, directory, LINUX_S_IFREG, NULL, &number), path);
    name_enter(fs, directory, name, number, EXT2_FT_REG_FILE, path);
    ext2fs_inode_alloc_stats2(fs, number, +1, 0);
    check(ext2fs_write_new_inode(fs, number, &inode), path);
    content_copy(fs, number, path);
    return number;
}

static void folder_add(ext2_filsys fs, ext2_ino_t directory, const char *name, const char *path)
{
    ext2_ino_t number;
    errcode_t error = ext2fs_mkdir(fs, directory, 0, name);
    if (error == EXT2_ET_DIR_NO_SPACE) {
        check(ext2fs_expand_dir(fs, directory), path);
        error = ext2fs_mkdir(fs, directory, 0, name);
    }
    check(error, path);
    check(ext2fs_lookup(fs, directory, name, (int)strlen(name), NULL, &number), path);
    populate(fs, number, path);
}

static void link_add(ext2_filsys fs, ext2_ino_t directory, const char *name, const char *path)
{
    char target[BLOCK_SIZE];
    ssize_t length = readlink(path, target, sizeof(target) - 1);
    if (length < 0)
        fail(1, "%s: %s", path, strerror(errno));
    target[length] = '\0';

    errcode_t error = ext2fs_symlink(fs, directory, 0, name, target);
    if (error == EXT2_ET_DIR_NO_SPACE) {
        check(ext2fs_expand_dir(fs, directory), path);
        error = ext2fs_symlink(fs, directory, 0, name, target);
    }
    check(error, path);
}

static void entry_add(ext2_filsys fs, ext2_ino_t directory, const char *name, const char *path)
{
    struct stat status;
    if (lstat(path, &status))
        fail(1, "%s: %s", path, strerror(errno));
    if (S_ISREG(status.st_mode) && linked_find(&status)) {
        name_add(fs, directory, name, path, linked_find(&status));
    } else if (S_ISREG(status.st_mode)) {
        ext2_ino_t number =
            file_add(fs, directory, name, path, status.st_mode & S_IXUSR ? 0755 : 0644);
        if (status.st_nlink > 1)
            linked_remember(&status, number);
    } else if (S_ISDIR(status.st_mode))
        folder_add(fs, directory, name, path);
    else if (S_ISLNK(status.st_mode))
        link_add(fs, directory, name, path);
    else
        fail(1, "%s: neither a file, a folder, nor a symbolic link (leave it out)", path);
}

static int names_compare(const struct dirent **left, const struct dirent **right)
{
    return strcmp((*left)->d_name, (*right)->d_name);
}

// Adds all that lies in the host's folder PATH to DIRECTORY.
static void populate(ext2_filsys fs, ext2_ino_t directory, const char *path)
{
    struct dirent **entries;
    int count = scandir(path, &entries, NULL, names_compare);
    if (count < 0)
        fail(1, "%s: %s", path, strerror(errno));
    for (int i = 0; i < count; i++) {
        const char *name = entries[i]->d_name;
        if (strcmp(name, ".") && strcmp(name, "..")) {
            char *child;
            if (asprintf(&child, "%s/%s", path, name) < 0)
                fail(1, "out of memory");
            entry_add(fs, directory, name, child);
            free(child);
        }
        free(entries[i]);
    }
    free(entries);
}

// Makes the inodes that every ext2 file system has: those reserved, the root, lost+found.
static void system_inodes_make(ext2_filsys fs)
{
    ext2fs_inode_alloc_stats2(fs, EXT2_BAD_INO, +1, 0);
    check(ext2fs_update_bb_inode(fs, NULL), image_path);
    check(ext2fs_mkdir(fs, EXT2_ROOT_INO, EXT2_ROOT_INO, NULL), image_path);
    for (ext2_ino_t i = EXT2_ROOT_INO + 1; i < EXT2_FIRST_INODE(fs->super); i++)
        ext2fs_inode_alloc_stats2(fs, i, +1, 0);
    check(ext2fs_mkdir(fs, EXT2_ROOT_INO, 0, "lost+found"), image_path);
}

// Creates an empty file system of SIZE bytes in a sparse file.
static ext2_filsys image_create(uint64_t size)
{
    struct ext2_super_block parameters = {
        .s_rev_level = EXT2_DYNAMIC_REV,
        .s_log_block_size = 2, // 1024 << 2
        .s_log_cluster_size = 2,
        .s_blocks_count = (__u32)(size / BLOCK_SIZE),
        .s_inodes_count = (__u32)(size / BYTES_PER_INODE),
        .s_inode_size = 128,
        .s_feature_incompat = EXT2_FEATURE_INCOMPAT_FILETYPE,
        .s_feature_ro_compat =
            EXT2_FEATURE_RO_COMPAT_SPARSE_SUPER | EXT2_FEATURE_RO_COMPAT_LARGE_FILE,
    };
    ext2_filsys fs;

    int file = open(image_path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    if (file < 0)
        fail(1, "%s: %s", image_path, strerror(errno));
    image_begun = true;
    if (ftruncate(file, (off_t)size))
        fail(1, "%s: %s", image_path, strerror(errno));
    close(file);

    setenv("E2FSPROGS_FAKE_TIME", FIXED_TIME_TEXT, 1);
    check(ext2fs_initialize(image_path, 0, &parameters, unix_io_manager, &fs), image_path);
    memcpy(fs->super->s_uuid, fixed_uuid, sizeof(fixed_uuid));
    memcpy(fs->super->s_hash_seed, fixed_uuid, sizeof(fixed_uuid));
    fs->super->s_def_hash_version = EXT2_HASH_HALF_MD4;
    fs->super->s_max_mnt_count = 0xffff; // no check for its age alone
    check(ext2fs_allocate_tables(fs), image_path);
    return fs;
}

// Reads "64M" and its like; ends the program if it is none.
static uint64_t size_parse(const char *text)
{
    char *end;
    errno = 0;
    unsigned long long size = strtoull(text, &end, 10);
    unsigned int shift = *end == 'K' ? 10 : *end == 'M' ? 20 : *end == 'G' ? 30 : 0;
    if (errno || end == text || *text == '-' || (shift && end[1]) || (!shift && *end) ||
        size > SIZE_MAX_IMAGE >> shift)
        fail(2, "--size %s: must be bytes, or a number with K, M or G, up to 4096G", text);
    size <<= shift;
    if (size < SIZE_MIN)
        fail(2, "--size %s: must be at least 1M", text);
    return size & ~(uint64_t)(BLOCK_SIZE - 1);
}

int main(int argc, char **argv)
{
    static const struct option options[] = {
        {"size", required_argument, NULL, 's'},
        {"from", required_argument, NULL, 'f'},
        {NULL, 0, NULL, 0},
    };
    const char *size = NULL, *from = NULL;
    int option;

    while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
        if (option == 's')
            size = optarg;
        else if (option == 'f')
            from = optarg;
        else
            fail(2, "usage: mkfs IMAGE --size 64M --from DIR");
    }
    if (!size || !from || optind + 1 != argc)
        fail(2, "usage: mkfs IMAGE --size 64M --from DIR");

    initialize_ext2_error_table();
    image_path = argv[optind];
    uint64_t bytes = size_parse(size);
    if (access(from, R_OK | X_OK))
        fail(1, "%s: %s", from, strerror(errno));
    ext2_filsys fs = image_create(bytes);
    system_inodes_make(fs);
    populate(fs, EXT2_ROOT_INO, from);
    check(ext2fs_close_free(&fs), image_path);
    return 0;
}
