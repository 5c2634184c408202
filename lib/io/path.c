// SPDX-License-Identifier: MIT
#include "io/retry.h"

#include <coil/path.h>

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <unistd.h>

enum { HOW_MAX = 4096 }; /* bytes of a struct open_how: a page, as the kernel has it */

static struct op path_op(enum op_code opcode, int directory, const char *path)
{
    struct op op;

    op_init(&op, opcode, directory, NULL);
    op.address = path;
    return op;
}

/* The kernel reads `how` during the call, so what the caller gave is not written to. */
int coil_openat2(int directory, const char *path, const struct open_how *how, size_t size)
{
    union {
        struct open_how how;
        unsigned char bytes[HOW_MAX];
    } own;
    struct op op = path_op(OP_OPENAT2, directory, path);

    if (!path || !how || size < sizeof(how->flags))
        return -EINVAL;
    if (size > sizeof(own))
        return -E2BIG;
    for (size_t i = 0; i < size; i++)
        own.bytes[i] = ((const unsigned char *)how)[i];
    own.how.flags |= O_CLOEXEC;
    op.address2 = &own;
    op.length = (uint32_t)size;
    return io_await(&op, 0);
}

int coil_statx(int directory, const char *path, int flags, unsigned mask, struct statx *result)
{
    struct op op = path_op(OP_STATX, directory, path);

    if (!path || !result)
        return -EINVAL;
    op.address2 = result;
    op.length = mask;
    op.options = (uint32_t)flags;
    return io_await(&op, 0);
}

static int name_twice(enum op_code opcode, int from_directory, const char *from, int to_directory,
                      const char *to, uint32_t flags)
{
    struct op op = path_op(opcode, from_directory, from);

    if (!from || !to)
        return -EINVAL;
    op.address2 = to;
    op.length = (uint32_t)to_directory;
    op.options = flags;
    return io_await(&op, 0);
}

int coil_renameat2(int from_directory, const char *from, int to_directory, const char *to,
                   unsigned flags)
{
    return name_twice(OP_RENAMEAT, from_directory, from, to_directory, to, flags);
}

int coil_rename(const char *from, const char *to)
{
    return coil_renameat2(AT_FDCWD, from, AT_FDCWD, to, 0);
}

int coil_linkat(int from_directory, const char *from, int to_directory, const char *to, int flags)
{
    return name_twice(OP_LINKAT, from_directory, from, to_directory, to, (uint32_t)flags);
}

int coil_link(const char *from, const char *to)
{
    return coil_linkat(AT_FDCWD, from, AT_FDCWD, to, 0);
}

int coil_symlinkat(const char *target, int directory, const char *path)
{
    struct op op = path_op(OP_SYMLINKAT, directory, target);

    if (!target || !path)
        return -EINVAL;
    op.address2 = path;
    return io_await(&op, 0);
}

int coil_symlink(const char *target, const char *path)
{
    return coil_symlinkat(target, AT_FDCWD, path);
}

int coil_unlinkat(int directory, const char *path, int flags)
{
    struct op op = path_op(OP_UNLINKAT, directory, path);

    if (!path)
        return -EINVAL;
    op.options = (uint32_t)flags;
    return io_await(&op, 0);
}

int coil_unlink(const char *path)
{
    return coil_unlinkat(AT_FDCWD, path, 0);
}

int coil_rmdir(const char *path)
{
    return coil_unlinkat(AT_FDCWD, path, AT_REMOVEDIR);
}

int coil_mkdirat(int directory, const char *path, mode_t mode)
{
    struct op op = path_op(OP_MKDIRAT, directory, path);

    if (!path)
        return -EINVAL;
    op.length = mode;
    return io_await(&op, 0);
}

int coil_mkdir(const char *path, mode_t mode)
{
    return coil_mkdirat(AT_FDCWD, path, mode);
}

/* ---- what no operation stands for ---------------------------------------------------------- */

struct reading {
    int directory;
    const char *path;
    char *buffer;
    size_t size;
};

static int read_there(void *argument)
{
    const struct reading *reading = argument;
    ssize_t n = readlinkat(reading->directory, reading->path, reading->buffer, reading->size);

    return n < 0 ? -errno : (int)n;
}

ssize_t coil_readlinkat(int directory, const char *path, char *buffer, size_t size)
{
    struct reading reading = {directory, path, buffer, size < INT32_MAX ? size : INT32_MAX};

    if (!path || !buffer)
        return -EINVAL;
    return io_call(directory, read_there, &reading);
}

ssize_t coil_readlink(const char *path, char *buffer, size_t size)
{
    return coil_readlinkat(AT_FDCWD, path, buffer, size);
}
