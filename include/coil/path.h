// SPDX-License-Identifier: MIT
/*
 * Files by their names: POSIX's and Linux's functions with the prefix coil_, which suspend the
 * calling task alone. A `directory` is a descriptor, or AT_FDCWD for the working directory, and a
 * name that begins with a slash needs none.
 */
#ifndef COIL_PATH_H
#define COIL_PATH_H

#include <coil/base.h>

#include <sys/types.h>

#ifdef __cplusplus
extern "C" {
#endif

struct open_how;
struct statx;

/*
 * Opens a file as `how` says (struct open_how of linux/openat2.h, `size` bytes of it), as
 * openat2(2), and with O_CLOEXEC in any case.
 *
 * Suspends: yes.
 * Thread: the loop's, in a task.
 * Ownership: the caller closes the descriptor with coil_close_fd.
 * Cancellation: -ECANCELED; a descriptor that was opened all the same is returned.
 * Errors: -ECANCELED; -EINVAL for NULL; those of openat2(2) but -EINTR; -COIL_ENOLOOP outside a
 *         task; -ENOMEM. -EINVAL for a size that is too small for the flags, -E2BIG for more than
 *         4096 bytes.
 */
COIL_API COIL_NODISCARD int coil_openat2(int directory, const char *path,
                                         const struct open_how *how, size_t size);

/*
 * Tells what `mask` (STATX_*) asks of a file, as statx(2).
 *
 * Suspends: yes.
 * Thread: the loop's, in a task.
 * Ownership: `result` stays the caller's; the kernel writes it during the call.
 * Cancellation: -ECANCELED when it had not begun.
 * Errors: -ECANCELED; -EINVAL for NULL; those of statx(2) but -EINTR; -COIL_ENOLOOP outside a task;
 *         -ENOMEM.
 */
COIL_API COIL_NODISCARD int coil_statx(int directory, const char *path, int flags, unsigned mask,
                                       struct statx *result);

/*
 * Renames a file, as renameat2(2) with RENAME_* in `flags`.
 *
 * Suspends: yes.
 * Thread: the loop's, in a task.
 * Ownership: the texts stay the caller's.
 * Cancellation: -ECANCELED; 0 when it was done all the same.
 * Errors: -ECANCELED; -EINVAL for NULL; those of renameat2(2) but -EINTR; -COIL_ENOLOOP outside a
 *         task; -ENOMEM.
 */
COIL_API COIL_NODISCARD int coil_renameat2(int from_directory, const char *from, int to_directory,
                                           const char *to, unsigned flags);

/*
 * Gives a file one more name, as linkat(2).
 *
 * Suspends: yes.
 * Thread: the loop's, in a task.
 * Ownership: the texts stay the caller's.
 * Cancellation: as coil_renameat2.
 * Errors: -ECANCELED; -EINVAL for NULL; those of linkat(2) but -EINTR; -COIL_ENOLOOP outside a
 *         task; -ENOMEM.
 */
COIL_API COIL_NODISCARD int coil_linkat(int from_directory, const char *from, int to_directory,
                                        const char *to, int flags);

/*
 * Makes a symbolic link that says `target`, as symlinkat(2).
 *
 * Suspends: yes.
 * Thread: the loop's, in a task.
 * Ownership: the texts stay the caller's.
 * Cancellation: as coil_renameat2.
 * Errors: -ECANCELED; -EINVAL for NULL; those of symlinkat(2) but -EINTR; -COIL_ENOLOOP outside a
 *         task; -ENOMEM.
 */
COIL_API COIL_NODISCARD int coil_symlinkat(const char *target, int directory, const char *path);

/*
 * Reads what a symbolic link says, without a NUL, cut to `size` bytes, as readlinkat(2); returns
 * how many bytes.
 *
 * Suspends: yes.
 * Thread: the loop's, in a task.
 * Ownership: the buffer stays the caller's.
 * Cancellation: -ECANCELED when it had not begun.
 * Errors: as coil_statx, but readlinkat's; -EAGAIN when no thread can be started for it.
 */
COIL_API COIL_NODISCARD ssize_t coil_readlinkat(int directory, const char *path, char *buffer,
                                                size_t size);

/*
 * Takes a name away from a file or, with AT_REMOVEDIR, removes a directory, as unlinkat(2).
 *
 * Suspends: yes.
 * Thread: the loop's, in a task.
 * Ownership: the texts stay the caller's.
 * Cancellation: as coil_renameat2.
 * Errors: -ECANCELED; -EINVAL for NULL; those of unlinkat(2) but -EINTR; -COIL_ENOLOOP outside a
 *         task; -ENOMEM.
 */
COIL_API COIL_NODISCARD int coil_unlinkat(int directory, const char *path, int flags);

/*
 * Makes a directory, as mkdirat(2).
 *
 * Suspends: yes.
 * Thread: the loop's, in a task.
 * Ownership: the texts stay the caller's.
 * Cancellation: as coil_renameat2.
 * Errors: -ECANCELED; -EINVAL for NULL; those of mkdirat(2) but -EINTR; -COIL_ENOLOOP outside a
 *         task; -ENOMEM.
 */
COIL_API COIL_NODISCARD int coil_mkdirat(int directory, const char *path, mode_t mode);

/*
 * As coil_renameat2 from the working directory, without flags.
 *
 * Suspends: yes.
 * Thread: the loop's, in a task.
 * Ownership: as coil_renameat2.
 * Cancellation: as coil_renameat2.
 * Errors: as coil_renameat2.
 */
COIL_API COIL_NODISCARD int coil_rename(const char *from, const char *to);

/*
 * As coil_linkat from the working directory, without flags.
 *
 * Suspends: yes.
 * Thread: the loop's, in a task.
 * Ownership: as coil_linkat.
 * Cancellation: as coil_linkat.
 * Errors: as coil_linkat.
 */
COIL_API COIL_NODISCARD int coil_link(const char *from, const char *to);

/*
 * As coil_symlinkat from the working directory.
 *
 * Suspends: yes.
 * Thread: the loop's, in a task.
 * Ownership: as coil_symlinkat.
 * Cancellation: as coil_symlinkat.
 * Errors: as coil_symlinkat.
 */
COIL_API COIL_NODISCARD int coil_symlink(const char *target, const char *path);

/*
 * As coil_readlinkat from the working directory.
 *
 * Suspends: yes.
 * Thread: the loop's, in a task.
 * Ownership: as coil_readlinkat.
 * Cancellation: as coil_readlinkat.
 * Errors: as coil_readlinkat.
 */
COIL_API COIL_NODISCARD ssize_t coil_readlink(const char *path, char *buffer, size_t size);

/*
 * As coil_unlinkat from the working directory, without flags.
 *
 * Suspends: yes.
 * Thread: the loop's, in a task.
 * Ownership: as coil_unlinkat.
 * Cancellation: as coil_unlinkat.
 * Errors: as coil_unlinkat.
 */
COIL_API COIL_NODISCARD int coil_unlink(const char *path);

/*
 * As coil_unlinkat from the working directory, with AT_REMOVEDIR.
 *
 * Suspends: yes.
 * Thread: the loop's, in a task.
 * Ownership: as coil_unlinkat.
 * Cancellation: as coil_unlinkat.
 * Errors: as coil_unlinkat.
 */
COIL_API COIL_NODISCARD int coil_rmdir(const char *path);

/*
 * As coil_mkdirat from the working directory.
 *
 * Suspends: yes.
 * Thread: the loop's, in a task.
 * Ownership: as coil_mkdirat.
 * Cancellation: as coil_mkdirat.
 * Errors: as coil_mkdirat.
 */
COIL_API COIL_NODISCARD int coil_mkdir(const char *path, mode_t mode);

#ifdef __cplusplus
}
#endif

#endif
