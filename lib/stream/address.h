// SPDX-License-Identifier: MIT
/* Addresses by their names: what clients, servers and endpoints have in common. */
#ifndef STREAM_ADDRESS_H
#define STREAM_ADDRESS_H

#include <coil/base.h>

#include <netdb.h>
#include <sys/un.h>

/* A host, or NULL, with a port or, where `service` is given, with that. */
struct address_name {
    const char *host;
    const char *service;
    int port;
};

/* In a task: all its addresses, at least one, for the caller to free by freeaddrinfo. `list` is
 * NULL after an error. -EINVAL for a port that is none; those of coil_getaddrinfo. */
int address_find(struct addrinfo **list, const struct address_name *name,
                 const struct addrinfo *hints);

/* Whether a descriptor is a socket for streams, of this family unless that is 0. -EINVAL; those of
 * getsockopt(2), as -ENOTSOCK. */
int address_check_socket(int fd, int family);

bool address_equal(const struct addrinfo *a, const struct addrinfo *b);

/* ---- AF_UNIX (stream/unix.c) ---------------------------------------------------------------- */

/* The path as an address, and its length. -EINVAL for NULL and the empty one, -ENAMETOOLONG. */
int unix_address(struct sockaddr_un *address, const char *path);

/* In a task: binds a socket to a path, where a socket's file that is there is taken away first, as
 * asyncio does: who still listens on it has lost its name. Those of unix_address and coil_bind. */
int unix_bind(int fd, const char *path);

/* The file of a bound socket. */
struct unix_file {
    char path[sizeof(((struct sockaddr_un *)0)->sun_path) + 1]; /* "": it has none */
    uint64_t inode;
    uint32_t device[2];
};

/* Keeps in mind the file of a bound socket; to be removed later if it is still the same one. Both
 * in a task; neither a cancellation nor the end of the loop stops them. */
void unix_file_note(struct unix_file *file, int fd);
void unix_file_remove(const struct unix_file *file);

#endif
