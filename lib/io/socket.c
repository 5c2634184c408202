// SPDX-License-Identifier: MIT
/*
 * socket, bind and listen came to the ring late (Linux 5.19 and 6.11). They never block, so where
 * the engine does not carry them they are plain calls, after a wait as for any other operation.
 */
#include "io/retry.h"
#include "loop/await.h"

#include <coil/socket.h>

#include <poll.h>

static struct op socket_op(enum op_code opcode, int fd)
{
    struct op op;

    op_init(&op, opcode, fd, NULL);
    return op;
}

/* A plain call's code; `before` is errno as it was. */
static int code_of(int rc, int before)
{
    if (rc < 0)
        rc = -errno;
    errno = before;
    return rc;
}

static int plain_socket(int domain, int type, int protocol)
{
    int rc = io_await_nothing(-1);
    const int before = errno;

    return rc < 0 ? rc : code_of(socket(domain, type, protocol), before);
}

int coil_socket(int domain, int type, int protocol)
{
    struct op op = socket_op(OP_SOCKET, -1);

    type |= SOCK_CLOEXEC;
    if (!io_carries(OP_SOCKET))
        return plain_socket(domain, type, protocol);
    op.options = (uint32_t)domain;
    op.offset = (uint32_t)type;
    op.length = (uint32_t)protocol;
    return io_await(&op, 0);
}

static int plain_bind(int fd, const struct sockaddr *address, socklen_t length)
{
    int rc = io_await_nothing(fd);
    const int before = errno;

    return rc < 0 ? rc : code_of(bind(fd, address, length), before);
}

int coil_bind(int fd, const struct sockaddr *address, socklen_t length)
{
    struct op op = socket_op(OP_BIND, fd);

    if (fd < 0)
        return -EBADF;
    if (!address)
        return -EINVAL;
    if (!io_carries(OP_BIND))
        return plain_bind(fd, address, length);
    op.address = address;
    op.offset = length;
    return io_await(&op, 0);
}

static int plain_listen(int fd, int backlog)
{
    int rc = io_await_nothing(fd);
    const int before = errno;

    return rc < 0 ? rc : code_of(listen(fd, backlog), before);
}

int coil_listen(int fd, int backlog)
{
    struct op op = socket_op(OP_LISTEN, fd);

    if (fd < 0)
        return -EBADF;
    if (!io_carries(OP_LISTEN))
        return plain_listen(fd, backlog);
    op.length = (uint32_t)backlog;
    return io_await(&op, 0);
}

/* Whether a connection is being made all the same: what a connect says to those who may not wait.
 */
static bool goes_on(int rc, bool begun, const struct sockaddr *address, socklen_t length)
{
    switch (rc) {
    case -EINPROGRESS:
    case -EINTR:
        return true;
    case -EALREADY: /* begun by somebody else, it is an error */
        return begun;
    case -EAGAIN: /* of AF_UNIX: the queue is full, and nothing tells when it is not any more */
        return length >= sizeof(address->sa_family) && address->sa_family != AF_UNIX;
    default:
        return false;
    }
}

int coil_connect(int fd, const struct sockaddr *address, socklen_t length)
{
    struct op op = socket_op(OP_CONNECT, fd);
    bool begun = false;

    if (fd < 0)
        return -EBADF;
    if (!address)
        return -EINVAL;
    op.address = address;
    op.offset = length;
    int rc;
    while (goes_on(rc = await_op(&op), begun, address, length)) {
        begun = true;
        rc = io_await_ready(fd, POLLOUT);
        if (rc < 0)
            return rc;
    }
    return begun && rc == -EISCONN ? 0 : rc;
}

int coil_accept(int fd, struct sockaddr *address, socklen_t *length)
{
    return coil_accept4(fd, address, length, 0);
}

int coil_accept4(int fd, struct sockaddr *address, socklen_t *length, int flags)
{
    struct op op = socket_op(OP_ACCEPT, fd);

    if (fd < 0)
        return -EBADF;
    if ((address && !length) || flags & ~(SOCK_NONBLOCK | SOCK_CLOEXEC))
        return -EINVAL;
    op.address = address;
    op.address2 = address ? length : NULL;
    op.options = (uint32_t)flags | SOCK_CLOEXEC;
    return io_await(&op, POLLIN);
}

static ssize_t move(enum op_code opcode, int fd, const void *buffer, size_t length, int flags)
{
    struct op op = socket_op(opcode, fd);
    int rc = io_arguments(fd, buffer, length);

    if (rc < 0)
        return rc;
    op.address = buffer;
    op.length = io_length(length);
    op.options = (uint32_t)flags;
    unsigned events = opcode == OP_RECV ? POLLIN : POLLOUT;
    return io_await(&op, flags & MSG_DONTWAIT ? 0 : events);
}

ssize_t coil_recv(int fd, void *buffer, size_t length, int flags)
{
    return move(OP_RECV, fd, buffer, length, flags);
}

ssize_t coil_send(int fd, const void *buffer, size_t length, int flags)
{
    return move(OP_SEND, fd, buffer, length, flags | MSG_NOSIGNAL);
}

int coil_shutdown(int fd, int how)
{
    struct op op = socket_op(OP_SHUTDOWN, fd);

    if (fd < 0)
        return -EBADF;
    op.length = (uint32_t)how;
    return io_await(&op, 0);
}
