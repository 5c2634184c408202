// SPDX-License-Identifier: MIT
/*
 * The entries of a directory, one at a time.
 */
#ifndef COIL_DIRECTORY_H
#define COIL_DIRECTORY_H

#include <coil/base.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct coil_directory coil_directory;

typedef struct coil_entry {
    uint64_t inode;
    const char *name;
    unsigned char type; /* DT_* of dirent.h; DT_UNKNOWN where the file system does not say */
} coil_entry;

/*
 * Opens a directory for reading.
 *
 * Suspends: yes.
 * Thread: the loop's, in a task.
 * Ownership: the caller ends it with coil_closedir.
 * Cancellation: -ECANCELED when it had not begun.
 * Errors: -ECANCELED; -EINVAL for NULL; those of open(2) but -EINTR; -COIL_ENOLOOP outside a task;
 *         -ENOMEM. Error-encoded.
 */
COIL_API COIL_NODISCARD coil_directory *coil_opendir(const char *path);

/*
 * Reads the next entry, in the file system's order, with `.` and `..`: 1, or 0 when there are no
 * more.
 *
 * Suspends: yes, when what was read is used up.
 * Thread: the loop's, in a task.
 * Ownership: the name is the directory's, until the next call.
 * Cancellation: -ECANCELED, and no entry was skipped.
 * Errors: -ECANCELED; -EINVAL for NULL; the code of an error-encoded pointer; -EBUSY while another
 *         task reads it; those of getdents64(2) but -EINTR; -EAGAIN when no thread can be started;
 *         -COIL_ENOLOOP outside a task; -ENOMEM.
 */
COIL_API COIL_NODISCARD int coil_readdir(coil_directory *directory, coil_entry *entry);

/*
 * Closes a directory.
 *
 * Suspends: yes.
 * Thread: the loop's, in a task.
 * Ownership: the directory ends, but for -COIL_ENOLOOP, -EBUSY and -ENOMEM.
 * Cancellation: does not stop it; it is delivered at the next wait.
 * Errors: NULL and error-encoded pointers are ignored and give 0; -EBUSY while a task reads it;
 *         -COIL_ENOLOOP outside a task; -ENOMEM.
 */
COIL_API int coil_closedir(coil_directory *directory);

#ifdef __cplusplus
}
#endif

#endif
