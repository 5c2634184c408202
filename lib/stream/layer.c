// SPDX-License-Identifier: MIT
#include "stream/stream.h"

static bool valid(const coil_layer_class *class)
{
    return class && class->size == sizeof(*class) && class->received && class->written &&
           class->close && class->lost;
}

void stream_to_layer(coil_stream *stream, const void *raw, size_t size)
{
    int rc = stream->layer_class->received(stream->layer, raw, size);

    if (unlikely(rc < 0))
        stream_fail(stream, rc);
}

/* What came before the layer did is for it. */
static void catch_up(coil_stream *stream)
{
    struct chain raw = stream->received;

    stream->received = (struct chain){.first = NULL};
    for (const struct block *block = raw.first; block && !stream_is_deaf(stream);
         block = block->next)
        stream_to_layer(stream, block->memory + block->start, block_used(block));
    chain_drop(stream->streams, &raw);
    if (stream->ended && !stream_is_deaf(stream)) {
        stream->ended = false; /* for the reader it is not yet */
        stream->raw_ended = true;
        stream_to_layer(stream, NULL, 0);
    }
}

int coil_stream_set_layer(coil_stream *stream, const coil_layer_class *layer_class, void *layer)
{
    int rc = stream_argument(stream);

    if (rc < 0)
        return rc;
    if (!valid(layer_class))
        return -EINVAL;
    if (stream->error)
        return stream->error;
    if (stream->state != STREAM_OPEN)
        return -COIL_ECLOSED;
    if (stream->kind & (STREAM_NO_READS | STREAM_NO_WRITES))
        return -EBADF;
    if (stream->layer_class || stream->reading || stream->direct || stream->sends_file)
        return -EBUSY;
    if (stream->eof_written)
        return -EPIPE;
    stream->layer_class = layer_class;
    stream->layer = layer;
    stream->paused = stream->resumes = false; /* that was about what the layer takes away now */
    catch_up(stream);
    stream_flush_soon(stream); /* receives */
    return 0;
}

void *coil_stream_layer(const coil_stream *stream, const coil_layer_class *layer_class)
{
    int rc = layer_class ? stream_argument(stream) : -EINVAL;

    if (rc < 0)
        return COIL_ERR(rc);
    return stream->layer_class == layer_class ? stream->layer : COIL_ERR(-ENOENT);
}

int coil_layer_deliver(coil_stream *stream, const void *plain, size_t length)
{
    int rc = stream_argument(stream);

    if (rc < 0)
        return rc;
    if (!plain && length)
        return -EINVAL;
    if (stream->state != STREAM_OPEN)
        return 0;
    if (!length) {
        stream_received_end(stream);
        return 0;
    }
    rc = chain_copy(stream->streams, &stream->received, plain, length);
    if (rc == 0)
        stream_received(stream);
    return rc;
}

int coil_layer_emit(coil_stream *stream, const void *raw, size_t length)
{
    int rc = stream_argument(stream);

    if (rc < 0)
        return rc;
    if (!raw && length)
        return -EINVAL;
    if (stream->state >= STREAM_ENDING)
        return -COIL_ECLOSED;
    return length ? stream_emit(stream, raw, length) : 0;
}

int coil_layer_closed(coil_stream *stream)
{
    int rc = stream_argument(stream);

    if (rc < 0 || !stream->layer_waits)
        return rc;
    stream->layer_waits = false;
    stream_stop_receiving(stream);
    stream_flush_soon(stream);
    return 0;
}

int coil_layer_fail(coil_stream *stream, int code)
{
    int rc = stream_argument(stream);

    if (rc < 0)
        return rc;
    if (code >= 0 || code < -COIL_ERROR_MAX)
        return -EINVAL;
    stream_fail(stream, code);
    return 0;
}
