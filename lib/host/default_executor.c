// SPDX-License-Identifier: MIT
/* The executor that a loop uses where none is named: made when it is first needed, and shut down
 * without blocking the loop. */
#include "base/alloc.h"
#include "base/warn.h"
#include "host/executor.h"

#include <coil/compose.h>

struct loop_executor {
    struct guest guest;
    coil_loop *loop;
    coil_executor *executor; /* NULL: none was needed */
    bool shut;
};

static void leave(struct guest *guest)
{
    struct loop_executor *held = container_of(guest, struct loop_executor, guest);

    list_remove(&guest->link);
    held->loop->executor = NULL;
    coil_executor_unref(held->executor);
    coil__free(held);
}

/* What the loop holds, made if there was nothing. Error-encoded. */
static struct loop_executor *held_by(coil_loop *loop)
{
    if (loop->executor)
        return loop->executor;
    if (loop->sched->closing)
        return COIL_ERR(-COIL_ECLOSED);
    struct loop_executor *held = coil__alloc(sizeof(*held));
    if (!held)
        return COIL_ERR(-ENOMEM);
    *held = (struct loop_executor){.guest.leave = leave, .loop = loop};
    list_append(&loop->guests, &held->guest.link);
    return loop->executor = held;
}

coil_executor *executor_of_loop(coil_loop *loop)
{
    sched_check_thread(loop->sched);
    if (loop->executor && loop->executor->shut)
        return COIL_ERR(-ESHUTDOWN);
    if (loop->executor)
        return loop->executor->executor;
    coil_executor *executor = coil_executor_new(NULL);
    if (err_is(executor))
        return executor;
    struct loop_executor *held = held_by(loop);
    if (err_is(held)) {
        coil_executor_unref(executor);
        return COIL_ERR(err_code(held));
    }
    return held->executor = executor;
}

int coil_set_default_executor(coil_loop *loop, coil_executor *executor)
{
    int rc = loop_argument(loop);

    if (rc == 0)
        rc = executor_argument(executor);
    if (rc < 0)
        return rc;
    sched_check_thread(loop->sched);
    struct loop_executor *held = held_by(loop);
    if (err_is(held))
        return err_code(held);
    (void)coil_executor_ref(executor);
    coil_executor_unref(held->executor);
    held->executor = executor;
    return 0;
}

/* ---- shutting down -------------------------------------------------------------------------- */

/* Waits in the pool for its last thread and comes back by the inbox. Its cell goes with the last of
 * the two who know it, the task that waits and the call that comes. */
struct ending {
    struct pool_end end;
    struct handle gone;
    coil_loop *loop;
    struct coil_future *future; /* NULL: nobody waits */
    bool posted;                /* under the pool's lock */
};

static void ended(struct pool_end *end)
{
    struct ending *ending = container_of(end, struct ending, end);

    ending->posted = true; /* before the loop may see it */
    if (inbox_post(ending->loop, &ending->gone) < 0)
        ending->posted = false;
}

static void gone(struct call *call, bool drop)
{
    struct ending *ending = container_of(call, struct ending, gone.call);

    (void)drop;
    ending->posted = false;
    if (!ending->future)
        coil__free(ending);
    else if (!future_done(ending->future))
        future_finish(ending->future, COIL_FINISHED, NULL);
}

static struct ending *ending_new(coil_loop *loop)
{
    struct ending *ending = coil__alloc(sizeof(*ending));

    if (!ending)
        return COIL_ERR(-ENOMEM);
    *ending = (struct ending){.end.ended = ended, .loop = loop};
    call_init(&ending->gone.call, gone);
    ending->future = future_new_plain(loop->sched);
    if (!err_is(ending->future))
        return ending;
    int rc = err_code(ending->future);
    coil__free(ending);
    return COIL_ERR(rc);
}

static int wait_for_end(coil_loop *loop, struct pool *pool, coil_time timeout)
{
    struct ending *ending = ending_new(loop);

    if (err_is(ending))
        return err_code(ending);
    struct coil_future *future = ending->future;
    int rc = 0;
    if (pool_watch_end(pool, &ending->end)) {
        loop->engine->owed_by_threads++;
        rc = coil_wait_for(future, timeout, NULL);
        loop->engine->owed_by_threads--;
    }
    ending->future = NULL;
    if (pool_unwatch_end(pool, &ending->end) || !ending->posted)
        coil__free(ending);
    future_unref(future);
    return rc;
}

int coil_shutdown_default_executor(coil_loop *loop, coil_time timeout)
{
    struct coil_future *task = task_current();
    int rc = loop_argument(loop);

    if (rc < 0)
        return rc;
    if (!task)
        return -COIL_ENOLOOP;
    if (task->sched != loop->sched)
        return -EXDEV;
    struct loop_executor *held = held_by(loop);
    if (err_is(held))
        return err_code(held);
    held->shut = true;
    if (!held->executor)
        return 0;
    coil_executor *executor = coil_executor_ref(held->executor);
    pool_shut(executor->pool, false);
    rc = wait_for_end(loop, executor->pool, timeout);
    if (rc == -ETIMEDOUT)
        coil__warn("the threads of the default executor did not end within %.3f s",
                   (double)timeout / 1e9);
    coil_executor_unref(executor);
    return rc;
}
