// SPDX-License-Identifier: MIT
/*
 * Cancellation goes to the end of the chain first: a task that awaits a future has that future
 * cancelled, and hears of it when the future is done. Where the chain ends in something that cannot
 * be cancelled any more, the task itself is marked and gets -ECANCELED when it resumes.
 */
#include "task/cancel.h"

#include "task/await.h"
#include "task/task.h"

/* Tasks that await each other in a ring: this one leaves its wait, which breaks the ring. */
static void break_ring(struct coil_future *task)
{
    task->flags |= FUTURE_MUST_CANCEL;
    (void)task_leave_wait(task);
}

bool task_cancel(struct coil_future *task)
{
    const struct coil_future *first = task, *mark = task;

    /* A loop, not a recursion: a chain of tasks that await tasks may have any length, and a stack
     * has an end. (Gathers of gathers are a recursion.) */
    for (size_t steps = 1;; steps++) {
        struct waiter *waiter = task->run ? task->run->waiter : NULL;

        task->cancel_requests++;
        if (!waiter) {
            task->flags |= FUTURE_MUST_CANCEL;
            return true;
        }
        struct coil_future *awaited = await_target(waiter);
        if (awaited && !future_done(awaited) && future_is_task(awaited)) {
            if (unlikely(awaited == first || awaited == mark)) {
                break_ring(task);
                return true;
            }
            if ((steps & (steps - 1)) == 0) /* Brent's: a ring that `first` is not in */
                mark = task;
            task = awaited;
            continue;
        }
        if (!waiter->class->cancel(waiter))
            task->flags |= FUTURE_MUST_CANCEL;
        return true;
    }
}

bool coil_cancel(coil_future *future)
{
    if (future_argument(future) < 0)
        return false;
    sched_check_thread(future->sched);
    if (future_done(future))
        return false;
    if (unlikely(future->sched->closed && future->watchers))
        return false; /* nobody runs its callbacks any more: as coil_set_result */
    return future->class->cancel(future);
}

static int task_argument(const coil_task *task)
{
    int rc = future_argument(task);
    if (rc < 0)
        return rc;
    return future_is_task(task) ? 0 : -EINVAL;
}

int coil_cancelling(const coil_task *task)
{
    int rc = task_argument(task);

    if (rc < 0)
        return rc;
    sched_check_thread(task->sched);
    return (int)task->cancel_requests;
}

int coil_uncancel(coil_task *task)
{
    int rc = task_argument(task);

    if (rc < 0)
        return rc;
    sched_check_thread(task->sched);
    if (task->cancel_requests && --task->cancel_requests == 0)
        task->flags &= (uint16_t)~FUTURE_MUST_CANCEL;
    return (int)task->cancel_requests;
}
