// SPDX-License-Identifier: MIT
/*
 * Sleeping. As in asyncio a timer's end is a call of its own, which wakes the task for a later
 * step: a callback that is due at the same time runs before the sleeper does.
 */
#include "loop/sleep.h"

#include "loop/loop.h"
#include "task/park.h"

enum sleep_state {
    SLEEP_ARMED, /* the timer runs */
    SLEEP_FIRED, /* its call is queued */
    SLEEP_OVER   /* the task's step is queued, or about to be */
};

struct sleep {
    struct waiter waiter;
    struct call call; /* may still be queued when a cancelled sleep is over: it runs, as FIFO
                         has it, before the task's step does */
    int64_t deadline;
    struct timer_slot *timer;
    bool over;
    bool cancelled;
};

static enum sleep_state state(const struct sleep *sleep)
{
    if (sleep->over)
        return SLEEP_OVER;
    return sleep->call.item.queued ? SLEEP_FIRED : SLEEP_ARMED;
}

static void wake_up(struct call *call, bool drop)
{
    struct sleep *sleep = container_of(call, struct sleep, call);

    (void)drop;
    if (sleep->over)
        return;
    sleep->over = true;
    task_wake(sleep->waiter.task);
}

static bool leave(struct waiter *waiter)
{
    struct sleep *sleep = container_of(waiter, struct sleep, waiter);

    if (state(sleep) == SLEEP_ARMED)
        timers_disarm(&waiter->task->sched->loop->timers, sleep->timer);
    sleep->over = true;
    return true;
}

static bool cancel(struct waiter *waiter)
{
    struct sleep *sleep = container_of(waiter, struct sleep, waiter);

    if (state(sleep) == SLEEP_OVER)
        return false;
    (void)leave(waiter);
    sleep->cancelled = true;
    task_wake(waiter->task);
    return true;
}

static const struct waiter_class sleep_class = {
    .what = "sleep",
    .cancel = cancel,
    .leave = leave,
};

int64_t sleep_left(const struct waiter *waiter)
{
    if (waiter->class != &sleep_class)
        return -1;
    const struct sleep *sleep = container_of(waiter, struct sleep, waiter);
    int64_t left = sleep->deadline - engine_now(waiter->task->sched->loop->engine);
    return left > 0 ? left : 0;
}

int coil_sleep(coil_time delay)
{
    struct coil_future *task = task_current();

    if (delay <= 0)
        return likely(delay != INT64_MIN) ? coil_yield_now() : -EINVAL;
    if (unlikely(!task))
        return -COIL_ENOLOOP;
    if (unlikely(task_wait_refused(task)))
        return -ECANCELED;
    coil_loop *loop = task->sched->loop;
    struct sleep sleep = {.waiter = {.class = &sleep_class, .task = task},
                          .deadline = loop_deadline(loop, delay)};
    call_init(&sleep.call, wake_up);
    int rc = timers_arm(&loop->timers, sleep.deadline, &sleep.call, &sleep.timer);
    if (rc < 0)
        return rc;
    rc = task_wait(task, &sleep.waiter);
    ASSERT(!sleep.call.item.queued);
    return sleep.cancelled ? -ECANCELED : rc;
}
