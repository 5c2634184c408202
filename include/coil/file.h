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
#include <sys/uio.h>

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
 * Reads into `n` buffers, one after the other, at `offset` or, with -1, at the descriptor's
 * position, which then moves; returns how many bytes. `flags` are preadv2's, RWF_*.
 *
 * Suspends: yes, until there is something to read.
 * Thread: the loop's, in a task.
 * Ownership: the array and the buffers stay the caller's; the kernel uses them during the call.
 * Cancellation: -ECANCELED, and nothing was read.
 * Errors: as coil_read; -EINVAL for a missing array, a negative `n` or an offset below -1; -EAGAIN
 *         with RWF_NOWAIT; those of preadv2(2).
 */
COIL_API COIL_NODISCARD ssize_t coil_preadv2(int fd, const struct iovec *buffers, int n,
                                             int64_t offset, int flags);

/*
 * Writes from `n` buffers, one after the other, at `offset` or, with -1, at the descriptor's
 * position, which then moves; returns how many bytes. `flags` are pwritev2's, RWF_*.
 *
 * Suspends: yes, until something could be written.
 * Thread: the loop's, in a task.
 * Ownership: as coil_preadv2.
 * Cancellation: -ECANCELED, and nothing was written.
 * Errors: as coil_preadv2; -EPIPE without a signal; those of pwritev2(2).
 */
COIL_API COIL_NODISCARD ssize_t coil_pwritev2(int fd, const struct iovec *buffers, int n,
                                              int64_t offset, int flags);

/*
 * As coil_preadv2 at the descriptor's position, without flags.
 *
 * Suspends: yes.
 * Thread: the loop's, in a task.
 * Ownership: as coil_preadv2.
 * Cancellation: as coil_preadv2.
 * Errors: as coil_preadv2.
 */
COIL_API COIL_NODISCARD ssize_t coil_readv(int fd, const struct iovec *buffers, int n);

/*
 * As coil_pwritev2 at the descriptor's position, without flags.
 *
 * Suspends: yes.
 * Thread: the loop's, in a task.
 * Ownership: as coil_preadv2.
 * Cancellation: as coil_pwritev2.
 * Errors: as coil_pwritev2.
 */
COIL_API COIL_NODISCARD ssize_t coil_writev(int fd, const struct iovec *buffers, int n);

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
 * As coil_fsync, without what is not needed to read the data back, as fdatasync(2).
 *
 * Suspends: yes.
 * Thread: the loop's, in a task.
 * Ownership: none.
 * Cancellation: -ECANCELED when it had not begun.
 * Errors: as coil_fsync.
 */
COIL_API COIL_NODISCARD int coil_fdatasync(int fd);

/*
 * Sets a file's length, as ftruncate(2).
 *
 * Suspends: yes.
 * Thread: the loop's, in a task.
 * Ownership: none.
 * Cancellation: -ECANCELED when it had not begun.
 * Errors: -EINVAL for a negative length; -ECANCELED; those of ftruncate(2) but -EINTR;
 *         -COIL_ECLOSED when coil_close_fd closes the descriptor; -COIL_ENOLOOP outside a task;
 *         -ENOMEM.
 */
COIL_API COIL_NODISCARD int coil_ftruncate(int fd, int64_t length);

/*
 * Makes, or with `mode` takes away, room in a file, as fallocate(2).
 *
 * Suspends: yes.
 * Thread: the loop's, in a task.
 * Ownership: none.
 * Cancellation: -ECANCELED when it had not begun.
 * Errors: -EINVAL for a negative offset or length; -ECANCELED; those of fallocate(2) but -EINTR;
 *         -COIL_ECLOSED when coil_close_fd closes the descriptor; -COIL_ENOLOOP outside a task;
 *         -ENOMEM.
 */
COIL_API COIL_NODISCARD int coil_fallocate(int fd, int mode, int64_t offset, int64_t length);

/*
 * Says how a part of a file will be used, as posix_fadvise(2); a length of 0 means to the end.
 *
 * Suspends: yes.
 * Thread: the loop's, in a task.
 * Ownership: none.
 * Cancellation: -ECANCELED when it had not begun.
 * Errors: -EINVAL for a negative offset; -ECANCELED; those of posix_fadvise(2) but -EINTR;
 *         -COIL_ECLOSED when coil_close_fd closes the descriptor; -COIL_ENOLOOP outside a task;
 *         -ENOMEM.
 */
COIL_API COIL_NODISCARD int coil_fadvise(int fd, int64_t offset, uint32_t length, int advice);

/*
 * Says how memory will be used, as madvise(2).
 *
 * Suspends: yes.
 * Thread: the loop's, in a task.
 * Ownership: the memory stays the caller's.
 * Cancellation: -ECANCELED when it had not begun.
 * Errors: -ECANCELED; those of madvise(2) but -EINTR; -COIL_ENOLOOP outside a task; -ENOMEM.
 */
COIL_API COIL_NODISCARD int coil_madvise(void *memory, uint32_t length, int advice);

/*
 * Closes a descriptor. Whoever waits on it on this loop gets -COIL_ECLOSED first, and so does who
 * begins to meanwhile; its reader and its writer are removed. What another loop or thread does with
 * the descriptor is the caller's duty. In the child of a fork the child's copy is closed.
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
