// SPDX-License-Identifier: MIT
#include "stream/kind.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>

static int directions(int flags)
{
    switch (flags & O_ACCMODE) {
    case O_RDONLY:
        return STREAM_NO_WRITES;
    case O_WRONLY:
        return STREAM_NO_READS;
    default:
        return 0;
    }
}

static int kind_of_file(int fd)
{
    const int flags = fcntl(fd, F_GETFL);
    struct stat status;
    unsigned number;

    if (flags < 0 || fstat(fd, &status) < 0)
        return -EBADF;
    int kind = STREAM_FILE | directions(flags);
    if (S_ISFIFO(status.st_mode))
        kind |= STREAM_PIPE;
    else if (S_ISCHR(status.st_mode) && ioctl(fd, TIOCGPTN, &number) == 0)
        kind |= STREAM_MASTER;
    return kind;
}

int kind_of(int fd)
{
    const int yes = 1, before = errno;
    int kind = STREAM_SOCKET;

    /* Only sockets of TCP have it; that others are none of TCP's is told in other words than that
     * they are none at all. */
    if (setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof(yes)) < 0) {
        if (errno == EBADF)
            kind = -EBADF;
        else if (errno == ENOTSOCK)
            kind = kind_of_file(fd);
    }
    errno = before;
    return kind;
}
