// SPDX-License-Identifier: MIT
/*
 * Files into sockets.
 */
#ifndef COIL_SENDFILE_H
#define COIL_SENDFILE_H

#include <coil/base.h>

#include <sys/types.h>

#ifdef __cplusplus
extern "C" {
#endif

#define COIL_TO_END INT64_MAX /* as many bytes as there are */

enum coil_sendfile_flags {
    COIL_SENDFILE_NO_COPY = 1 /* fail where the kernel cannot do it without a way through memory */
};

/*
 * Sends `count` bytes of a file from `offset` on, fewer where it ends before, to a stream socket,
 * as sendfile(2); `out` may also be a pipe or a file. The file's position is behind what was sent
 * afterwards, also after an error: so one sees how far it came. O_NONBLOCK makes no difference.
 *
 * Suspends: yes, until all is with the socket.
 * Thread: the loop's, in a task. Nobody else may write to `out` meanwhile.
 * Ownership: both descriptors stay the caller's.
 * Cancellation: -ECANCELED, after part of it.
 * Errors: the number of bytes. -EBADF; -EINVAL for a negative offset or count, unknown flags, a
 *         socket without a stream, and with COIL_SENDFILE_NO_COPY what cannot be spliced;
 *         -ECANCELED; those of pread(2), splice(2), pipe(2) and write(2) but -EINTR, as -EPIPE
 *         without a signal; -COIL_ECLOSED when coil_close_fd closes a descriptor; -COIL_ENOLOOP
 *         outside a task; -ENOMEM.
 */
COIL_API COIL_NODISCARD ssize_t coil_sendfile(int out, int in, int64_t offset, int64_t count,
                                              unsigned flags);

#ifdef __cplusplus
}
#endif

#endif
