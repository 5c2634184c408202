// SPDX-License-Identifier: MIT
#include "loop/await.h"

#include "loop/descriptor.h"
#include "loop/loop.h"
#include "task/park.h"

struct op_wait {
    struct waiter waiter;
    struct op *op;
    int result;
    bool over;      /* the last completion is here */
    bool cancelled; /* this task was cancelled while the operation was in flight */
};

static void completed(struct op *op, const struct completion *completion)
{
    struct op_wait *wait = op->submitter;

    ASSERT(!(completion->flags & COMPLETION_MORE) && !wait->over);
    wait->result = completion->result;
    wait->over = true;
    task_wake(wait->waiter.task);
    task_fetch(wait->waiter.task, &wait->waiter);
}

static bool cancel_op(struct waiter *waiter)
{
    struct op_wait *wait = container_of(waiter, struct op_wait, waiter);

    if (wait->over)
        return false;
    wait->cancelled = true;
    engine_cancel(waiter->task->sched->loop->engine, wait->op);
    return true;
}

static bool cannot(struct waiter *waiter)
{
    (void)waiter;
    return false;
}

static const struct waiter_class op_class = {
    .what = "operation",
    .cancel = cancel_op,
    .leave = cannot,
    .outcome_wins = true,
};

static const struct waiter_class uncancellable_op_class = {
    .what = "operation",
    .cancel = cannot,
    .leave = cannot,
    .outcome_wins = true,
};

/* From submission to the last completion there is no way out. */
static int submit_and_wait(struct coil_future *task, struct op *op,
                           const struct waiter_class *class)
{
    struct op_wait wait = {.waiter = {.class = class, .task = task}, .op = op};

    ASSERT(!(op->flags & OP_MANY));
    op->complete = completed;
    op->submitter = &wait;
    int rc = engine_submit(task->sched->loop->engine, op);
    if (rc < 0)
        return rc;
    rc = task_wait(task, &wait.waiter);
    ASSERT(rc == 0 && wait.over && op->state == OP_IDLE);
    if (wait.result == -ECANCELED || wait.result == -EINTR) {
        if (wait.cancelled)
            return -ECANCELED;
        if (wait.result == -ECANCELED)
            return -COIL_ECLOSED;
    } else if (wait.cancelled) {
        task_cancel_later(task);
    }
    ASSERT(wait.result != -ECANCELED);
    return wait.result;
}

int await_op(struct op *op)
{
    struct coil_future *task = task_current();

    if (unlikely(!task))
        return -COIL_ENOLOOP;
    if (unlikely(task_wait_refused(task)))
        return -ECANCELED;
    if (unlikely(task->flags & FUTURE_MUST_CANCEL)) {
        task->flags &= (uint16_t)~FUTURE_MUST_CANCEL;
        return -ECANCELED;
    }
    if (unlikely(descriptor_closing(task->sched->loop, op)))
        return -COIL_ECLOSED;
    return submit_and_wait(task, op, &op_class);
}

int await_to_the_end(struct op *op)
{
    struct coil_future *task = task_current();

    op->flags |= OP_TO_THE_END;
    return task ? submit_and_wait(task, op, &uncancellable_op_class) : -COIL_ENOLOOP;
}

const struct op *await_operation(const struct waiter *waiter)
{
    if (waiter->class != &op_class && waiter->class != &uncancellable_op_class)
        return NULL;
    return container_of(waiter, struct op_wait, waiter)->op;
}
