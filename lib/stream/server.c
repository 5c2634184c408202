// SPDX-License-Identifier: MIT
/* A server's life after its start (stream/start.c). */
#include "stream/server.h"

#include "base/alloc.h"

#include <coil/socket.h>

enum { BACKLOG = 100 };

/* ---- references ----------------------------------------------------------------------------- */

coil_server *coil_server_ref(coil_server *server)
{
    int rc = server_argument(server);

    if (rc < 0)
        return COIL_ERR(rc);
    server->refs++;
    ASSERT(server->refs != 0);
    return server;
}

void coil_server_unref(coil_server *server)
{
    if (server_argument(server) < 0)
        return;
    ASSERT_CONTRACT(server->refs > 0, "a reference was given back twice");
    if (--server->refs)
        return;
    ASSERT(server->live == 0 && list_empty(&server->clients));
    for (size_t i = 0; i < server->n; i++)
        if (server->listeners[i].task)
            future_unref(server->listeners[i].task);
    coil__free(server);
}

/* ---- serving -------------------------------------------------------------------------------- */

int coil_server_start_serving(coil_server *server)
{
    int rc = server_argument(server);

    if (rc < 0)
        return rc;
    if (!task_current())
        return -COIL_ENOLOOP;
    int backlog = server->options.backlog ? server->options.backlog : BACKLOG;
    for (size_t i = 0; rc == 0 && i < server->n && server->state == SERVER_BOUND; i++)
        rc = coil_listen(server->listeners[i].fd, backlog);
    if (server->state == SERVER_CLOSED)
        return -COIL_ECLOSED;
    if (rc < 0 || server->state == SERVER_SERVING)
        return rc;
    server->state = SERVER_SERVING;
    (void)coil_event_set(&server->started);
    return 0;
}

/* In the task that serves: it was cancelled, or the server was closed. */
static int end_serving(coil_server *server, int rc)
{
    if (rc < 0) {
        (void)coil_server_close(server);
        (void)coil_server_close_clients(server);
        (void)!coil_server_wait_closed(server); /* or until it is cancelled once more */
    }
    return -ECANCELED;
}

int coil_server_serve_forever(coil_server *server)
{
    int rc = server_argument(server);

    if (rc < 0)
        return rc;
    if (server->forever)
        return -EBUSY;
    if (server->state == SERVER_CLOSED)
        return -COIL_ECLOSED;
    coil_server *held = coil_server_ref(server);
    server->forever = true;
    rc = coil_server_start_serving(server);
    if (rc == 0) {
        rc = coil_event_wait(&server->closed);
        if (rc == 0 || rc == -ECANCELED)
            rc = end_serving(server, rc);
    }
    server->forever = false;
    coil_server_unref(held);
    return rc;
}

bool coil_server_is_serving(const coil_server *server)
{
    return server_argument(server) == 0 && server->state == SERVER_SERVING;
}

/* ---- closing -------------------------------------------------------------------------------- */

void server_settle(coil_server *server)
{
    if (server->live)
        return;
    (void)coil_server_close(server); /* nobody else has */
    if (list_empty(&server->clients) && !coil_event_is_set(&server->over))
        (void)coil_event_set(&server->over);
}

int coil_server_close(coil_server *server)
{
    int rc = server_argument(server);

    if (rc < 0 || server->state == SERVER_CLOSED)
        return rc;
    server->state = SERVER_CLOSED;
    for (size_t i = 0; i < server->n; i++)
        if (server->listeners[i].task)
            (void)coil_cancel(server->listeners[i].task);
    (void)coil_event_set(&server->closed);
    return 0;
}

int coil_server_wait_closed(coil_server *server)
{
    int rc = server_argument(server);

    if (rc < 0)
        return rc;
    coil_server *held = coil_server_ref(server);
    rc = coil_event_wait(&server->over);
    coil_server_unref(held);
    return rc;
}

int coil_server_close_clients(coil_server *server)
{
    int rc = server_argument(server);

    if (rc == 0)
        clients_each(server, coil_stream_close);
    return rc;
}

int coil_server_abort_clients(coil_server *server)
{
    int rc = server_argument(server);

    if (rc == 0)
        clients_each(server, coil_stream_abort);
    return rc;
}

/* ---- asking --------------------------------------------------------------------------------- */

size_t coil_server_sockets(const coil_server *server, int *fds, size_t n)
{
    if (server_argument(server) < 0 || server->state == SERVER_CLOSED)
        return 0;
    for (size_t i = 0; fds && i < server->n && i < n; i++)
        fds[i] = server->listeners[i].fd;
    return server->n;
}

coil_loop *coil_server_loop(const coil_server *server)
{
    return server_argument(server) == 0 ? server_loop(server) : NULL;
}
