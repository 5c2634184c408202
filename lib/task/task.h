// SPDX-License-Identifier: MIT
/*
 * Tasks: futures that run a coroutine on a chain of fibers. The running part lies at the high end
 * of the task's stack, from its first step to its end.
 */
#ifndef TASK_TASK_H
#define TASK_TASK_H

#include "fiber/fiber.h"
#include "task/future.h"
#include "task/wait.h"

#include <coil/task.h>

struct task_run {
    struct fiber fiber;            /* the first of the chain */
    struct fiber *leaf;            /* the one that parked; a generator's, when it waits */
    struct waiter *waiter;         /* what the task waits for; NULL: for its turn */
    struct coil_scope *scope;      /* the innermost, or NULL */
    struct coil_cleanup *cleanups; /* the last one pushed */
    unsigned refusals;             /* waits refused since the loop began to close */
};

enum { TASK_REFUSALS_MAX = 100 }; /* as coil_close promises */

/* A task whose first step is queued. Error-encoded. */
struct coil_future *task_new(struct sched *sched, coil_fn fn, void *arg,
                             const coil_task_options *options);

/* Runs the next step; from the home fiber. Returns when the batch goes on there. */
void task_step(struct coil_future *task);

/* Ends the running task from wherever it stands; its handlers have run. */
_Noreturn void task_exit(struct coil_future *task, void *result);

/* Parks the running task until it is stepped again. It is queued, or somebody will queue it. */
void task_park(struct coil_future *task);

/* Queues the next step of a parked task. */
static inline void task_wake(struct coil_future *task)
{
    sched_queue(task->sched, &task->item);
}

enum { TASK_FRAMES = 5 }; /* lines of the stack, from a waiter up to the frames of the task's own */

/*
 * With a thousand connections each task's memory has left the caches when it runs again, and a step
 * that begins with a chain of misses costs more than the rest of it. Completions come in batches:
 * what their tasks will touch first is fetched for all of them before the first one runs.
 */
static inline void task_fetch(const struct coil_future *task, const struct waiter *waiter)
{
    for (int i = -1; i < TASK_FRAMES; i++)
        fetch_line((const char *)waiter + (ptrdiff_t)i * CACHE_LINE);
    fetch_line(task->run);
    fetch_line((const char *)task->run + CACHE_LINE);
}

/* The task that runs on this thread, or NULL. */
static inline struct coil_future *task_current(void)
{
    struct sched *sched = sched_running();
    return likely(sched != NULL) ? sched->current : NULL;
}

/* What a refusal does to the task. */
void task_refuse_wait(struct coil_future *task);

/* Whether the next wait is refused at once: to be asked before something is started. */
static inline bool task_wait_refused(struct coil_future *task)
{
    if (likely(!(task->flags & (FUTURE_REFUSED | FUTURE_COVERED))))
        return false;
    task_refuse_wait(task);
    return true;
}

/* A parked task leaves what it waits for, and its step is queued; the reason is in its flags.
 * False: it waits for what cannot be left. */
bool task_leave_wait(struct coil_future *task);

/* Closing: asks a task to end, now and at each further wait. */
void task_refuse(struct coil_future *task);

/* Closing: ends a task that does not end, where it stands. Its locals are lost. */
void task_abandon(struct coil_future *task);

/* Writes "task-N" or the task's own name, and returns the name's length. */
int task_write_name(const struct coil_future *task, char *buffer, size_t size);

/* As many lie in the nearest caches, whatever runs between their steps. */
enum { TASKS_IN_CACHE = 32 };

/* Has brought to the caches what the first item's step will touch, while the one before it runs: in
 * a long batch nothing of a task is there any more. There are two items. */
NOINLINE void sched_fetch_ahead(const struct sched *sched);

/* The next item to run in this batch; it counts. There is one. */
static inline struct item *sched_next(struct sched *sched)
{
    struct fifo_node *node = fifo_take(&sched->ready);

    ASSERT(node != NULL);
    struct item *item = container_of(node, struct item, node);
    item->queued = false;
    sched->budget--;
    if (unlikely(sched->budget >= TASKS_IN_CACHE))
        sched_fetch_ahead(sched);
    return item;
}

#endif
