// SPDX-License-Identifier: MIT
#include "loop/descriptor.h"

#include "loop/await.h"
#include "loop/watch.h"
#include "task/park.h"

#include <unistd.h>

/* A task that closes a descriptor. */
struct closing {
    struct waiter waiter;
    struct closer closer;
};

/* The descriptor is half gone: there is no way back, so the cancellation waits. */
static bool cannot(struct waiter *waiter)
{
    (void)waiter;
    return false;
}

static const struct waiter_class closer_class = {
    .what = "close",
    .cancel = cannot,
    .leave = cannot,
    .outcome_wins = true,
};

bool descriptor_closing_slow(const coil_loop *loop, const struct op *op)
{
    if (op->flags & OP_SLOT)
        return false;
    list_for_each (node, &loop->closers) {
        if (list_entry(node, struct closer, link)->fd == op->fd)
            return true;
    }
    return false;
}

void descriptor_released(coil_loop *loop, int fd)
{
    list_for_each (node, &loop->closers) {
        struct closer *closer = list_entry(node, struct closer, link);
        if (closer->fd == fd && closer->left && --closer->left == 0)
            closer->drained(closer);
    }
}

bool closer_begin(coil_loop *loop, struct closer *closer)
{
    struct op *op = NULL;

    closer->left = 0;
    list_append(&loop->closers, &closer->link);
    watch_drop(loop, closer->fd);
    while ((op = engine_next_on(loop->engine, closer->fd, op))) {
        closer->left++;
        if (!(op->flags & OP_TO_THE_END)) /* another one's close of the same descriptor */
            engine_cancel(loop->engine, op);
    }
    return closer->left > 0;
}

void closer_end(struct closer *closer)
{
    list_remove(&closer->link);
}

static void wake(struct closer *closer)
{
    task_wake(container_of(closer, struct closing, closer)->waiter.task);
}

int descriptor_close_plainly(const struct engine *engine, int fd)
{
    const int before = errno;
    int rc = engine->class->real && close(fd) < 0 ? -errno : 0;

    errno = before;
    return rc;
}

int descriptor_close(int fd)
{
    struct coil_future *task = task_current();

    if (!task)
        return -COIL_ENOLOOP;
    if (fd < 0)
        return -EBADF;
    const struct engine *engine = task->sched->loop->engine;
    struct closing closing = {
        .waiter = {.class = &closer_class, .task = task},
        .closer = {.fd = fd, .drained = wake},
    };
    if (closer_begin(task->sched->loop, &closing.closer)) {
        int rc = task_wait(task, &closing.waiter);
        ASSERT(rc == 0 && closing.closer.left == 0);
    }
    struct op op;
    op_init(&op, OP_CLOSE, fd, NULL);
    int rc = await_to_the_end(&op);
    closer_end(&closing.closer);
    /* The child of a fork; an operation that was in flight there closes the parent's. */
    return rc == -COIL_ECLOSED ? descriptor_close_plainly(engine, fd) : rc;
}

int descriptor_discard(int fd)
{
    int rc = descriptor_close(fd);
    return rc == -ENOMEM ? descriptor_close_plainly(task_current()->sched->loop->engine, fd) : rc;
}
