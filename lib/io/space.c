// SPDX-License-Identifier: MIT
#include "io/retry.h"

#include <coil/file.h>

#include <unistd.h>

struct truncation {
    int fd;
    int64_t length;
};

static int truncate_there(void *argument)
{
    const struct truncation *truncation = argument;

    return ftruncate(truncation->fd, truncation->length) < 0 ? -errno : 0;
}

int coil_ftruncate(int fd, int64_t length)
{
    struct truncation truncation = {fd, length};
    struct op op;

    if (fd < 0)
        return -EBADF;
    if (length < 0)
        return -EINVAL;
    if (!io_carries(OP_FTRUNCATE))
        return io_call(fd, truncate_there, &truncation);
    op_init(&op, OP_FTRUNCATE, fd, NULL);
    op.offset = (uint64_t)length;
    return io_await(&op, 0);
}

int coil_fallocate(int fd, int mode, int64_t offset, int64_t length)
{
    struct op op;

    if (fd < 0)
        return -EBADF;
    if (offset < 0 || length < 0)
        return -EINVAL;
    op_init(&op, OP_FALLOCATE, fd, NULL);
    op.offset = (uint64_t)offset;
    op.size = (uint64_t)length;
    op.length = (uint32_t)mode;
    return io_await(&op, 0);
}

int coil_fadvise(int fd, int64_t offset, uint32_t length, int advice)
{
    struct op op;

    if (fd < 0)
        return -EBADF;
    if (offset < 0)
        return -EINVAL;
    op_init(&op, OP_FADVISE, fd, NULL);
    op.offset = (uint64_t)offset;
    op.length = length;
    op.options = (uint32_t)advice;
    return io_await(&op, 0);
}

int coil_madvise(void *memory, uint32_t length, int advice)
{
    struct op op;

    op_init(&op, OP_MADVISE, -1, NULL);
    op.address = memory;
    op.length = length;
    op.options = (uint32_t)advice;
    return io_await(&op, 0);
}
