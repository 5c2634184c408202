// SPDX-License-Identifier: MIT
/* How a server comes to its listeners: by hosts, by a path, by a descriptor. */
#include "base/alloc.h"
#include "loop/descriptor.h"
#include "stream/server.h"

/* ---- making --------------------------------------------------------------------------------- */

struct start {
    coil_fn handler;
    void *userdata;
    coil_server_options options;
};

static coil_server *server_new(const struct start *start, size_t n)
{
    size_t size;

    if (__builtin_mul_overflow(n, sizeof(struct listener), &size) ||
        __builtin_add_overflow(size, sizeof(coil_server), &size))
        return NULL;
    coil_server *server = coil__alloc_zeroed(size);
    if (!server)
        return NULL;
    server->handler = start->handler;
    server->userdata = start->userdata;
    server->options = start->options;
    server->stream = start->options.stream ? *start->options.stream
                                           : (coil_stream_options){.size = sizeof(server->stream)};
    server->refs = 1;
    list_init(&server->clients);
    return server;
}

/* Gives up a server that was not started: a descriptor is the caller's, or has a listener's task,
 * or is nobody's. */
static void give_up(coil_server *server)
{
    for (size_t i = 0; i < server->n; i++) {
        struct listener *listener = &server->listeners[i];
        if (server->options.fd > 0) {
            listener->fd = -1;
            listener->file.path[0] = 0;
        } else if (!listener->task) {
            (void)descriptor_discard(listener->fd);
            unix_file_remove(&listener->file);
        }
    }
    (void)coil_server_close(server);
    coil_server_unref(server);
}

/* Its sockets are bound, if `rc` is 0. */
static coil_server *begin(coil_server *server, int rc)
{
    for (size_t i = 0; i < server->n && rc == 0; i++) {
        struct listener *listener = &server->listeners[i];
        if (!server->options.keep_path)
            unix_file_note(&listener->file, listener->fd);
        rc = listener_start(listener);
    }
    if (rc == 0 && !server->options.start_later)
        rc = coil_server_start_serving(server);
    if (rc == 0)
        return server;
    give_up(server);
    return COIL_ERR(rc);
}

/* The next listener's place; it counts when it has a descriptor. */
static struct listener *next_listener(coil_server *server)
{
    struct listener *listener = &server->listeners[server->n];

    listener->server = server;
    return listener;
}

static coil_server *start_by_descriptor(const struct start *start, int family)
{
    int rc = address_check_socket(start->options.fd, family);
    if (rc < 0)
        return COIL_ERR(rc);
    coil_server *server = server_new(start, 1);
    if (!server)
        return COIL_ERR(-ENOMEM);
    next_listener(server)->fd = start->options.fd;
    server->n = 1;
    return begin(server, 0);
}

/* ---- on hosts ------------------------------------------------------------------------------- */

/* What the names of the hosts came to, a list for each. */
struct found {
    size_t n;
    struct addrinfo *lists[];
};

static void found_free(struct found *found)
{
    for (size_t i = 0; i < found->n; i++)
        freeaddrinfo(found->lists[i]);
    coil__free(found);
}

static int find(struct found *found, const char *host, int port, const coil_server_options *options)
{
    const struct addrinfo hints = {
        .ai_family = options->family, .ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE};
    const struct address_name name = {
        .host = host && host[0] ? host : NULL, .service = options->service, .port = port};

    return address_find(&found->lists[found->n++], &name, &hints);
}

static int find_all(struct found *found, const char *host, int port,
                    const coil_server_options *options)
{
    int rc = 0;

    if (!options->host_count)
        return find(found, host, port, options);
    for (size_t i = 0; rc == 0 && i < options->host_count; i++)
        rc = find(found, options->hosts[i], port, options);
    return rc;
}

/* Whether it is the first one of its kind. */
static bool is_new(const struct found *found, const struct addrinfo *address)
{
    for (size_t i = 0; i < found->n; i++)
        for (const struct addrinfo *at = found->lists[i]; at; at = at->ai_next)
            if (at == address || address_equal(at, address))
                return at == address;
    return true;
}

static size_t count(const struct found *found)
{
    size_t n = 0;

    for (size_t i = 0; i < found->n; i++)
        for (const struct addrinfo *at = found->lists[i]; at; at = at->ai_next)
            n++;
    return n;
}

/* Binds every address; those that are not this machine's are left out, as long as one is. */
static int bind_all(coil_server *server, const struct found *found)
{
    for (size_t i = 0; i < found->n; i++) {
        for (const struct addrinfo *at = found->lists[i]; at; at = at->ai_next) {
            if (!is_new(found, at))
                continue;
            int rc = listener_bind(next_listener(server), at);
            if (rc == 0)
                server->n++;
            else if (rc != -EADDRNOTAVAIL)
                return rc;
        }
    }
    return server->n ? 0 : -EADDRNOTAVAIL;
}

static coil_server *start_on_found(const struct start *start, const struct found *found)
{
    coil_server *server = server_new(start, count(found));
    return server ? begin(server, bind_all(server, found)) : COIL_ERR(-ENOMEM);
}

static coil_server *start_on_hosts(const struct start *start, const char *host, int port)
{
    size_t hosts = start->options.host_count ? start->options.host_count : 1, size;

    if (__builtin_mul_overflow(hosts, sizeof(struct addrinfo *), &size) ||
        __builtin_add_overflow(size, sizeof(struct found), &size))
        return COIL_ERR(-ENOMEM);
    struct found *found = coil__alloc_zeroed(size);
    if (!found)
        return COIL_ERR(-ENOMEM);
    int rc = find_all(found, host, port, &start->options);
    coil_server *server = rc < 0 ? COIL_ERR(rc) : start_on_found(start, found);
    found_free(found);
    return server;
}

/* 0: `start` is filled in. */
static int prepare(struct start *start, coil_fn handler, void *userdata,
                   const coil_server_options *options)
{
    if (!handler || (options && (options->size != sizeof(*options) || options->backlog < 0 ||
                                 options->fd < 0 || (options->host_count && !options->hosts))))
        return -EINVAL;
    if (!task_current())
        return -COIL_ENOLOOP;
    *start = (struct start){.handler = handler, .userdata = userdata};
    if (options)
        start->options = *options;
    return 0;
}

coil_server *coil_start_server(coil_fn handler, void *userdata, const char *host, int port,
                               const coil_server_options *options)
{
    struct start start;
    int rc = prepare(&start, handler, userdata, options);

    if (rc < 0)
        return COIL_ERR(rc);
    bool has_name = host || start.options.service || start.options.host_count;
    if ((host && start.options.host_count) || (port > 0 && start.options.service))
        return COIL_ERR(-EINVAL);
    if (start.options.fd > 0)
        return has_name || port > 0 ? COIL_ERR(-EINVAL) : start_by_descriptor(&start, 0);
    if (!has_name && port < 0)
        return COIL_ERR(-EINVAL);
    return start_on_hosts(&start, host, port);
}

/* ---- on a path ------------------------------------------------------------------------------ */

coil_server *coil_start_unix_server(coil_fn handler, void *userdata, const char *path,
                                    const coil_server_options *options)
{
    struct sockaddr_un address;
    struct start start;
    int rc = prepare(&start, handler, userdata, options);

    if (rc < 0)
        return COIL_ERR(rc);
    if (!path == !(start.options.fd > 0))
        return COIL_ERR(-EINVAL);
    if (!path)
        return start_by_descriptor(&start, AF_UNIX);
    rc = unix_address(&address, path);
    if (rc < 0)
        return COIL_ERR(rc);
    coil_server *server = server_new(&start, 1);
    if (!server)
        return COIL_ERR(-ENOMEM);
    rc = listener_bind_path(next_listener(server), path);
    server->n = rc == 0;
    return begin(server, rc);
}
