// SPDX-License-Identifier: MIT
/*
 * Clients: streams that are connected to an address.
 */
#ifndef COIL_CONNECTION_H
#define COIL_CONNECTION_H

#include <coil/base.h>
#include <coil/stream.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct coil_connection_options {
    size_t size;                       /* sizeof(coil_connection_options) */
    const coil_stream_options *stream; /* of the stream; NULL: the usual ones */
    int fd;                            /* above 0: a connected socket, and no address */
    int family;                        /* AF_INET, AF_INET6; 0: both */
    const char *service;               /* the port by its name, or as text; the port is 0 then */
    const char *local_host;            /* with local_port: where to connect from; NULL: no matter */
    int local_port;                    /* 0: any */
    coil_time happy_eyeballs_delay;    /* until the next address is tried beside one that takes
                                          long; 0: only when that has failed. RFC 8305: 250 ms */
    size_t interleave;                 /* so many addresses of the first family, then the families
                                          in turn; 0: 1 with a delay, else the resolver's order */
    int *errors;                       /* room for the codes of the attempts, in their order */
    size_t errors_size;                /* for so many */
    size_t *error_count;               /* how many there were; NULL: no matter */
} coil_connection_options;

/*
 * Connects to a host and port, as asyncio's open_connection: to the first of its addresses that
 * answers. No host is this machine.
 *
 * Suspends: yes.
 * Thread: the loop's, in a task.
 * Ownership: the caller gives the stream back with coil_stream_unref. The options are copied; a
 *            descriptor in them is the stream's, but not after an error.
 * Cancellation: -ECANCELED; no descriptor stays open.
 * Errors: when no address answers the first attempt's code, those of all in options->errors: of
 *         socket(2), bind(2) and connect(2), -EADDRNOTAVAIL where no local address is of its
 *         family. -ECANCELED; -EINVAL for options of a wrong size, with neither host nor port nor
 *         service nor descriptor, with a descriptor and any of them, for a port that is none, a
 *         negative delay, a descriptor that is no socket of a stream; those of coil_getaddrinfo and
 *         coil_stream_new; -COIL_ENOLOOP outside a task; -ENOMEM. Error-encoded.
 */
COIL_API coil_stream *coil_open_connection(const char *host, int port,
                                           const coil_connection_options *options);

/*
 * Connects to the socket at a path, as asyncio's open_unix_connection. Of the options it takes
 * `stream` and, with a path of NULL, `fd`.
 *
 * Suspends: yes.
 * Thread: the loop's, in a task.
 * Ownership: as coil_open_connection.
 * Cancellation: -ECANCELED; no descriptor stays open.
 * Errors: -ECANCELED; -EINVAL for options of a wrong size, for neither path nor descriptor or for
 *         both, an empty path, a descriptor that is no socket of a stream; -ENAMETOOLONG; those of
 *         socket(2), connect(2) and coil_stream_new; -COIL_ENOLOOP outside a task; -ENOMEM.
 *         Error-encoded.
 */
COIL_API coil_stream *coil_open_unix_connection(const char *path,
                                                const coil_connection_options *options);

#ifdef __cplusplus
}
#endif

#endif
