// SPDX-License-Identifier: MIT
/*
 * Names and addresses: the system's own resolver, on a thread of the loop's default executor, so
 * that /etc/hosts, nsswitch.conf and resolv.conf count as for every other program. What needs no
 * looking up takes no thread.
 *
 * Errors of getaddrinfo and getnameinfo are -(COIL_EAI + n) with n = -EAI_*, by their names:
 * -COIL_EAI_NONAME is EAI_NONAME. EAI_SYSTEM and EAI_MEMORY are the errno behind them. Programs
 * include <netdb.h>, too.
 */
#ifndef COIL_RESOLVE_H
#define COIL_RESOLVE_H

#include <coil/base.h>

#include <sys/socket.h>

#ifdef __cplusplus
extern "C" {
#endif

struct addrinfo;

/*
 * As getaddrinfo(3): the addresses of a node and a service, of which one may be NULL. A numeric
 * address, or no node, with a numeric service or none is answered at once; the address must then
 * fit the hints' family, the hints must name a socket type, and an IPv6 scope is left to the
 * resolver.
 *
 * Suspends: yes, unless it is answered at once.
 * Thread: in a task.
 * Ownership: node, service and hints are copied; the result is the caller's, freed by freeaddrinfo.
 * Cancellation: -ECANCELED at once; the resolver goes on, and its answer is dropped.
 * Errors: -EINVAL without a result or with neither node nor service; -COIL_EAI_* from the resolver;
 *         -COIL_ENOLOOP outside a task; those of coil_to_thread.
 */
COIL_API COIL_NODISCARD int coil_getaddrinfo(const char *node, const char *service,
                                             const struct addrinfo *hints,
                                             struct addrinfo **result);

/*
 * As getnameinfo(3): the name of a node and of a service, each if it has a buffer. With
 * NI_NUMERICHOST, or without `host`, and NI_NUMERICSERV, or without `service`, it is answered at
 * once.
 *
 * Suspends: yes, unless it is answered at once.
 * Thread: in a task.
 * Ownership: the address is copied; the buffers are written before the return only.
 * Cancellation: -ECANCELED at once; the resolver goes on, and its answer is dropped.
 * Errors: -EINVAL without an address or with neither buffer; -COIL_EAI_OVERFLOW for a buffer that
 *         is too small; -COIL_EAI_* from the resolver; -COIL_ENOLOOP outside a task; those of
 *         coil_to_thread.
 */
COIL_API COIL_NODISCARD int coil_getnameinfo(const struct sockaddr *address, socklen_t length,
                                             char *host, size_t host_size, char *service,
                                             size_t service_size, int flags);

#ifdef __cplusplus
}
#endif

#endif
