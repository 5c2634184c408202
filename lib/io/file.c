// SPDX-License-Identifier: MIT
#include "io/retry.h"
#include "loop/descriptor.h"

#include <coil/file.h>

#include <fcntl.h>
#include <poll.h>

int coil_open(const char *path, int flags, mode_t mode)
{
    struct op op;

    if (!path)
        return -EINVAL;
    op_init(&op, OP_OPENAT, AT_FDCWD, NULL);
    op.address = path;
    op.length = mode;
    op.options = (uint32_t)(flags | O_CLOEXEC);
    return io_await(&op, 0);
}

static ssize_t move(enum op_code opcode, int fd, const void *buffer, size_t length, uint64_t offset)
{
    struct op op;
    int rc = io_arguments(fd, buffer, length);

    if (rc < 0)
        return rc;
    op_init(&op, opcode, fd, NULL);
    op.address = buffer;
    op.length = io_length(length);
    op.offset = offset;
    if (opcode == OP_WRITE && offset == OP_HERE) /* what has other positions raises nothing */
        op.flags = OP_MAY_SIGNAL;
    return io_await(&op, opcode == OP_READ ? POLLIN : POLLOUT);
}

ssize_t coil_read(int fd, void *buffer, size_t length)
{
    return move(OP_READ, fd, buffer, length, OP_HERE);
}

ssize_t coil_write(int fd, const void *buffer, size_t length)
{
    return move(OP_WRITE, fd, buffer, length, OP_HERE);
}

ssize_t coil_pread(int fd, void *buffer, size_t length, int64_t offset)
{
    return offset < 0 ? -EINVAL : move(OP_READ, fd, buffer, length, (uint64_t)offset);
}

ssize_t coil_pwrite(int fd, const void *buffer, size_t length, int64_t offset)
{
    return offset < 0 ? -EINVAL : move(OP_WRITE, fd, buffer, length, (uint64_t)offset);
}

static ssize_t move_many(enum op_code opcode, int fd, const struct iovec *buffers, int n,
                         int64_t offset, int flags)
{
    struct op op;

    if (fd < 0)
        return -EBADF;
    if ((!buffers && n) || n < 0 || offset < -1)
        return -EINVAL;
    op_init(&op, opcode, fd, NULL);
    op.address = buffers;
    op.length = (uint32_t)n;
    op.offset = (uint64_t)offset;
    op.options = (uint32_t)flags;
    if (opcode == OP_WRITEV && op.offset == OP_HERE)
        op.flags = OP_MAY_SIGNAL;
    unsigned events = opcode == OP_READV ? POLLIN : POLLOUT;
    return io_await(&op, flags & RWF_NOWAIT ? 0 : events);
}

ssize_t coil_preadv2(int fd, const struct iovec *buffers, int n, int64_t offset, int flags)
{
    return move_many(OP_READV, fd, buffers, n, offset, flags);
}

ssize_t coil_pwritev2(int fd, const struct iovec *buffers, int n, int64_t offset, int flags)
{
    return move_many(OP_WRITEV, fd, buffers, n, offset, flags);
}

ssize_t coil_readv(int fd, const struct iovec *buffers, int n)
{
    return move_many(OP_READV, fd, buffers, n, -1, 0);
}

ssize_t coil_writev(int fd, const struct iovec *buffers, int n)
{
    return move_many(OP_WRITEV, fd, buffers, n, -1, 0);
}

static int sync_file(int fd, uint32_t options)
{
    struct op op;

    if (fd < 0)
        return -EBADF;
    op_init(&op, OP_FSYNC, fd, NULL);
    op.options = options;
    return io_await(&op, 0);
}

int coil_fsync(int fd)
{
    return sync_file(fd, 0);
}

int coil_fdatasync(int fd)
{
    return sync_file(fd, OP_DATA_ONLY);
}

int coil_close_fd(int fd)
{
    return descriptor_close(fd);
}
