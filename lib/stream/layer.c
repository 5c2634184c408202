// SPDX-License-Identifier: MIT
#include "stream/layer.h"

#include "stream/stream.h"

/* What came before the layer did is for it. */
static int catch_up(coil_stream *stream)
{
    struct chain raw = stream->received;
    int rc = 0;

    stream->received = (struct chain){.first = NULL};
    for (const struct block *block = raw.first; block && rc == 0; block = block->next)
        rc = stream->layer->class->received(stream->layer, block->memory + block->start,
                                            block_used(block));
    chain_drop(stream->streams, &raw);
    if (rc == 0 && stream->ended) {
        stream->ended = false;
        rc = stream->layer->class->ended(stream->layer);
    }
    return rc;
}

int stream_set_layer(coil_stream *stream, struct stream_layer *layer)
{
    int rc = stream_argument(stream);

    if (rc < 0)
        return rc;
    if (stream->error)
        return stream->error;
    if (stream->state != STREAM_OPEN)
        return -COIL_ECLOSED;
    if (stream->layer || stream->reading)
        return -EBUSY;
    stream->layer = layer;
    layer->stream = stream;
    rc = catch_up(stream);
    if (rc < 0)
        stream_lost(stream, rc);
    return 0;
}

int stream_deliver(coil_stream *stream, const void *data, size_t size)
{
    int rc = chain_copy(stream->streams, &stream->received, data, size);

    if (rc == 0)
        stream_received(stream);
    return rc;
}

void stream_deliver_end(coil_stream *stream)
{
    stream_received_end(stream);
}

int stream_layer_wants(coil_stream *stream)
{
    return stream_receive(stream);
}

void stream_layer_closed(coil_stream *stream)
{
    if (!stream->layer_waits)
        return;
    stream->layer_waits = false;
    stream_stop_receiving(stream);
    stream_flush_soon(stream);
}
