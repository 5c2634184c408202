// SPDX-License-Identifier: MIT
/*
 * Files, pipes, terminals and whatever else is read and written by a descriptor: POSIX's functions
 * with the prefix coil_, which suspend the calling task alone.
 *
 * Descriptors are the program's own: of any kind, opened in any way, blocking or not. A call on one
 * that is O_NONBLOCK waits as on any other, so -EAGAIN never comes from here. Nothing raises
 * SIGPIPE: the call returns -EPIPE.
 *
 * A call returns only when the kernel is done with its buffer, also when it is cancelled. What was
 * done before a cancellation took is returned, and the cancellation delivered at the next wait: no
 * byte is lost. Reads and writes of regular files cannot be interrupted once they have begun.
 */
#ifndef COIL_FILE_H
#define COIL_FILE_H

#include <coil/base.h>

#include <sys/types.h>

#ifdef __cplusplus
extern "C" {
#endif

/*
 * Opens a file, as open(2), and with O_CLOEXEC in any case. `mode` counts when a file is created.
 *
 * Suspends: yes.
 * Thread: the loop's, in a task.
 * Ownership: the caller closes the descriptor with coil_close_fd.
 * Cancellation: -ECANCELED; a descriptor that was opened all the same is returned.
 * Errors: -ECANCELED; -EINVAL for NULL; those of open(2); -COIL_ENOLOOP outside a task; -ENOMEM.
 */
COIL_API COIL_NODISCARD int coil_open(const char *path, int flags, mode_t mode);

/*
 * Reads at most `length` bytes at the descriptor's position and returns how many, 0 at the end.
 *
 * Suspends: yes, until there is something to read.
 * Thread: the loop's, in a task.
 * Ownership: the buffer stays the caller's; the kernel uses it during the call.
 * Cancellation: -ECANCELED, and nothing was read.
 * Errors: -ECANCELED; -EINVAL for a NULL buffer with a length; -EBADF; -COIL_ECLOSED when
 *         coil_close_fd closes the descriptor; those of read(2) but -EAGAIN and -EINTR;
 *         -COIL_ENOLOOP outside a task; -ENOMEM.
 */
COIL_API COIL_NODISCARD ssize_t coil_read(int fd, void *buffer, size_t length);

/*
 * Writes at most `length` bytes at the descriptor's position and returns how many.
 *
 * Suspends: yes, until something could be written.
 * Thread: the loop's, in a task.
 * Ownership: the buffer stays the caller's; the kernel uses it during the call.
 * Cancellation: -ECANCELED, and nothing was written.
 * Errors: as coil_read; those of write(2) but -EAGAIN and -EINTR; -EPIPE without a signal.
 */
COIL_API COIL_NODISCARD ssize_t coil_write(int fd, const void *buffer, size_t length);

/*
 * As coil_read, at `offset`; the position stays.
 *
 * Suspends: yes.
 * Thread: the loop's, in a task.
 * Ownership: as coil_read.
 * Cancellation: as coil_read.
 * Errors: as coil_read; -EINVAL for a negative offset; -ESPIPE for what has no positions.
 */
COIL_API COIL_NODISCARD ssize_t coil_pread(int fd, void *buffer, size_t length, int64_t offset);

/*
 * As coil_write, at `offset`; the position stays.
 *
 * Suspends: yes.
 * Thread: the loop's, in a task.
 * Ownership: as coil_write.
 * Cancellation: as coil_write.
 * Errors: as coil_write; -EINVAL for a negative offset; -ESPIPE for what has no positions.
 */
COIL_API COIL_NODISCARD ssize_t coil_pwrite(int fd, const void *buffer, size_t length,
                                            int64_t offset);

/*
 * Has the kernel put a file and what describes it on its device.
 *
 * Suspends: yes.
 * Thread: the loop's, in a task.
 * Ownership: none.
 * Cancellation: -ECANCELED when it had not begun.
 * Errors: -ECANCELED; -EBADF; -COIL_ECLOSED; those of fsync(2) but -EINTR; -COIL_ENOLOOP outside a
 *         task; -ENOMEM.
 */
COIL_API COIL_NODISCARD int coil_fsync(int fd);

/*
 * Closes a descriptor. Whoever waits on it on this loop gets -COIL_ECLOSED first, and so does who
 * begins to meanwhile; its reader and its writer are removed. What another loop or thread does with
 * the descriptor is the caller's duty.
 *
 * Suspends: yes.
 * Thread: the loop's, in a task.
 * Ownership: the descriptor ends, whatever is returned, but for -EBADF, -ENOMEM and -COIL_ENOLOOP.
 * Cancellation: does not stop it; it is delivered at the next wait.
 * Errors: -EBADF; those of close(2), of which the descriptor is closed; -COIL_ENOLOOP outside a
 *         task; -ENOMEM.
 */
COIL_API int coil_close_fd(int fd);

#ifdef __cplusplus
}
#endif

#endif
