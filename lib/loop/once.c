// SPDX-License-Identifier: MIT
/*
 * One turn at a time. While nobody takes a turn, an exposed loop is as good as asleep: what was
 * submitted is with the kernel, the next deadline too, and other threads wake it.
 */
#include "loop/once.h"

#include "loop/flush.h"
#include "loop/turn.h"

void once_rouse(coil_loop *loop)
{
    if (!atomic_load_explicit(&loop->running, memory_order_relaxed))
        engine_rouse(loop->engine, true);
}

/* The turn's own enter came before its callbacks: it did not send what they asked for. */
static int fall_asleep(coil_loop *loop)
{
    flush_all(loop);
    int64_t earliest = flush_earliest(loop);
    int rc = engine_enter(loop->engine, earliest, false);

    if (!sched_idle(loop->sched) || earliest <= loop->now || flushes_wait(loop) ||
        !inbox_may_sleep(&loop->inbox))
        engine_rouse(loop->engine, true);
    return rc;
}

int coil_run_once(coil_loop *loop, coil_time max_wait)
{
    int rc = loop_begin_run(loop);

    if (rc < 0)
        return rc;
    if (loop->exposed) {
        engine_rouse(loop->engine, false);
        inbox_awake(&loop->inbox);
    }
    bool stop = loop->attention & LOOP_STOPPING;
    loop->attention |= LOOP_ONCE;
    rc = turn(loop, stop || max_wait <= 0 ? 0 : loop_deadline(loop, max_wait));
    if (rc == 0 && loop->exposed)
        rc = fall_asleep(loop);
    stop = loop->attention & LOOP_STOPPING;
    loop_end_run(loop);
    if (rc < 0)
        return rc;
    return stop ? -COIL_ESTOPPED : !sched_idle(loop->sched);
}

int coil_loop_fd(coil_loop *loop)
{
    int rc = loop_argument(loop);

    if (rc < 0)
        return rc;
    sched_check_thread(loop->sched);
    if (loop->sched->closing)
        return -COIL_ECLOSED;
    int fd = engine_descriptor(loop->engine);
    if (fd >= 0 && !loop->exposed) {
        loop->exposed = true;
        engine_rouse(loop->engine, true); /* the first turn tells the kernel what is there */
    }
    return fd;
}
