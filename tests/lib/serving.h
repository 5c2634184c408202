// SPDX-License-Identifier: MIT
/* A server on the kernel's loopback, and what its loop's exception handler was told. */
#ifndef TESTS_SERVING_H
#define TESTS_SERVING_H

#include "ends.h"
#include "kernel.h"
#include "net.h"

#include <coil/connection.h>
#include <coil/server.h>

#define SERVER_OPTIONS(...)                                                                        \
    (&(coil_server_options){.size = sizeof(coil_server_options), __VA_ARGS__})

static inline void serving_hear(coil_loop *loop, const coil_exception_context *context,
                                void *userdata)
{
    (void)loop;
    record(userdata, "[%s %d]", context->message, context->code);
}

/* The errors that the loop reports, from here on. */
#define SERVING_EAR(name, loop)                                                                    \
    struct record name = {""};                                                                     \
    (void)coil_set_exception_handler(loop, serving_hear, &(name))

static inline int serving_port(const coil_server *server)
{
    int fd = -1;
    return coil_server_sockets(server, &fd, 1) > 0 ? net_port(fd) : 0;
}

/* Runs a coroutine on the ring, whose loop has nothing to report. */
#define ON_THE_RING(fn, argument)                                                                  \
    do {                                                                                           \
        KERNEL(loop);                                                                              \
        SERVING_EAR(heard, loop);                                                                  \
        PASS(kernel_run(loop, fn, argument));                                                      \
        CHECK_STR(heard.text, "");                                                                 \
    } while (0)

/* In a task: closes a server and waits for its end. */
static inline void serving_end(coil_server *server)
{
    if (!err_is(server)) {
        PASS(coil_server_close(server));
        PASS(coil_server_wait_closed(server));
    }
    coil_server_unref(server);
}

/* In a task: closes a stream and waits for its end. */
static inline void serving_hang_up(coil_stream *stream)
{
    if (!err_is(stream)) {
        PASS(coil_stream_close(stream));
        (void)!coil_stream_wait_closed(stream);
    }
    coil_stream_unref(stream);
}

/* A handler: sends back what it gets until the end. */
static inline void *serving_echo(void *stream)
{
    char bytes[64];
    ssize_t n;

    while ((n = coil_stream_read(stream, bytes, sizeof(bytes))) > 0)
        if (coil_stream_send(stream, bytes, (size_t)n) < 0)
            break;
    (void)coil_stream_close(stream);
    return NULL;
}

/* In a task: whether an echo server answers on this port. */
static inline bool serving_answers(int port)
{
    coil_stream *stream = coil_open_connection("127.0.0.1", port, NULL);
    char text[8] = "";
    bool answers = coil_stream_send(stream, "hello", 5) == 0 &&
                   coil_stream_readexactly(stream, text, 5, NULL) == 5 &&
                   strcmp(text, "hello") == 0;

    serving_hang_up(stream);
    return answers;
}

#endif
