// SPDX-License-Identifier: MIT
/* Making streams and letting them go. */
#include "stream/stream.h"

#include "base/alloc.h"
#include "loop/exception.h"

enum { LIMIT = 64 * 1024, HIGH_WATER = 64 * 1024, HARD_LIMIT = 16 * 1024 * 1024 };

/* ---- options -------------------------------------------------------------------------------- */

static bool too_large(size_t size)
{
    return size > PTRDIFF_MAX;
}

static int set_options(coil_stream *stream, const coil_stream_options *options)
{
    static const coil_stream_options none = {.size = sizeof(none)};

    if (!options)
        options = &none;
    if (options->size != sizeof(*options) || too_large(options->limit) ||
        too_large(options->high_water) || too_large(options->hard_limit))
        return -EINVAL;
    stream->limit = options->limit ? options->limit : LIMIT;
    stream->high_water = options->high_water ? options->high_water : HIGH_WATER;
    stream->low_water = options->low_water ? options->low_water : stream->high_water / 4;
    stream->hard_limit = options->hard_limit ? options->hard_limit : HARD_LIMIT;
    return stream->low_water <= stream->high_water ? 0 : -EINVAL;
}

/* ---- making --------------------------------------------------------------------------------- */

coil_stream *stream_adopt(coil_loop *loop, int fd, int kind, const coil_stream_options *options)
{
    struct streams *streams = streams_of(loop);

    if (err_is(streams))
        return COIL_ERR(err_code(streams));
    if (loop->sched->closing)
        return COIL_ERR(-COIL_ECLOSED);
    coil_stream *stream = coil__alloc_zeroed(sizeof(*stream));
    if (!stream)
        return COIL_ERR(-ENOMEM);
    int rc = set_options(stream, options);
    if (rc < 0) {
        coil__free(stream);
        return COIL_ERR(rc);
    }
    stream->streams = streams;
    stream->fd = fd;
    stream->kind = (uint8_t)kind;
    stream->bulk = !(kind & STREAM_NO_READS); /* until a reader finds out */
    stream->eof_written = stream->shut = kind & STREAM_NO_WRITES;
    stream->users = 1;
    stream->holds = 1; /* until it is closed */
    stream->flush.run = stream_flush;
    list_append(&streams->all, &stream->link);
    if (stream_writes_pipe(stream))
        stream_flush_soon(stream);
    return stream;
}

coil_stream *coil_stream_new(int fd, const coil_stream_options *options)
{
    if (fd < 0)
        return COIL_ERR(-EBADF);
    coil_loop *loop = options && options->size == sizeof(*options) ? options->loop : NULL;
    if (!loop)
        loop = loop_present();
    if (!loop)
        return COIL_ERR(-COIL_ENOLOOP);
    int rc = loop_argument(loop);
    if (rc < 0)
        return COIL_ERR(rc);
    sched_check_thread(loop->sched);
    if (loop->sched->closing)
        return COIL_ERR(-COIL_ECLOSED);
    int kind = loop->engine->class->real ? kind_of(fd) : STREAM_SOCKET;
    return kind < 0 ? COIL_ERR(kind) : stream_adopt(loop, fd, kind, options);
}

/* ---- letting go ----------------------------------------------------------------------------- */

static void free_stream(coil_stream *stream)
{
    ASSERT(!stream->reader.task && !stream->flush.queued);
    if (stream->layer_class && stream->layer_class->free)
        stream->layer_class->free(stream->layer);
    if (stream->streams) {
        chain_drop(stream->streams, &stream->received);
        list_remove(&stream->link);
    }
    coil__free(stream);
}

void stream_unheld(coil_stream *stream)
{
    if (!stream->users)
        free_stream(stream);
}

void stream_orphan(coil_stream *stream)
{
    ASSERT(stream->state == STREAM_CLOSED && !stream->reader.task && !stream->flush.queued);
    chain_drop(stream->streams, &stream->received);
    stream->streams = NULL;
    stream->holds = 0; /* what is left is of tasks that were abandoned in a call */
    if (!stream->users)
        coil__free(stream);
}

coil_stream *coil_stream_ref(coil_stream *stream)
{
    if (!stream)
        return COIL_ERR(-EINVAL);
    if (err_is(stream))
        return stream;
    if (stream->streams)
        sched_check_thread(stream_loop(stream)->sched);
    stream->users++;
    ASSERT(stream->users != 0);
    return stream;
}

static void report(coil_stream *stream)
{
    const coil_exception_context context = {
        .size = sizeof(context),
        .message = "a stream was released that was not closed",
    };
    exception_report(stream_loop(stream), &context);
}

void coil_stream_unref(coil_stream *stream)
{
    if (!stream || err_is(stream))
        return;
    if (stream->streams)
        sched_check_thread(stream_loop(stream)->sched);
    ASSERT_CONTRACT(stream->users > 0, "a reference was given back twice");
    if (--stream->users)
        return;
    stream_hold(stream); /* the handler may do what it wants */
    if (stream->streams && stream->state == STREAM_OPEN) {
        report(stream);
        stream_close(stream);
    }
    stream_release(stream);
}

/* ---- asking --------------------------------------------------------------------------------- */

int coil_stream_error(const coil_stream *stream)
{
    int rc = stream_argument(stream);
    return rc < 0 ? rc : stream->error;
}

int coil_stream_descriptor(const coil_stream *stream)
{
    int rc = stream_argument(stream);

    if (rc < 0)
        return rc;
    return stream->state < STREAM_ENDING ? stream->fd : -COIL_ECLOSED;
}

int coil_stream_set_userdata(coil_stream *stream, void *userdata)
{
    int rc = stream_argument(stream);

    if (rc == 0)
        stream->userdata = userdata;
    return rc;
}

void *coil_stream_userdata(const coil_stream *stream)
{
    return stream && !err_is(stream) ? stream->userdata : NULL;
}
