// SPDX-License-Identifier: MIT
#include "task/park.h"

#include "base/alloc.h"
#include "task/cleanup.h"
#include "task/extras.h"
#include "task/local.h"

#include <stdio.h>
#include <string.h>

static const struct future_class task_class = {.what = "task"};

/* ---- making ------------------------------------------------------------------------------- */

static int apply_options(struct coil_future *task, const coil_task_options *options)
{
    if (options->dispose) {
        task->dispose = options->dispose;
        task->flags |= FUTURE_OWNS;
    }
    if (options->context)
        context_give(task, options->context);
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
        task->flags |= FUTURE_OWNS | FUTURE_OWNS_ARG;
    }
    return 0;
}

static bool not_now(coil_loop *loop)
{
    (void)loop;
    return false;
}

/*
 * Takes the first steps of a new task inside the call that makes it, until it waits. For that time
 * the caller's fiber is home, the batch has no items left, and there is no next one: whoever parks
 * comes back here.
 */
static void take_first_steps(struct coil_future *task)
{
    struct sched *sched = task->sched;
    struct coil_future *creator = sched->current;
    struct fiber *home = sched->home;
    size_t budget = sched->budget;
    const void *origin = sched->origin; /* of the caller's next futures, too */
    bool (*idle_turn)(coil_loop *) = sched->idle_turn;

    sched->home = fiber_current();
    sched->budget = 0;
    sched->idle_turn = not_now;
    sched->current = task;
    (void)fiber_switch(task->run->leaf, NULL);
    sched->home = home;
    sched->budget = budget;
    sched->origin = origin;
    sched->idle_turn = idle_turn;
    sched->current = creator;
}

static bool options_valid(const coil_task_options *options, const void *arg)
{
    return options->size == sizeof(*options) && stack_class(options->stack_size) >= 0 &&
           (arg || !options->copy_arg) && !err_is(options->context);
}

/* What a task has that most have not. Whether it starts at once, or a code. */
static NOINLINE int make_special(struct coil_future *task, const coil_task_options *options)
{
    struct sched *sched = task->sched;
    int rc = options ? apply_options(task, options) : 0;

    if (rc < 0)
        return rc;
    if (sched->has_locals && !(task->flags & FUTURE_CONTEXT)) {
        task->locals = locals_snapshot(sched);
        task->flags |= FUTURE_OWNS;
    }
    if (!(sched->eager || (options && options->eager)) || sched_running() != sched)
        return 0;
    rc = task_start(task);
    return rc < 0 ? rc : 1;
}

struct coil_future *task_new(struct sched *sched, coil_fn fn, void *arg,
                             const coil_task_options *options)
{
    int eager = 0;

    if (!fn || (options && !options_valid(options, arg)))
        return COIL_ERR(-EINVAL);
    struct coil_future *task = future_new(sched, &task_class);
    if (err_is(task))
        return task;
    task->flags |= FUTURE_TASK;
    task->item.kind = ITEM_STEP;
    task->stack_class = (uint8_t)sched->stack_class;
    task->fn = fn;
    task->arg = arg;
    if (unlikely(options || sched->special))
        eager = make_special(task, options);
    if (unlikely(eager < 0)) {
        task->dispose = NULL;
        future_unref(task);
        return COIL_ERR(eager);
    }
    task->id = ++sched->last_id;
    list_append(&sched->tasks, &task->link);
    sched->task_count++;
    task->refs++; /* the loop's, until the task is done */
    PROBE2(task__create, task, fn);
    if (unlikely(eager))
        take_first_steps(task);
    else
        sched_queue(sched, &task->item);
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
    struct stack_pool *pool = &task->sched->stacks.pools[task->stack_class];
    struct stack *stack = stack_take(pool);

    if (!stack)
        return -ENOMEM;
    if (unlikely(task->sched->budget >= TASKS_IN_CACHE))
        stack_fetch_hot(pool);
    struct task_run *run = stack_reserve(stack, sizeof(*run));
    fiber_prepare(&run->fiber, stack, run, body);
    run->fiber.parent = task->sched->home; /* whoever started it may end before it does */
    run->leaf = &run->fiber;
    run->waiter = NULL;
    run->scope = NULL;
    run->cleanups = NULL;
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
    ASSERT_CONTRACT(!task->run->cleanups, "a coroutine returned before it popped its handlers");
    /* Whoever gives the stack back does not know whose it was. */
    stack_check(self->stack);
    sched->current = NULL; /* a dispose that is called now is in no task, and cannot wait */
    finish(task, result);
    fiber_leave(task_successor(sched), NULL);
}

/* From the leaf to the task's own: each waits for the one before it, but for those that a program
 * left by a switch. They stay until it frees them. */
static void abandon_fibers(struct fiber *fiber, struct fiber *first)
{
    while (fiber != first) {
        struct fiber *parent = fiber->parent;
        if (fiber->state == FIBER_SUSPENDED && !fiber->standing)
            fiber_abandon(fiber);
        fiber = parent;
    }
    fiber_abandon(first);
}

void task_exit(struct coil_future *task, void *result)
{
    struct sched *sched = task->sched;
    struct fiber *self = fiber_current(), *first = &task->run->fiber;

    ASSERT(sched->current == task);
    sched->current = NULL;
    finish(task, result);
    if (self != first) /* in a generator: those that wait for it end with it */
        abandon_fibers(self->parent, first);
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

void task_refuse_wait(struct coil_future *task)
{
    task->flags &= (uint16_t)~FUTURE_MUST_CANCEL; /* the refusal delivers it */
    if (task->flags & FUTURE_REFUSED)
        refuse_again(task);
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
    struct fiber *leaf = task->run ? task->run->leaf : NULL;
    struct fiber *first = task->run ? &task->run->fiber : NULL;

    ASSERT(!task->item.queued && task->sched->current == NULL);
    if (leaf && task->run->waiter && task->run->waiter->class->abandon)
        task->run->waiter->class->abandon(task->run->waiter);
    if (leaf)
        cleanups_run(task);
    finish(task, COIL_ERR(-ECANCELED));
    if (leaf)
        abandon_fibers(leaf, first);
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
