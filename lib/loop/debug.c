// SPDX-License-Identifier: MIT
/*
 * In debug mode every item runs from the home fiber, so that it can be timed there: `attention`
 * keeps a task that parks from going on to the next batch, and the scheduler hands each item to
 * `observe`. Without debug mode nothing of this is looked at.
 */
#include "loop/debug.h"

#include "loop/exception.h"
#include "loop/loop.h"
#include "task/extras.h"

#include <stdio.h>

static void report(coil_loop *loop, struct coil_future *task, int64_t took)
{
    char message[96];
    const long long us = (long long)(took / 1000);
    const struct debug_called *called = &loop->called;

    if (task)
        snprintf(message, sizeof(message), "a step took %lld.%06lld s", us / 1000000, us % 1000000);
    else
        snprintf(message, sizeof(message), "a callback (%p) took %lld.%06lld s",
                 called->fn ? (void *)(uintptr_t)called->fn : NULL, us / 1000000, us % 1000000);
    exception_report(
        loop, &(coil_exception_context){.size = sizeof(coil_exception_context),
                                        .message = message,
                                        .future = task,
                                        .callback = called->fn,
                                        .userdata = called->userdata,
                                        .origin = task ? extras_origin(task) : called->origin});
}

static void observe(struct sched *sched, struct item *item)
{
    coil_loop *loop = sched->loop;
    struct coil_future *task = NULL;

    if (item->kind == ITEM_STEP) /* it may end, and is named afterwards */
        task = future_ref(container_of(item, struct coil_future, item));
    loop->called = (struct debug_called){.fn = NULL};
    int64_t begin = engine_now(loop->engine);
    sched_run_item(sched, item);
    int64_t took = engine_now(loop->engine) - begin;
    if (took >= loop->slow)
        report(loop, task, took);
    if (task)
        future_unref(task);
}

void debug_init(coil_loop *loop)
{
    loop->slow = DEBUG_SLOW_DEFAULT;
}

/* ---- public --------------------------------------------------------------------------------- */

int coil_set_debug(coil_loop *loop, bool on)
{
    int rc = loop_argument(loop);

    if (rc < 0)
        return rc;
    sched_check_thread(loop->sched);
    loop->attention &= (uint8_t)~LOOP_DEBUG;
    if (on)
        loop->attention |= LOOP_DEBUG;
    loop->sched->observe = on ? observe : NULL;
    return 0;
}

bool coil_get_debug(const coil_loop *loop)
{
    if (loop_argument(loop) < 0)
        return false;
    sched_check_thread(loop->sched);
    return loop->attention & LOOP_DEBUG;
}

int coil_set_slow_callback_duration(coil_loop *loop, coil_time duration)
{
    int rc = loop_argument(loop);

    if (rc < 0)
        return rc;
    if (duration < 0)
        return -EINVAL;
    sched_check_thread(loop->sched);
    loop->slow = duration;
    return 0;
}

coil_time coil_get_slow_callback_duration(const coil_loop *loop)
{
    int rc = loop_argument(loop);

    if (rc < 0)
        return rc;
    sched_check_thread(loop->sched);
    return loop->slow;
}
