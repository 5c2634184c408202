// SPDX-License-Identifier: MIT
/* Sockets that are files: asyncio's rules for the files, by what the ring has. */
#include "loop/await.h"
#include "stream/address.h"

#include <coil/path.h>
#include <coil/socket.h>

#include <fcntl.h>
#include <stddef.h>
#include <string.h>
#include <sys/stat.h>

int unix_address(struct sockaddr_un *address, const char *path)
{
    size_t length = path ? strlen(path) : 0;

    if (length == 0)
        return -EINVAL;
    if (length >= sizeof(address->sun_path))
        return -ENAMETOOLONG;
    *address = (struct sockaddr_un){.sun_family = AF_UNIX};
    memcpy(address->sun_path, path, length + 1);
    return (int)(offsetof(struct sockaddr_un, sun_path) + length + 1);
}

int unix_bind(int fd, const char *path)
{
    struct sockaddr_un address;
    struct statx stat;
    int length = unix_address(&address, path);

    if (length < 0)
        return length;
    int rc = coil_statx(AT_FDCWD, path, 0, STATX_TYPE, &stat);
    if (rc == 0 && S_ISSOCK(stat.stx_mode))
        rc = coil_unlink(path);
    if (rc == -ECANCELED)
        return rc;
    /* What else went wrong the bind will say, if it matters. */
    return coil_bind(fd, (const struct sockaddr *)&address, (socklen_t)length);
}

/* ---- the file afterwards -------------------------------------------------------------------- */

static int look(const char *path, struct statx *stat)
{
    struct op op;

    op_init(&op, OP_STATX, AT_FDCWD, NULL);
    op.address = path;
    op.address2 = stat;
    op.length = STATX_INO;
    return await_to_the_end(&op);
}

void unix_file_note(struct unix_file *file, int fd)
{
    struct sockaddr_un address = {.sun_family = AF_UNSPEC};
    socklen_t length = sizeof(address);
    struct statx stat;
    const int before = errno;

    file->path[0] = 0;
    if (getsockname(fd, (struct sockaddr *)&address, &length) == 0 &&
        address.sun_family == AF_UNIX && length > offsetof(struct sockaddr_un, sun_path))
        memcpy(file->path, address.sun_path, sizeof(address.sun_path));
    errno = before;
    file->path[sizeof(address.sun_path)] = 0;
    if (!file->path[0] || look(file->path, &stat) < 0) {
        file->path[0] = 0;
        return;
    }
    file->inode = stat.stx_ino;
    file->device[0] = stat.stx_dev_major;
    file->device[1] = stat.stx_dev_minor;
}

void unix_file_remove(const struct unix_file *file)
{
    struct statx stat;
    struct op op;

    if (!file->path[0] || look(file->path, &stat) < 0 || stat.stx_ino != file->inode ||
        stat.stx_dev_major != file->device[0] || stat.stx_dev_minor != file->device[1])
        return;
    op_init(&op, OP_UNLINKAT, AT_FDCWD, NULL);
    op.address = file->path;
    (void)await_to_the_end(&op);
}
