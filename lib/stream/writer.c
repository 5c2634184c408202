// SPDX-License-Identifier: MIT
/* Writing: appends to what is to be sent, and waits while that is too much. */
#include "io/retry.h"
#include "stream/stream.h"
#include "sync/line.h"
#include "task/park.h"

#include <poll.h>
#include <string.h>
#include <sys/socket.h>

enum {
    /* So much at once goes to the kernel from where it is. */
    DIRECT_MIN = 16 * 1024
};

/* ---- write ---------------------------------------------------------------------------------- */

static inline int writable(const coil_stream *stream)
{
    if (unlikely(stream->error))
        return stream->error;
    if (unlikely(stream->state != STREAM_OPEN))
        return -COIL_ECLOSED;
    if (unlikely(stream->eof_written))
        return stream->kind & STREAM_NO_WRITES ? -EBADF : -EPIPE;
    return 0;
}

static int may_write(const coil_stream *stream)
{
    int rc = stream_argument(stream);

    return unlikely(rc < 0) ? rc : writable(stream);
}

static size_t room(const coil_stream *stream)
{
    const size_t unsent = stream_unsent(stream);

    return unsent < stream->hard_limit ? stream->hard_limit - unsent : 0;
}

static ALWAYS_INLINE void appended(coil_stream *stream, size_t size)
{
    if (unlikely(stream->waits_turn))
        stream->behind += size;
    stream_water(stream);
    if (!stream_sends(stream))
        stream_flush_soon(stream);
}

int stream_emit(coil_stream *stream, const void *data, size_t size)
{
    int rc = chain_copy(stream->streams, &stream->written, data, size);

    if (likely(rc == 0))
        appended(stream, size);
    return rc;
}

static int append(coil_stream *stream, const void *data, size_t size)
{
    if (unlikely(stream->layer_class != NULL))
        return stream->layer_class->written(stream->layer, data, size);
    return stream_emit(stream, data, size);
}

int coil_stream_write(coil_stream *stream, const void *data, size_t length)
{
    int rc = may_write(stream);

    if (unlikely(rc < 0))
        return rc;
    if (unlikely(!data && length))
        return -EINVAL;
    if (unlikely(length > room(stream)))
        return -EAGAIN;
    return likely(length) ? append(stream, data, length) : 0;
}

/* All of them in one block, so that it is all or none. */
static int append_pieces(coil_stream *stream, const struct iovec *pieces, int n, size_t length)
{
    struct block *block = block_new(stream->streams, length);

    if (!block)
        return -ENOMEM;
    for (int i = 0; i < n; i++) {
        if (!pieces[i].iov_len)
            continue;
        memcpy(block->memory + block->end, pieces[i].iov_base, pieces[i].iov_len);
        block->end += (uint32_t)pieces[i].iov_len;
    }
    if (stream->layer_class || length < BLOCK_SMALL_SIZE) { /* it may fit behind what there is */
        int rc = append(stream, block->memory, length);
        block_free(stream->streams, block);
        return rc;
    }
    chain_append(&stream->written, block);
    appended(stream, length);
    return 0;
}

int coil_stream_writelines(coil_stream *stream, const struct iovec *pieces, int n)
{
    size_t length = 0;
    int rc = may_write(stream);

    if (rc < 0)
        return rc;
    if (n < 0 || (n && !pieces))
        return -EINVAL;
    for (int i = 0; i < n; i++) {
        if ((!pieces[i].iov_base && pieces[i].iov_len) || pieces[i].iov_len > PTRDIFF_MAX - length)
            return -EINVAL;
        length += pieces[i].iov_len;
    }
    if (length > room(stream))
        return -EAGAIN;
    if (length > BLOCK_SIZE_MAX)
        return -ENOMEM;
    return length ? append_pieces(stream, pieces, n, length) : 0;
}

/* ---- drain ---------------------------------------------------------------------------------- */

static const struct waiter_class drain_class = {
    .what = "drain",
    .cancel = line_cancel,
    .leave = line_let_go,
};

static int wait_in_line(coil_stream *stream, struct coil_future *task)
{
    struct place place = {.waiter.class = &drain_class};
    int rc = line_admit(&stream->drainers, task);

    if (rc < 0)
        return rc;
    rc = line_stand(&stream->drainers, &place, task);
    if (rc < 0)
        return rc;
    if (stream->error)
        return stream->error;
    return stream->dropped ? -COIL_ECLOSED : 0;
}

static inline int drain(coil_stream *stream)
{
    if (unlikely(stream->error))
        return stream->error;
    if (unlikely(stream->state != STREAM_OPEN)) {
        int rc = coil_yield_now(); /* as asyncio: a loop that writes and drains lets others run */
        if (rc < 0)
            return rc;
        if (stream->state >= STREAM_ENDING)
            return stream->error ? stream->error : -COIL_ECLOSED;
    }
    return likely(!stream->full) ? 0 : wait_in_line(stream, task_current());
}

int coil_stream_drain(coil_stream *stream)
{
    int rc = stream_may_wait(stream);

    if (rc < 0)
        return rc;
    stream_hold(stream);
    rc = drain(stream);
    stream_release(stream);
    return rc;
}

/* ---- send ----------------------------------------------------------------------------------- */

static bool may_send_directly(const coil_stream *stream, size_t length)
{
    return unlikely(length >= DIRECT_MIN) && length <= stream->hard_limit && !stream->layer_class &&
           !stream_unsent(stream) && !stream_sends(stream) && !stream->waits_turn;
}

static int send_once(coil_stream *stream, const char *data, size_t length)
{
    struct op op;

    op_init(&op, OP_SEND, stream->fd, NULL);
    op.options = MSG_NOSIGNAL | MSG_WAITALL;
    if (stream->kind & STREAM_FILE) {
        op.opcode = OP_WRITE;
        op.flags = OP_MAY_SIGNAL;
        op.offset = OP_HERE;
        op.options = 0;
    }
    op.address = data;
    op.length = io_length(length);
    return io_await(&op, POLLOUT);
}

/* What the task leaves behind goes out as if it had been written, before what was written since. */
static int leave_rest(coil_stream *stream, const char *data, size_t length)
{
    struct chain rest = {.first = NULL};
    int rc = chain_copy(stream->streams, &rest, data, length);

    if (rc < 0)
        return rc;
    while (stream->written.first) {
        struct block *block = stream->written.first;
        stream->written.first = block->next;
        chain_append(&rest, block);
    }
    stream->written = rest;
    return 0;
}

static int send_directly(coil_stream *stream, const char *data, size_t length)
{
    int rc;

    stream->direct = true;
    stream->direct_left = length;
    stream_water(stream);
    do {
        rc = send_once(stream, data + (length - stream->direct_left), stream->direct_left);
        stream->direct_left -= rc > 0 ? (size_t)rc : 0;
        stream_water(stream);
    } while (rc > 0 && stream->direct_left);
    size_t left = stream->direct_left;
    stream->direct = false;
    stream->direct_left = 0;
    if (stream->state >= STREAM_ENDING) {
        stream_flush_soon(stream);
        return stream->error ? stream->error : left ? -COIL_ECLOSED : 0;
    }
    if (left && rc != -ECANCELED && !stream_send_starved(stream, rc)) {
        stream_lost(stream, rc ? rc : -EIO);
        return stream->error;
    }
    const bool cancelled = left && rc == -ECANCELED;
    rc = left ? leave_rest(stream, data + (length - left), left) : 0;
    if (rc < 0 && left < length)
        stream_lost(stream, rc); /* half of a message was sent */
    stream_water(stream);
    stream_flush_soon(stream);
    if (rc == 0)
        return cancelled ? -ECANCELED : drain(stream);
    if (cancelled) /* what is worse is told first */
        task_cancel_later(task_current());
    return rc;
}

static int send_all(coil_stream *stream, const char *data, size_t length)
{
    const char *const first = data;

    if (may_send_directly(stream, length))
        return send_directly(stream, data, length);
    for (;;) {
        size_t free = room(stream), piece = length < free ? length : free;
        int rc = likely(piece) ? append(stream, data, piece) : 0;
        if (unlikely(rc < 0)) {
            if (rc == -ENOMEM && data != first && !stream->error)
                stream_lost(stream, rc); /* half of a message was written */
            return rc;
        }
        if (likely(piece == length))
            return drain(stream);
        data += piece;
        length -= piece;
        stream->full = true; /* there is no room: the low mark has to be reached */
        rc = drain(stream);
        if (rc == 0)
            rc = may_write(stream);
        if (rc < 0)
            return rc;
    }
}

int coil_stream_send(coil_stream *stream, const void *data, size_t length)
{
    int rc = stream_may_wait(stream);

    if (likely(rc == 0))
        rc = writable(stream);
    if (unlikely(rc < 0))
        return rc;
    if (unlikely(!data && length))
        return -EINVAL;
    stream_hold(stream);
    rc = send_all(stream, data, length);
    stream_release(stream);
    return rc;
}

/* ---- the end, and the marks ----------------------------------------------------------------- */

bool coil_stream_can_write_eof(const coil_stream *stream)
{
    return stream_argument(stream) == 0 && !stream->layer_class &&
           !(stream->kind & STREAM_NO_WRITES);
}

int coil_stream_write_eof(coil_stream *stream)
{
    int rc = may_write(stream);

    if (rc < 0)
        return rc == -EPIPE && !stream->error ? 0 : rc;
    if (stream->layer_class)
        return -EOPNOTSUPP;
    if (stream->kind & STREAM_FILE) {
        stream_close(stream);
        return 0;
    }
    stream->eof_written = true;
    stream_flush_soon(stream);
    return 0;
}

int coil_stream_set_write_buffer_limits(coil_stream *stream, size_t high, size_t low)
{
    int rc = stream_argument(stream);

    if (rc < 0)
        return rc;
    if (low > high)
        return -EINVAL;
    stream->high_water = high;
    stream->low_water = low;
    stream_water(stream);
    return 0;
}

size_t coil_stream_write_buffer_size(const coil_stream *stream)
{
    return stream_argument(stream) == 0 && stream->state < STREAM_ENDING ? stream_unsent(stream)
                                                                         : 0;
}
