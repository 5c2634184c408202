// SPDX-License-Identifier: MIT
#include <coil/endpoint.h>

#include "base/err.h"
#include "loop/descriptor.h"
#include "stream/address.h"

#include <coil/socket.h>

#include <string.h>

/* One way to open an endpoint: what a socket of this family is bound and connected to. */
struct way {
    const coil_endpoint_options *options;
    int family, protocol;
    const struct sockaddr *local; /* NULL: not bound */
    socklen_t local_length;
    const char *local_path; /* of AF_UNIX, instead */
    const struct sockaddr *remote;
    socklen_t remote_length;
};

/* ---- one way -------------------------------------------------------------------------------- */

static int set_options(int fd, const coil_endpoint_options *options)
{
    const int on = 1, before = errno;
    int rc = 0;

    if (options->reuse_port)
        rc = setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof(on));
    if (rc == 0 && options->allow_broadcast)
        rc = setsockopt(fd, SOL_SOCKET, SO_BROADCAST, &on, sizeof(on));
    if (rc < 0)
        rc = -errno;
    errno = before;
    return rc;
}

static int prepare(int fd, const struct way *way)
{
    int rc = set_options(fd, way->options);

    if (rc == 0 && way->local_path)
        rc = unix_bind(fd, way->local_path);
    if (rc == 0 && way->local)
        rc = coil_bind(fd, way->local, way->local_length);
    if (rc == 0 && way->remote && !way->options->allow_broadcast)
        rc = coil_connect(fd, way->remote, way->remote_length);
    return rc;
}

static int go(coil_endpoint *endpoint, const struct way *way)
{
    int fd = coil_socket(way->family, SOCK_DGRAM, way->protocol);
    int rc = fd < 0 ? fd : prepare(fd, way);

    if (rc < 0) {
        if (fd >= 0)
            (void)descriptor_discard(fd);
        return rc;
    }
    endpoint->fd = fd;
    endpoint->open = true;
    if (way->remote) {
        endpoint->connected = !way->options->allow_broadcast;
        endpoint->remote_length = way->remote_length;
        memcpy(&endpoint->remote, way->remote, way->remote_length);
    }
    return 0;
}

/* ---- by names ------------------------------------------------------------------------------- */

static bool same_kind(const struct addrinfo *a, const struct addrinfo *b)
{
    return a->ai_family == b->ai_family && a->ai_protocol == b->ai_protocol;
}

/* The first of this kind. */
static const struct addrinfo *find(const struct addrinfo *list, const struct addrinfo *kind)
{
    while (list && !same_kind(list, kind))
        list = list->ai_next;
    return list;
}

/* The first error when none of the kinds can be had. */
static int try_each(coil_endpoint *endpoint, const coil_endpoint_options *options,
                    const struct addrinfo *local, const struct addrinfo *remote)
{
    const struct addrinfo *first = local ? local : remote;
    int error = 0;

    for (const struct addrinfo *at = first; at; at = at->ai_next) {
        const struct addrinfo *to = find(remote, at);
        if (find(first, at) != at || (remote && !to))
            continue;
        struct way way = {.options = options,
                          .family = at->ai_family,
                          .protocol = at->ai_protocol,
                          .local = local ? at->ai_addr : NULL,
                          .local_length = local ? at->ai_addrlen : 0,
                          .remote = to ? to->ai_addr : NULL,
                          .remote_length = to ? to->ai_addrlen : 0};
        int rc = go(endpoint, &way);
        if (rc == 0 || rc == -ECANCELED)
            return rc;
        error = error ? error : rc;
    }
    return error ? error : -EADDRNOTAVAIL;
}

static int open_by_names(coil_endpoint *endpoint, const coil_endpoint_options *options)
{
    struct addrinfo hints = {.ai_family = options->family,
                             .ai_socktype = SOCK_DGRAM,
                             .ai_protocol = options->protocol,
                             .ai_flags = options->flags};
    const struct address_name to = {.host = options->remote_host, .port = options->remote_port};
    const struct address_name from = {.host = options->local_host, .port = options->local_port};
    struct addrinfo *local = NULL, *remote = NULL;
    int rc = 0;

    if (options->remote_host || options->remote_port)
        rc = address_find(&remote, &to, &hints);
    hints.ai_flags |= AI_PASSIVE;
    if (rc == 0 && (options->local_host || options->local_port))
        rc = address_find(&local, &from, &hints);
    if (rc == 0)
        rc = try_each(endpoint, options, local, remote);
    freeaddrinfo(local);
    freeaddrinfo(remote);
    return rc;
}

/* ---- otherwise ------------------------------------------------------------------------------ */

static int open_by_paths(coil_endpoint *endpoint, const coil_endpoint_options *options)
{
    struct sockaddr_un remote;
    struct way way = {.options = options,
                      .family = AF_UNIX,
                      .protocol = options->protocol,
                      .local_path = options->local_path};

    if (options->remote_path) {
        int length = unix_address(&remote, options->remote_path);
        if (length < 0)
            return length;
        way.remote = (const struct sockaddr *)&remote;
        way.remote_length = (socklen_t)length;
    }
    return go(endpoint, &way);
}

static int open_by_descriptor(coil_endpoint *endpoint, int fd)
{
    int type;
    socklen_t size = sizeof(type);
    const int before = errno;
    int rc = getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &size) < 0 ? -errno : 0;

    errno = before;
    if (rc < 0)
        return rc;
    if (type == SOCK_STREAM)
        return -EINVAL;
    struct sockaddr_storage remote;
    socklen_t length = sizeof(remote);
    endpoint->connected = getpeername(fd, (struct sockaddr *)&remote, &length) == 0;
    errno = before;
    if (endpoint->connected) {
        endpoint->remote = remote;
        endpoint->remote_length = length;
    }
    endpoint->fd = fd;
    endpoint->open = true;
    return 0;
}

static int check(const coil_endpoint_options *options)
{
    bool names =
        options->local_host || options->local_port || options->remote_host || options->remote_port;
    bool paths = options->local_path || options->remote_path;

    if (options->size != sizeof(*options) || options->fd < 0)
        return -EINVAL;
    if (options->fd > 0)
        return names || paths || options->family || options->protocol || options->flags ||
                       options->reuse_port || options->allow_broadcast
                   ? -EINVAL
                   : 0;
    if (options->family == AF_UNIX)
        return names ? -EINVAL : 0;
    return paths || !(names || options->family) ? -EINVAL : 0;
}

static int open_by_options(coil_endpoint *endpoint, const coil_endpoint_options *options)
{
    if (options->fd > 0)
        return open_by_descriptor(endpoint, options->fd);
    if (options->family == AF_UNIX)
        return open_by_paths(endpoint, options);
    if (options->local_host || options->local_port || options->remote_host || options->remote_port)
        return open_by_names(endpoint, options);
    const struct way way = {
        .options = options, .family = options->family, .protocol = options->protocol};
    return go(endpoint, &way);
}

int coil_endpoint_open(coil_endpoint *endpoint, const coil_endpoint_options *options)
{
    if (!endpoint || !options || check(options) < 0)
        return -EINVAL;
    if (endpoint->open || endpoint->opening)
        return -EBUSY;
    if (!task_current())
        return -COIL_ENOLOOP;
    *endpoint = (coil_endpoint)COIL_ENDPOINT_INIT;
    endpoint->opening = true;
    int rc = open_by_options(endpoint, options);
    endpoint->opening = false;
    return rc;
}

/* ---- messages ------------------------------------------------------------------------------- */

int coil_endpoint_descriptor(const coil_endpoint *endpoint)
{
    if (!endpoint)
        return -EINVAL;
    return endpoint->open ? endpoint->fd : -COIL_ECLOSED;
}

ssize_t coil_endpoint_send(const coil_endpoint *endpoint, const void *data, size_t length)
{
    int fd = coil_endpoint_descriptor(endpoint);

    if (fd < 0)
        return fd;
    if (!endpoint->remote_length)
        return -EDESTADDRREQ;
    if (endpoint->connected)
        return coil_send(fd, data, length, 0);
    return coil_sendto(fd, data, length, 0, (const struct sockaddr *)&endpoint->remote,
                       endpoint->remote_length);
}

ssize_t coil_endpoint_sendto(const coil_endpoint *endpoint, const void *data, size_t length,
                             const struct sockaddr *address, socklen_t address_length)
{
    int fd = coil_endpoint_descriptor(endpoint);

    if (fd < 0)
        return fd;
    if (!address)
        return -EINVAL;
    if (!endpoint->connected)
        return coil_sendto(fd, data, length, 0, address, address_length);
    if (address_length != endpoint->remote_length ||
        memcmp(address, &endpoint->remote, address_length) != 0)
        return -EINVAL;
    return coil_send(fd, data, length, 0);
}

ssize_t coil_endpoint_recv(const coil_endpoint *endpoint, void *buffer, size_t size)
{
    int fd = coil_endpoint_descriptor(endpoint);
    return fd < 0 ? fd : coil_recv(fd, buffer, size, 0);
}

ssize_t coil_endpoint_recvfrom(const coil_endpoint *endpoint, void *buffer, size_t size,
                               struct sockaddr *address, socklen_t *address_length)
{
    int fd = coil_endpoint_descriptor(endpoint);
    return fd < 0 ? fd : coil_recvfrom(fd, buffer, size, 0, address, address_length);
}

int coil_endpoint_close(coil_endpoint *endpoint)
{
    int fd = coil_endpoint_descriptor(endpoint);

    if (fd < 0)
        return fd;
    if (!task_current())
        return -COIL_ENOLOOP;
    *endpoint = (coil_endpoint)COIL_ENDPOINT_INIT;
    return descriptor_discard(fd);
}
