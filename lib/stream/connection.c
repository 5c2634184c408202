// SPDX-License-Identifier: MIT
/* Streams that are connected to an address: connect.c's descriptors. */
#include <coil/connection.h>

#include "base/alloc.h"
#include "base/err.h"
#include "loop/descriptor.h"
#include "stream/address.h"
#include "stream/connect.h"

#include <coil/socket.h>

/* Takes a descriptor over, which after an error is nobody's. */
static coil_stream *adopt(int fd, const coil_connection_options *options)
{
    if (fd < 0)
        return COIL_ERR(fd);
    coil_stream *stream = coil_stream_new(fd, options->stream);
    if (err_is(stream))
        (void)descriptor_discard(fd);
    return stream;
}

/* Takes the caller's descriptor over, which after an error is still the caller's. */
static coil_stream *adopt_given(const coil_connection_options *options)
{
    int rc = address_check_socket(options->fd, 0);
    return rc < 0 ? COIL_ERR(rc) : coil_stream_new(options->fd, options->stream);
}

static const coil_connection_options *or_default(const coil_connection_options *options)
{
    static const coil_connection_options usual = {.size = sizeof(usual)};
    return options ? options : &usual;
}

/* ---- by a host and a port ------------------------------------------------------------------- */

static void tell_errors(const coil_connection_options *options, struct connect_errors *errors)
{
    for (size_t i = 0; options->errors && i < errors->n && i < options->errors_size; i++)
        options->errors[i] = errors->codes[i];
    if (options->error_count)
        *options->error_count = errors->n;
    coil__free(errors->codes);
}

static int connect_by_name(const struct address_name *to, const coil_connection_options *options)
{
    const struct addrinfo hints = {.ai_family = options->family, .ai_socktype = SOCK_STREAM};
    const struct address_name from = {.host = options->local_host, .port = options->local_port};
    struct addrinfo *addresses, *local = NULL;
    struct connect_errors errors = {0};

    int rc = address_find(&addresses, to, &hints);
    if (rc == 0 && (from.host || from.port)) {
        struct addrinfo local_hints = hints;
        local_hints.ai_flags = AI_PASSIVE;
        rc = address_find(&local, &from, &local_hints);
    }
    if (rc == 0) {
        const struct connect_plan plan = {
            .addresses = addresses,
            .local = local,
            .delay = options->happy_eyeballs_delay,
            .interleave =
                options->interleave ? options->interleave : options->happy_eyeballs_delay > 0,
        };
        rc = connect_any(&plan, &errors);
    }
    tell_errors(options, &errors);
    freeaddrinfo(local);
    freeaddrinfo(addresses);
    return rc;
}

coil_stream *coil_open_connection(const char *host, int port,
                                  const coil_connection_options *options)
{
    options = or_default(options);
    bool has_address = host || port || options->service;
    if (options->size != sizeof(*options) || has_address == (options->fd > 0) || options->fd < 0 ||
        options->happy_eyeballs_delay < 0 || (port && options->service))
        return COIL_ERR(-EINVAL);
    if (!task_current())
        return COIL_ERR(-COIL_ENOLOOP);
    if (!has_address)
        return adopt_given(options);
    const struct address_name to = {.host = host, .service = options->service, .port = port};
    return adopt(connect_by_name(&to, options), options);
}

/* ---- by a path ------------------------------------------------------------------------------ */

static int connect_by_path(const char *path)
{
    struct sockaddr_un address;
    int length = unix_address(&address, path);

    if (length < 0)
        return length;
    int fd = coil_socket(AF_UNIX, SOCK_STREAM, 0);
    if (fd < 0)
        return fd;
    int rc = coil_connect(fd, (const struct sockaddr *)&address, (socklen_t)length);
    if (rc < 0)
        (void)descriptor_discard(fd);
    return rc < 0 ? rc : fd;
}

coil_stream *coil_open_unix_connection(const char *path, const coil_connection_options *options)
{
    options = or_default(options);
    if (options->size != sizeof(*options) || !path == !(options->fd > 0) || options->fd < 0)
        return COIL_ERR(-EINVAL);
    if (!task_current())
        return COIL_ERR(-COIL_ENOLOOP);
    return path ? adopt(connect_by_path(path), options) : adopt_given(options);
}
