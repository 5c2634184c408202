// SPDX-License-Identifier: MIT
/*
 * Passes connections on: tcp_proxy PORT HOST HOSTPORT
 *
 * Each way goes on by itself until its end, which is passed on, too; so a client that has said all
 * still gets its answer. Who reads slowly slows the other one down: nothing is read that the other
 * side has not taken. A connection that is lost loses the one behind it.
 */
#include <coil/coil.h>

#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>

struct target {
    const char *host;
    int listen_port, port;
};

struct way {
    coil_stream *from, *to;
};

/* Copies until the end, and passes that on. */
static int copy(const struct way *way)
{
    const void *data;
    ssize_t n;

    while ((n = coil_stream_peek(way->from, &data, 1)) > 0) {
        int rc = coil_stream_write(way->to, data, (size_t)n);
        if (rc == 0)
            rc = coil_stream_consume(way->from, (size_t)n);
        if (rc == 0)
            rc = coil_stream_drain(way->to);
        if (rc < 0)
            return rc;
    }
    return n < 0 ? (int)n : coil_stream_write_eof(way->to);
}

static void *copy_it(void *way)
{
    return COIL_ERR(copy(way));
}

/* Both ways at once; the first that fails ends the other. */
static int join(coil_stream *client, coil_stream *server)
{
    struct way there = {client, server}, back = {server, client};
    coil_group group = COIL_GROUP_INIT;
    int rc = coil_group_enter(&group);

    if (rc == 0) {
        rc = coil_err(coil_group_create_task(&group, copy_it, &there));
        if (rc == 0)
            rc = copy(&back);
        rc = coil_group_exit(&group, rc);
    }
    coil_group_fini(&group);
    return rc;
}

static void *serve(void *argument)
{
    coil_stream *client = argument;
    const struct target *target = coil_stream_userdata(client);
    coil_stream *server = coil_open_connection(target->host, target->port, NULL);
    int rc = coil_err(server);

    if (rc == 0)
        rc = join(client, server);
    if (rc < 0 && rc != -ECANCELED && rc != -COIL_ECLOSED) /* the program does not end */
        fprintf(stderr, "tcp_proxy: to %s:%d: %s\n", target->host, target->port, coil_strerror(rc));
    if (rc < 0) { /* not as if all had been said */
        coil_stream_abort(client);
        coil_stream_abort(server);
    }
    coil_stream_close(client);
    coil_stream_close(server);
    coil_stream_unref(server);
    return rc == -ECANCELED ? COIL_ERR(rc) : NULL;
}

static void *listen_and_serve(void *argument)
{
    struct target *target = argument;
    struct sockaddr_in name;
    socklen_t length = sizeof(name);
    int fd = -1;
    coil_server *server = coil_start_server(serve, target, "127.0.0.1", target->listen_port, NULL);

    if (coil_server_sockets(server, &fd, 1) == 1 &&
        getsockname(fd, (struct sockaddr *)&name, &length) == 0) {
        printf("listening on 127.0.0.1:%u\n", (unsigned)ntohs(name.sin_port));
        fflush(stdout);
    }
    int rc = coil_server_serve_forever(server);
    coil_server_unref(server);
    return COIL_ERR(rc);
}

/* -1: no port. */
static int port_of(const char *text)
{
    char *end;
    long number = strtol(text, &end, 10);

    return end != text && !*end && number >= 0 && number <= UINT16_MAX ? (int)number : -1;
}

int main(int argc, char **argv)
{
    struct target target = {.listen_port = -1};

    if (argc == 4)
        target = (struct target){argv[2], port_of(argv[1]), port_of(argv[3])};
    if (target.listen_port < 0 || target.port <= 0) {
        fprintf(stderr, "tcp_proxy: give it a port, and where to: tcp_proxy PORT HOST HOSTPORT\n");
        return 2;
    }
    int rc = coil_run(listen_and_serve, &target, NULL);
    if (rc < 0)
        fprintf(stderr, "tcp_proxy: port %d: %s\n", target.listen_port, coil_strerror(rc));
    return rc < 0;
}
