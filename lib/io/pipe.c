// SPDX-License-Identifier: MIT
#include "io/retry.h"

#include <coil/pipe.h>

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

/* It does not block: where the engine does not carry it, it is a plain call. */
static int plain_pipe(int *ends, int flags)
{
    int rc = io_await_nothing(-1);
    const int before = errno;

    if (rc == 0 && pipe2(ends, flags) < 0)
        rc = -errno;
    errno = before;
    return rc;
}

int coil_pipe(int ends[2], int flags)
{
    struct op op;

    if (!ends)
        return -EINVAL;
    flags |= O_CLOEXEC;
    if (!io_carries(OP_PIPE))
        return plain_pipe(ends, flags);
    op_init(&op, OP_PIPE, -1, NULL);
    op.address = ends;
    op.options = (uint32_t)flags;
    return io_await(&op, 0);
}

static ssize_t move(enum op_code opcode, int from, int to, const int64_t *from_offset,
                    const int64_t *to_offset, size_t length, unsigned flags)
{
    struct op op;

    if (from < 0 || to < 0)
        return -EBADF;
    if ((from_offset && *from_offset < 0) || (to_offset && *to_offset < 0))
        return -EINVAL;
    op_init(&op, opcode, to, NULL);
    op.fd2 = from;
    op.length = io_length(length);
    op.options = flags;
    op.offset = opcode == OP_SPLICE && !to_offset ? UINT64_MAX : 0;
    op.size = opcode == OP_SPLICE && !from_offset ? UINT64_MAX : 0;
    if (to_offset)
        op.offset = (uint64_t)*to_offset;
    if (from_offset)
        op.size = (uint64_t)*from_offset;
    ssize_t rc;
    /* Either end may have been the one that was not ready. */
    while ((rc = io_await(&op, 0)) == -EAGAIN && !(flags & SPLICE_F_NONBLOCK)) {
        rc = io_await_ready(from, POLLIN);
        if (rc >= 0)
            rc = io_await_room(to);
        if (rc < 0)
            break;
    }
    return rc;
}

ssize_t coil_splice(int from, int64_t *from_offset, int to, int64_t *to_offset, size_t length,
                    unsigned flags)
{
    ssize_t rc = move(OP_SPLICE, from, to, from_offset, to_offset, length, flags);

    if (rc > 0 && from_offset)
        *from_offset += rc;
    if (rc > 0 && to_offset)
        *to_offset += rc;
    return rc;
}

ssize_t coil_tee(int from, int to, size_t length, unsigned flags)
{
    return move(OP_TEE, from, to, NULL, NULL, length, flags);
}
