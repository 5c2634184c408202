// SPDX-License-Identifier: MIT
#include "task/cleanup.h"

static void unlink_from(struct coil_future *task, coil_cleanup *cleanup)
{
    coil_cleanup **place = &task->run->cleanups;

    /* Mostly the first; a generator's may be pushed and popped across its task's. */
    while (*place != cleanup) {
        ASSERT_CONTRACT(*place != NULL, "a handler was popped twice, or in another task");
        place = &(*place)->next;
    }
    *place = cleanup->next;
    cleanup->task = NULL;
}

void cleanups_run(struct coil_future *task)
{
    coil_cleanup *cleanup;

    while ((cleanup = task->run->cleanups)) {
        unlink_from(task, cleanup);
        cleanup->fn(cleanup->arg);
    }
}

/* ---- public ------------------------------------------------------------------------------- */

void coil_cleanup_push(coil_cleanup *cleanup, void (*fn)(void *arg), void *arg)
{
    struct coil_future *task = task_current();

    ASSERT_CONTRACT(cleanup && fn, "a handler without a function");
    *cleanup = (coil_cleanup){.task = task, .fn = fn, .arg = arg};
    if (!task)
        return;
    cleanup->next = task->run->cleanups;
    task->run->cleanups = cleanup;
}

void coil_cleanup_pop(coil_cleanup *cleanup, bool run)
{
    if (cleanup->task)
        unlink_from(cleanup->task, cleanup);
    if (run)
        cleanup->fn(cleanup->arg);
}

void coil_cleanup_run(coil_cleanup *cleanup)
{
    coil_cleanup_pop(cleanup, true);
}

void coil_exit(void *result)
{
    struct coil_future *task = task_current();

    ASSERT_CONTRACT(task != NULL, "coil_exit outside a task");
    cleanups_run(task);
    task_exit(task, result);
}
