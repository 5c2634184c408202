// SPDX-License-Identifier: MIT
#include "task/await.h"

#include "task/park.h"

struct await {
    struct waiter waiter;
    struct watcher watcher;
    struct coil_future *future;
};

static void future_is_done(struct watcher *watcher, struct coil_future *future)
{
    struct await *await = container_of(watcher, struct await, watcher);

    (void)future;
    task_wake(await->waiter.task);
}

static bool cancel_future(struct waiter *waiter)
{
    return coil_cancel(container_of(waiter, struct await, waiter)->future);
}

static bool leave_future(struct waiter *waiter)
{
    struct await *await = container_of(waiter, struct await, waiter);

    future_unwatch(await->future, &await->watcher);
    return true;
}

static const struct waiter_class await_class = {
    .what = "future",
    .cancel = cancel_future,
    .leave = leave_future,
};

struct coil_future *await_target(const struct waiter *waiter)
{
    return waiter->class == &await_class ? container_of(waiter, struct await, waiter)->future
                                         : NULL;
}

int coil_await(coil_future *future, void **result)
{
    int rc = future_argument(future);

    if (rc < 0)
        return rc;
    struct coil_future *task = task_current();
    if (unlikely(!task))
        return -COIL_ENOLOOP;
    if (unlikely(future == task))
        return -EDEADLK;
    if (unlikely(future->sched != task->sched))
        return -EXDEV;
    if (future_done(future))
        return future_read(future, result);
    if (task_wait_refused(task))
        return -ECANCELED;
    struct await await = {
        .waiter = {.class = &await_class},
        .watcher = {.notify = future_is_done},
        .future = future_ref(future),
    };
    future_watch(future, &await.watcher);
    rc = task_wait(task, &await.waiter);
    if (rc == 0)
        rc = future_read(future, result);
    future_unref(future);
    return rc;
}
