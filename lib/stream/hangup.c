// SPDX-License-Identifier: MIT
/*
 * Who writes into a pipe hears that nobody reads any more also while nothing is being written: by a
 * poll, in the place of the receive, which the writing end of a pipe has not.
 */
#include "stream/stream.h"

#include <poll.h>

static void heard(coil_stream *stream, int result, bool asked)
{
    if (result > 0)
        stream_lost(stream, -EPIPE);
    else if (result == -ECANCELED && !asked)
        stream_lost(stream, -COIL_ECLOSED); /* somebody closes the descriptor under the stream */
    else if (result == -ENOMEM)
        stream_flush_starved(stream);
    else if (result == -EINTR)
        stream_flush_soon(stream); /* tried again */
}

/* What is still to be sent when it closes finds out by itself. */
static bool wants_to_hear(const coil_stream *stream)
{
    return stream->state == STREAM_OPEN && !stream_loop(stream)->sched->closing;
}

static void polled(struct op *op, const struct completion *completion)
{
    coil_stream *stream = container_of(op, struct coil_stream, receive);
    const bool asked = stream->asked;

    stream->asked = false;
    if (wants_to_hear(stream))
        heard(stream, completion->result, asked);
    stream_release(stream);
}

void stream_watch_reader(coil_stream *stream)
{
    if (!wants_to_hear(stream))
        return;
    op_init(&stream->receive, OP_POLL, stream->fd, polled);
    stream->receive.mask = POLLERR;
    int rc = engine_submit(stream_engine(stream), &stream->receive);
    if (rc == 0)
        stream_hold(stream);
    else if (rc == -ENOMEM)
        stream_flush_starved(stream);
}
