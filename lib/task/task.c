// SPDX-License-Identifier: MIT
#include "task/task.h"

#include "base/alloc.h"
#include "base/probe.h"
#include "task/cancel.h"

#include <stdio.h>
#include <string.h>

static const struct future_class task_class = {
    .cancel = task_cancel,
};

/* ---- making ------------------------------------------------------------------------------- */

static int apply_options(struct coil_future *task, const coil_task_options *options)
{
    task->dispose = options->dispose;
    if (options->stack_size)
        task->stack_class = (uint8_t)stack_class(options->stack_size);
    if (options->name) {
        size_t size = strlen(options->name) + 1;
        task->name = coil__alloc(size);
        if (!task->name)
            return -ENOMEM;
        memcpy(task->name, options->name, size);
        task->flags |= FUTURE_OWNS_NAME;
    }
    if (options->copy_arg) {
        void *copy = coil__alloc(options->copy_arg);
        if (!copy)
            return -ENOMEM;
        memcpy(copy, task->arg, options->copy_arg);
        task->arg = copy;
        task->flags |= FUTURE_OWNS_ARG;
    }
    return 0;
}

static bool options_valid(const coil_task_options *options, const void *arg)
{
    return options->size == sizeof(*options) && stack_class(options->stack_size) >= 0 &&
           (arg || !options->copy_arg);
}

struct coil_future *task_new(struct sched *sched, coil_fn fn, void *arg,
                             const coil_task_options *options)
{
    if (!fn || (options && !options_valid(options, arg)))
        return COIL_ERR(-EINVAL);
    struct coil_future *task = future_new(sched, &task_class);
    if (coil_is_err(task))
        return task;
    task->flags = FUTURE_TASK;
    task->item.kind = ITEM_STEP;
    task->stack_class = (uint8_t)sched->stack_class;
    task->fn = fn;
    task->arg = arg;
    int rc = options ? apply_options(task, options) : 0;
    if (rc < 0) {
        task->dispose = NULL;
        coil_unref(task);
        return COIL_ERR(rc);
    }
    task->id = ++sched->last_id;
    list_append(&sched->tasks, &task->link);
    sched->task_count++;
    task->refs++; /* the loop's, until the task is done */
    sched_queue(sched, &task->item);
    PROBE2(task__create, task, fn);
    return task;
}

int task_write_name(const struct coil_future *task, char *buffer, size_t size)
{
    return task->name ? snprintf(buffer, size, "%s", task->name)
                      : snprintf(buffer, size, "task-%u", task->id);
}

/* ---- ending ------------------------------------------------------------------------------- */

/* The task is over: its head stays for whoever holds it. */
static void finish(struct coil_future *task, void *result)
{
    struct sched *sched = task->sched;
    bool cancelled = coil_err(result) == -ECANCELED;

    PROBE2(task__end, task, result);
    task->run = NULL;
    list_remove(&task->link);
    sched->task_count--;
    if (task->flags & FUTURE_OWNS_ARG)
        coil__free(task->arg);
    task->arg = NULL;
    if (task->flags & FUTURE_MUST_CANCEL) {
        /* Asked for by the task itself, or too late for a wait: asyncio's rule T8. What it
         * returned is a result that nobody can take. */
        task->flags &= (uint16_t)~FUTURE_MUST_CANCEL;
        if (!cancelled && !coil_is_err(result)) {
            if (task->dispose && result)
                task->dispose(result);
            cancelled = true;
        }
    }
    if (cancelled)
        future_finish(task, COIL_CANCELLED, COIL_ERR(-ECANCELED));
    else
        future_finish(task, COIL_FINISHED, result);
    coil_unref(task);
}

/* ---- running ------------------------------------------------------------------------------ */

static void *body(void *value);

/* Gives a task its stack and running part. -ENOMEM. */
static int start(struct coil_future *task)
{
    struct stack *stack = stack_take(&task->sched->stacks.pools[task->stack_class]);

    if (!stack)
        return -ENOMEM;
    struct task_run *run = stack_reserve(stack, sizeof(*run));
    fiber_init(&run->fiber, stack, run, body);
    run->leaf = &run->fiber;
    run->waiter = NULL;
    run->refusals = 0;
    task->run = run;
    return 0;
}

/* A task that was cancelled before its first step never begins, and needs no stack. */
static bool ends_before_start(const struct coil_future *task)
{
    return !task->run && task->flags & (FUTURE_MUST_CANCEL | FUTURE_REFUSED);
}

void task_step(struct coil_future *task)
{
    struct sched *sched = task->sched;

    if (unlikely(ends_before_start(task))) {
        finish(task, COIL_ERR(-ECANCELED));
        return;
    }
    if (!task->run && start(task) < 0) {
        finish(task, COIL_ERR(-ENOMEM));
        return;
    }
    sched->current = task;
    (void)fiber_switch(task->run->leaf, NULL);
}

/*
 * Whom the running task leaves to: the task of the next item when its step needs nothing that could
 * fail or call the kernel; else the home fiber, which can.
 */
static ALWAYS_INLINE struct fiber *successor(struct sched *sched)
{
    struct fifo_node *first = sched->ready.first;

    if (sched->budget && likely(first != NULL)) {
        struct item *item = container_of(first, struct item, node);
        struct coil_future *task = container_of(item, struct coil_future, item);
        if (item->kind == ITEM_STEP &&
            (task->run || (!ends_before_start(task) &&
                           stack_at_hand(&sched->stacks.pools[task->stack_class])))) {
            (void)sched_next(sched);
            if (!task->run) {
                int rc = start(task);
                ASSERT(rc == 0);
            }
            sched->current = task;
            return task->run->leaf;
        }
    }
    sched->current = NULL;
    return sched->home;
}

static void *body(void *value)
{
    struct coil_future *task = coil__sched_running->current;
    struct sched *sched = task->sched;

    (void)value;
    PROBE1(task__start, task);
    void *result = task->fn(task->arg);
    ASSERT(sched->current == task && fiber_current() == &task->run->fiber);
    finish(task, result);
    fiber_leave(successor(sched), NULL);
}

void task_park(struct coil_future *task)
{
    struct sched *sched = task->sched;

    ASSERT(sched->current == task);
    PROBE1(task__park, task);
    task->run->leaf = fiber_current();
    struct fiber *next = successor(sched);
    /* The next item may be this task's own step, as when it yields alone. */
    if (next != task->run->leaf)
        (void)fiber_switch(next, NULL);
    ASSERT(sched->current == task);
    PROBE1(task__unpark, task);
}

/* ---- waiting ------------------------------------------------------------------------------ */

bool task_wait_refused(struct coil_future *task)
{
    if (likely(!(task->flags & (FUTURE_REFUSED | FUTURE_MUST_CANCEL))))
        return false;
    if (task->flags & FUTURE_REFUSED) {
        if (++task->run->refusals > TASK_REFUSALS_MAX)
            task_park(task); /* for ever: coil_close abandons it */
        return true;
    }
    return false;
}

int task_wait(struct coil_future *task, struct waiter *waiter)
{
    struct task_run *run = task->run;

    ASSERT(!(task->flags & FUTURE_REFUSED));
    if (waiter) {
        waiter->task = task;
        run->waiter = waiter;
        /* A cancellation that came before the wait goes to what is waited for, as one during it
         * does. */
        if (unlikely(task->flags & FUTURE_MUST_CANCEL) && waiter->class->cancel(waiter))
            task->flags &= (uint16_t)~FUTURE_MUST_CANCEL;
    }
    task_park(task);
    run->waiter = NULL;
    if (likely(!(task->flags & (FUTURE_MUST_CANCEL | FUTURE_REFUSED))))
        return 0;
    if (waiter && waiter->class->outcome_wins)
        return 0;
    task->flags &= (uint16_t)~FUTURE_MUST_CANCEL;
    return -ECANCELED;
}

/* ---- closing ------------------------------------------------------------------------------ */

void task_refuse(struct coil_future *task)
{
    struct task_run *run = task->run;

    if (task->flags & FUTURE_REFUSED)
        return;
    task->flags |= FUTURE_REFUSED;
    if (task->item.queued)
        return;
    struct waiter *waiter = run->waiter;
    ASSERT(waiter != NULL);
    if (waiter->class->leave(waiter))
        task_wake(task);
    else
        (void)waiter->class->cancel(waiter);
}

void task_abandon(struct coil_future *task)
{
    struct fiber *fiber = task->run ? &task->run->fiber : NULL;

    ASSERT(!task->item.queued && task->sched->current == NULL);
    finish(task, COIL_ERR(-ECANCELED));
    if (fiber)
        fiber_abandon(fiber);
}

/* ---- public ------------------------------------------------------------------------------- */

coil_task *coil_current_task(void)
{
    return task_current();
}

int coil_task_name(const coil_task *task, char *buffer, size_t size)
{
    int rc = future_argument(task);

    if (rc < 0)
        return rc;
    if (!future_is_task(task) || !buffer || !size)
        return -EINVAL;
    return task_write_name(task, buffer, size);
}

int coil_yield(void)
{
    struct coil_future *task = task_current();

    if (unlikely(!task))
        return -COIL_ENOLOOP;
    if (unlikely(task_wait_refused(task)))
        return -ECANCELED;
    task_wake(task);
    return task_wait(task, NULL);
}
