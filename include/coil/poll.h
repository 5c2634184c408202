// SPDX-License-Identifier: MIT
/*
 * Readiness: when a descriptor can be read or written without waiting. For descriptors that another
 * library reads and writes; a program's own are better read with coil_read or coil_recv.
 */
#ifndef COIL_POLL_H
#define COIL_POLL_H

#include <coil/base.h>

#ifdef __cplusplus
extern "C" {
#endif

/*
 * Waits until a descriptor is ready for one of `events`, as in <poll.h>, and returns those that it
 * is ready for; POLLERR and POLLHUP are always waited for. coil_wait_for sets a limit.
 *
 * Suspends: yes.
 * Thread: the loop's, in a task.
 * Ownership: none.
 * Cancellation: -ECANCELED.
 * Errors: -ECANCELED; -EINVAL for events that poll(2) does not have; -EBADF; -COIL_ECLOSED when
 *         coil_close_fd closes the descriptor; -COIL_ENOLOOP outside a task; -ENOMEM.
 */
COIL_API COIL_NODISCARD int coil_poll(int fd, unsigned events);

/*
 * Has a callback called on each turn in which a descriptor can be read, or is at its end or in
 * error, until coil_remove_reader, coil_close_fd or coil_close. Adding again replaces the callback.
 * What it returns below 0 becomes a warning, and so does a descriptor that cannot be watched.
 *
 * Suspends: no.
 * Thread: the loop's.
 * Ownership: the caller keeps userdata alive, and the descriptor open.
 * Cancellation: coil_remove_reader.
 * Errors: -EINVAL for NULL; -EBADF for a negative descriptor; -COIL_ECLOSED when the loop or the
 *         descriptor is being closed; -ENOMEM; the code of an error-encoded pointer.
 */
COIL_API int coil_add_reader(coil_loop *loop, int fd, coil_callback callback, void *userdata);

/*
 * Removes the reader of a descriptor, before the descriptor is closed; true when there was one. It
 * is not called any more, whatever the kernel has said already.
 *
 * Suspends: no.
 * Thread: the loop's.
 * Ownership: userdata is not used any more.
 * Cancellation: this is it.
 * Errors: none; false for NULL, error-encoded pointers and negative descriptors.
 */
COIL_API bool coil_remove_reader(coil_loop *loop, int fd);

/*
 * As coil_add_reader, on each turn in which a descriptor can be written. One descriptor may have a
 * reader and a writer.
 *
 * Suspends: no.
 * Thread: the loop's.
 * Ownership: as coil_add_reader.
 * Cancellation: coil_remove_writer.
 * Errors: as coil_add_reader.
 */
COIL_API int coil_add_writer(coil_loop *loop, int fd, coil_callback callback, void *userdata);

/*
 * As coil_remove_reader, for the writer.
 *
 * Suspends: no.
 * Thread: the loop's.
 * Ownership: as coil_remove_reader.
 * Cancellation: this is it.
 * Errors: as coil_remove_reader.
 */
COIL_API bool coil_remove_writer(coil_loop *loop, int fd);

#ifdef __cplusplus
}
#endif

#endif
