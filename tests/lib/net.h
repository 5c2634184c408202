// SPDX-License-Identifier: MIT
/* Sockets of this machine's own network. */
#ifndef TESTS_NET_H
#define TESTS_NET_H

#include "check.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

/* Room for an address of any family. */
union net_address {
    struct sockaddr any;
    struct sockaddr_in in;
    struct sockaddr_in6 in6;
    struct sockaddr_un un;
    struct sockaddr_storage room;
};

static inline union net_address net_loopback(int port)
{
    return (union net_address){.in = {.sin_family = AF_INET,
                                      .sin_port = htons((uint16_t)port),
                                      .sin_addr.s_addr = htonl(INADDR_LOOPBACK)}};
}

static inline int net_port_of(const union net_address *address)
{
    return ntohs(address->any.sa_family == AF_INET6 ? address->in6.sin6_port
                                                    : address->in.sin_port);
}

/* The port that a socket is bound to; 0: none. */
static inline int net_port(int fd)
{
    union net_address address = {.in.sin_port = 0};
    socklen_t length = sizeof(address);

    return getsockname(fd, &address.any, &length) == 0 ? net_port_of(&address) : 0;
}

/* A bound socket of the loopback; it listens when it is a stream's. */
static inline int net_bound(int type)
{
    union net_address address = net_loopback(0);
    int fd = socket(AF_INET, type | SOCK_CLOEXEC, 0);

    CHECK(fd >= 0 && bind(fd, &address.any, sizeof(address.in)) == 0);
    if (type == SOCK_STREAM)
        CHECK_EQ(listen(fd, 64), 0);
    return fd;
}

/* A port of the loopback on which nobody listens. */
static inline int net_free_port(int type)
{
    int fd = net_bound(type), port = net_port(fd);

    close(fd);
    return port;
}

/* A connected client's descriptor, or a negative code: the kernel answers for who listens. */
static inline int net_client(int port)
{
    union net_address address = net_loopback(port);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (connect(fd, &address.any, sizeof(address.in)) == 0)
        return fd;
    int rc = -errno;
    close(fd);
    return rc;
}

/* A bound socket at a path. */
static inline int net_bound_at(const char *path)
{
    union net_address address = {.un.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    (void)!snprintf(address.un.sun_path, sizeof(address.un.sun_path), "%s", path);
    CHECK_EQ(bind(fd, &address.any, sizeof(address.un)), 0);
    return fd;
}

/* A connected client's descriptor, or a negative code. */
static inline int net_client_at(const char *path)
{
    union net_address address = {.un.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    (void)!snprintf(address.un.sun_path, sizeof(address.un.sun_path), "%s", path);
    if (connect(fd, &address.any, sizeof(address.un)) == 0)
        return fd;
    int rc = -errno;
    close(fd);
    return rc;
}

#endif
