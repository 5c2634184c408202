// SPDX-License-Identifier: MIT
/* What one may ask of all the tasks of a loop. */
#include "loop/loop.h"

#include <limits.h>

int coil_all_tasks(coil_loop *loop, coil_task **out, size_t capacity, unsigned flags)
{
    size_t n = 0;

    if ((capacity && !out) || flags & ~(unsigned)COIL_TASKS_ALL)
        return -EINVAL;
    if (!loop)
        loop = coil_get_running_loop();
    int rc = loop_argument(loop);
    if (rc < 0)
        return rc;
    sched_check_thread(loop->sched);
    list_for_each (node, &loop->sched->tasks) {
        struct coil_future *task = list_entry(node, struct coil_future, link);
        if (future_done(task) && !(flags & COIL_TASKS_ALL))
            continue;
        if (n < capacity)
            out[n] = future_ref(task);
        n++;
    }
    return n < INT_MAX ? (int)n : INT_MAX;
}

int coil_set_eager_tasks(coil_loop *loop, bool eager)
{
    int rc = loop_argument(loop);

    if (rc < 0)
        return rc;
    sched_check_thread(loop->sched);
    loop->sched->eager = eager;
    loop->sched->special = eager || loop->sched->has_locals;
    return 0;
}

bool coil_get_eager_tasks(const coil_loop *loop)
{
    if (loop_argument(loop) < 0)
        return false;
    sched_check_thread(loop->sched);
    return loop->sched->eager;
}
