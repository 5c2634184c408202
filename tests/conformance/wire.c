// SPDX-License-Identifier: MIT
#include "wire.h"

#include "net.h"

static int connect_to(int listener)
{
    union net_address address = net_loopback(net_port(listener));
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    CHECK(fd >= 0 && connect(fd, &address.any, sizeof(address.in)) == 0);
    return fd;
}

struct wire wire_new(coil_loop *loop, const coil_stream_options *options)
{
    struct wire wire = {.loop = loop};
    coil_stream_options with = {.size = sizeof(with)};
    int listener = net_bound(SOCK_STREAM);
    int fd = connect_to(listener);

    wire.peer = accept(listener, NULL, NULL);
    close(listener);
    if (options)
        with = *options;
    with.loop = loop;
    wire.stream = coil_is_err(loop) ? (coil_stream *)loop : coil_stream_new(fd, &with);
    if (!PASS(coil_err(wire.stream)))
        close(fd);
    return wire;
}

void wire_free(struct wire *wire)
{
    (void)coil_stream_abort(wire->stream);
    coil_stream_unref(wire->stream);
    if (wire->peer >= 0)
        close(wire->peer);
}

void wire_read(coil_stream *stream, size_t size, const char *text, const char *file, int line)
{
    char buffer[256] = {0};
    ssize_t n = coil_stream_read(stream, buffer, size);

    if (check_passes(n, "coil_stream_read", file, line))
        check_string(buffer, text, file, line);
}

void wire_line(coil_stream *stream, const char *text, const char *file, int line)
{
    char buffer[256] = {0};
    ssize_t n = coil_stream_readline(stream, buffer, sizeof(buffer) - 1);

    if (check_passes(n, "coil_stream_readline", file, line))
        check_string(buffer, text, file, line);
}
