// SPDX-License-Identifier: MIT
/* Reading: what takes bytes away from what was received, and waits while there are too few. */
#include "base/alloc.h"
#include "io/retry.h"
#include "stream/stream.h"

enum {
    /* So much asked for at once goes from the kernel to where it is wanted: once so much has come,
     * receives into buffers that are lent only cost copies. */
    DIRECT_MIN = 16 * 1024
};

/* Waits until there are so many bytes, or there is an end. */
static int wait_for(coil_stream *stream, size_t wanted)
{
    if (unlikely(stream->error))
        return stream->error;
    while (stream->received.size < wanted && !stream_no_more(stream)) {
        int rc = stream_wait(stream, wanted);
        if (rc < 0)
            return rc;
    }
    return 0;
}

static size_t take(coil_stream *stream, void *buffer, size_t most)
{
    size_t size = stream->received.size < most ? stream->received.size : most;

    stream_take(stream, buffer, size);
    return size;
}

/* ---- read ----------------------------------------------------------------------------------- */

static bool may_read_directly(const coil_stream *stream, size_t length)
{
    return stream->bulk && length >= DIRECT_MIN && !stream->layer_class &&
           stream->receive.state == OP_IDLE;
}

/* An operation of the task's own: what came is returned, also when the task was cancelled.
 * -EAGAIN: O_NONBLOCK, and the stream is to wait. */
static ssize_t read_directly(coil_stream *stream, void *buffer, size_t length)
{
    struct op op;

    op_init(&op, stream->kind == STREAM_SOCKET ? OP_RECV : OP_READ, stream->fd, NULL);
    op.address = buffer;
    op.length = io_length(length);
    if (stream->kind & STREAM_FILE)
        op.offset = OP_HERE;
    stream->reads = &op;
    int rc = stream_read_result(stream, io_await(&op, 0));
    stream->reads = NULL;
    const bool closed = rc == -COIL_ECLOSED && stream->state != STREAM_OPEN;
    stream->bulk = rc >= LENT_SIZE || rc == -ECANCELED || rc == -EAGAIN;
    if (rc == 0)
        stream->ended = true;
    else if (rc == -EAGAIN)
        stream->polls = true;
    else if (rc < 0 && rc != -ECANCELED && rc != -ENOMEM && !closed)
        stream_lost(stream, rc);
    return rc;
}

static ssize_t read_some(coil_stream *stream, void *buffer, size_t length)
{
    if (unlikely(!buffer && length))
        return -EINVAL;
    if (unlikely(!length))
        return stream->error;
    if (unlikely(stream->error))
        return stream->error;
    while (!stream->received.size && !stream_no_more(stream)) {
        ssize_t n =
            may_read_directly(stream, length) ? read_directly(stream, buffer, length) : -EAGAIN;
        if (n != -EAGAIN)
            return n;
        int rc = stream_wait(stream, 1);
        if (rc < 0)
            return rc;
    }
    if (unlikely(length >= DIRECT_MIN && stream->received.size >= DIRECT_MIN) && !stream->bulk) {
        stream->bulk = true;
        stream_stop_receiving(stream);
    }
    return (ssize_t)take(stream, buffer, length);
}

ssize_t coil_stream_read(coil_stream *stream, void *buffer, size_t length)
{
    int rc = stream_begin_reading(stream);

    if (rc < 0)
        return rc;
    ssize_t n = read_some(stream, buffer, length);
    stream_end_reading(stream);
    return n;
}

/* ---- readexactly ---------------------------------------------------------------------------- */

static ssize_t read_exactly(coil_stream *stream, void *buffer, size_t length, size_t *got)
{
    if ((!buffer && length) || length > PTRDIFF_MAX)
        return -EINVAL;
    int rc = wait_for(stream, length);
    if (rc < 0)
        return rc;
    size_t n = take(stream, buffer, length);
    if (got)
        *got = n;
    return n == length ? (ssize_t)n : -ENODATA;
}

ssize_t coil_stream_readexactly(coil_stream *stream, void *buffer, size_t length, size_t *got)
{
    if (got)
        *got = 0;
    int rc = stream_begin_reading(stream);
    if (rc < 0)
        return rc;
    ssize_t n = read_exactly(stream, buffer, length, got);
    stream_end_reading(stream);
    return n;
}

/* ---- read_all ------------------------------------------------------------------------------- */

static int read_all(coil_stream *stream, void **data, size_t *length)
{
    int rc = wait_for(stream, SIZE_MAX);

    if (rc < 0 || !stream->received.size)
        return rc;
    void *memory = coil__alloc(stream->received.size);
    if (!memory)
        return -ENOMEM;
    *data = memory;
    *length = take(stream, memory, SIZE_MAX);
    return 0;
}

int coil_stream_read_all(coil_stream *stream, void **data, size_t *length)
{
    if (!data || !length)
        return -EINVAL;
    *data = NULL;
    *length = 0;
    int rc = stream_begin_reading(stream);
    if (rc < 0)
        return rc;
    rc = read_all(stream, data, length);
    stream_end_reading(stream);
    return rc;
}

/* ---- peek and consume ----------------------------------------------------------------------- */

static ssize_t peek(coil_stream *stream, const void **data, size_t at_least)
{
    struct chain *received = &stream->received;
    int rc = at_least ? wait_for(stream, at_least) : 0;

    if (rc == 0)
        rc = chain_gather(stream->streams, received,
                          at_least < received->size ? at_least : received->size);
    if (rc < 0 || !received->size)
        return rc;
    *data = received->first->memory + received->first->start;
    return (ssize_t)block_used(received->first);
}

ssize_t coil_stream_peek(coil_stream *stream, const void **data, size_t at_least)
{
    if (!data || at_least > PTRDIFF_MAX)
        return -EINVAL;
    int rc = stream_begin_reading(stream);
    if (rc < 0)
        return rc;
    ssize_t n = peek(stream, data, at_least);
    stream_end_reading(stream);
    return n;
}

int coil_stream_consume(coil_stream *stream, size_t length)
{
    int rc = stream_argument(stream);

    if (rc < 0)
        return rc;
    if (stream->reading)
        return -EBUSY;
    if (length > stream->received.size)
        return -EINVAL;
    stream_consume(stream, length);
    return 0;
}

bool coil_stream_at_eof(const coil_stream *stream)
{
    return stream_argument(stream) == 0 && stream_no_more(stream) && !stream->received.size;
}
