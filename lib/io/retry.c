// SPDX-License-Identifier: MIT
#include "io/retry.h"

#include "loop/await.h"
#include "loop/loop.h"

#include <poll.h>

static int await_uninterrupted(struct op *op)
{
    int rc;

    /* Not by a signal, which an operation does not see: by a cancellation that was not for it. */
    do
        rc = await_op(op);
    while (unlikely(rc == -EINTR));
    return rc;
}

int io_await_ready(int fd, unsigned events)
{
    struct op op;

    op_init(&op, OP_POLL, fd, NULL);
    op.mask = events;
    return await_uninterrupted(&op);
}

int io_await(struct op *op, unsigned events)
{
    int rc;

    while (unlikely((rc = await_uninterrupted(op)) == -EAGAIN) && events) {
        rc = events == POLLOUT ? io_await_room(op->fd) : io_await_ready(op->fd, events);
        if (rc < 0)
            break;
    }
    return rc;
}

int io_call(int fd, int (*call)(void *argument), void *argument)
{
    struct op op;

    op_init(&op, OP_CALL, fd, NULL);
    op.call = call;
    op.address = argument;
    return await_uninterrupted(&op);
}

bool io_carries(enum op_code opcode)
{
    const struct sched *sched = sched_running();
    return !sched || engine_carries(sched->loop->engine, opcode);
}

int io_await_nothing(int fd)
{
    struct op op;

    op_init(&op, OP_NOP, fd, NULL);
    return await_uninterrupted(&op);
}
