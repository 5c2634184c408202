// SPDX-License-Identifier: MIT
/*
 * How a task stops running: inline, so that each call that waits has the switch in its own frame.
 * The CPU predicts a return by the calls before it; a switch in a frame of its own would make the
 * first return after it a wrong guess each time.
 */
#ifndef TASK_PARK_H
#define TASK_PARK_H

#include "base/probe.h"
#include "task/task.h"

/* Gives a task its stack and running part. -ENOMEM. */
int task_start(struct coil_future *task);

/* The batch is over: whether the next one can begin here, without a turn. */
bool task_next_batch(struct sched *sched);

/* A cancellation is delivered, or a wait refused: -ECANCELED. */
int task_interrupted(struct coil_future *task);

/* A cancellation has reached the task, which is told something else first: it is delivered at the
 * next wait, unless it was taken back or it was the end of the loop that asked: that refuses the
 * next wait anyway. */
static inline void task_cancel_later(struct coil_future *task)
{
    if (task->cancel_requests)
        task->flags |= FUTURE_MUST_CANCEL;
}

/* A task that was cancelled before its first step never begins, and needs no stack. */
static inline bool task_ends_before_start(const struct coil_future *task)
{
    return !task->run && task->flags & (FUTURE_MUST_CANCEL | FUTURE_REFUSED);
}

/* Whether something is to be delivered to a task that resumes. */
static inline bool task_is_interrupted(const struct coil_future *task)
{
    return unlikely(task->flags & (FUTURE_MUST_CANCEL | FUTURE_REFUSED | FUTURE_COVERED));
}

/*
 * Whom the running task leaves to: the task of the next item when its step needs nothing that could
 * fail or call the kernel; else the home fiber, which can.
 */
static ALWAYS_INLINE struct fiber *task_successor(struct sched *sched)
{
    if (likely(sched->budget) || task_next_batch(sched)) {
        struct item *item = container_of(sched->ready.first, struct item, node);
        struct coil_future *task = container_of(item, struct coil_future, item);
        if (likely(item->kind == ITEM_STEP) &&
            (likely(task->run != NULL) ||
             (!task_ends_before_start(task) &&
              stack_at_hand(&sched->stacks.pools[task->stack_class])))) {
            (void)sched_next(sched);
            if (!task->run) {
                int rc = task_start(task);
                ASSERT(rc == 0);
            }
            sched->current = task;
            return task->run->leaf;
        }
    }
    sched->current = NULL;
    return sched->home;
}

/* Parks the running task until it is stepped again. */
static ALWAYS_INLINE void task_park_here(struct coil_future *task)
{
    struct sched *sched = task->sched;
    struct fiber *self = fiber_current();

    ASSERT(sched->current == task);
    PROBE1(task__park, task);
    task->run->leaf = self;
    struct fiber *next = task_successor(sched);
    /* The next item may be this task's own step, as when it yields alone. */
    if (likely(next != self))
        (void)fiber_switch_from(self, next, NULL);
    ASSERT(sched->current == task);
    PROBE1(task__unpark, task);
}

/*
 * Parks the running task, which `waiter` stands for. 0: woken, the waiter knows why. -ECANCELED:
 * the task was cancelled, or its loop refuses the wait.
 */
static ALWAYS_INLINE int task_wait(struct coil_future *task, struct waiter *waiter)
{
    struct task_run *run = task->run;

    ASSERT(!(task->flags & FUTURE_REFUSED) || waiter->class->outcome_wins);
    waiter->task = task;
    run->waiter = waiter;
    /* A cancellation from before the wait goes to what is waited for, as one during it does. */
    if (unlikely(task->flags & FUTURE_MUST_CANCEL)) {
        /* Cleared first: the request may come round to this task and mark it anew. */
        task->flags &= (uint16_t)~FUTURE_MUST_CANCEL;
        if (!waiter->class->cancel(waiter))
            task->flags |= FUTURE_MUST_CANCEL;
    }
    task_park_here(task);
    run->waiter = NULL;
    if (!task_is_interrupted(task) || waiter->class->outcome_wins)
        return 0;
    return task_interrupted(task);
}

#endif
