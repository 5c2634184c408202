// SPDX-License-Identifier: MIT
#include "loop/descriptor.h"

#include "loop/await.h"
#include "task/park.h"

struct closer {
    struct waiter waiter;
    struct list_node link;
    int fd;
    size_t left; /* operations on fd that are in flight */
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

void descriptor_released(coil_loop *loop, int fd)
{
    list_for_each (node, &loop->closers) {
        struct closer *closer = list_entry(node, struct closer, link);
        if (closer->fd == fd && --closer->left == 0) {
            list_remove(&closer->link);
            task_wake(closer->waiter.task);
        }
    }
}

static void drain(coil_loop *loop, struct coil_future *task, int fd)
{
    struct closer closer = {.waiter.class = &closer_class, .fd = fd};

    list_for_each (node, &loop->engine->in_flight) {
        struct op *op = list_entry(node, struct op, in_flight);
        if (op->fd != fd || op->flags & OP_SLOT)
            continue;
        closer.left++;
        engine_cancel(loop->engine, op);
    }
    if (!closer.left)
        return;
    list_append(&loop->closers, &closer.link);
    int rc = task_wait(task, &closer.waiter);
    ASSERT(rc == 0 && closer.left == 0);
}

int descriptor_close(int fd)
{
    struct coil_future *task = task_current();

    if (!task)
        return -COIL_ENOLOOP;
    if (fd < 0)
        return -EBADF;
    drain(task->sched->loop, task, fd);
    struct op op;
    op_init(&op, OP_CLOSE, fd, NULL);
    return await_to_the_end(&op);
}
