// SPDX-License-Identifier: MIT
/*
 * A stream and the other end of its connection, which a test works by plain calls: two sockets of
 * this machine, on a loop on the ring whatever engine the other cases run on.
 */
#ifndef CONFORMANCE_WIRE_H
#define CONFORMANCE_WIRE_H

#include "ends.h"
#include "kernel.h"

#include <coil/stream.h>

struct wire {
    coil_loop *loop;
    coil_stream *stream;
    int peer;
    int rc; /* of a task of the case */
};

static inline void wire_say(struct wire *wire, const char *text)
{
    CHECK_EQ(send(wire->peer, text, strlen(text), MSG_NOSIGNAL), (ssize_t)strlen(text));
}

/* The peer says no more. */
static inline void wire_end(struct wire *wire)
{
    CHECK_EQ(shutdown(wire->peer, SHUT_WR), 0);
}

/* The peer goes with data unread: a reset. */
static inline void wire_reset(struct wire *wire)
{
    const struct linger now = {.l_onoff = 1};

    CHECK_EQ(setsockopt(wire->peer, SOL_SOCKET, SO_LINGER, &now, sizeof(now)), 0);
    close(wire->peer);
    wire->peer = -1;
}

struct wire wire_new(coil_loop *loop, const coil_stream_options *options);
void wire_free(struct wire *wire);

/* `name` is a connected stream, of a loop of its own, to the end of the scope. */
#define WIRE_WITH(name, options)                                                                   \
    KERNEL(name##_loop);                                                                           \
    __attribute__((cleanup(wire_free))) struct wire name = wire_new(name##_loop, options)
#define WIRE(name) WIRE_WITH(name, NULL)

/* Lets what was sent arrive, and the loop hear of it. */
static inline void wire_settle(void)
{
    PASS(coil_sleep(COIL_MS(10)));
}

/* In a task: the next read, or line, gives this text. */
#define WIRE_READ(stream, size, text) wire_read(stream, size, text, __FILE__, __LINE__)
#define WIRE_LINE(stream, text)       wire_line(stream, text, __FILE__, __LINE__)
void wire_read(coil_stream *stream, size_t size, const char *text, const char *file, int line);
void wire_line(coil_stream *stream, const char *text, const char *file, int line);

#endif
