// SPDX-License-Identifier: MIT
/* coil_run: a loop from its beginning to its end. */
#include "run/run.h"

#include "base/alloc.h"
#include "compose/gather.h"

#include <coil/executor.h>

#define EXECUTOR_PATIENCE COIL_SEC(300) /* asyncio's */

static void report(coil_task *task)
{
    if (task->state != COIL_CANCELLED && err_is(task->result))
        sched_report(task->sched, "a task failed while the loop ended", err_code(task->result),
                     task);
}

/* Cancels what the main task left behind and runs until all of it has ended. What cannot be waited
 * for is left to coil_close, which ends every task. */
static void cancel_leftovers(coil_loop *loop)
{
    struct sched *sched = loop->sched;
    size_t n = sched->task_count, i = 0;

    if (!n)
        return;
    coil_task **tasks = coil__alloc(n * sizeof(*tasks));
    if (!tasks)
        return;
    list_for_each (node, &sched->tasks) {
        coil_task *task = list_entry(node, struct coil_future, link);
        if (!future_done(task))
            tasks[i++] = coil_ref(task);
    }
    for (i = 0; i < n; i++)
        (void)coil_cancel(tasks[i]);
    coil_future *all = gather_futures(sched, tasks, n, COIL_RETURN_ERRORS);
    int rc = coil_run_until_complete(loop, all, NULL);
    coil_unref(all);
    for (i = 0; i < n; i++) {
        if (rc == 0)
            report(tasks[i]);
        coil_unref(tasks[i]);
    }
    coil__free(tasks);
}

static void *shut_executor_down(void *loop)
{
    return COIL_ERR(coil_shutdown_default_executor(loop, EXECUTOR_PATIENCE));
}

/* Waits for the threads that still work for the loop. */
static void end_executor(coil_loop *loop)
{
    if (!loop->executor)
        return;
    coil_task *task = coil_create_task_with(loop, shut_executor_down, loop, NULL);
    if (!err_is(task))
        task->flags |= FUTURE_QUIET;
    (void)!coil_run_until_complete(loop, task, NULL);
    coil_unref(task);
}

/* A main task that SIGINT cancelled, and nobody else did, was interrupted. */
static int outcome(coil_loop *loop, coil_task *task, int rc)
{
    if (rc == -ECANCELED && loop->interrupts.count && coil_uncancel(task) == 0)
        return -COIL_EINTERRUPTED;
    return rc;
}

int coil_run(coil_fn main, void *arg, void **result)
{
    return coil_run_with(main, arg, result, NULL);
}

int coil_run_with(coil_fn main, void *arg, void **result, const coil_loop_options *options)
{
    if (!main)
        return -EINVAL;
    if (sched_running())
        return -EBUSY;
    coil_loop *loop = coil_loop_new(options);
    if (err_is(loop))
        return err_code(loop);
    coil_task *task = coil_create_task_with(loop, main, arg, NULL);
    bool ruled = !err_is(task) && interrupts_rule(loop, task);
    if (!err_is(task))
        task->flags |= FUTURE_QUIET;
    int rc = coil_run_until_complete(loop, task, result);
    if (ruled)
        rc = outcome(loop, task, rc);
    if (loop->interrupts.count < 2)
        cancel_leftovers(loop);
    if (loop->interrupts.count < 2)
        end_executor(loop);
    if (ruled)
        (void)interrupts_end_rule(loop); /* too late for a SIGINT to end anything */
    coil_unref(task);
    (void)coil_loop_free(loop);
    return rc;
}
