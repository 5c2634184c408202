// SPDX-License-Identifier: MIT
#include "task/park.h"

#include "base/alloc.h"
#include "task/extras.h"

#include <stdio.h>
#include <string.h>

static const struct future_class task_class = {.what = "task"};

/* ---- making ------------------------------------------------------------------------------- */

static int apply_options(struct coil_future *task, const coil_task_options *options)
{
    task->dispose = options->dispose;
    if (options->stack_size)
        task->stack_class = (uint8_t)stack_class(options->stack_size);
    if (options->name) {
        int rc = extras_set_name(task, options->name);
        if (rc < 0)
            return rc;
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
    if (err_is(task))
        return task;
    task->flags = FUTURE_TASK;
    task->item.kind = ITEM_STEP;
    task->stack_class = (uint8_t)sched->stack_class;
    task->fn = fn;
    task->arg = arg;
    int rc = options ? apply_options(task, options) : 0;
    if (rc < 0) {
        task->dispose = NULL;
        future_unref(task);
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
    const char *name = extras_name(task);
    return name ? snprintf(buffer, size, "%s", name) : snprintf(buffer, size, "task-%u", task->id);
}

/* ---- ending ------------------------------------------------------------------------------- */

/* The task is over: its head stays for whoever holds it. */
static void finish(struct coil_future *task, void *result)
{
    struct sched *sched = task->sched;
    bool cancelled = err_code(result) == -ECANCELED;

    PROBE2(task__end, task, result);
    task->run = NULL;
    sched->task_count--;
    if (task->flags & FUTURE_MUST_CANCEL) {
        /* Asked for by the task itself, or too late for a wait: asyncio's rule T8. What it
         * returned is a result that nobody can take. */
        task->flags &= (uint16_t)~FUTURE_MUST_CANCEL;
        if (!cancelled && !err_is(result)) {
            if (task->dispose && result)
                task->dispose(result);
            cancelled = true;
        }
    }
    if (cancelled)
        future_finish(task, COIL_CANCELLED, COIL_ERR(-ECANCELED));
    else
        future_finish(task, COIL_FINISHED, result);
    future_unref(task);
}

/* ---- running ------------------------------------------------------------------------------ */

static void body(void *value);

int task_start(struct coil_future *task)
{
    struct stack *stack = stack_take(&task->sched->stacks.pools[task->stack_class]);

    if (!stack)
        return -ENOMEM;
    struct task_run *run = stack_reserve(stack, sizeof(*run));
    fiber_prepare(&run->fiber, stack, run, body);
    run->fiber.parent = task->sched->home; /* whoever started it may end before it does */
    run->leaf = &run->fiber;
    run->waiter = NULL;
    run->scope = NULL;
    run->refusals = 0;
    task->run = run;
    return 0;
}

void task_step(struct coil_future *task)
{
    struct sched *sched = task->sched;

    if (unlikely(task_ends_before_start(task))) {
        finish(task, COIL_ERR(-ECANCELED));
        return;
    }
    if (!task->run && task_start(task) < 0) {
        finish(task, COIL_ERR(-ENOMEM));
        return;
    }
    sched->current = task;
    (void)fiber_switch(task->run->leaf, NULL);
}

bool task_next_batch(struct sched *sched)
{
    if (!sched->ready.count || !sched->idle_turn(sched->loop))
        return false;
    sched_begin_batch(sched);
    return true;
}

static void body(void *value)
{
    struct fiber *self = fiber_begun();
    struct sched *sched = coil__sched_running;
    struct coil_future *task = sched->current;

    (void)value;
    PROBE1(task__start, task);
    void *result = task->fn(task->arg);
    ASSERT(sched->current == task && coil__fiber_current == self);
    sched->current = NULL; /* a dispose that is called now is in no task, and cannot wait */
    finish(task, result);
    fiber_leave(task_successor(sched), NULL);
}

void task_park(struct coil_future *task)
{
    task_park_here(task);
}

/* ---- waiting ------------------------------------------------------------------------------ */

/* The loop closes. A task that waits on and on is parked for ever: coil_close abandons it. */
static NOINLINE void refuse_again(struct coil_future *task)
{
    if (++task->run->refusals > TASK_REFUSALS_MAX)
        task_park(task);
}

bool task_wait_refused(struct coil_future *task)
{
    if (likely(!(task->flags & (FUTURE_REFUSED | FUTURE_COVERED))))
        return false;
    task->flags &= (uint16_t)~FUTURE_MUST_CANCEL; /* the refusal delivers it */
    if (task->flags & FUTURE_REFUSED)
        refuse_again(task);
    return true;
}

int task_interrupted(struct coil_future *task)
{
    task->flags &= (uint16_t)~FUTURE_MUST_CANCEL;
    return -ECANCELED;
}

bool task_leave_wait(struct coil_future *task)
{
    struct waiter *waiter = task->run->waiter;

    if (!waiter->class->leave(waiter))
        return false;
    task->run->waiter = NULL; /* now it waits for its turn only */
    task_wake(task);
    return true;
}

/* ---- closing ------------------------------------------------------------------------------ */

void task_refuse(struct coil_future *task)
{
    struct task_run *run = task->run;

    ASSERT(!future_done(task) && !(task->flags & FUTURE_REFUSED));
    task->flags |= FUTURE_REFUSED;
    if (task->item.queued)
        return;
    struct waiter *waiter = run->waiter;
    ASSERT(waiter != NULL);
    if (!task_leave_wait(task))
        (void)waiter->class->cancel(waiter);
}

void task_abandon(struct coil_future *task)
{
    struct fiber *fiber = task->run ? task->run->leaf : NULL;
    struct fiber *first = task->run ? &task->run->fiber : NULL;

    ASSERT(!task->item.queued && task->sched->current == NULL);
    if (fiber && task->run->waiter && task->run->waiter->class->abandon)
        task->run->waiter->class->abandon(task->run->waiter);
    finish(task, COIL_ERR(-ECANCELED));
    /* From the one that parked to the task's own: each waits for the one before it. */
    while (fiber) {
        struct fiber *parent = fiber == first ? NULL : fiber->parent;
        fiber_abandon(fiber);
        fiber = parent;
    }
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
    sched_check_thread(task->sched);
    return task_write_name(task, buffer, size);
}

int coil_task_set_name(coil_task *task, const char *name)
{
    int rc = future_argument(task);

    if (rc < 0)
        return rc;
    if (!future_is_task(task) || !name)
        return -EINVAL;
    sched_check_thread(task->sched);
    return extras_set_name(task, name);
}

int coil_task_coroutine(const coil_task *task, coil_coro *coroutine)
{
    int rc = future_argument(task);

    if (rc < 0)
        return rc;
    if (!future_is_task(task) || !coroutine)
        return -EINVAL;
    sched_check_thread(task->sched);
    *coroutine = (coil_coro){.fn = task->fn, .arg = task->arg};
    return 0;
}

int coil_yield_now(void)
{
    struct coil_future *task = task_current();

    if (unlikely(!task))
        return -COIL_ENOLOOP;
    if (unlikely(task_wait_refused(task)))
        return -ECANCELED;
    task_wake(task);
    task_park_here(task);
    return task_is_interrupted(task) ? task_interrupted(task) : 0;
}
