// SPDX-License-Identifier: MIT
#include "loop/descriptor.h"
#include "loop/exception.h"
#include "stream/server.h"

#include <coil/socket.h>

#include <netinet/in.h>

/* ---- binding -------------------------------------------------------------------------------- */

static int set(int fd, int level, int name)
{
    const int on = 1, before = errno;
    int rc = setsockopt(fd, level, name, &on, sizeof(on)) < 0 ? -errno : 0;

    errno = before;
    return rc;
}

static int set_options(int fd, int family, const coil_server_options *options)
{
    int rc = 0;

    if (!options->no_reuse_address)
        rc = set(fd, SOL_SOCKET, SO_REUSEADDR);
    if (rc == 0 && options->reuse_port)
        rc = set(fd, SOL_SOCKET, SO_REUSEPORT);
    if (rc == 0 && family == AF_INET6)
        rc = set(fd, IPPROTO_IPV6, IPV6_V6ONLY);
    return rc;
}

int listener_bind(struct listener *listener, const struct addrinfo *address)
{
    int fd = coil_socket(address->ai_family, address->ai_socktype, address->ai_protocol);

    if (fd == -EAFNOSUPPORT || fd == -EPROTONOSUPPORT || fd == -EINVAL)
        return -EADDRNOTAVAIL; /* the kernel does without this family */
    if (fd < 0)
        return fd;
    int rc = set_options(fd, address->ai_family, &listener->server->options);
    if (rc == 0)
        rc = coil_bind(fd, address->ai_addr, address->ai_addrlen);
    if (rc < 0)
        (void)descriptor_discard(fd);
    else
        listener->fd = fd;
    return rc;
}

int listener_bind_path(struct listener *listener, const char *path)
{
    int fd = coil_socket(AF_UNIX, SOCK_STREAM, 0);

    if (fd < 0)
        return fd;
    int rc = unix_bind(fd, path);
    if (rc < 0)
        (void)descriptor_discard(fd);
    else
        listener->fd = fd;
    return rc;
}

/* ---- accepting ------------------------------------------------------------------------------ */

/* Whether to ask again. */
static bool go_on_after(const coil_server *server, int code)
{
    enum acceptor_advice advice = acceptor_advice(code);

    if (advice == ACCEPT_ON)
        return true;
    if (code == -ECANCELED)
        return false;
    exception_report(server_loop(server),
                     &(coil_exception_context){.size = sizeof(coil_exception_context),
                                               .message = "a connection could not be accepted",
                                               .code = code});
    return advice == ACCEPT_LATER && coil_sleep(COIL_SEC(1)) == 0;
}

static void accept_connections(struct listener *listener)
{
    coil_server *server = listener->server;
    bool on = true;

    while (on && server->state == SERVER_SERVING) {
        int rc = acceptor_next(&listener->acceptor);
        if (rc < 0)
            on = go_on_after(server, rc);
        else if (server->state == SERVER_SERVING)
            client_begin(server, rc);
        else
            (void)descriptor_discard(rc);
    }
}

static void *listens(void *arg)
{
    struct listener *listener = arg;
    coil_server *server = listener->server;

    acceptor_init(&listener->acceptor, listener->fd);
    if (coil_event_wait(&server->started) == 0)
        accept_connections(listener);
    acceptor_fini(&listener->acceptor);
    if (listener->fd >= 0)
        (void)descriptor_discard(listener->fd);
    unix_file_remove(&listener->file);
    server->live--;
    server_settle(server);
    coil_server_unref(server);
    return NULL;
}

int listener_start(struct listener *listener)
{
    const coil_task_options options = {.size = sizeof(options), .eager = true};
    coil_server *server = listener->server;

    server->refs++;
    server->live++;
    coil_task *task =
        coil_create_task_with(task_current()->sched->loop, listens, listener, &options);
    if (err_is(task)) {
        server->refs--;
        server->live--;
        return err_code(task);
    }
    task->flags |= FUTURE_QUIET;
    listener->task = task;
    return 0;
}
