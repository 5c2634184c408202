// SPDX-License-Identifier: MIT
/*
 * The receiving half. Where the engine can, one receive stays in flight and completes once for each
 * piece that comes, in a buffer that the engine lends then: an idle connection has no buffer, and a
 * message costs no submission. Otherwise, and while the engine has no buffer left, a receive of one
 * completion has a block of its own.
 *
 * A receive of many takes what the socket holds faster than it can be cancelled. So once a reader
 * was slow, each receive takes one piece, and only while no more than the limit is here, until it
 * waits again and one finds less than it asked for: then nothing was left behind. A small piece
 * comes first, into a buffer that is lent where there is one, and a large one only when that was
 * full: so a large block seldom waits for a peer who is silent.
 *
 * How a receive ends says nothing by itself: the kernel ends one of many completions when it
 * likes. What is not the peer's end or an error of the connection is begun again, at the end of
 * the turn, if somebody still waits for it.
 */
#include "stream/stream.h"

#include "task/park.h"

#include <poll.h>
#include <string.h>
#include <sys/socket.h>

enum {
    /* What is smaller is copied behind what came before, where there is room: else a reader that
     * is slow would hold a whole buffer for each few bytes. */
    PIECE_MIN = 512,
    ONE_SHOT_LARGE = 64 * 1024
};

struct read_wait {
    struct waiter waiter;
    coil_stream *stream;
};

/* ---- who waits ------------------------------------------------------------------------------ */

static bool waits(const coil_stream *stream)
{
    return stream->reader.task != NULL;
}

static void wake(struct stream_reader *reader, int result)
{
    struct coil_future *task = reader->task;

    reader->task = NULL;
    reader->result = result;
    task_wake(task);
}

void stream_wake_reader(coil_stream *stream, int result)
{
    if (waits(stream))
        wake(&stream->reader, result);
}

static bool leave(struct waiter *waiter)
{
    container_of(waiter, struct read_wait, waiter)->stream->reader.task = NULL;
    return true;
}

static bool cancel(struct waiter *waiter)
{
    coil_stream *stream = container_of(waiter, struct read_wait, waiter)->stream;

    if (!waits(stream))
        return false;
    wake(&stream->reader, -ECANCELED);
    return true;
}

static const struct waiter_class read_class = {
    .what = "read",
    .cancel = cancel,
    .leave = leave,
};

int stream_wait(coil_stream *stream, size_t wanted)
{
    struct coil_future *task = task_current();
    struct read_wait wait = {.waiter = {.class = &read_class, .task = task}, .stream = stream};

    if (unlikely(task_wait_refused(task)))
        return -ECANCELED;
    if (unlikely(stream->kind & STREAM_NO_READS))
        return -EBADF;
    stream->reader = (struct stream_reader){task, &wait.waiter, wanted, 0};
    int rc = stream_receive(stream);
    stream->receive.submitter = task;
    if (likely(rc == 0))
        rc = task_wait(task, &wait.waiter);
    stream->reader.task = NULL;
    return likely(rc == 0) ? stream->reader.result : rc;
}

/* ---- what came ------------------------------------------------------------------------------ */

/* Whether its bytes are better copied than kept in it; others are before it. */
static bool better_copied(const coil_stream *stream, const struct block *block)
{
    const struct chain *chain = &stream->received;
    const size_t size = block_used(block);
    const bool many = chain->lent >= LENT_SHARE && block->kind == BLOCK_LENT &&
                      stream->streams->lent_count > LENT_FEW;

    return many || (size < PIECE_MIN && block_room(chain->last) >= size);
}

/* A block that came is the reader's now. Where there is no memory for a copy it is kept. */
static void append(coil_stream *stream, struct block *block)
{
    struct chain *chain = &stream->received;

    if (unlikely(chain->last != NULL) && better_copied(stream, block) &&
        chain_copy(stream->streams, chain, block->memory + block->start, block_used(block)) == 0)
        block_free(stream->streams, block);
    else
        chain_append(chain, block);
}

void stream_stop_receiving(coil_stream *stream)
{
    if (stream->reads && stream->reads->state == OP_IN_FLIGHT)
        engine_cancel(stream_engine(stream), stream->reads);
    if (stream->receive.state != OP_IN_FLIGHT)
        return;
    stream->asked = true;
    engine_cancel(stream_engine(stream), &stream->receive);
}

void stream_received(coil_stream *stream)
{
    if (waits(stream)) {
        if (stream->received.size < stream->reader.wanted)
            return;
        task_fetch(stream->reader.task, stream->reader.waiter);
        wake(&stream->reader, 0);
    } else if (unlikely(stream->received.size > 2 * stream->limit)) {
        stream->paused = stream->slow = true;
        stream_stop_receiving(stream);
    }
}

/* As task_fetch: what a reader and a writer will touch. */
static inline void fetch(const coil_stream *stream, const struct block *block)
{
    const char *end = (const char *)(&stream->flush + 1);

    fetch_line(block->memory);
    for (const char *line = (const char *)stream; line < end; line += CACHE_LINE)
        fetch_line(line);
}

static inline void take(coil_stream *stream, struct block *block)
{
    if (unlikely(stream_is_deaf(stream))) {
        block_free(stream->streams, block);
        return;
    }
    if (unlikely(stream->layer_class != NULL)) {
        stream_to_layer(stream, block->memory + block->start, block_used(block));
        block_free(stream->streams, block);
        return;
    }
    fetch(stream, block);
    append(stream, block);
    stream_received(stream);
}

void stream_received_end(coil_stream *stream)
{
    stream->ended = true;
    stream_wake_reader(stream, 0);
}

static void take_end(coil_stream *stream)
{
    if (stream_is_deaf(stream))
        return;
    if (likely(!stream->layer_class)) {
        stream_received_end(stream);
        return;
    }
    stream->raw_ended = true;
    stream_to_layer(stream, NULL, 0);
}

/* ---- how it ended --------------------------------------------------------------------------- */

/* Whether a receive of many completions is what this descriptor does not take. */
static bool takes_no_many(const coil_stream *stream, int result)
{
    return stream->receive.flags & OP_MANY && (result == -EINVAL || result == -EOPNOTSUPP);
}

/* The last completion of a receive that was asked to end or was not. */
static void ended(coil_stream *stream, int result, bool asked)
{
    if (result == 0) {
        take_end(stream);
    } else if (result == -ENOBUFS) {
        stream->one_shot = true;
    } else if (result == -EAGAIN) { /* O_NONBLOCK: it is the caller who waits */
        stream->polls = true;
    } else if (takes_no_many(stream, result)) {
        stream->plain = true;
    } else if (result == -ENOMEM) {
        stream_wake_reader(stream, result);
        stream_flush_starved(stream);
    } else if (result == -ECANCELED && !asked && !stream_loop(stream)->sched->closing) {
        stream_lost(stream, -COIL_ECLOSED); /* somebody closes the descriptor under the stream */
    } else if (result < 0 && result != -ECANCELED && result != -EINTR) {
        stream_lost(stream, result);
    }
    if (!stream_is_deaf(stream) && !stream->ended && !stream->raw_ended)
        stream_flush_soon(stream);
}

static void over(coil_stream *stream, int result)
{
    const bool asked = stream->asked;

    stream->asked = false;
    ended(stream, result, asked);
    stream_release(stream);
}

/* Whether a large piece is not too much for a reader who is slow. */
static bool takes_large(const coil_stream *stream)
{
    return stream->limit >= ONE_SHOT_LARGE;
}

/* One piece has come for a reader who was slow. */
static void go_on_slowly(coil_stream *stream, bool full, bool small)
{
    stream->slow = full || !stream->awaited;
    stream->full_reads = full && small;
    if (!waits(stream) && stream->state == STREAM_OPEN) { /* a layer's farewell is not held up */
        stream->resumes = stream->received.size <= stream->limit;
        stream->paused = !stream->resumes;
    }
}

static NOINLINE void came_last(coil_stream *stream, int result)
{
    struct block *into = stream->into;
    const bool one = !(stream->receive.flags & OP_MANY);
    const bool small = !into || (into->size == BLOCK_SMALL_SIZE && takes_large(stream));
    bool full = result == LENT_SIZE;

    stream->into = NULL;
    if (into && result > 0) {
        into->end = (uint32_t)result;
        full = stream->full_reads = block_room(into) == 0;
        take(stream, into);
    } else if (into) {
        block_free(stream->streams, into);
    }
    if (stream->slow && one && result > 0)
        go_on_slowly(stream, full, small);
    over(stream, result);
}

static void came(struct op *op, const struct completion *completion)
{
    coil_stream *stream = container_of(op, struct coil_stream, receive);
    const int result = completion->result;

    if (likely(completion->flags & COMPLETION_BUFFER))
        take(stream, streams_lent(stream->streams, completion->buffer, (size_t)result));
    if (unlikely(!(completion->flags & COMPLETION_MORE)))
        came_last(stream, stream_read_result(stream, result));
}

/* It was only waited for. */
static void ready(struct op *op, const struct completion *completion)
{
    over(container_of(op, struct coil_stream, receive),
         completion->result > 0 ? 1 : completion->result);
}

/* ---- beginning ------------------------------------------------------------------------------ */

static void prepare_lent(coil_stream *stream)
{
    struct op *op = &stream->receive;

    op_init(op, OP_RECV, stream->fd, came);
    op->flags = OP_LEND;
    op->group = LENT_GROUP;
    if (unlikely(stream->slow))
        return;
    op->flags |= OP_MANY;
    stream->bulk = false;
}

static int prepare_one(coil_stream *stream)
{
    struct op *op = &stream->receive;
    const bool large = stream->full_reads && (!stream->slow || takes_large(stream));
    size_t size = large ? ONE_SHOT_LARGE : BLOCK_SMALL_SIZE;

    stream->into = block_new(stream->streams, size);
    if (!stream->into)
        return -ENOMEM;
    op_init(op, stream->kind == STREAM_SOCKET ? OP_RECV : OP_READ, stream->fd, came);
    op->address = stream->into->memory;
    op->length = stream->into->size;
    if (stream->kind & STREAM_FILE)
        op->offset = OP_HERE;
    return 0;
}

static int begin(coil_stream *stream)
{
    int rc = 0;

    if (stream->polls) {
        op_init(&stream->receive, OP_POLL, stream->fd, ready);
        stream->receive.mask = POLLIN;
    } else if (stream->kind == STREAM_SOCKET && !stream->plain && !stream->one_shot &&
               !(stream->slow && stream->full_reads) && streams_lend(stream->streams)) {
        prepare_lent(stream);
    } else {
        rc = prepare_one(stream);
    }
    if (rc == 0)
        rc = engine_submit(stream_engine(stream), &stream->receive);
    if (rc < 0) {
        if (stream->into)
            block_free(stream->streams, stream->into);
        stream->into = NULL;
        return rc;
    }
    stream->awaited = waits(stream);
    stream->polls = stream->one_shot = false; /* the next one may have more luck */
    stream_hold(stream);
    return 0;
}

int stream_receive(coil_stream *stream)
{
    stream->paused = stream->resumes = false;
    /* One that was asked to end has not ended yet: its end begins the next. Two at a time would
     * have the bytes in any order. */
    return likely(stream->receive.state != OP_IDLE) || stream->reads || stream_is_deaf(stream) ||
                   stream->ended
               ? 0
               : begin(stream);
}

void stream_receive_again(coil_stream *stream)
{
    if (unlikely(stream_writes_pipe(stream))) {
        stream_watch_reader(stream);
        return;
    }
    if (stream->bulk && waits(stream) && stream->reader.wanted == 1) {
        stream_wake_reader(stream, 0); /* it may receive by itself */
        return;
    }
    const bool wanted =
        waits(stream) || stream->resumes || (stream->layer_class && !stream->paused);

    if (!wanted || stream_loop(stream)->sched->closing)
        return;
    int rc = stream_receive(stream);
    if (rc == -ENOMEM && stream->layer_class && !waits(stream))
        stream_flush_starved(stream); /* nobody is there to be told */
    else if (rc < 0)
        stream_wake_reader(stream, rc);
}
