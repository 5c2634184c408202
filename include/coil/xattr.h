// SPDX-License-Identifier: MIT
/*
 * Extended attributes of files.
 */
#ifndef COIL_XATTR_H
#define COIL_XATTR_H

#include <coil/base.h>

#include <sys/types.h>

#ifdef __cplusplus
extern "C" {
#endif

/*
 * Reads an attribute of an open file, as fgetxattr(2); returns its length. With a size of 0 it
 * tells the length alone.
 *
 * Suspends: yes.
 * Thread: the loop's, in a task.
 * Ownership: the texts and the value stay the caller's.
 * Cancellation: -ECANCELED when it had not begun.
 * Errors: -EBADF; -EINVAL for NULL; -ECANCELED; those of fgetxattr(2) but -EINTR; -COIL_ECLOSED
 *         when coil_close_fd closes the descriptor; -COIL_ENOLOOP outside a task; -ENOMEM.
 */
COIL_API COIL_NODISCARD ssize_t coil_fgetxattr(int fd, const char *name, void *value, size_t size);

/*
 * Sets an attribute of an open file, as fsetxattr(2).
 *
 * Suspends: yes.
 * Thread: the loop's, in a task.
 * Ownership: the texts and the value stay the caller's.
 * Cancellation: -ECANCELED when it had not begun.
 * Errors: -EBADF; -EINVAL for NULL; -ECANCELED; those of fsetxattr(2) but -EINTR; -COIL_ECLOSED
 *         when coil_close_fd closes the descriptor; -COIL_ENOLOOP outside a task; -ENOMEM.
 */
COIL_API COIL_NODISCARD int coil_fsetxattr(int fd, const char *name, const void *value, size_t size,
                                           int flags);

/*
 * As coil_fgetxattr, of a file by its name, as getxattr(2).
 *
 * Suspends: yes.
 * Thread: the loop's, in a task.
 * Ownership: the texts and the value stay the caller's.
 * Cancellation: -ECANCELED when it had not begun.
 * Errors: as coil_fgetxattr; -EAGAIN when no thread can be started for it.
 */
COIL_API COIL_NODISCARD ssize_t coil_getxattr(const char *path, const char *name, void *value,
                                              size_t size);

/*
 * As coil_fsetxattr, of a file by its name, as setxattr(2).
 *
 * Suspends: yes.
 * Thread: the loop's, in a task.
 * Ownership: the texts and the value stay the caller's.
 * Cancellation: -ECANCELED when it had not begun.
 * Errors: as coil_fsetxattr; -EAGAIN when no thread can be started for it.
 */
COIL_API COIL_NODISCARD int coil_setxattr(const char *path, const char *name, const void *value,
                                          size_t size, int flags);

#ifdef __cplusplus
}
#endif

#endif
