// SPDX-License-Identifier: MIT
/*
 * Sends back what it receives, by streams: a task for each connection, as in echo_server.c. Much
 * comes straight into the buffer and leaves from there; of a small message the stream has a copy.
 */
#include <coil/coil.h>

#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>

enum { SMALL = 1024, LARGE = 256 * 1024 };

/* The first buffer lies on the task's stack, where a message costs no memory of its own; the large
 * one is made when something has filled that. */
static void echo(coil_stream *stream)
{
    char small[SMALL], *large = NULL;
    ssize_t length;

    while ((length = large ? coil_stream_read(stream, large, LARGE)
                           : coil_stream_read(stream, small, SMALL)) > 0) {
        if (coil_stream_send(stream, large ? large : small, (size_t)length) < 0)
            break;
        if (length == SMALL && !large)
            large = malloc(LARGE);
    }
    free(large);
}

static void *serve(void *argument)
{
    int fd = (int)(intptr_t)argument;
    coil_stream *stream = coil_stream_new(fd, NULL);

    if (coil_is_err(stream))
        coil_close_fd(fd);
    else
        echo(stream);
    coil_stream_close(stream);
    coil_stream_unref(stream);
    return NULL;
}

/* A socket that listens on 127.0.0.1, and on which port. */
static int listen_on(in_port_t *port)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(*port)};
    struct sockaddr *name = (struct sockaddr *)&address;
    socklen_t length = sizeof(address);
    const int yes = 1;

    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int fd = coil_socket(AF_INET, SOCK_STREAM, 0);
    if (fd < 0)
        return fd;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes));
    int rc = coil_bind(fd, name, length);
    if (rc == 0)
        rc = coil_listen(fd, 1024);
    if (rc == 0 && getsockname(fd, name, &length) == 0)
        *port = ntohs(address.sin_port);
    if (rc < 0)
        coil_close_fd(fd);
    return rc < 0 ? rc : fd;
}

/* Too many connections, or one that has gone already: the next one may be better. */
static bool passes(int rc)
{
    return rc == -EMFILE || rc == -ENFILE || rc == -ENOBUFS || rc == -ENOMEM || rc == -ECONNABORTED;
}

static void *accept_all(void *argument)
{
    in_port_t *port = argument;
    int listener = listen_on(port), fd, rc = 0;

    if (listener < 0)
        return COIL_ERR(listener);
    printf("listening on 127.0.0.1:%u\n", (unsigned)*port);
    fflush(stdout);
    while (rc == 0 && ((fd = coil_accept(listener, NULL, NULL)) >= 0 || passes(fd))) {
        if (fd < 0)
            rc = coil_sleep(COIL_MS(10));
        else if (coil_go(serve, (void *)(intptr_t)fd) < 0)
            coil_close_fd(fd);
    }
    return NULL; /* the listener is closed */
}

int main(int argc, char **argv)
{
    char *end = NULL;
    unsigned long number = argc == 2 ? strtoul(argv[1], &end, 10) : 0;

    if (!end || end == argv[1] || *end || argv[1][0] == '-' || number > UINT16_MAX) {
        fprintf(stderr,
                "stream_echo_server: give it a port, 0 to 65535: stream_echo_server PORT\n");
        return 2;
    }
    in_port_t port = (in_port_t)number;
    int rc = coil_run(accept_all, &port, NULL);
    if (rc < 0)
        fprintf(stderr, "stream_echo_server: port %lu: %s\n", number, coil_strerror(rc));
    return rc < 0;
}
