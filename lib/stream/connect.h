// SPDX-License-Identifier: MIT
/*
 * From a list of addresses to a connected descriptor: one address after the other or, with a delay,
 * by the race of RFC 8305 (happy eyeballs), as asyncio's create_connection has it.
 */
#ifndef STREAM_CONNECT_H
#define STREAM_CONNECT_H

#include <coil/base.h>

#include <netdb.h>

struct connect_plan {
    const struct addrinfo *addresses; /* in the resolver's order */
    const struct addrinfo *local;     /* to bind to the first that fits; NULL: no matter */
    size_t interleave; /* RFC 8305's First Address Family Count; 0: the resolver's order */
    coil_time delay;   /* until the next address is tried beside the last; 0: when that failed */
};

/* What went wrong, in the order in which the addresses were tried: an address has more than one
 * error where its local addresses cannot be bound. */
struct connect_errors {
    int *codes; /* freed with coil__free; NULL: none */
    size_t n;
};

/* In a task. A connected descriptor, closed on exec. Else -ECANCELED, -ENOMEM, -COIL_ENOLOOP,
 * -EADDRNOTAVAIL for no address, or the first error; `errors` has all of them. No descriptor
 * stays open but the one that is returned. */
int connect_any(const struct connect_plan *plan, struct connect_errors *errors);

/* The list as an array of n, the families in turn, the first `lead` of the first one together;
 * 0: as it is. */
void connect_order(const struct addrinfo *list, size_t n, size_t lead,
                   const struct addrinfo **order);

#endif
