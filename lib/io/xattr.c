// SPDX-License-Identifier: MIT
/*
 * By a descriptor, attributes are operations. By a name they would need one address more than an
 * operation has, and are calls on a thread.
 */
#include "io/retry.h"

#include <coil/xattr.h>

#include <sys/xattr.h>

static int move(enum op_code opcode, int fd, const char *name, const void *value, size_t size,
                int flags)
{
    struct op op;

    if (fd < 0)
        return -EBADF;
    if (!name || (!value && size))
        return -EINVAL;
    op_init(&op, opcode, fd, NULL);
    op.address = name;
    op.address2 = value;
    op.length = io_length(size);
    op.options = (uint32_t)flags;
    return io_await(&op, 0);
}

ssize_t coil_fgetxattr(int fd, const char *name, void *value, size_t size)
{
    return move(OP_FGETXATTR, fd, name, value, size, 0);
}

int coil_fsetxattr(int fd, const char *name, const void *value, size_t size, int flags)
{
    return move(OP_FSETXATTR, fd, name, value, size, flags);
}

struct attribute {
    const char *path, *name;
    void *value;
    size_t size;
    int flags;
};

static int get_there(void *argument)
{
    const struct attribute *attribute = argument;
    ssize_t n = getxattr(attribute->path, attribute->name, attribute->value, attribute->size);

    return n < 0 ? -errno : (int)n;
}

static int set_there(void *argument)
{
    const struct attribute *attribute = argument;
    int rc = setxattr(attribute->path, attribute->name, attribute->value, attribute->size,
                      attribute->flags);

    return rc < 0 ? -errno : 0;
}

ssize_t coil_getxattr(const char *path, const char *name, void *value, size_t size)
{
    struct attribute attribute = {path, name, value, size, 0};

    if (!path || !name || (!value && size))
        return -EINVAL;
    return io_call(-1, get_there, &attribute);
}

int coil_setxattr(const char *path, const char *name, const void *value, size_t size, int flags)
{
    struct attribute attribute = {path, name, (void *)(uintptr_t)value, size, flags};

    if (!path || !name || (!value && size))
        return -EINVAL;
    return io_call(-1, set_there, &attribute);
}
