// SPDX-License-Identifier: MIT
#include "stream/address.h"

#include <coil/resolve.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>

enum { PORT_MAX = 65535 };

int address_find(struct addrinfo **list, const struct address_name *name,
                 const struct addrinfo *hints)
{
    char port[8];

    *list = NULL;
    if (!name->service && (name->port < 0 || name->port > PORT_MAX))
        return -EINVAL;
    (void)snprintf(port, sizeof(port), "%u", (unsigned)name->port & PORT_MAX);
    int rc = coil_getaddrinfo(name->host, name->service ? name->service : port, hints, list);
    if (rc < 0)
        *list = NULL;
    else if (!*list)
        rc = -EADDRNOTAVAIL;
    return rc;
}

int address_check_socket(int fd, int family)
{
    int type = 0, domain = 0, rc = 0;
    socklen_t size = sizeof(int);
    const int before = errno;

    if (getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &size) < 0 ||
        getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &size) < 0)
        rc = -errno;
    errno = before;
    if (rc < 0)
        return rc;
    return type == SOCK_STREAM && (!family || family == domain) ? 0 : -EINVAL;
}

bool address_equal(const struct addrinfo *a, const struct addrinfo *b)
{
    return a->ai_family == b->ai_family && a->ai_socktype == b->ai_socktype &&
           a->ai_protocol == b->ai_protocol && a->ai_addrlen == b->ai_addrlen &&
           memcmp(a->ai_addr, b->ai_addr, a->ai_addrlen) == 0;
}
