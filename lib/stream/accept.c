// SPDX-License-Identifier: MIT
#include "stream/accept.h"

#include "base/alloc.h"
#include "io/retry.h"
#include "loop/descriptor.h"
#include "task/park.h"

#include <poll.h>
#include <sys/socket.h>

/* ---- what comes ----------------------------------------------------------------------------- */

static bool make_room(struct acceptor *acceptor)
{
    if (acceptor->first + acceptor->count < acceptor->capacity)
        return true;
    size_t capacity = 2 * acceptor->count;
    int *fds = acceptor->fds;
    if (2 * acceptor->first < acceptor->capacity) {
        fds = coil__alloc(capacity * sizeof(int));
        if (!fds)
            return false;
    } else {
        capacity = acceptor->capacity; /* half of it was given out */
    }
    for (size_t i = 0; i < acceptor->count; i++)
        fds[i] = acceptor->fds[acceptor->first + i];
    if (fds != acceptor->fds && acceptor->fds != acceptor->few)
        coil__free(acceptor->fds);
    acceptor->fds = fds;
    acceptor->first = 0;
    acceptor->capacity = capacity;
    return true;
}

static void came(struct acceptor *acceptor, int fd)
{
    if (make_room(acceptor)) {
        acceptor->fds[acceptor->first + acceptor->count++] = fd;
        return;
    }
    /* There is no memory for an operation either. A connection's close does not block. */
    (void)descriptor_close_plainly(acceptor->engine, fd);
    acceptor->error = -ENOMEM;
}

static void completed(struct op *op, const struct completion *completion)
{
    struct acceptor *acceptor = container_of(op, struct acceptor, op);
    bool last = !(completion->flags & COMPLETION_MORE);

    if (completion->result >= 0)
        came(acceptor, completion->result);
    else
        acceptor->error = completion->result;
    if (acceptor->waiting && (last || !acceptor->fini)) {
        task_wake(acceptor->waiting);
        acceptor->waiting = NULL;
    }
}

/* ---- waiting for it ------------------------------------------------------------------------- */

struct accept_wait {
    struct waiter waiter;
    struct acceptor *acceptor;
    bool cancelled;
};

/* The operation goes on: it is the acceptor's, not the wait's. */
static bool leave(struct waiter *waiter)
{
    struct acceptor *acceptor = container_of(waiter, struct accept_wait, waiter)->acceptor;

    if (!acceptor->waiting)
        return false;
    acceptor->waiting = NULL;
    return true;
}

static bool cancel(struct waiter *waiter)
{
    if (!leave(waiter))
        return false;
    container_of(waiter, struct accept_wait, waiter)->cancelled = true;
    task_wake(waiter->task);
    return true;
}

static const struct waiter_class next_class = {
    .what = "accept",
    .cancel = cancel,
    .leave = leave,
};

static bool cannot(struct waiter *waiter)
{
    (void)waiter;
    return false;
}

static const struct waiter_class end_class = {
    .what = "accept",
    .cancel = cannot,
    .leave = cannot,
    .outcome_wins = true,
};

static int wait_for_news(struct acceptor *acceptor, struct coil_future *task)
{
    struct accept_wait wait = {.waiter.class = &next_class, .acceptor = acceptor};
    coil_loop *loop = task->sched->loop;

    if (task_wait_refused(task))
        return -ECANCELED;
    if (acceptor->op.state == OP_IDLE) {
        if (descriptor_closing(loop, &acceptor->op))
            return -COIL_ECLOSED;
        acceptor->engine = loop->engine;
        int rc = engine_submit(loop->engine, &acceptor->op);
        if (rc < 0)
            return rc;
    }
    acceptor->waiting = task;
    int rc = task_wait(task, &wait.waiter);
    return wait.cancelled ? task_interrupted(task) : rc;
}

/* The operation's end as the caller sees it. 0: there is more to come. */
static int take_error(struct acceptor *acceptor, const struct coil_future *task)
{
    int rc = acceptor->error;

    acceptor->error = 0;
    if (rc == -EAGAIN) { /* O_NONBLOCK, and nobody there after all */
        rc = io_await_ready(acceptor->fd, POLLIN);
        return rc < 0 ? rc : 0;
    }
    if (rc == -ECANCELED && !(task->flags & FUTURE_REFUSED))
        return -COIL_ECLOSED;
    return rc;
}

int acceptor_next(struct acceptor *acceptor)
{
    struct coil_future *task = task_current();

    if (!task)
        return -COIL_ENOLOOP;
    if (acceptor->op.state == OP_IDLE &&
        task->sched->loop->engine->capabilities & ENGINE_MANY_ACCEPT)
        acceptor->op.flags = OP_MANY;
    for (;;) {
        if (acceptor->count) {
            acceptor->count--;
            return acceptor->fds[acceptor->first++];
        }
        acceptor->first = 0;
        int rc = acceptor->error ? take_error(acceptor, task) : wait_for_news(acceptor, task);
        if (rc < 0)
            return rc;
    }
}

/* ---- life ----------------------------------------------------------------------------------- */

void acceptor_init(struct acceptor *acceptor, int fd)
{
    *acceptor = (struct acceptor){.fd = fd, .capacity = ACCEPTOR_FEW};
    acceptor->fds = acceptor->few;
    op_init(&acceptor->op, OP_ACCEPT, fd, completed);
    acceptor->op.options = SOCK_CLOEXEC;
}

void acceptor_fini(struct acceptor *acceptor)
{
    struct coil_future *task = task_current();
    struct waiter waiter = {.class = &end_class};

    ASSERT(task != NULL && !acceptor->waiting);
    acceptor->fini = true;
    if (acceptor->op.state != OP_IDLE) {
        engine_cancel(task->sched->loop->engine, &acceptor->op);
        acceptor->waiting = task;
        int rc = task_wait(task, &waiter);
        ASSERT(rc == 0 && acceptor->op.state == OP_IDLE);
    }
    for (; acceptor->count; acceptor->count--)
        (void)descriptor_discard(acceptor->fds[acceptor->first++]);
    if (acceptor->fds != acceptor->few)
        coil__free(acceptor->fds);
    acceptor->fds = acceptor->few;
}

enum acceptor_advice acceptor_advice(int code)
{
    switch (code) {
    case -EBADF:
    case -EINVAL:
    case -ENOTSOCK:
    case -EOPNOTSUPP:
    case -ECANCELED:
    case -COIL_ECLOSED:
    case -COIL_ENOLOOP:
        return ACCEPT_NEVER;
    case -ECONNABORTED: /* and the other ends of a connection that nobody has seen (accept(2)) */
    case -EHOSTDOWN:
    case -EHOSTUNREACH:
    case -EINTR:
    case -ENETDOWN:
    case -ENETUNREACH:
    case -ENONET:
    case -ENOPROTOOPT:
    case -EPROTO:
        return ACCEPT_ON;
    default:
        return ACCEPT_LATER;
    }
}
