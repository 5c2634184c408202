// SPDX-License-Identifier: MIT
/*
 * Servers: they accept connections and run a coroutine for each, with its stream as argument.
 *
 *     void *talk(void *stream) { ...; coil_stream_close(stream); return NULL; }
 *
 *     coil_server *server = coil_start_server(talk, NULL, "127.0.0.1", 8080, NULL);
 *     int rc = coil_server_serve_forever(server);
 *     coil_server_unref(server);
 *
 * The handler borrows the stream, which is given back when the handler ends. An error that it
 * returns goes to the loop's exception handler, and its stream is closed; so it is when the handler
 * was cancelled. coil_stream_userdata(stream) is the server's userdata.
 *
 * When descriptors or memory run out the exception handler is told, and accepting goes on after a
 * second.
 *
 * Every call takes the error-encoded pointer of a server that could not be made, and returns its
 * code.
 */
#ifndef COIL_SERVER_H
#define COIL_SERVER_H

#include <coil/base.h>
#include <coil/stream.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct coil_server coil_server;

typedef struct coil_server_options {
    size_t size;                       /* sizeof(coil_server_options) */
    const coil_stream_options *stream; /* of each stream; NULL: the usual ones */
    int fd;                            /* above 0: a bound socket, and no address */
    int family;                        /* AF_INET, AF_INET6; 0: both */
    const char *service;               /* the port by its name, or as text; the port is 0 then */
    const char *const *hosts;          /* several hosts; the host is NULL then */
    size_t host_count;
    int backlog; /* connections that nobody has accepted yet; 0: 100 */
    bool reuse_port;
    bool no_reuse_address; /* leave SO_REUSEADDR, which is set otherwise */
    bool start_later;      /* by coil_server_start_serving or coil_server_serve_forever */
    bool keep_path;        /* leave a unix socket's file after the close */
} coil_server_options;

/*
 * Starts a server, as asyncio's start_server: on every address of the host, or of the hosts; no
 * host, or an empty one, means every interface. Port 0 is one that the system chooses, another for
 * each address. A socket of IPv6 takes no connections of IPv4.
 *
 * Suspends: yes.
 * Thread: the loop's, in a task.
 * Ownership: the caller gives the server back with coil_server_unref, which does not close it. The
 *            options are copied; a descriptor in them is the server's, but not after an error.
 * Cancellation: -ECANCELED; no descriptor stays open.
 * Errors: -ECANCELED; -EINVAL without a handler, for options of a wrong size, with port -1 and
 *         neither host nor service nor descriptor, with a descriptor and any of them, for a port
 *         that is none, a negative backlog, a descriptor that is no socket of a stream;
 *         -EADDRNOTAVAIL when no address is this machine's; those of coil_getaddrinfo, socket(2),
 *         setsockopt(2), bind(2), as -EADDRINUSE, and listen(2); -COIL_ENOLOOP outside a task;
 *         -ENOMEM. Error-encoded.
 */
COIL_API coil_server *coil_start_server(coil_fn handler, void *userdata, const char *host, int port,
                                        const coil_server_options *options);

/*
 * Starts a server on a path, as asyncio's start_unix_server. A socket's file that is there is taken
 * away before; when the server is closed its file is removed, unless it is another one by then. Of
 * the options it takes `stream`, `backlog`, `start_later`, `keep_path` and, with a path of NULL,
 * `fd`.
 *
 * Suspends: yes.
 * Thread: the loop's, in a task.
 * Ownership: as coil_start_server.
 * Cancellation: -ECANCELED; no descriptor stays open.
 * Errors: -ECANCELED; -EINVAL without a handler, for options of a wrong size, for neither path nor
 *         descriptor or for both, an empty path, a negative backlog, a descriptor that is no unix
 *         socket of a stream; -ENAMETOOLONG; those of socket(2), bind(2), as -EADDRINUSE for a file
 *         that is no socket, and listen(2); -COIL_ENOLOOP outside a task; -ENOMEM. Error-encoded.
 */
COIL_API coil_server *coil_start_unix_server(coil_fn handler, void *userdata, const char *path,
                                             const coil_server_options *options);

/*
 * Begins to accept connections; nothing when it has begun.
 *
 * Suspends: yes, unless it has begun.
 * Thread: the loop's, in a task.
 * Ownership: none.
 * Cancellation: -ECANCELED; it may be called again.
 * Errors: -ECANCELED; -EINVAL for NULL; -COIL_ECLOSED for a server that is closed; those of
 *         listen(2); -COIL_ENOLOOP outside a task.
 */
COIL_API COIL_NODISCARD int coil_server_start_serving(coil_server *server);

/*
 * Accepts connections until the calling task is cancelled, which closes the server and its
 * connections and waits for the end of both; or until somebody else closes the server, which counts
 * as a cancellation, too.
 *
 * Suspends: yes.
 * Thread: the loop's, in a task.
 * Ownership: the server is held meanwhile.
 * Cancellation: -ECANCELED, after the close; the next one ends the wait for the connections.
 * Errors: never 0. -ECANCELED; -EINVAL for NULL; -EBUSY while another task is in this call;
 *         -COIL_ECLOSED for a server that is closed; those of coil_server_start_serving.
 */
COIL_API COIL_NODISCARD int coil_server_serve_forever(coil_server *server);

/*
 * Tells whether a server accepts connections.
 *
 * Suspends: no.
 * Thread: the loop's.
 * Ownership: none.
 * Cancellation: none.
 * Errors: none; false for NULL and error-encoded pointers.
 */
COIL_API bool coil_server_is_serving(const coil_server *server);

/*
 * Writes down the listening descriptors, at most n, and returns how many there are; none after a
 * close. They stay the server's.
 *
 * Suspends: no.
 * Thread: the loop's.
 * Ownership: none.
 * Cancellation: none.
 * Errors: none; 0 for NULL and error-encoded pointers.
 */
COIL_API size_t coil_server_sockets(const coil_server *server, int *fds, size_t n);

/*
 * Returns a server's loop; NULL when it was freed.
 *
 * Suspends: no.
 * Thread: the loop's.
 * Ownership: none.
 * Cancellation: none.
 * Errors: none; NULL for NULL and error-encoded pointers.
 */
COIL_API coil_loop *coil_server_loop(const coil_server *server);

/*
 * Closes a server: it accepts nothing more. Its connections go on. The sockets are closed when
 * coil_server_wait_closed returns, and usually in the next turns. Nothing when it was closed.
 *
 * Suspends: no.
 * Thread: the loop's.
 * Ownership: none.
 * Cancellation: none.
 * Errors: -EINVAL for NULL.
 */
COIL_API int coil_server_close(coil_server *server);

/*
 * Waits until the server was closed and its last connection is gone.
 *
 * Suspends: yes, unless that is so.
 * Thread: the loop's, in a task.
 * Ownership: the server is held meanwhile.
 * Cancellation: -ECANCELED.
 * Errors: -ECANCELED; -EINVAL for NULL; -EXDEV for a server of another loop; -COIL_ENOLOOP outside
 *         a task.
 */
COIL_API COIL_NODISCARD int coil_server_wait_closed(coil_server *server);

/*
 * Closes the stream of each connection, as coil_stream_close.
 *
 * Suspends: no.
 * Thread: the loop's.
 * Ownership: none.
 * Cancellation: none.
 * Errors: -EINVAL for NULL.
 */
COIL_API int coil_server_close_clients(coil_server *server);

/*
 * Aborts the stream of each connection, as coil_stream_abort: what was not sent is lost.
 *
 * Suspends: no.
 * Thread: the loop's.
 * Ownership: none.
 * Cancellation: none.
 * Errors: -EINVAL for NULL.
 */
COIL_API int coil_server_abort_clients(coil_server *server);

/*
 * Takes one more reference, and returns the server.
 *
 * Suspends: no.
 * Thread: the loop's.
 * Ownership: the caller gives it back with coil_server_unref.
 * Cancellation: none.
 * Errors: an error-encoded pointer is returned as it is; NULL gives that of -EINVAL.
 */
COIL_API coil_server *coil_server_ref(coil_server *server);

/*
 * Gives a reference back. A server that was not closed goes on without.
 *
 * Suspends: no.
 * Thread: the loop's; after the loop was freed any.
 * Ownership: the reference is gone.
 * Cancellation: none.
 * Errors: none; NULL and error-encoded pointers are ignored.
 */
COIL_API void coil_server_unref(coil_server *server);

#ifdef __cplusplus
}
#endif

#endif
