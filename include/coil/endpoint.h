// SPDX-License-Identifier: MIT
/*
 * Datagram endpoints: asyncio's, as calls that wait. Each send is one message, each receive is one.
 */
#ifndef COIL_ENDPOINT_H
#define COIL_ENDPOINT_H

#include <coil/base.h>

#include <sys/socket.h>
#include <sys/types.h>

#ifdef __cplusplus
extern "C" {
#endif

/* A descriptor and whom it is connected to. The members are coil's own. */
typedef struct coil_endpoint {
    int fd;
    bool open;
    bool opening; /* a task is in coil_endpoint_open */
    bool connected;
    socklen_t remote_length; /* 0: messages have no usual address */
    struct sockaddr_storage remote;
} coil_endpoint;

/* clang-format off */
#define COIL_ENDPOINT_INIT {0}
/* clang-format on */

typedef struct coil_endpoint_options {
    size_t size;             /* sizeof(coil_endpoint_options) */
    int family;              /* AF_INET, AF_INET6, AF_UNIX; 0: that of the addresses */
    int protocol;            /* 0: the family's usual one */
    int flags;               /* AI_*, for looking up the names */
    const char *local_host;  /* with local_port: where it can be reached; NULL: all interfaces */
    int local_port;          /* 0, without a host: it need not be reached */
    const char *remote_host; /* with remote_port: whom it talks to; NULL: this machine */
    int remote_port;         /* 0, without a host: anybody */
    const char *local_path;  /* the same for AF_UNIX: a socket's file that is there is taken away */
    const char *remote_path;
    bool reuse_port;
    bool allow_broadcast; /* SO_BROADCAST; it is not connected, and hears everybody */
    int fd;               /* above 0: a socket to take over, and none of the others */
} coil_endpoint_options;

/*
 * Opens an endpoint: on the first pair of addresses for which it can be bound and connected.
 *
 * Suspends: yes.
 * Thread: the loop's, in a task.
 * Ownership: the endpoint has a descriptor until coil_endpoint_close. The options are copied; a
 *            descriptor in them is the endpoint's, but not after an error.
 * Cancellation: -ECANCELED; no descriptor stays open.
 * Errors: -ECANCELED; -EBUSY for one that is open or being opened; -EINVAL for NULL, options of a
 *         wrong size, with neither addresses nor family nor descriptor, with a descriptor and
 *         anything else, with a port that is none, with paths of another family than AF_UNIX or
 *         with hosts of that, and a descriptor that is a stream's; -EADDRNOTAVAIL when no family
 *         has both addresses; those of coil_getaddrinfo; -ENAMETOOLONG for a path; the first error
 *         of socket(2), setsockopt(2), bind(2) and connect(2); -COIL_ENOLOOP outside a task;
 *         -ENOMEM.
 */
COIL_API COIL_NODISCARD int coil_endpoint_open(coil_endpoint *endpoint,
                                               const coil_endpoint_options *options);

/*
 * Sends a message to the address that the endpoint was opened with.
 *
 * Suspends: yes.
 * Thread: the loop's, in a task. Several may send and receive at a time.
 * Ownership: the data stays the caller's.
 * Cancellation: -ECANCELED, and nothing was sent.
 * Errors: the number of bytes. -ECANCELED; -EINVAL for NULL; -EDESTADDRREQ without such an address;
 *         -ECONNREFUSED when an earlier message found nobody, after which it can go on; those of
 *         coil_sendto; -COIL_ECLOSED for one that is not open or is closed meanwhile.
 */
COIL_API COIL_NODISCARD ssize_t coil_endpoint_send(const coil_endpoint *endpoint, const void *data,
                                                   size_t length);

/*
 * Sends a message to an address: to any, unless the endpoint is connected.
 *
 * Suspends: yes.
 * Thread: the loop's, in a task.
 * Ownership: the data and the address stay the caller's.
 * Cancellation: -ECANCELED, and nothing was sent.
 * Errors: as coil_endpoint_send; -EINVAL also without an address, and for another one than that
 *         which the endpoint is connected to.
 */
COIL_API COIL_NODISCARD ssize_t coil_endpoint_sendto(const coil_endpoint *endpoint,
                                                     const void *data, size_t length,
                                                     const struct sockaddr *address,
                                                     socklen_t address_length);

/*
 * Receives a message: as much of it as the buffer holds; 0 for an empty one.
 *
 * Suspends: yes, until there is one.
 * Thread: the loop's, in a task.
 * Ownership: the buffer stays the caller's; the kernel may use it during the call.
 * Cancellation: -ECANCELED, and no message was taken.
 * Errors: the number of bytes. -ECANCELED; -EINVAL for NULL; -ECONNREFUSED when an earlier message
 *         found nobody, after which it can go on; those of coil_recvfrom; -COIL_ECLOSED for one
 *         that is not open or is closed meanwhile.
 */
COIL_API COIL_NODISCARD ssize_t coil_endpoint_recv(const coil_endpoint *endpoint, void *buffer,
                                                   size_t size);

/*
 * Receives a message and the sender's address, of which *address_length is the room and then the
 * length.
 *
 * Suspends: yes, until there is one.
 * Thread: the loop's, in a task.
 * Ownership: the buffers stay the caller's; the kernel may use them during the call.
 * Cancellation: -ECANCELED, and no message was taken.
 * Errors: as coil_endpoint_recv; -EINVAL for an address without a length.
 */
COIL_API COIL_NODISCARD ssize_t coil_endpoint_recvfrom(const coil_endpoint *endpoint, void *buffer,
                                                       size_t size, struct sockaddr *address,
                                                       socklen_t *address_length);

/*
 * Returns the descriptor, for options and addresses; it stays the endpoint's.
 *
 * Suspends: no.
 * Thread: any.
 * Ownership: none.
 * Cancellation: none.
 * Errors: -EINVAL for NULL; -COIL_ECLOSED for one that is not open.
 */
COIL_API COIL_NODISCARD int coil_endpoint_descriptor(const coil_endpoint *endpoint);

/*
 * Closes an endpoint. Whoever sends or receives gets -COIL_ECLOSED. It may be opened again.
 *
 * Suspends: yes.
 * Thread: the loop's, in a task.
 * Ownership: the descriptor is gone.
 * Cancellation: does not stop it; it is delivered at the next wait.
 * Errors: -EINVAL for NULL; -COIL_ECLOSED for one that is not open; -COIL_ENOLOOP outside a task;
 *         those of close(2), -ENOMEM: it is closed all the same.
 */
COIL_API int coil_endpoint_close(coil_endpoint *endpoint);

#ifdef __cplusplus
}
#endif

#endif
