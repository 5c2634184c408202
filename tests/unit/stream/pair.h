// SPDX-License-Identifier: MIT
/*
 * Streams for tests. Of a world: on the simulated engine by scripts, `said` and its like giving
 * what comes. Of a pair: two connected sockets, one of them a stream, the other plain.
 */
#ifndef TESTS_STREAM_PAIR_H
#define TESTS_STREAM_PAIR_H

#include "ends.h"
#include "kernel.h"
#include "world.h"

#include <coil/stream.h>

#include "stream/stream.h"

enum { FD = 1000 };

/* ---- on the simulated engine ---------------------------------------------------------------- */

/* A stream of a world's on the descriptor FD, which closes when it is asked to. */
static inline coil_stream *stream_of(struct world *w, const coil_stream_options *options)
{
    coil_stream_options with = options ? *options : (coil_stream_options){.size = sizeof(with)};

    with.loop = w->loop;
    world_answer(w, OP_CLOSE, 0, 0);
    coil_stream *stream = coil_stream_new(FD, &with);
    PASS(coil_err(stream));
    return stream;
}

/* The same of a kind (stream/kind.h) that is no socket. */
static inline coil_stream *stream_of_kind(struct world *w, int kind)
{
    world_answer(w, OP_CLOSE, 0, 0);
    coil_stream *stream = stream_adopt(w->loop, FD, kind, NULL);
    PASS(coil_err(stream));
    return stream;
}

static inline void stream_scope_end(coil_stream **stream)
{
    (void)coil_stream_abort(*stream);
    coil_stream_unref(*stream);
}

/* Aborted and given back with its scope. */
#define STREAM __attribute__((cleanup(stream_scope_end))) coil_stream

/* The next receive brings these bytes, after a delay. With `more` it goes on. */
static inline void says(struct world *w, const char *text, coil_time delay, bool more)
{
    world_script(w->sim, (coil_sim_answer){.opcode = OP_RECV,
                                           .fd = FD,
                                           .result = (int)strlen(text),
                                           .data = text,
                                           .delay = delay,
                                           .more = more});
}

/* The next receive ends so: 0 is the peer's end. */
static inline void ends_with(struct world *w, int result, coil_time delay)
{
    world_script(w->sim,
                 (coil_sim_answer){.opcode = OP_RECV, .fd = FD, .result = result, .delay = delay});
}

/* ---- through the kernel --------------------------------------------------------------------- */

/* A stream that owns one of the ends from then on. */
static inline coil_stream *stream_of_end(coil_loop *loop, struct ends *ends, int which)
{
    const coil_stream_options options = {.size = sizeof(options), .loop = loop};
    coil_stream *stream =
        coil_is_err(loop) ? (coil_stream *)loop : coil_stream_new(ends->fd[which], &options);

    if (PASS(coil_err(stream)))
        ends->fd[which] = -1;
    return stream;
}

/* ---- checks --------------------------------------------------------------------------------- */

/* In a task: the next read gives this text. */
#define CHECK_READ(stream, size, text) check_read(stream, size, text, __FILE__, __LINE__)

static inline void check_read(coil_stream *stream, size_t size, const char *text, const char *file,
                              int line)
{
    char buffer[256] = {0};
    ssize_t n = coil_stream_read(stream, buffer, size);

    if (check_passes(n, "coil_stream_read", file, line)) {
        buffer[n] = '\0';
        check_string(buffer, text, file, line);
    }
}

#define CHECK_LINE(stream, text) check_line(stream, text, __FILE__, __LINE__)

static inline void check_line(coil_stream *stream, const char *text, const char *file, int line)
{
    char buffer[256];
    ssize_t n = coil_stream_readline(stream, buffer, sizeof(buffer) - 1);

    if (check_passes(n, "coil_stream_readline", file, line)) {
        buffer[n] = '\0';
        check_string(buffer, text, file, line);
    }
}

#endif
