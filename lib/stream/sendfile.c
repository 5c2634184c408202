// SPDX-License-Identifier: MIT
/*
 * A file through a stream. Where nothing lies between the program and the descriptor it goes
 * straight to that, as a task's own memory does (`direct`): what is written meanwhile waits behind
 * it. Through a layer it is read and written.
 */
#include "base/alloc.h"
#include "stream/stream.h"
#include "sync/line.h"

#include <coil/file.h>
#include <coil/sendfile.h>

enum { COPY_BYTES = 64 << 10 };

static int64_t least(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static ssize_t copy(coil_stream *stream, int file, int64_t offset, int64_t count)
{
    char *buffer = coil__alloc(COPY_BYTES);
    int64_t sent = 0;
    ssize_t n = buffer ? 1 : -ENOMEM;

    while (n > 0 && sent < count) {
        n = coil_pread(file, buffer, (size_t)least(count - sent, COPY_BYTES), offset + sent);
        int rc = n > 0 ? coil_stream_send(stream, buffer, (size_t)n) : 0;
        if (rc < 0)
            n = rc;
        else if (n > 0)
            sent += n;
    }
    coil__free(buffer);
    return n < 0 ? n : sent;
}

static const struct waiter_class turn_class = {
    .what = "sendfile",
    .cancel = line_cancel,
    .leave = line_let_go,
};

static bool is_its_turn(const coil_stream *stream)
{
    return !stream_sends(stream) && stream->written.size == stream->behind;
}

/* Until all that was written before is sent. What is written meanwhile stays behind: somebody who
 * writes all the time does not keep the file from its turn. */
static int wait_for_turn(coil_stream *stream)
{
    struct place place = {.waiter.class = &turn_class};
    struct coil_future *task = task_current();
    int rc = 0;

    stream->behind = 0;
    stream->waits_turn = true;
    if (!is_its_turn(stream)) {
        rc = line_admit(&stream->turn, task);
        if (rc == 0)
            rc = line_stand(&stream->turn, &place, task);
    }
    stream->waits_turn = false;
    if (rc == 0)
        rc = coil_stream_write(stream, NULL, 0); /* whether it still may */
    if (rc < 0)
        stream_flush_soon(stream); /* who stood behind it goes on */
    ASSERT(rc < 0 || is_its_turn(stream));
    return rc;
}

static ssize_t send_directly(coil_stream *stream, int file, int64_t offset, int64_t count)
{
    ssize_t n = wait_for_turn(stream);

    if (n < 0)
        return n;
    stream->direct = true;
    n = coil_sendfile(stream->fd, file, offset, count, 0);
    stream->direct = false;
    if (stream->state >= STREAM_ENDING && n < 0)
        n = stream->error ? stream->error : -COIL_ECLOSED;
    stream_flush_soon(stream);
    return n;
}

ssize_t coil_stream_sendfile(coil_stream *stream, int file, int64_t offset, int64_t count)
{
    int rc = stream_may_wait(stream);

    if (rc == 0)
        rc = coil_stream_write(stream, NULL, 0); /* whether it may */
    if (rc < 0)
        return rc;
    if (file < 0)
        return -EBADF;
    if (offset < 0 || count < 0)
        return -EINVAL;
    if (stream->sends_file)
        return -EBUSY;
    stream_hold(stream);
    stream->sends_file = true;
    ssize_t n = stream->layer_class ? copy(stream, file, offset, count)
                                    : send_directly(stream, file, offset, count);
    stream->sends_file = false;
    stream_release(stream);
    return n;
}
