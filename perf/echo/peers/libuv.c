// SPDX-License-Identifier: MIT
/*
 * echo_libuv: the echo server on libuv: one buffer for all connections, since a read's callback
 * follows its allocation at once, and uv_try_write, which queues nothing when the peer takes all.
 * What it does not take is written behind it, and until then nothing is read from there.
 */
#include "../listen.h"

#include <uv.h>

enum { SIZE = 256 * 1024 };

struct connection {
    uv_tcp_t handle;
    uv_write_t rest;
    char *kept;
};

static char buffer[SIZE];

static void must(const char *what, int rc)
{
    if (rc < 0)
        fail(what, -rc);
}

static void closed(uv_handle_t *handle)
{
    free(handle->data);
}

static void end(struct connection *connection)
{
    if (!uv_is_closing((uv_handle_t *)&connection->handle))
        uv_close((uv_handle_t *)&connection->handle, closed);
}

static void give_buffer(uv_handle_t *handle, size_t suggested, uv_buf_t *given)
{
    (void)handle;
    (void)suggested;
    *given = uv_buf_init(buffer, SIZE);
}

static void came(uv_stream_t *stream, ssize_t n, const uv_buf_t *unused);

static void written(uv_write_t *request, int rc)
{
    struct connection *connection = request->data;

    free(connection->kept);
    connection->kept = NULL;
    if (rc < 0)
        end(connection);
    else
        uv_read_start((uv_stream_t *)&connection->handle, give_buffer, came);
}

static void keep(struct connection *connection, const char *data, size_t length)
{
    uv_stream_t *stream = (uv_stream_t *)&connection->handle;

    connection->kept = malloc(length);
    if (!connection->kept)
        fail("memory", ENOMEM);
    memcpy(connection->kept, data, length);
    uv_buf_t rest = uv_buf_init(connection->kept, (unsigned)length);
    connection->rest.data = connection;
    uv_read_stop(stream);
    must("write", uv_write(&connection->rest, stream, &rest, 1, written));
}

static void came(uv_stream_t *stream, ssize_t n, const uv_buf_t *unused)
{
    struct connection *connection = stream->data;

    (void)unused;
    if (n <= 0) {
        if (n < 0)
            end(connection);
        return;
    }
    uv_buf_t answer = uv_buf_init(buffer, (unsigned)n);
    int sent = uv_try_write(stream, &answer, 1);
    if (sent == UV_EAGAIN)
        sent = 0;
    if (sent < 0)
        end(connection);
    else if (sent < n)
        keep(connection, buffer + sent, (size_t)(n - sent));
}

static void connected(uv_stream_t *listener, int status)
{
    struct connection *connection = calloc(1, sizeof(*connection));

    must("a connection", status);
    if (!connection)
        fail("memory", ENOMEM);
    must("tcp", uv_tcp_init(listener->loop, &connection->handle));
    connection->handle.data = connection;
    if (uv_accept(listener, (uv_stream_t *)&connection->handle) < 0) {
        end(connection);
        return;
    }
    uv_tcp_nodelay(&connection->handle, 1);
    must("read", uv_read_start((uv_stream_t *)&connection->handle, give_buffer, came));
}

int main(int argc, char **argv)
{
    struct sockaddr_in address = loopback(port_of(argc, argv));
    struct sockaddr *name = (struct sockaddr *)&address;
    int length = sizeof(address);
    uv_loop_t *loop = uv_default_loop();
    uv_tcp_t listener;

    must("tcp", uv_tcp_init(loop, &listener));
    must("bind", uv_tcp_bind(&listener, name, 0));
    must("listen", uv_listen((uv_stream_t *)&listener, BACKLOG, connected));
    must("name", uv_tcp_getsockname(&listener, name, &length));
    tell_port(&address);
    return uv_run(loop, UV_RUN_DEFAULT);
}
