// SPDX-License-Identifier: MIT
#include "loop/loop.h"

#include <coil/compose.h>
#include <coil/timeout.h>

/* No time at all: the future is cancelled, and awaited until it is done. */
static int without_waiting(coil_future *future, void **result)
{
    (void)coil_cancel(future);
    int rc = coil_wait(&future, 1, COIL_NEVER, COIL_ALL_COMPLETED);
    if (rc < 0)
        return rc;
    rc = coil_result(future, result);
    return rc == -ECANCELED ? -ETIMEDOUT : rc;
}

int coil_wait_for(coil_future *future, coil_time limit, void **result)
{
    int rc = future_argument(future);

    if (rc < 0)
        return rc;
    coil_task *task = task_current();
    if (!task)
        return -COIL_ENOLOOP;
    if (future == task)
        return -EDEADLK;
    if (future->sched != task->sched)
        return -EXDEV;
    if (future_done(future))
        return future_read(future, result);
    if (task_wait_refused(task))
        return -ECANCELED;
    if (limit <= 0)
        return without_waiting(future, result);
    coil_timeout timeout = COIL_TIMEOUT_INIT;
    rc = coil_timeout_enter(&timeout, limit);
    if (rc < 0)
        return rc;
    return coil_timeout_exit(&timeout, coil_await(future, result));
}
