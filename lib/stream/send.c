// SPDX-License-Identifier: MIT
/*
 * The sending half. What is written in a turn is sent once, just before the engine is entered; one
 * send is in flight at a time, and carries the first block. A block that is with the kernel still
 * takes bytes behind what is being sent.
 *
 * While the loop closes nothing may wait for a peer: what the kernel does not take at once is lost.
 */
#include "stream/stream.h"

#include "sync/line.h"

#include <poll.h>
#include <sys/socket.h>
#include <sys/uio.h>

static bool loop_closes(const coil_stream *stream)
{
    return stream_loop(stream)->sched->closing;
}

void stream_passed_mark(coil_stream *stream)
{
    const size_t unsent = stream_unsent(stream);

    if (unsent > stream->high_water) {
        stream->full = true;
    } else if (stream->full && unsent <= stream->low_water) {
        stream->full = false;
        (void)line_wake_all(&stream->drainers);
    }
}

/* ---- sending -------------------------------------------------------------------------------- */

static void send_failed(coil_stream *stream, int result)
{
    /* A loop that closes does not wait for memory. */
    if (stream_send_starved(stream, result) && !stream->last_try) {
        stream_flush_starved(stream);
        return;
    }
    switch (result) {
    case -EINTR: /* tried again */
        break;
    case -EAGAIN:
        if (stream->last_try)
            stream_lost(stream, -COIL_ECLOSED);
        else
            stream->send_polls = true; /* O_NONBLOCK: it is the caller who waits */
        break;
    case -ECANCELED: /* by the loop's end, and is tried once more; or the descriptor's */
        if (stream->last_try || !loop_closes(stream))
            stream_lost(stream, -COIL_ECLOSED);
        break;
    default:
        stream_lost(stream, result ? result : -EIO);
        break;
    }
}

static void over(coil_stream *stream)
{
    if (stream->written.size || stream->eof_written || stream->waits_turn ||
        stream->state != STREAM_OPEN)
        stream_flush_soon(stream);
    stream_release(stream);
}

static void sent(struct op *op, const struct completion *completion)
{
    coil_stream *stream = container_of(op, struct coil_stream, send);

    if (likely(completion->result > 0)) {
        chain_consume(stream->streams, &stream->written, (size_t)completion->result);
        stream_water(stream);
    } else {
        send_failed(stream, completion->result);
    }
    over(stream);
}

static void ready(struct op *op, const struct completion *completion)
{
    coil_stream *stream = container_of(op, struct coil_stream, send);

    if (completion->result < 0)
        send_failed(stream, completion->result);
    over(stream);
}

static ALWAYS_INLINE void prepare_send(coil_stream *stream)
{
    struct op *op = &stream->send;
    const struct block *first = stream->written.first;

    stream->last_try = loop_closes(stream);
    if (unlikely(stream->send_polls && !stream->last_try)) {
        stream->send_polls = false;
        op_init(op, OP_POLL, stream->fd, ready);
        op->mask = POLLOUT;
        return;
    }
    op_init(op, OP_SEND, stream->fd, sent);
    op->options = MSG_NOSIGNAL | MSG_WAITALL;
    if (unlikely(stream->last_try))
        op->options |= MSG_DONTWAIT;
    if (unlikely(stream->kind & STREAM_FILE)) {
        op->opcode = OP_WRITE;
        op->flags = OP_MAY_SIGNAL;
        op->offset = OP_HERE;
        op->options = stream->last_try ? RWF_NOWAIT : 0;
    }
    op->address = first->memory + first->start;
    op->length = (uint32_t)block_used(first);
}

/* The same where a file is to follow soon. False: now. */
static NOINLINE bool prepare_before_file(coil_stream *stream)
{
    const size_t before = stream->written.size - stream->behind;

    if (!before) {
        (void)line_wake_all(&stream->turn);
        return false;
    }
    prepare_send(stream);
    if (stream->send.length > before)
        stream->send.length = (uint32_t)before;
    return true;
}

/* ---- the end of writing --------------------------------------------------------------------- */

static void shut(struct op *op, const struct completion *completion)
{
    coil_stream *stream = container_of(op, struct coil_stream, send);

    stream->shut = true;
    switch (completion->result) {
    case -ENOMEM:
        stream_flush_starved(stream); /* and then tried again */
        /* fall through */
    case -EINTR:
        stream->shut = loop_closes(stream);
        break;
    case -ENOTCONN: /* the peer has gone already */
    case -ECANCELED:
        break;
    default:
        if (completion->result < 0)
            stream_lost(stream, completion->result);
    }
    over(stream);
}

static void prepare_shutdown(coil_stream *stream)
{
    op_init(&stream->send, OP_SHUTDOWN, stream->fd, shut);
    stream->send.length = SHUT_WR;
}

/* ---- the flush ------------------------------------------------------------------------------ */

/* Whether there is something to submit. */
static bool prepare(coil_stream *stream)
{
    if (unlikely(stream->waits_turn))
        return prepare_before_file(stream);
    if (likely(stream->written.size))
        prepare_send(stream);
    else if (stream->eof_written && !stream->shut)
        prepare_shutdown(stream);
    else
        return false;
    return true;
}

static void submit(coil_stream *stream)
{
    int rc = engine_submit(stream_engine(stream), &stream->send);

    if (likely(rc == 0))
        stream_hold(stream);
    else if (rc == -ENOMEM && !loop_closes(stream))
        stream_flush_starved(stream);
    else
        stream_lost(stream, rc);
}

void stream_flush(struct flush *flush)
{
    coil_stream *stream = container_of(flush, struct coil_stream, flush);

    if (unlikely(stream->receive.state == OP_IDLE))
        stream_receive_again(stream);
    if (unlikely(stream->state >= STREAM_ENDING)) {
        stream_end(stream);
    } else if (!stream_sends(stream)) {
        if (likely(prepare(stream)))
            submit(stream);
        else if (stream->state == STREAM_FLUSHING && !stream->layer_waits && !stream->waits_turn)
            stream_end(stream);
    }
    stream_release(stream);
}
