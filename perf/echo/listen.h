// SPDX-License-Identifier: MIT
/* What each server of this folder begins with: the port it is given, and a socket that listens. */
#ifndef ECHO_LISTEN_H
#define ECHO_LISTEN_H

#include "fail.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <sys/socket.h>

enum { BACKLOG = 1024 };

/* The only argument, or the end of the program. */
static inline in_port_t port_of(int argc, char **argv)
{
    char *end = NULL;
    unsigned long port = argc == 2 ? strtoul(argv[1], &end, 10) : 0;

    if (!end || end == argv[1] || *end || argv[1][0] == '-' || port > UINT16_MAX) {
        fprintf(stderr, "%s: give it a port, 0 to 65535\n", program_invocation_short_name);
        exit(2);
    }
    return (in_port_t)port;
}

static inline struct sockaddr_in loopback(in_port_t port)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};

    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return address;
}

static inline void tell_port(const struct sockaddr_in *address)
{
    printf("listening on 127.0.0.1:%u\n", (unsigned)ntohs(address->sin_port));
    fflush(stdout);
}

/* `flags`: SOCK_NONBLOCK or 0. */
static inline int listen_on(in_port_t port, int flags)
{
    struct sockaddr_in address = loopback(port);
    socklen_t length = sizeof(address);
    const int yes = 1;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | flags, 0);

    if (fd < 0)
        fail("socket", errno);
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes));
    if (bind(fd, (struct sockaddr *)&address, length) < 0 || listen(fd, BACKLOG) < 0 ||
        getsockname(fd, (struct sockaddr *)&address, &length) < 0)
        fail("listen", errno);
    tell_port(&address);
    return fd;
}

static inline void no_delay(int fd)
{
    const int yes = 1;

    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof(yes));
}

#endif
