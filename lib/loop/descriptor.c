// SPDX-License-Identifier: MIT
#include "loop/descriptor.h"

#include "loop/await.h"
#include "task/park.h"

#include <unistd.h>

/* Someone who closes a descriptor: known to the loop until it is closed, so that nobody begins
 * anything on it meanwhile. */
struct closer {
    struct waiter waiter;
    struct list_node link;
    int fd;
    size_t left; /* operations on fd that are in flight and must end first */
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
            task_wake(closer->waiter.task);
    }
}

static void drain(coil_loop *loop, struct closer *closer)
{
    struct op *op = NULL;

    while ((op = engine_next_on(loop->engine, closer->fd, op))) {
        closer->left++;
        if (!await_is_to_the_end(op)) /* another one's close of the same descriptor */
            engine_cancel(loop->engine, op);
    }
    if (!closer->left)
        return;
    int rc = task_wait(closer->waiter.task, &closer->waiter);
    ASSERT(rc == 0 && closer->left == 0);
}

int descriptor_close(int fd)
{
    struct coil_future *task = task_current();

    if (!task)
        return -COIL_ENOLOOP;
    if (fd < 0)
        return -EBADF;
    coil_loop *loop = task->sched->loop;
    struct closer closer = {.waiter = {.class = &closer_class, .task = task}, .fd = fd};
    list_append(&loop->closers, &closer.link);
    drain(loop, &closer);
    struct op op;
    op_init(&op, OP_CLOSE, fd, NULL);
    int rc = await_to_the_end(&op);
    list_remove(&closer.link);
    return rc;
}

int descriptor_discard(int fd)
{
    int rc = descriptor_close(fd);

    if (rc == -ENOMEM) {
        const int before = errno;
        close(fd);
        errno = before;
    }
    return rc;
}
