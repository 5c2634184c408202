// SPDX-License-Identifier: MIT
/*
 * The timeout scope lies on its task's stack: a timer with a callback, and the count that tells its
 * own cancellation from those of others (asyncio's TO2).
 */
#include "base/machine.h"
#include "compose/request.h"
#include "loop/loop.h"

#include <coil/timeout.h>

enum { CREATED, ACTIVE, EXPIRING, EXPIRED, FINISHED };

static const uint8_t moves[] = {
    [CREATED] = MACHINE_TO(ACTIVE),
    [ACTIVE] = MACHINE_TO(EXPIRING) | MACHINE_TO(FINISHED),
    [EXPIRING] = MACHINE_TO(EXPIRED),
    [EXPIRED] = 0,
    [FINISHED] = 0,
};

static int fire(void *userdata)
{
    coil_timeout *timeout = userdata;

    machine_move(&timeout->state, EXPIRING, moves);
    (void)coil_cancel(timeout->task);
    return 0;
}

/* What is due is called before anything that the body may yield to. A loop that closes cancels by
 * itself, and at once. */
static coil_handle arm(coil_timeout *timeout, coil_loop *loop, coil_time when)
{
    if (when == COIL_NEVER || loop->sched->closing)
        return (coil_handle){0};
    if (when <= loop->now)
        return coil_call_soon(loop, fire, timeout);
    return handle_arm(loop, when, fire, timeout);
}

/* The task that may enter, or why none may. */
static coil_task *who_enters(const coil_timeout *timeout)
{
    if (!timeout || timeout->state > FINISHED)
        return COIL_ERR(-EINVAL);
    coil_task *task = task_current();
    if (!task)
        return COIL_ERR(-COIL_ENOLOOP);
    if (timeout->state == ACTIVE || timeout->state == EXPIRING)
        return COIL_ERR(-EBUSY);
    return timeout->state == CREATED ? task : COIL_ERR(-COIL_EINVALSTATE);
}

/* Its task ends inside, by coil_exit or abandoned: nothing may come any more. */
static void leave(void *arg)
{
    coil_timeout *timeout = arg;

    if (timeout->state == ACTIVE)
        (void)coil_handle_cancel(timeout->loop, timeout->handle);
    machine_move(&timeout->state, timeout->state == ACTIVE ? FINISHED : EXPIRED, moves);
}

static int enter(coil_timeout *timeout, coil_task *task, coil_time when)
{
    coil_loop *loop = task->sched->loop;
    coil_handle handle = arm(timeout, loop, when);
    int rc = coil_handle_error(handle);

    if (rc < 0)
        return rc;
    machine_move(&timeout->state, ACTIVE, moves);
    timeout->loop = loop;
    timeout->task = task;
    timeout->handle = handle;
    timeout->when = when;
    timeout->cancelling = request_count_over(task);
    coil_cleanup_push(&timeout->cleanup, leave, timeout);
    return 0;
}

int coil_timeout_enter(coil_timeout *timeout, coil_time delay)
{
    coil_task *task = who_enters(timeout);

    if (err_is(task))
        return err_code(task);
    return enter(timeout, task, loop_deadline(task->sched->loop, delay));
}

int coil_timeout_enter_at(coil_timeout *timeout, coil_time when)
{
    coil_task *task = who_enters(timeout);

    if (err_is(task))
        return err_code(task);
    if (when != COIL_NEVER)
        (void)loop_clock(task->sched->loop);
    return enter(timeout, task, when);
}

int coil_timeout_exit(coil_timeout *timeout, int rc)
{
    if (!timeout)
        return -EINVAL;
    if (timeout->state != ACTIVE && timeout->state != EXPIRING)
        return -COIL_EINVALSTATE;
    if (timeout->task != task_current())
        return -EPERM;
    bool in_time = timeout->state == ACTIVE;
    coil_cleanup_pop(&timeout->cleanup, true);
    if (in_time)
        return rc;
    bool ours_alone = request_take_back(timeout->task, timeout->cancelling);
    return rc == -ECANCELED && ours_alone ? -ETIMEDOUT : rc;
}

int coil_timeout_reschedule(coil_timeout *timeout, coil_time when)
{
    if (!timeout)
        return -EINVAL;
    if (timeout->state != ACTIVE)
        return -COIL_EINVALSTATE;
    coil_loop *loop = timeout->loop;
    sched_check_thread(loop->sched);
    if (when != COIL_NEVER)
        (void)loop_clock(loop);
    coil_handle handle = arm(timeout, loop, when);
    int rc = coil_handle_error(handle);
    if (rc < 0)
        return rc;
    (void)coil_handle_cancel(loop, timeout->handle);
    timeout->handle = handle;
    timeout->when = when;
    return 0;
}

bool coil_timeout_expired(const coil_timeout *timeout)
{
    return timeout && (timeout->state == EXPIRING || timeout->state == EXPIRED);
}

coil_time coil_timeout_when(const coil_timeout *timeout)
{
    if (!timeout)
        return -EINVAL;
    return timeout->state == CREATED ? COIL_NEVER : timeout->when;
}
