// SPDX-License-Identifier: MIT
/*
 * A cancellation that a scope asks of its own task: it counts like any other while it is out, and
 * at the exit the scope takes it back and learns whether others have asked, too.
 */
#ifndef COMPOSE_REQUEST_H
#define COMPOSE_REQUEST_H

#include "task/future.h"

#include <coil/task.h>

/* At the entry: how many requests are over. One that still waits to be delivered is not: it comes
 * inside, as if it were made there. */
static inline int request_count_over(const coil_task *task)
{
    return coil_cancelling(task) - (task->flags & FUTURE_MUST_CANCEL ? 1 : 0);
}

/*
 * `before` requests were over at the entry. True: nobody else has asked since. Then nothing is left
 * of ours, also when it was not delivered: an operation that had succeeded put it off to a wait
 * that never came.
 */
static inline bool request_take_back(coil_task *task, int before)
{
    ASSERT(task != NULL);
    bool ours_alone = coil_uncancel(task) <= before;

    if (ours_alone)
        task->flags &= (uint16_t)~FUTURE_MUST_CANCEL;
    return ours_alone;
}

#endif
