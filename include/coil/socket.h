// SPDX-License-Identifier: MIT
/*
 * Sockets: POSIX's functions with the prefix coil_, which suspend the calling task alone. What has
 * no function here never blocks: getsockname, setsockopt and the like are called as they are. A
 * socket is closed with coil_close_fd of <coil/file.h>.
 *
 * coil_socket and coil_accept give blocking descriptors that are closed on exec; those that are
 * O_NONBLOCK are waited for all the same. The kernel's own timeouts, SO_RCVTIMEO and SO_SNDTIMEO,
 * do not count: coil_wait_for sets limits.
 *
 * A call returns only when the kernel is done with its memory, also when it is cancelled. What came
 * before a cancellation took is returned, and the cancellation delivered at the next wait: no byte
 * and no connection is lost.
 */
#ifndef COIL_SOCKET_H
#define COIL_SOCKET_H

#include <coil/base.h>

#include <sys/socket.h>
#include <sys/types.h>

#ifdef __cplusplus
extern "C" {
#endif

/*
 * Makes a socket, with SOCK_CLOEXEC in any case.
 *
 * Suspends: yes.
 * Thread: the loop's, in a task.
 * Ownership: the caller closes the descriptor with coil_close_fd.
 * Cancellation: -ECANCELED; a descriptor that was made all the same is returned.
 * Errors: -ECANCELED; those of socket(2); -COIL_ENOLOOP outside a task; -ENOMEM.
 */
COIL_API COIL_NODISCARD int coil_socket(int domain, int type, int protocol);

/*
 * Gives a socket its own address.
 *
 * Suspends: yes.
 * Thread: the loop's, in a task.
 * Ownership: the address stays the caller's.
 * Cancellation: -ECANCELED, and nothing was bound.
 * Errors: -ECANCELED; -EINVAL for NULL; -EBADF; -COIL_ECLOSED when coil_close_fd closes the
 *         descriptor; those of bind(2); -COIL_ENOLOOP outside a task; -ENOMEM.
 */
COIL_API COIL_NODISCARD int coil_bind(int fd, const struct sockaddr *address, socklen_t length);

/*
 * Lets a socket be connected to.
 *
 * Suspends: yes.
 * Thread: the loop's, in a task.
 * Ownership: none.
 * Cancellation: -ECANCELED, and it does not listen.
 * Errors: -ECANCELED; -EBADF; -COIL_ECLOSED; those of listen(2); -COIL_ENOLOOP outside a task;
 *         -ENOMEM.
 */
COIL_API COIL_NODISCARD int coil_listen(int fd, int backlog);

/*
 * Connects a socket.
 *
 * Suspends: yes, until it is connected or refused.
 * Thread: the loop's, in a task.
 * Ownership: the address stays the caller's.
 * Cancellation: -ECANCELED; the socket may be half connected, and is good for coil_close_fd only.
 * Errors: -ECANCELED; -EINVAL for NULL; -EBADF; -COIL_ECLOSED; those of connect(2) but -EINPROGRESS
 *         and -EINTR; -EAGAIN only for a socket of AF_UNIX that is O_NONBLOCK, when the listener's
 *         queue is full; -COIL_ENOLOOP outside a task; -ENOMEM.
 */
COIL_API COIL_NODISCARD int coil_connect(int fd, const struct sockaddr *address, socklen_t length);

/*
 * Takes a connection and returns its descriptor, closed on exec. `address`, when it is not NULL,
 * gets the peer's, and `*length`, the room that it has, its length.
 *
 * Suspends: yes, until there is one.
 * Thread: the loop's, in a task.
 * Ownership: the caller closes the descriptor with coil_close_fd.
 * Cancellation: -ECANCELED, and no connection was taken.
 * Errors: -ECANCELED; -EINVAL for an address without a length; -EBADF; -COIL_ECLOSED; those of
 *         accept(2) but -EAGAIN and -EINTR; -COIL_ENOLOOP outside a task; -ENOMEM.
 */
COIL_API COIL_NODISCARD int coil_accept(int fd, struct sockaddr *address, socklen_t *length);

/*
 * Receives at most `length` bytes and returns how many, 0 at the end of a stream.
 *
 * Suspends: yes, until there are some; with MSG_WAITALL until `length` are there.
 * Thread: the loop's, in a task.
 * Ownership: the buffer stays the caller's; the kernel uses it during the call.
 * Cancellation: -ECANCELED, and nothing was received.
 * Errors: -ECANCELED; -EINVAL for a NULL buffer with a length; -EBADF; -COIL_ECLOSED; those of
 *         recv(2) but -EINTR; -EAGAIN only with MSG_DONTWAIT; -COIL_ENOLOOP outside a task;
 *         -ENOMEM.
 */
COIL_API COIL_NODISCARD ssize_t coil_recv(int fd, void *buffer, size_t length, int flags);

/*
 * Sends at most `length` bytes and returns how many; a stream may take fewer. MSG_NOSIGNAL is
 * always among the flags: the call returns -EPIPE and raises nothing.
 *
 * Suspends: yes, until some were taken.
 * Thread: the loop's, in a task.
 * Ownership: the buffer stays the caller's; the kernel uses it during the call.
 * Cancellation: -ECANCELED, and nothing was sent.
 * Errors: as coil_recv; those of send(2) but -EINTR.
 */
COIL_API COIL_NODISCARD ssize_t coil_send(int fd, const void *buffer, size_t length, int flags);

/*
 * Ends one direction of a connection, or both: SHUT_RD, SHUT_WR, SHUT_RDWR.
 *
 * Suspends: yes.
 * Thread: the loop's, in a task.
 * Ownership: the descriptor stays open.
 * Cancellation: -ECANCELED when it had not begun.
 * Errors: -ECANCELED; -EBADF; -COIL_ECLOSED; those of shutdown(2); -COIL_ENOLOOP outside a task;
 *         -ENOMEM.
 */
COIL_API int coil_shutdown(int fd, int how);

enum {
    COIL_FDS_MAX = 253 /* descriptors in one message: the kernel's SCM_MAX_FD */
};

/*
 * As coil_accept, with SOCK_NONBLOCK in `flags` or 0; SOCK_CLOEXEC is set in any case.
 *
 * Suspends: yes, until there is one.
 * Thread: the loop's, in a task.
 * Ownership: as coil_accept.
 * Cancellation: as coil_accept.
 * Errors: as coil_accept; -EINVAL for other flags.
 */
COIL_API COIL_NODISCARD int coil_accept4(int fd, struct sockaddr *address, socklen_t *length,
                                         int flags);

/*
 * Receives a message, as recvmsg(2); descriptors in it are closed on exec.
 *
 * Suspends: yes, until there is one.
 * Thread: the loop's, in a task.
 * Ownership: the message and what it points to stay the caller's; the kernel uses them during the
 *            call.
 * Cancellation: as coil_recv.
 * Errors: as coil_recv; -EINVAL for NULL; those of recvmsg(2) but -EINTR.
 */
COIL_API COIL_NODISCARD ssize_t coil_recvmsg(int fd, struct msghdr *message, int flags);

/*
 * Sends a message, as sendmsg(2), and raises no SIGPIPE.
 *
 * Suspends: yes, until there is room.
 * Thread: the loop's, in a task.
 * Ownership: as coil_recvmsg.
 * Cancellation: as coil_send.
 * Errors: as coil_send; -EINVAL for NULL; those of sendmsg(2) but -EINTR.
 */
COIL_API COIL_NODISCARD ssize_t coil_sendmsg(int fd, const struct msghdr *message, int flags);

/*
 * Receives, and tells from whom, as recvfrom(2); `address` may be NULL.
 *
 * Suspends: yes, until there is something.
 * Thread: the loop's, in a task.
 * Ownership: all stay the caller's; the kernel uses them during the call.
 * Cancellation: as coil_recv.
 * Errors: as coil_recv; -EINVAL for an address without a length.
 */
COIL_API COIL_NODISCARD ssize_t coil_recvfrom(int fd, void *buffer, size_t length, int flags,
                                              struct sockaddr *address, socklen_t *address_length);

/*
 * Sends to an address, as sendto(2), and raises no SIGPIPE; `address` may be NULL.
 *
 * Suspends: yes, until there is room.
 * Thread: the loop's, in a task.
 * Ownership: as coil_recvfrom.
 * Cancellation: as coil_send.
 * Errors: as coil_send; those of sendto(2) but -EINTR.
 */
COIL_API COIL_NODISCARD ssize_t coil_sendto(int fd, const void *buffer, size_t length, int flags,
                                            const struct sockaddr *address,
                                            socklen_t address_length);

/*
 * Sends bytes, at least one, and descriptors with them through a unix socket; returns how many
 * bytes.
 *
 * Suspends: yes, until there is room.
 * Thread: the loop's, in a task.
 * Ownership: the descriptors stay the caller's: the receiver gets copies.
 * Cancellation: as coil_send.
 * Errors: as coil_send; -EINVAL for no bytes, missing descriptors or more than COIL_FDS_MAX.
 */
COIL_API COIL_NODISCARD ssize_t coil_send_fds(int fd, const void *buffer, size_t length,
                                              const int *fds, size_t n);

/*
 * Receives bytes and the descriptors that came with them through a unix socket; returns how many
 * bytes. *n is the room in `fds` before and how many came after the call: those for which there was
 * no room are closed.
 *
 * Suspends: yes, until there is something.
 * Thread: the loop's, in a task.
 * Ownership: the caller closes the descriptors, which are closed on exec.
 * Cancellation: as coil_recv.
 * Errors: as coil_recv; -EINVAL for no bytes or missing room.
 */
COIL_API COIL_NODISCARD ssize_t coil_recv_fds(int fd, void *buffer, size_t length, int *fds,
                                              size_t *n);

#ifdef __cplusplus
}
#endif

#endif
