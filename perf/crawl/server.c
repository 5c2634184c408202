// SPDX-License-Identifier: MIT
#include "server.h"

#include "process.h"

#include <coil/coil.h>

#include <request.h>

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

/* Each takes connections; many come at once, and then one turn takes as many. */
enum { ACCEPTORS = 64, BACKLOG = 65535 };

struct listener {
    int fd;
    coil_time latency;
};

struct connection {
    coil_time latency;
    int fd;
};

static int send_all(int fd, const char *data, size_t length)
{
    ssize_t n = 0;

    for (size_t sent = 0; sent < length && n >= 0; sent += (size_t)n)
        n = coil_send(fd, data + sent, length - sent, 0);
    return n < 0 ? (int)n : 0;
}

static int answer(const struct connection *connection, bool keep)
{
    static const char page[] = "<!DOCTYPE html>\n<title>A page</title>\n"
                               "<p>It took its time, and then it was served by a task.</p>\n";
    char text[512];
    int rc = coil_sleep(connection->latency);

    if (rc < 0)
        return rc;
    int length = snprintf(text, sizeof(text),
                          "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: %zu\r\n"
                          "%s\r\n%s",
                          sizeof(page) - 1, keep ? "" : "Connection: close\r\n", page);
    return send_all(connection->fd, text, (size_t)length);
}

/* Reads requests and answers each; several may come in one piece, and one in several. */
static void *serve(void *argument)
{
    const struct connection *connection = argument;
    enum request_state state = REQUEST_PARTIAL;
    struct request request;
    char buffer[2048];
    ssize_t length;
    int rc = 0;

    request_init(&request);
    while (rc == 0 && (length = coil_recv(connection->fd, buffer, sizeof(buffer), 0)) > 0) {
        for (size_t done = 0, used; rc == 0 && done < (size_t)length; done += used) {
            state = request_read(&request, buffer + done, (size_t)length - done, &used);
            if (state == REQUEST_MALFORMED)
                rc = -EPROTO;
            else if (state != REQUEST_PARTIAL)
                rc = answer(connection, state == REQUEST_KEEP);
            if (state == REQUEST_LAST)
                rc = -ESHUTDOWN;
        }
    }
    coil_close_fd(connection->fd);
    return NULL;
}

/* Too many connections, or one that has gone already: the next one may be better. */
static bool passes(int rc)
{
    return rc == -EMFILE || rc == -ENFILE || rc == -ENOBUFS || rc == -ENOMEM || rc == -ECONNABORTED;
}

static void *accept_all(void *argument)
{
    const struct listener *listener = argument;
    struct connection connection = {.latency = listener->latency};
    coil_task_options options = {.size = sizeof(options), .copy_arg = sizeof(connection)};
    int rc = 0;

    while (rc == 0) {
        connection.fd = coil_accept(listener->fd, NULL, NULL);
        if (connection.fd < 0) {
            rc = passes(connection.fd) ? coil_sleep(COIL_MS(10)) : connection.fd;
            continue;
        }
        coil_task *task = coil_create_task_with(NULL, serve, &connection, &options);
        if (coil_is_err(task))
            coil_close_fd(connection.fd);
        coil_unref(task);
    }
    return COIL_ERR(rc);
}

static void *server_main(void *listener)
{
    coil_coro acceptors[ACCEPTORS];

    for (size_t i = 0; i < ACCEPTORS; i++)
        acceptors[i] = (coil_coro){accept_all, listener};
    COIL_AUTO coil_future *all = coil_gather(acceptors, ACCEPTORS, 0);
    return COIL_ERR(coil_await(all, NULL));
}

static int listen_on_loopback(in_port_t *port)
{
    struct sockaddr_in address = {.sin_family = AF_INET};
    struct sockaddr *name = (struct sockaddr *)&address;
    socklen_t length = sizeof(address);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (fd < 0)
        return -errno;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (bind(fd, name, length) < 0 || listen(fd, BACKLOG) < 0 ||
        getsockname(fd, name, &length) < 0) {
        int rc = -errno;
        close(fd);
        return rc;
    }
    *port = ntohs(address.sin_port);
    return fd;
}

int server_start(struct server *server, double latency)
{
    struct listener listener = {.latency = COIL_SEC(latency)};

    /* Before there are two processes: whoever connects finds it listening. */
    listener.fd = listen_on_loopback(&server->port);
    if (listener.fd < 0)
        return listener.fd;
    server->process = process_fork("crawl-server");
    if (server->process == 0) {
        int rc = coil_run(server_main, &listener, NULL);
        fprintf(stderr, "crawl: the server: %s\n", coil_strerror(rc));
        exit(1);
    }
    close(listener.fd);
    return server->process < 0 ? (int)server->process : 0;
}

void server_stop(struct server *server)
{
    if (server->process <= 0)
        return;
    kill(server->process, SIGKILL);
    waitpid(server->process, NULL, 0);
    server->process = 0;
}
