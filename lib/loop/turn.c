// SPDX-License-Identifier: MIT
#include "loop/turn.h"

#include "loop/descriptor.h"
#include "loop/flush.h"

enum { COMPLETIONS = 64 };

/* Somebody waits for the last operation on a descriptor. */
static NOINLINE void complete_beside_closers(coil_loop *loop, const struct completion *completion)
{
    struct op *op = completion->op;
    const int fd = op->flags & OP_SLOT ? -1 : op->fd;

    op->complete(op, completion); /* the op may be gone after its last one */
    if (!(completion->flags & COMPLETION_MORE))
        descriptor_released(loop, fd);
}

static void take_completions(coil_loop *loop)
{
    struct completion completions[COMPLETIONS];
    size_t n;

    while ((n = engine_reap(loop->engine, completions, COMPLETIONS)) > 0) {
        for (size_t i = 0; i < n; i++) {
            if (unlikely(!list_empty(&loop->closers)))
                complete_beside_closers(loop, &completions[i]);
            else
                completions[i].op->complete(completions[i].op, &completions[i]);
        }
    }
}

static void take_due_timers(coil_loop *loop)
{
    struct call *call;

    while ((call = timers_expire(&loop->timers, loop->now)))
        sched_queue(loop->sched, &call->item);
}

/* Other threads' callbacks and signals; false: a signal ends the run. In this order: what comes
 * meanwhile has the next turn look again. */
static NOINLINE bool take_from_outside(coil_loop *loop)
{
    inbox_drain(&loop->inbox, loop->sched);
    return !interrupts_take(loop);
}

int turn(coil_loop *loop, int64_t until)
{
    struct sched *sched = loop->sched;

    if (flushes_starve(loop))
        flush_feed(loop);
    flush_all(loop);
    int64_t earliest = flush_earliest(loop);
    if (unlikely(flushes_wait(loop)))
        until = loop->now;
    bool block = until > loop->now && sched_idle(sched) && earliest > loop->now;

    /* Submit, and wait only when nothing is ready. */
    if (block)
        block = inbox_may_sleep(&loop->inbox);
    int rc = engine_enter(loop->engine, block && until < earliest ? until : earliest, block);
    if (block)
        inbox_awake(&loop->inbox);
    /* In the child of a fork the engine is gone; closing the loop goes on with what is here. */
    if (rc < 0 && !(rc == -COIL_ECLOSED && sched->closing))
        return rc;

    /* What came, in asyncio's order: completions, the outside, timers. */
    unsigned news = engine_news(loop->engine);
    if (news & ENGINE_CAME)
        take_completions(loop);
    if (unlikely(!inbox_empty(&loop->inbox)) && !take_from_outside(loop))
        return -COIL_EINTERRUPTED;
    /* A deadline may have come as a completion. */
    if ((news | engine_news(loop->engine)) & ENGINE_TIME)
        (void)loop_clock(loop);
    take_due_timers(loop);

    sched_run(sched);
    return rc;
}

bool turn_is_idle(coil_loop *loop)
{
    return !loop->attention && !flushes_wait(loop) && engine_quiet(loop->engine) &&
           inbox_empty(&loop->inbox) && timers_earliest(&loop->timers) > loop->now;
}
