// SPDX-License-Identifier: MIT
/*
 * Pipes, and what they move within the kernel.
 */
#ifndef COIL_PIPE_H
#define COIL_PIPE_H

#include <coil/base.h>

#include <sys/types.h>

#ifdef __cplusplus
extern "C" {
#endif

/*
 * Makes a pipe, as pipe2(2), and with O_CLOEXEC in any case: ends[0] reads what ends[1] writes.
 *
 * Suspends: yes.
 * Thread: the loop's, in a task.
 * Ownership: the caller closes both with coil_close_fd.
 * Cancellation: -ECANCELED; ends that were made all the same are returned.
 * Errors: -ECANCELED; -EINVAL for NULL; those of pipe2(2); -COIL_ENOLOOP outside a task; -ENOMEM.
 */
COIL_API COIL_NODISCARD int coil_pipe(int ends[2], int flags);

/*
 * Moves at most `length` bytes from one descriptor to another, of which one is a pipe, without a
 * way through memory, as splice(2); returns how many, 0 at the end. An offset of NULL means the
 * descriptor's position; one that is given moves.
 *
 * Suspends: yes, until something could be moved.
 * Thread: the loop's, in a task.
 * Ownership: the offsets stay the caller's.
 * Cancellation: -ECANCELED, and nothing was moved.
 * Errors: -EBADF; -EINVAL for a negative offset; -EPIPE without a signal; -EAGAIN with
 *         SPLICE_F_NONBLOCK; -ECANCELED; those of splice(2) but -EINTR; -COIL_ECLOSED when
 *         coil_close_fd closes the descriptor; -COIL_ENOLOOP outside a task; -ENOMEM.
 */
COIL_API COIL_NODISCARD ssize_t coil_splice(int from, int64_t *from_offset, int to,
                                            int64_t *to_offset, size_t length, unsigned flags);

/*
 * Copies at most `length` bytes from one pipe to another and leaves them in the first, as tee(2);
 * returns how many.
 *
 * Suspends: yes, until something could be copied.
 * Thread: the loop's, in a task.
 * Ownership: none.
 * Cancellation: -ECANCELED, and nothing was copied.
 * Errors: as coil_splice; those of tee(2).
 */
COIL_API COIL_NODISCARD ssize_t coil_tee(int from, int to, size_t length, unsigned flags);

#ifdef __cplusplus
}
#endif

#endif
