// SPDX-License-Identifier: MIT
/* Messages: bytes with an address, or with descriptors. */
#include "io/retry.h"

#include <coil/socket.h>

#include <poll.h>
#include <string.h>
#include <unistd.h>

static ssize_t move(enum op_code opcode, int fd, const struct msghdr *message, int flags)
{
    struct op op;

    if (fd < 0)
        return -EBADF;
    if (!message)
        return -EINVAL;
    op_init(&op, opcode, fd, NULL);
    op.address = message;
    op.length = 1;
    op.options = (uint32_t)flags;
    unsigned events = opcode == OP_RECVMSG ? POLLIN : POLLOUT;
    return io_await(&op, flags & MSG_DONTWAIT ? 0 : events);
}

ssize_t coil_recvmsg(int fd, struct msghdr *message, int flags)
{
    return move(OP_RECVMSG, fd, message, flags | MSG_CMSG_CLOEXEC);
}

ssize_t coil_sendmsg(int fd, const struct msghdr *message, int flags)
{
    return move(OP_SENDMSG, fd, message, flags | MSG_NOSIGNAL);
}

/* ---- with an address ------------------------------------------------------------------------ */

ssize_t coil_recvfrom(int fd, void *buffer, size_t length, int flags, struct sockaddr *address,
                      socklen_t *address_length)
{
    struct iovec bytes = {buffer, io_length(length)};
    int rc = io_arguments(fd, buffer, length);

    if (rc < 0)
        return rc;
    if (address && !address_length)
        return -EINVAL;
    struct msghdr message = {.msg_name = address,
                             .msg_namelen = address ? *address_length : 0,
                             .msg_iov = &bytes,
                             .msg_iovlen = 1};
    ssize_t n = coil_recvmsg(fd, &message, flags);
    if (n >= 0 && address)
        *address_length = message.msg_namelen;
    return n;
}

ssize_t coil_sendto(int fd, const void *buffer, size_t length, int flags,
                    const struct sockaddr *address, socklen_t address_length)
{
    struct iovec bytes = {(void *)(uintptr_t)buffer, io_length(length)};
    struct msghdr message = {.msg_name = (void *)(uintptr_t)address,
                             .msg_namelen = address ? address_length : 0,
                             .msg_iov = &bytes,
                             .msg_iovlen = 1};
    int rc = io_arguments(fd, buffer, length);

    return rc < 0 ? rc : coil_sendmsg(fd, &message, flags);
}

/* ---- with descriptors ----------------------------------------------------------------------- */

union control {
    struct cmsghdr header;
    char room[CMSG_SPACE(COIL_FDS_MAX * sizeof(int))];
};

ssize_t coil_send_fds(int fd, const void *buffer, size_t length, const int *fds, size_t n)
{
    struct iovec bytes = {(void *)(uintptr_t)buffer, io_length(length)};
    struct msghdr message = {.msg_iov = &bytes, .msg_iovlen = 1};
    union control control;
    int rc = io_arguments(fd, buffer, length);

    if (rc < 0)
        return rc;
    if (length == 0 || (!fds && n) || n > COIL_FDS_MAX)
        return -EINVAL;
    if (n) {
        memset(&control, 0, sizeof(control));
        control.header.cmsg_len = CMSG_LEN(n * sizeof(int));
        control.header.cmsg_level = SOL_SOCKET;
        control.header.cmsg_type = SCM_RIGHTS;
        memcpy(CMSG_DATA(&control.header), fds, n * sizeof(int));
        message.msg_control = &control;
        message.msg_controllen = CMSG_SPACE(n * sizeof(int));
    }
    return coil_sendmsg(fd, &message, 0);
}

/* The descriptors of one control message: kept where there is room, closed where there is none. */
static size_t take_fds(struct cmsghdr *header, int *fds, size_t room)
{
    size_t n = (header->cmsg_len - CMSG_LEN(0)) / sizeof(int);

    for (size_t i = 0; i < n; i++) {
        int fd;
        memcpy(&fd, CMSG_DATA(header) + i * sizeof(int), sizeof(fd));
        if (i < room)
            fds[i] = fd;
        else
            close(fd);
    }
    return n;
}

ssize_t coil_recv_fds(int fd, void *buffer, size_t length, int *fds, size_t *n)
{
    struct iovec bytes = {buffer, io_length(length)};
    union control control;
    struct msghdr message = {.msg_iov = &bytes,
                             .msg_iovlen = 1,
                             .msg_control = &control,
                             .msg_controllen = sizeof(control)};
    int rc = io_arguments(fd, buffer, length);

    if (rc < 0)
        return rc;
    if (length == 0 || !n || (!fds && *n))
        return -EINVAL;
    ssize_t received = coil_recvmsg(fd, &message, 0);
    if (received < 0)
        return received;
    size_t room = *n;
    *n = 0;
    for (struct cmsghdr *header = CMSG_FIRSTHDR(&message); header;
         header = CMSG_NXTHDR(&message, header))
        if (header->cmsg_level == SOL_SOCKET && header->cmsg_type == SCM_RIGHTS)
            *n = take_fds(header, fds, room);
    return received;
}
