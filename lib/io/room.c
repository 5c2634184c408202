// SPDX-License-Identifier: MIT
/*
 * Waiting for room to write. The kernel tells of it by POLLOUT, and of a peer that is gone by
 * POLLHUP; but of a Unix socket's peer that has only ended its reading (SHUT_RD) it tells nobody
 * who polls: such a socket may stay full for ever. A send is told. So it is asked now and then by
 * one of nothing, which moves no byte. Where messages have bounds that would be a message: only the
 * peer of a SOCK_STREAM is noticed. A stream (coil/stream.h) waits here only with what it sends
 * from where it lies.
 */
#include "io/retry.h"
#include "loop/await.h"
#include "loop/loop.h"

#include <poll.h>
#include <sys/socket.h>

enum { ASK_EVERY = 1000 * 1000 * 1000 /* ns */ };

bool coil__descriptors_are_real;

struct patience {
    struct op op;
    coil_loop *loop;
    bool over;
};

static int lose_patience(void *argument)
{
    struct patience *patience = argument;

    patience->over = true;
    if (patience->op.state == OP_IN_FLIGHT)
        engine_cancel(patience->loop->engine, &patience->op);
    return 0;
}

static bool is_option(int fd, int option, int expected)
{
    int value = -1;
    socklen_t size = sizeof(value);

    return getsockopt(fd, SOL_SOCKET, option, &value, &size) == 0 && value == expected;
}

static bool tells_too_little(const struct engine *engine, int fd)
{
    const int before = errno;
    const bool real = engine->class->real || coil__descriptors_are_real;
    const bool is_one =
        real && is_option(fd, SO_DOMAIN, AF_UNIX) && is_option(fd, SO_TYPE, SOCK_STREAM);

    errno = before;
    return is_one;
}

/* The events, or 0: there was nothing for a while. */
static int wait_a_while(coil_loop *loop, int fd)
{
    struct patience patience = {.loop = loop};
    coil_handle handle = handle_arm(loop, loop_deadline(loop, ASK_EVERY), lose_patience, &patience);
    int rc = coil_handle_error(handle);

    if (rc < 0)
        return rc;
    op_init(&patience.op, OP_POLL, fd, NULL);
    patience.op.mask = POLLOUT;
    rc = await_op(&patience.op);
    (void)coil_handle_cancel(loop, handle);
    return rc == -EINTR || (rc == -COIL_ECLOSED && patience.over) ? 0 : rc;
}

static int ask(int fd)
{
    struct op op;

    op_init(&op, OP_SEND, fd, NULL);
    op.options = MSG_DONTWAIT | MSG_NOSIGNAL;
    int rc = io_await(&op, 0);
    return rc == -EAGAIN ? 0 : rc;
}

int io_await_room(int fd)
{
    const struct sched *sched = sched_running();
    int rc;

    if (!sched || sched->closing || !tells_too_little(sched->loop->engine, fd))
        return io_await_ready(fd, POLLOUT);
    do {
        rc = wait_a_while(sched->loop, fd);
        if (rc == 0)
            rc = ask(fd);
    } while (rc == 0 && !sched->closing);
    return rc == 0 ? -ECANCELED : rc;
}
