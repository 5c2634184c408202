// SPDX-License-Identifier: MIT
/*
 * Level-triggered scopes. A task knows its innermost one; whether its waits are refused is one bit
 * of its flags, which every wait looks at anyway (task_wait_refused): a task without scopes pays
 * nothing. The bit is found anew whenever a scope is entered, cancelled or left.
 */
#include "compose/request.h"
#include "loop/loop.h"
#include "task/park.h"

#include <coil/scope.h>

enum { CREATED, ENTERED, LEFT };

/* Whether a cancelled scope covers this one: itself, or one around it that no shield keeps out. */
static bool covered(const struct coil_scope *scope)
{
    for (; scope; scope = scope->outer) {
        if (scope->cancelled)
            return true;
        if (scope->shield)
            return false;
    }
    return false;
}

static void update(coil_task *task)
{
    if (covered(task->run->scope))
        task->flags |= FUTURE_COVERED;
    else
        task->flags &= (uint16_t)~FUTURE_COVERED;
}

/* The task may wait, be queued to go on, or be the one that runs. */
static void update_and_tell(coil_task *task)
{
    bool before = task->flags & FUTURE_COVERED;
    struct waiter *waiter = task->run->waiter;

    update(task);
    if (!before && task->flags & FUTURE_COVERED && waiter)
        (void)waiter->class->cancel(waiter); /* false: it goes on by itself, and finds the bit */
}

static int time_is_up(void *userdata)
{
    coil_scope *scope = userdata;

    scope->late = !scope->cancelled;
    scope->cancelled = true;
    update_and_tell(scope->task);
    return 0;
}

/* The innermost one: at its exit, and where its task ends inside. */
static void leave(void *arg)
{
    coil_scope *scope = arg;
    coil_task *task = scope->task;

    (void)coil_handle_cancel(task->sched->loop, scope->handle);
    task->run->scope = scope->outer;
    scope->phase = LEFT;
    update(task);
}

int coil_scope_enter(coil_scope *scope, coil_time deadline, unsigned flags)
{
    if (!scope || scope->phase > LEFT || flags & ~(unsigned)COIL_SCOPE_SHIELD)
        return -EINVAL;
    coil_task *task = task_current();
    if (!task)
        return -COIL_ENOLOOP;
    if (scope->phase != CREATED)
        return scope->phase == ENTERED ? -EBUSY : -COIL_EINVALSTATE;
    coil_loop *loop = task->sched->loop;
    coil_handle handle = {0};
    bool late = deadline != COIL_NEVER && deadline <= loop_clock(loop);
    if (deadline != COIL_NEVER && !late && !loop->sched->closing) {
        handle = handle_arm(loop, deadline, time_is_up, scope);
        int rc = coil_handle_error(handle);
        if (rc < 0)
            return rc;
    }
    *scope = (coil_scope){.outer = task->run->scope,
                          .task = task,
                          .handle = handle,
                          .cancelling = request_count_over(task),
                          .phase = ENTERED,
                          .shield = flags & COIL_SCOPE_SHIELD,
                          .cancelled = scope->cancelled || late,
                          .late = late && !scope->cancelled};
    task->run->scope = scope;
    coil_cleanup_push(&scope->cleanup, leave, scope);
    update(task);
    return 0;
}

void coil_scope_cancel(coil_scope *scope)
{
    if (!scope || scope->phase == LEFT || scope->cancelled)
        return;
    scope->cancelled = true;
    if (scope->phase == CREATED)
        return;
    sched_check_thread(scope->task->sched);
    update_and_tell(scope->task);
}

bool coil_scope_cancelled(const coil_scope *scope)
{
    return scope && scope->cancelled;
}

int coil_scope_exit(coil_scope *scope, int rc)
{
    if (!scope)
        return -EINVAL;
    if (scope->phase != ENTERED)
        return -COIL_EINVALSTATE;
    coil_task *task = scope->task;
    ASSERT(task != NULL);
    if (task != task_current())
        return -EPERM;
    if (task->run->scope != scope)
        return -COIL_EINVALSTATE;
    coil_cleanup_pop(&scope->cleanup, true);
    bool others = task->flags & (FUTURE_COVERED | FUTURE_REFUSED) ||
                  coil_cancelling(task) > scope->cancelling;
    if (rc != -ECANCELED || !scope->cancelled || others)
        return rc;
    return scope->late ? -ETIMEDOUT : 0;
}
