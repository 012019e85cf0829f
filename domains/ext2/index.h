// SPDX-License-Identifier: MIT
// An index of directories: the library looks through one from its start for each name. A directory
// that is asked again and again has all of its names in here, so what is not here is not there. It
// is kept up with each change of a name, and forgotten as a whole where an operation is undone or
// the library is opened anew; it does not outlive the instance.
//
// What it says is what the directory says, or that the directory must be asked. It knows inode
// numbers by the directory's word alone: whether they can be is for who reads the inode. All of it
// belongs to who holds the volume's lock.
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define INDEX_NAMES 8192u // in all; a directory of more is not indexed

// Forgets all.
void index_forget(void);

// The number of a name: 0, -ENOENT, or:
#define INDEX_UNKNOWN 1 // the directory must be asked
#define INDEX_DUE     2 // it must, and by now it is worth it to index it
int64_t index_find(uint32_t directory, const char *name, size_t length, uint32_t *number);

// Indexes a directory that is due. READ calls index_enter for each name, in the order in which the
// directory has them, until that says that no more fit (false). Where others have left too little
// room, they go, and READ is called once more; a directory that does not fit alone is not due
// again. One that could not be read (READ's error, < 0) is due again when it has been asked as
// often.
void index_make(uint32_t directory, int64_t (*read)(uint32_t directory));
bool index_enter(const char *name, size_t length, uint32_t number);

// The directory has changed, if it is indexed: a name more, a name less, a name that leads
// elsewhere.
void index_add(uint32_t directory, const char *name, size_t length, uint32_t number);
void index_remove(uint32_t directory, const char *name, size_t length, uint32_t number);
void index_replace(uint32_t directory, const char *name, size_t length, uint32_t number);

// The directory may hold anything from now on.
void index_drop(uint32_t directory);
