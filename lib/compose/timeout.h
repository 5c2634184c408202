// SPDX-License-Identifier: MIT
/*
 * A timeout scope: what a task does between enter and exit is cancelled at the deadline, and the
 * cancellation becomes -ETIMEDOUT at the exit, unless somebody else cancelled the task, too
 * (asyncio's TO2). The scope lies on the task's stack.
 */
#ifndef COMPOSE_TIMEOUT_H
#define COMPOSE_TIMEOUT_H

#include <coil/loop.h>

struct timeout {
    coil_loop *loop;
    coil_task *task;
    coil_handle handle;
    int cancelling; /* requests that the task had at the entry */
    bool fired;
};

/* `delay` COIL_NEVER: no deadline. -ENOMEM. */
int timeout_enter(struct timeout *timeout, coil_task *task, coil_time delay);

/* Turns the outcome `rc` of what was inside into the outcome of the scope. */
int timeout_exit(struct timeout *timeout, int rc);

#endif
