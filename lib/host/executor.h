// SPDX-License-Identifier: MIT
/* Executors as the rest of host/ sees them. */
#ifndef HOST_EXECUTOR_H
#define HOST_EXECUTOR_H

#include "loop/loop.h"
#include "pool/pool.h"

#include <coil/executor.h>

#include <stdatomic.h>

struct coil_executor {
    atomic_uint refs; /* the users'; the loops' that have it as the default; each job's waiter's */
    struct pool *pool;
};

static inline int executor_argument(const coil_executor *executor)
{
    if (!executor)
        return -EINVAL;
    return err_is(executor) ? err_code(executor) : 0;
}

/* The loop's default executor, made if there was none; borrowed. -ESHUTDOWN after
 * coil_shutdown_default_executor; -ENOMEM. Error-encoded. */
coil_executor *executor_of_loop(coil_loop *loop);

#endif
