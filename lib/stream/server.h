// SPDX-License-Identifier: MIT
/*
 * The server: listeners, which accept, and clients, which are served.
 *
 *   BOUND ──start_serving──> SERVING ──close──> CLOSED ──all are gone──> `over`
 *     └───────────────────────close──────────────^
 *
 * Each listener has a task, which owns its descriptor from the first step to the close of it: the
 * task is made eagerly, so that there is no moment at which it could be cancelled and the
 * descriptor be nobody's. Closing the server is cancelling these tasks. When the last one has ended
 * by itself (its loop closes, it was cancelled with all tasks, its descriptor is of no use) the
 * server is closed.
 *
 * The program, each listener's task and each client hold the server.
 */
#ifndef STREAM_SERVER_H
#define STREAM_SERVER_H

#include "stream/accept.h"
#include "stream/address.h"

#include <coil/server.h>
#include <coil/sync.h>

enum server_state { SERVER_BOUND, SERVER_SERVING, SERVER_CLOSED };

struct listener {
    coil_server *server;
    coil_task *task; /* held as long as the server lives; NULL: it was not made */
    int fd;          /* -1: it is not to be closed */
    struct acceptor acceptor;
    struct unix_file file; /* to be removed */
};

struct coil_server {
    coil_fn handler;
    void *userdata;
    coil_server_options options;
    coil_stream_options stream;
    uint8_t state; /* enum server_state */
    bool forever;  /* a task is in coil_server_serve_forever */
    unsigned refs;
    size_t live;         /* listeners whose task has not ended */
    struct list clients; /* whose connection is not gone */
    coil_event started;  /* or closed: for the listeners */
    coil_event closed;
    coil_event over; /* closed, and no listener and no connection is left */
    size_t n;
    struct listener listeners[];
};

/* 0, or the code that a public function returns for such an argument. */
static inline int server_argument(const coil_server *server)
{
    if (unlikely(!server))
        return -EINVAL;
    return unlikely(err_is(server)) ? err_code(server) : 0;
}

/* NULL: the loop was freed. */
static inline coil_loop *server_loop(const coil_server *server)
{
    return server->listeners[0].task->sched->loop;
}

/* A listener or a client has gone: whether that was all. */
void server_settle(coil_server *server);

/* ---- listener.c ----------------------------------------------------------------------------- */

/* Both in a task. Makes, sets and binds a socket. -EADDRNOTAVAIL: not this machine's. */
int listener_bind(struct listener *listener, const struct addrinfo *address);
int listener_bind_path(struct listener *listener, const char *path);

/* Starts the listener's task. -ENOMEM, -COIL_ECLOSED. */
int listener_start(struct listener *listener);

/* ---- client.c ------------------------------------------------------------------------------- */

/* In a listener's task: serves a connection. */
void client_begin(coil_server *server, int fd);

/* Closes or aborts the stream of each client. */
void clients_each(const coil_server *server, int (*act)(coil_stream *stream));

#endif
