// SPDX-License-Identifier: MIT
/*
 * Cancellation goes to the end of the chain first: a task that awaits a future has that future
 * cancelled, and hears of it when the future is done. Where the chain ends in something that cannot
 * be cancelled any more, the task itself is marked and gets -ECANCELED when it resumes.
 *
 * Chains fork: a gather passes the request to each of its children, which may be, or await, gathers
 * in turn. A stack has an end and these trees may be any number deep, so the walk is a loop, whose
 * way back lies in the branches (struct branch).
 */
#include "task/await.h"
#include "task/error.h"
#include "task/extras.h"
#include "task/task.h"

/* Tasks that await each other in a ring: this one leaves its wait, which breaks the ring. */
static void break_ring(struct coil_future *task)
{
    task->flags |= FUTURE_MUST_CANCEL;
    (void)task_leave_wait(task);
}

/* What stands at the end of a chain that the task `asker` began, if one did. */
static bool ask_leaf(struct coil_future *future, struct coil_future *asker)
{
    bool taken = future->class->cancel(future);

    if (asker && !taken)
        asker->flags |= FUTURE_MUST_CANCEL;
    return asker || taken;
}

/* The walk goes on at the branch, unless it came from there: tasks await in a ring. */
static bool enter_branch(struct branch *branch, struct coil_future *asker, struct branch **at)
{
    if (unlikely(branch->walked)) {
        ASSERT(asker != NULL); /* a gather is younger than its children */
        break_ring(asker);
        return true;
    }
    branch->next = 0;
    branch->up = *at;
    branch->asker = asker;
    branch->walked = true;
    branch->taken = false;
    *at = branch;
    return false;
}

/* Keeps why it is cancelled, if somebody said so and there is memory. */
static NOINLINE void keep_reason(struct coil_future *future, struct note *reason)
{
    struct future_extras *extras = reason ? extras_of(future) : future->extras;

    if (extras)
        note_set(&extras->reason, reason);
}

/* Asks a future, and if it is a task, what it awaits, and so on. Whether it takes the request; a
 * branch at the end is where the walk goes on: its children know. */
static bool ask(struct coil_future *future, struct note *reason, struct branch **at)
{
    struct coil_future *asker = NULL, *first = future, *mark = future;

    if (future_done(future)) {
        error_retrieved(future); /* as asyncio has it: who cancels does not want to know */
        return false;
    }
    if (unlikely(future->sched->closed && future->watchers))
        return false; /* nobody runs its callbacks any more: as coil_set_result */
    if (unlikely(reason || future->extras))
        keep_reason(future, reason);
    for (size_t steps = 1; future_is_task(future); steps++) {
        struct waiter *waiter = future->run ? future->run->waiter : NULL;

        future->cancel_requests++;
        if (!waiter) {
            future->flags |= FUTURE_MUST_CANCEL;
            return true;
        }
        struct coil_future *awaited = await_target(waiter);
        if (!awaited || future_done(awaited)) {
            if (!waiter->class->cancel(waiter))
                future->flags |= FUTURE_MUST_CANCEL;
            return true;
        }
        if (unlikely(awaited == first || awaited == mark)) {
            break_ring(future);
            return true;
        }
        if ((steps & (steps - 1)) == 0) /* Brent's: a ring that `first` is not in */
            mark = future;
        asker = future;
        future = awaited;
        if (unlikely(reason || future->extras))
            keep_reason(future, reason);
    }
    return future->class->branch ? enter_branch(future->class->branch(future), asker, at)
                                 : ask_leaf(future, asker);
}

/* Every child was asked: what that means for the branch, and for who awaits it. */
static bool leave_branch(struct branch *branch)
{
    branch->walked = false;
    branch->cancelled |= branch->taken;
    if (branch->asker && !branch->taken)
        branch->asker->flags |= FUTURE_MUST_CANCEL;
    return branch->asker || branch->taken;
}

bool future_cancel(struct coil_future *future, struct note *reason)
{
    struct branch *at = NULL;
    bool taken = ask(future, reason, &at);

    while (at) {
        struct branch *here = at;
        struct coil_future *child = here->child(here, here->next++);
        if (child) {
            taken = ask(child, reason, &at);
        } else {
            taken = leave_branch(here);
            here = at = here->up;
        }
        if (at && at == here) /* and the walk is not further down */
            here->taken |= taken;
    }
    return taken;
}

bool coil_cancel(coil_future *future)
{
    if (future_argument(future) < 0)
        return false;
    sched_check_thread(future->sched);
    return future_cancel(future, NULL);
}

bool coil_cancel_with(coil_future *future, const char *message)
{
    if (future_argument(future) < 0)
        return false;
    sched_check_thread(future->sched);
    struct note *reason = message ? note_new(-ECANCELED, message, NULL, 0) : NULL;
    bool taken = future_cancel(future, reason);
    note_unref(reason);
    return taken;
}

const char *coil_cancel_message(const coil_future *future)
{
    if (future_argument(future) < 0)
        return NULL;
    sched_check_thread(future->sched);
    const struct note *reason = future->extras ? future->extras->reason : NULL;
    return reason ? reason->message : NULL;
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
