// SPDX-License-Identifier: MIT
/*
 * The stream: reader and writer of one descriptor, which is its own.
 *
 * Its operations are the stream's, not a task's: a receive puts what came into `received` and wakes
 * who reads, so a reader that is cancelled leaves everything behind for the next one; a send takes
 * from `written` and wakes who drains. At most one of each is in flight.
 *
 *   OPEN ──close──> FLUSHING ──all is sent──> ENDING ──nothing is in flight──> CLOSED
 *     └──────────abort, a lost connection───────^
 *
 * FLUSHING sends what was written and receives nothing. ENDING has the descriptor's operations
 * cancelled, and closes it after the last of them.
 *
 * It is freed when nobody holds it (`users`) and it has come to its end (`holds`).
 */
#ifndef STREAM_STREAM_H
#define STREAM_STREAM_H

#include "engine/engine.h"
#include "loop/descriptor.h"
#include "loop/flush.h"
#include "stream/block.h"
#include "stream/kind.h"
#include "stream/streams.h"
#include "task/task.h"

#include <coil/layer.h>
#include <coil/stream.h>
#include <coil/sync.h>

enum stream_state { STREAM_OPEN, STREAM_FLUSHING, STREAM_ENDING, STREAM_CLOSED };

/* It lies in the stream, so that who wakes the task need not touch its stack. */
struct stream_reader {
    struct coil_future *task; /* that waits; NULL: none, or it was woken */
    const struct waiter *waiter;
    size_t wanted;
    int result;
};

/*
 * What a message touches comes first and side by side, up to `flush`: with a thousand connections
 * all of it has left the caches when the next one comes, and each line has to be fetched.
 */
struct coil_stream {
    struct streams *streams; /* NULL: its loop was closed */
    int fd;
    uint8_t state; /* enum stream_state */
    uint8_t kind;  /* enum stream_kind, of each what holds */
    bool reading;  /* a task is in a call that reads */
    bool ended;    /* the peer sends no more */
    /* receiving */
    bool raw_ended;  /* the peer's end was for the layer */
    bool paused;     /* more came than the reader's limit allows */
    bool resumes;    /* and the reader took enough of it since */
    bool slow;       /* so its reader is, until it waits and finds nothing left behind */
    bool awaited;    /* the receive in flight was begun for one who waits */
    bool asked;      /* the receive in flight was asked to end */
    bool one_shot;   /* the engine had no buffer left */
    bool plain;      /* the descriptor takes no receive of many completions */
    bool polls;      /* it would not wait by itself */
    bool bulk;       /* much comes at once: a reader who asks for much receives by itself */
    bool full_reads; /* the last receive of one completion filled its block */
    /* sending */
    bool full;        /* more was written than the high water mark allows, until the low one */
    bool direct;      /* a task sends its own memory */
    bool sends_file;  /* a task is in coil_stream_sendfile */
    bool waits_turn;  /* and what was written before it is not all sent */
    bool dropped;     /* what was written was not all sent, and will not be */
    bool layer_waits; /* it has to hear from the peer before the stream closes */
    bool send_polls;  /* the descriptor would not wait by itself */
    bool last_try;    /* the loop closes: what the kernel does not take at once is lost */
    bool eof_written; /* nothing more will be; from the start where it is only read */
    bool shut;        /* and the peer was told */
    int error;        /* of the connection; 0: none */
    unsigned users, holds;
    struct stream_reader reader;
    const coil_layer_class *layer_class; /* NULL: no layer */
    struct chain received, written;
    struct op receive, send;
    size_t limit, high_water, low_water, hard_limit;
    size_t direct_left; /* bytes of a task that sends its own memory */
    struct flush flush;
    /* seldom used */
    void *layer;
    struct block *into; /* where a receive of one completion puts it */
    struct op *reads;   /* of a task that receives by itself */
    size_t behind;      /* of what is written: what stands behind a file that waits for its turn */
    struct coil_line drainers, waiters, turn; /* for room to write; for the end; with a file */
    struct closer closer;
    void *userdata;
    void (*on_lost)(coil_stream *stream, void *arg); /* NULL: nobody wants to know */
    void *on_lost_arg;
    struct list_node link; /* in streams->all */
};

/* 0, or the code that a public function returns for such an argument. -COIL_ECLOSED: its loop is
 * closed. */
static inline int stream_argument(const coil_stream *stream)
{
    if (unlikely(!stream))
        return -EINVAL;
    if (unlikely(err_is(stream)))
        return err_code(stream);
    if (unlikely(!stream->streams))
        return -COIL_ECLOSED;
    sched_check_thread(stream->streams->loop->sched);
    return 0;
}

/* The same for a call that may wait. -COIL_ENOLOOP: not in a task; -EXDEV: in another loop's. */
static inline int stream_may_wait(const coil_stream *stream)
{
    int rc = stream_argument(stream);

    if (unlikely(rc < 0))
        return rc;
    const struct coil_future *task = task_current();
    if (unlikely(!task))
        return -COIL_ENOLOOP;
    return likely(task->sched == stream->streams->loop->sched) ? 0 : -EXDEV;
}

static inline coil_loop *stream_loop(const coil_stream *stream)
{
    return stream->streams->loop;
}

static inline struct engine *stream_engine(const coil_stream *stream)
{
    return stream->streams->loop->engine;
}

/* A stream for a descriptor of which the kind is known, of which nothing is asked or set. */
coil_stream *stream_adopt(coil_loop *loop, int fd, int kind, const coil_stream_options *options);

/* Keeps the memory while a task or the loop uses it. */
static inline void stream_hold(coil_stream *stream)
{
    stream->holds++;
}

/* Nobody does any more. */
void stream_unheld(coil_stream *stream);

static inline void stream_release(coil_stream *stream)
{
    ASSERT(stream->holds > 0);
    if (unlikely(--stream->holds == 0))
        stream_unheld(stream);
}

/* Its loop goes. */
void stream_orphan(coil_stream *stream);

/* Its flush runs before the engine is entered next or, while it starves, in a moment. */
static inline void stream_flush_soon(coil_stream *stream)
{
    if (stream->flush.queued)
        return;
    stream_hold(stream);
    flush_soon(stream_loop(stream), &stream->flush);
}

/* It does so in a moment, because memory is short. */
static inline void stream_flush_starved(coil_stream *stream)
{
    if (stream->flush.queued)
        return;
    stream_hold(stream);
    flush_starved(stream_loop(stream), &stream->flush);
}

/* Whether a send failed for that alone. It has moved nothing then, and can be repeated. What has no
 * room for the bytes of a Unix socket is -ENOBUFS to the kernel. */
static inline bool stream_send_starved(const coil_stream *stream, int result)
{
    return result == -ENOMEM || (result == -ENOBUFS && !(stream->kind & STREAM_FILE));
}

/* ---- receive.c ------------------------------------------------------------------------------ */

/* Sees to it that something is received. -ENOMEM and the like: nothing is. */
int stream_receive(coil_stream *stream);

/* Waits until `wanted` bytes are here or nothing more will come: 0. -ECANCELED, the connection's
 * code, -COIL_ECLOSED when the stream was closed meanwhile, -ENOMEM. */
int stream_wait(coil_stream *stream, size_t wanted);

/* The flush's part: begins to receive again when somebody wants it. */
void stream_receive_again(coil_stream *stream);

/* What a read came to, its last completion. */
static inline int stream_read_result(const coil_stream *stream, int result)
{
    return unlikely(result == -EIO) && stream->kind & STREAM_MASTER ? 0 : result;
}

/* It closes: what still comes is nobody's. */
static inline bool stream_is_deaf(const coil_stream *stream)
{
    return stream->state != STREAM_OPEN &&
           !(stream->state == STREAM_FLUSHING && stream->layer_waits);
}

/* Something was appended to what was received. */
void stream_received(coil_stream *stream);

/* The peer's end is here. */
void stream_received_end(coil_stream *stream);

/* Whether nothing will be received any more. */
static inline bool stream_no_more(const coil_stream *stream)
{
    return stream->ended || stream->state != STREAM_OPEN;
}

/* Ends the wait of the reader with a code, or 0. */
void stream_wake_reader(coil_stream *stream, int result);

/* Nothing more is received. */
void stream_stop_receiving(coil_stream *stream);

/* Bytes were taken away: a receive that was paused may go on. */
static inline void stream_took(coil_stream *stream)
{
    if (unlikely(stream->paused) && stream->received.size <= stream->limit) {
        stream->resumes = true;
        stream_flush_soon(stream);
    }
}

/* Drops the first bytes. */
static inline void stream_consume(coil_stream *stream, size_t size)
{
    chain_consume(stream->streams, &stream->received, size);
    stream_took(stream);
}

/* Takes them out. */
static inline void stream_take(coil_stream *stream, void *data, size_t size)
{
    chain_take(stream->streams, &stream->received, data, size);
    stream_took(stream);
}

/* ---- hangup.c ------------------------------------------------------------------------------- */

static inline bool stream_writes_pipe(const coil_stream *stream)
{
    return (stream->kind & (STREAM_PIPE | STREAM_NO_READS)) == (STREAM_PIPE | STREAM_NO_READS);
}

/* The flush's part: sees to it that the stream hears when nobody reads from its pipe any more. */
void stream_watch_reader(coil_stream *stream);

/* ---- reader.c ------------------------------------------------------------------------------- */

/* What each call that reads begins and ends with. -EBUSY: another task reads. */
static inline int stream_begin_reading(coil_stream *stream)
{
    int rc = stream_may_wait(stream);

    if (unlikely(rc < 0))
        return rc;
    if (unlikely(stream->reading))
        return -EBUSY;
    stream->reading = true;
    stream_hold(stream);
    return 0;
}

static inline void stream_end_reading(coil_stream *stream)
{
    stream->reading = false;
    stream_release(stream);
}

/* ---- layer.c -------------------------------------------------------------------------------- */

/* Gives raw bytes to the layer; none: the peer's end. */
void stream_to_layer(coil_stream *stream, const void *raw, size_t size);

/* ---- send.c --------------------------------------------------------------------------------- */

/* What is due once a turn: sends, receives again, takes the next step to the end. */
void stream_flush(struct flush *flush);

/* Appends to what is sent. -ENOMEM: nothing was. */
int stream_emit(coil_stream *stream, const void *data, size_t size);

/* Whether a send is in flight. */
static inline bool stream_sends(const coil_stream *stream)
{
    return stream->send.state != OP_IDLE || stream->direct;
}

static inline size_t stream_unsent(const coil_stream *stream)
{
    return stream->written.size + stream->direct_left;
}

/* A water mark was passed. */
void stream_passed_mark(coil_stream *stream);

/* Something was written, or sent: those who drain may have to wait, or can go on. */
static inline void stream_water(coil_stream *stream)
{
    if (unlikely(stream->full || stream_unsent(stream) > stream->high_water))
        stream_passed_mark(stream);
}

/* ---- close.c -------------------------------------------------------------------------------- */

/* Begins to close it, unless it has begun. */
void stream_close(coil_stream *stream);

/* The same when no task is left. */
void stream_close_with_loop(coil_stream *stream);

/* The connection is lost, or given up (0): what was not sent is dropped. */
void stream_lost(coil_stream *stream, int code);

/* The same, but what is to be sent is sent first. */
void stream_fail(coil_stream *stream, int code);

/* The flush's part: the next step of a stream that sends nothing any more. */
void stream_end(coil_stream *stream);

/* Has somebody told once, when the descriptor is closed, however it came to that. It may give the
 * stream's references back. */
void stream_on_lost(coil_stream *stream, void (*fn)(coil_stream *stream, void *arg), void *arg);

#endif
