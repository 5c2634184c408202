// SPDX-License-Identifier: MIT
#include "compose/timeout.h"

#include "loop/loop.h"

static int fire(void *userdata)
{
    struct timeout *timeout = userdata;

    timeout->fired = true;
    (void)coil_cancel(timeout->task);
    return 0;
}

int timeout_enter(struct timeout *timeout, coil_task *task, coil_time delay)
{
    coil_loop *loop = task->sched->loop;

    *timeout = (struct timeout){.loop = loop, .task = task, .cancelling = coil_cancelling(task)};
    if (delay == COIL_NEVER)
        return 0;
    timeout->handle = handle_arm(loop, loop_deadline(loop, delay), fire, timeout);
    return coil_handle_error(timeout->handle);
}

int timeout_exit(struct timeout *timeout, int rc)
{
    if (!timeout->fired) {
        (void)coil_handle_cancel(timeout->loop, timeout->handle);
        return rc;
    }
    bool ours_alone = coil_uncancel(timeout->task) <= timeout->cancelling;
    return rc == -ECANCELED && ours_alone ? -ETIMEDOUT : rc;
}
