// SPDX-License-Identifier: MIT
/* Executors: a pool of threads that several loops and the program hold together. */
#include "host/executor.h"

#include "base/alloc.h"

enum { WORKERS_SPARE = 4, WORKERS_DEFAULT_MAX = 32 }; /* as CPython's */

static unsigned default_workers(void)
{
    unsigned workers = os_processors() + WORKERS_SPARE;
    return workers < WORKERS_DEFAULT_MAX ? workers : WORKERS_DEFAULT_MAX;
}

coil_executor *coil_executor_new(const coil_executor_options *options)
{
    unsigned workers = options ? options->max_workers : 0;
    const char *name = options && options->name ? options->name : "coil";

    if (options && options->size != sizeof(*options))
        return COIL_ERR(-EINVAL);
    if (workers > COIL_WORKERS_MAX)
        return COIL_ERR(-EINVAL);
    coil_executor *executor = coil__alloc(sizeof(*executor));
    if (!executor)
        return COIL_ERR(-ENOMEM);
    executor->pool = pool_new(workers ? workers : default_workers(), name);
    if (!executor->pool) {
        coil__free(executor);
        return COIL_ERR(-ENOMEM);
    }
    atomic_init(&executor->refs, 1);
    return executor;
}

coil_executor *coil_executor_ref(coil_executor *executor)
{
    if (executor_argument(executor) == 0)
        (void)atomic_fetch_add(&executor->refs, 1);
    return executor;
}

void coil_executor_unref(coil_executor *executor)
{
    if (executor_argument(executor) < 0)
        return;
    unsigned before = atomic_fetch_sub(&executor->refs, 1);
    ASSERT_CONTRACT(before > 0, "a reference was given back twice");
    if (before > 1)
        return;
    pool_leave(executor->pool);
    coil__free(executor);
}

int coil_executor_shutdown(coil_executor *executor, unsigned flags)
{
    int rc = executor_argument(executor);

    if (rc < 0)
        return rc;
    if (flags & ~(unsigned)(COIL_SHUTDOWN_WAIT | COIL_SHUTDOWN_CANCEL))
        return -EINVAL;
    pool_shut(executor->pool, flags & COIL_SHUTDOWN_CANCEL);
    return flags & COIL_SHUTDOWN_WAIT ? pool_wait(executor->pool) : 0;
}
