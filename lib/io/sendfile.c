// SPDX-License-Identifier: MIT
/*
 * A file's bytes to a socket, without a way through memory: the ring has no sendfile, but splice,
 * which wants a pipe between the two. What cannot be spliced, and what is so short that the pipe
 * costs more than the copy, is read and written.
 *
 * The kernel splices on threads of its own, and there a full socket would keep one: so each splice
 * to `out` waits for room first.
 */
#include "base/alloc.h"
#include "io/retry.h"
#include "loop/descriptor.h"
#include "loop/loop.h"

#include <coil/file.h>
#include <coil/pipe.h>
#include <coil/sendfile.h>

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    COPY_BYTES = 64 << 10,   /* a copy's buffer; as much is not worth a pipe */
    PIPE_BYTES = 1024 << 10, /* what an unprivileged pipe may hold; 64 KiB where it may not */
    CHUNK_MIN = 64 << 10
};

struct sending {
    int out, in;
    int64_t offset; /* behind what was sent */
    int64_t left;   /* INT64_MAX: to the end */
    int64_t sent;
};

static size_t next_length(const struct sending *sending, size_t most)
{
    return sending->left < (int64_t)most ? (size_t)sending->left : most;
}

static void moved(struct sending *sending, ssize_t n)
{
    sending->offset += n;
    sending->sent += n;
    if (sending->left != INT64_MAX)
        sending->left -= n;
}

/* ---- by copies ------------------------------------------------------------------------------ */

static int write_all(struct sending *sending, const char *bytes, size_t n)
{
    while (n) {
        ssize_t written = coil_write(sending->out, bytes, n);
        if (written < 0)
            return (int)written;
        moved(sending, written);
        bytes += written;
        n -= (size_t)written;
    }
    return 0;
}

static int copy(struct sending *sending)
{
    char *buffer = coil__alloc(COPY_BYTES);
    ssize_t n = buffer ? 1 : -ENOMEM;

    while (n > 0 && sending->left) {
        n = coil_pread(sending->in, buffer, next_length(sending, COPY_BYTES), sending->offset);
        if (n > 0) {
            int rc = write_all(sending, buffer, (size_t)n);
            n = rc < 0 ? rc : n;
        }
    }
    coil__free(buffer);
    return n < 0 ? (int)n : 0;
}

/* ---- by a pipe ------------------------------------------------------------------------------ */

static int empty_pipe(struct sending *sending, int pipe, ssize_t n)
{
    while (n) {
        ssize_t rc = io_await_room(sending->out);
        if (rc >= 0)
            rc = coil_splice(pipe, NULL, sending->out, NULL, (size_t)n, 0);
        if (rc < 0)
            return (int)rc;
        moved(sending, rc);
        n -= rc;
    }
    return 0;
}

/* What is left in the pipe after an error is still in the file. */
static int through(struct sending *sending, const int pipe[2], size_t room)
{
    while (sending->left) {
        int64_t offset = sending->offset;
        ssize_t n = coil_splice(sending->in, &offset, pipe[1], NULL, next_length(sending, room), 0);
        if (n <= 0)
            return (int)n;
        int rc = empty_pipe(sending, pipe[0], n);
        if (rc < 0)
            return rc;
    }
    return 0;
}

static int splice_all(struct sending *sending)
{
    int pipe[2] = {-1, -1};
    int rc = coil_pipe(pipe, 0);

    if (rc < 0)
        return rc;
    const int before = errno;
    int room = fcntl(pipe[1], F_SETPIPE_SZ, PIPE_BYTES);
    errno = before;
    rc = through(sending, pipe, room > CHUNK_MIN ? (size_t)room : CHUNK_MIN);
    (void)descriptor_discard(pipe[1]);
    (void)descriptor_discard(pipe[0]);
    return rc;
}

/* ---- public --------------------------------------------------------------------------------- */

/* Whether this is a socket that does not carry a stream. */
static bool has_messages(int fd)
{
    int type = 0;
    socklen_t size = sizeof(type);

    return getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &size) == 0 && type != SOCK_STREAM;
}

static bool is_short(const struct sending *sending)
{
    struct stat stat;

    return sending->left <= COPY_BYTES ||
           (fstat(sending->in, &stat) == 0 && S_ISREG(stat.st_mode) &&
            stat.st_size - sending->offset <= COPY_BYTES);
}

static bool cannot(int rc)
{
    return rc == -EINVAL || rc == -ENOSYS || rc == -EOPNOTSUPP;
}

ssize_t coil_sendfile(int out, int in, int64_t offset, int64_t count, unsigned flags)
{
    struct sending sending = {.out = out, .in = in, .offset = offset, .left = count};

    if (out < 0 || in < 0)
        return -EBADF;
    if (offset < 0 || count < 0 || flags & ~(unsigned)COIL_SENDFILE_NO_COPY)
        return -EINVAL;
    if (!task_current())
        return -COIL_ENOLOOP;
    const int before = errno;
    bool refused = has_messages(out);
    bool may_copy = !(flags & COIL_SENDFILE_NO_COPY);
    bool is_to_copy = may_copy && is_short(&sending);
    errno = before;
    if (refused)
        return -EINVAL;
    int rc = is_to_copy ? copy(&sending) : splice_all(&sending);
    if (!is_to_copy && may_copy && cannot(rc) && !sending.sent)
        rc = copy(&sending);
    if (sending.sent)
        (void)lseek(in, sending.offset, SEEK_SET);
    errno = before;
    return rc < 0 ? rc : sending.sent;
}
