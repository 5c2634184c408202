// SPDX-License-Identifier: MIT
/*
 * The end of a stream. Everything that could be in the middle of something only moves the state and
 * asks for a flush, which takes the next step: there no completion is half handed over.
 */
#include "stream/stream.h"

#include "sync/line.h"

/* ---- the descriptor ------------------------------------------------------------------------- */

static void finish(coil_stream *stream, int result)
{
    closer_end(&stream->closer);
    stream->state = STREAM_CLOSED;
    stream->fd = -1;
    if (result < 0 && result != -ECANCELED && !stream->error)
        stream->error = result;
    chain_drop(stream->streams, &stream->written);
    (void)line_wake_all(&stream->drainers);
    (void)line_wake_all(&stream->waiters);
    if (stream->layer_class)
        stream->layer_class->lost(stream->layer, stream->error);
    if (stream->on_lost)
        stream->on_lost(stream, stream->on_lost_arg);
    stream_release(stream);
}

void stream_on_lost(coil_stream *stream, void (*fn)(coil_stream *stream, void *arg), void *arg)
{
    stream->on_lost = fn;
    stream->on_lost_arg = arg;
}

static void closed(struct op *op, const struct completion *completion)
{
    finish(container_of(op, struct coil_stream, send), completion->result);
}

static void close_descriptor(coil_stream *stream)
{
    op_init(&stream->send, OP_CLOSE, stream->fd, closed);
    stream->send.flags = OP_TO_THE_END;
    if (unlikely(engine_submit(stream_engine(stream), &stream->send) < 0))
        finish(stream, descriptor_close_plainly(stream_engine(stream), stream->fd));
}

static void drained(struct closer *closer)
{
    stream_flush_soon(container_of(closer, struct coil_stream, closer));
}

void stream_end(coil_stream *stream)
{
    if (stream->state == STREAM_CLOSED)
        return;
    stream->state = STREAM_ENDING;
    if (!list_linked(&stream->closer.link)) {
        stream->closer = (struct closer){.fd = stream->fd, .drained = drained};
        (void)closer_begin(stream_loop(stream), &stream->closer);
    }
    /* A task that sends by itself may be between two operations, or in one on a file: it knows the
     * descriptor by its number. */
    if (stream->closer.left == 0 && !stream_sends(stream))
        close_descriptor(stream);
}

/* ---- how it begins -------------------------------------------------------------------------- */

void stream_lost(coil_stream *stream, int code)
{
    if (stream->state >= STREAM_ENDING)
        return;
    if (!stream->error) /* one that has failed keeps the cause */
        stream->error = code;
    stream->dropped = stream_unsent(stream) > 0;
    stream->state = STREAM_ENDING;
    stream_wake_reader(stream, stream->error ? stream->error : -COIL_ECLOSED);
    (void)line_wake_all(&stream->drainers);
    (void)line_wake_all(&stream->turn);
    stream_flush_soon(stream);
}

void stream_fail(coil_stream *stream, int code)
{
    if (stream->state >= STREAM_ENDING || stream->error)
        return;
    stream->error = code;
    stream->state = STREAM_FLUSHING;
    stream->layer_waits = false;
    stream_stop_receiving(stream);
    stream_wake_reader(stream, code);
    (void)line_wake_all(&stream->drainers);
    (void)line_wake_all(&stream->turn);
    stream_flush_soon(stream);
}

/* Whether the layer has something to wait for. A loop that closes waits for nobody. */
static bool layer_waits(coil_stream *stream)
{
    int rc = stream->layer_class->close(stream->layer);

    if (rc < 0)
        stream_fail(stream, rc);
    return rc > 0 && !stream_loop(stream)->sched->closing;
}

void stream_close(coil_stream *stream)
{
    if (stream->state != STREAM_OPEN) {
        if (stream_loop(stream)->sched->closing)
            (void)coil_layer_closed(stream);
        return;
    }
    stream->state = STREAM_FLUSHING;
    stream->layer_waits = stream->layer_class && layer_waits(stream);
    if (stream->layer_waits)
        stream->paused = false; /* it hears the peer out */
    else
        stream_stop_receiving(stream);
    stream_wake_reader(stream, -COIL_ECLOSED);
    stream_flush_soon(stream);
}

void stream_close_with_loop(coil_stream *stream)
{
    /* A task that was abandoned while it sent by itself does not go on. */
    stream->direct = stream->waits_turn = false;
    stream->direct_left = 0;
    stream_close(stream);
    stream_flush_soon(stream);
}

/* ---- the program's -------------------------------------------------------------------------- */

int coil_stream_close(coil_stream *stream)
{
    int rc = stream_argument(stream);

    if (rc == 0)
        stream_close(stream);
    return rc;
}

int coil_stream_abort(coil_stream *stream)
{
    int rc = stream_argument(stream);

    if (rc == 0)
        stream_lost(stream, 0);
    return rc;
}

bool coil_stream_is_closing(const coil_stream *stream)
{
    return stream_argument(stream) < 0 || stream->state != STREAM_OPEN;
}

static const struct waiter_class wait_closed_class = {
    .what = "close",
    .cancel = line_cancel,
    .leave = line_let_go,
};

int coil_stream_wait_closed(coil_stream *stream)
{
    int rc = stream_argument(stream);

    if (rc < 0)
        return rc;
    struct coil_future *task = task_current();
    if (!task)
        return -COIL_ENOLOOP;
    if (task->sched != stream_loop(stream)->sched)
        return -EXDEV;
    if (stream->state == STREAM_CLOSED)
        return stream->error;
    rc = line_admit(&stream->waiters, task);
    if (rc < 0)
        return rc;
    struct place place = {.waiter.class = &wait_closed_class};
    stream_hold(stream);
    rc = line_stand(&stream->waiters, &place, task);
    if (rc == 0)
        rc = stream->error;
    stream_release(stream);
    return rc;
}
