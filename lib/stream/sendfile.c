// SPDX-License-Identifier: MIT
/*
 * A file through a stream. Where nothing lies between the program and the descriptor it goes
 * straight to that, as a task's own memory does (`direct`): what is written meanwhile waits behind
 * it. Through a layer it is read and written.
 */
#include "base/alloc.h"
#include "stream/stream.h"

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

/* Until nothing that was written before is on its way. */
static int wait_for_the_rest(coil_stream *stream)
{
    const size_t high = stream->high_water, low = stream->low_water;
    int rc = 0;

    while (rc == 0 && stream_unsent(stream)) {
        (void)coil_stream_set_write_buffer_limits(stream, 0, 0);
        rc = coil_stream_drain(stream);
    }
    if (stream->high_water == 0) /* and nobody has set it meanwhile */
        (void)coil_stream_set_write_buffer_limits(stream, high, low);
    if (rc == 0)
        rc = coil_stream_write(stream, NULL, 0);
    ASSERT(rc < 0 || !stream_sends(stream));
    return rc;
}

static ssize_t send_directly(coil_stream *stream, int file, int64_t offset, int64_t count)
{
    ssize_t n = wait_for_the_rest(stream);

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
    int rc = coil_stream_drain(stream);

    if (rc == 0)
        rc = coil_stream_write(stream, NULL, 0);
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
