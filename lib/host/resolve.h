// SPDX-License-Identifier: MIT
#ifndef HOST_RESOLVE_H
#define HOST_RESOLVE_H

#include <coil/resolve.h>

#include <netdb.h>

/* Who looks names up: libc, or what a test puts here while nobody resolves. A list that it gives
 * and nobody takes goes back to it; one that was taken, to libc's freeaddrinfo. */
struct resolver {
    int (*getaddrinfo)(const char *node, const char *service, const struct addrinfo *hints,
                       struct addrinfo **result);
    int (*getnameinfo)(const struct sockaddr *address, socklen_t length, char *host,
                       socklen_t host_size, char *service, socklen_t service_size, int flags);
    void (*freeaddrinfo)(struct addrinfo *list);
};

extern struct resolver coil__resolver;

#endif
