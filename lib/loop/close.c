// SPDX-License-Identifier: MIT
/*
 * Closing a loop (contract 10). Every task is refused each wait until it has ended; operations in
 * flight are drained, however long that takes, because the kernel may still write where they
 * point; what does not end is named and abandoned; then the stacks go.
 */
#include "base/alloc.h"
#include "loop/flush.h"
#include "loop/part.h"
#include "loop/turn.h"

#include <stdio.h>

static void cancel_operations(struct engine *engine)
{
    list_for_each (node, &engine->in_flight) {
        struct op *op = list_entry(node, struct op, in_flight);
        if (!(op->flags & OP_TO_THE_END))
            engine_cancel(engine, op);
    }
}

/* Nothing can come, and something is in flight: on a simulated engine, what has no answer and was
 * not cancelled because it must not be left half done; in the child of a fork, the parent's. */
static void cut_short(struct engine *engine)
{
    list_for_each (node, &engine->in_flight) {
        engine_cancel(engine, list_entry(node, struct op, in_flight));
    }
}

/* Runs the loop until nothing more can happen in it. */
static void drain(coil_loop *loop)
{
    while (!sched_idle(loop->sched) || flushes_wait(loop) || loop->engine->in_flight_count) {
        /* It waits for operations only: what is flushed may come to nothing. */
        int rc = turn(loop, loop->engine->in_flight_count ? TIMER_NEVER : loop->now);
        ASSERT(rc == 0 || rc == -COIL_EDEADLOCK || rc == -COIL_ECLOSED || rc == -ENOMEM);
        if (rc < 0 && rc != -ENOMEM) /* of a loop that never ran: it is tried again */
            cut_short(loop->engine);
    }
}

static void refuse(struct coil_future *task, void *unused)
{
    (void)unused;
    if (!(task->flags & FUTURE_QUIET))
        sched_report(task->sched, "task was destroyed but it is pending", 0, task);
    task_refuse(task);
}

struct abandonment {
    int count;
    bool stuck; /* nothing else is left: also who waits for what nobody can give any more */
};

/* One that waited on when every wait was refused. Who waits for it and cannot leave, as a group's
 * parent, comes to its end by itself after that. */
static void abandon(struct coil_future *task, void *userdata)
{
    const struct waiter *waiter = task->run ? task->run->waiter : NULL;
    struct abandonment *abandonment = userdata;
    char message[64];

    if (task->item.queued) /* by the handlers of one that was abandoned just now */
        return;
    if (waiter && !(abandonment->stuck && waiter->class->abandon))
        return;
    if (waiter)
        snprintf(message, sizeof(message), "a task that waits for a %s was abandoned",
                 waiter->class->what);
    else
        snprintf(message, sizeof(message), "a task went on to wait %d times and was abandoned",
                 TASK_REFUSALS_MAX);
    sched_report(task->sched, message, 0, task); /* while one can see where it stands */
    task_abandon(task);
    abandonment->count++;
}

static int abandon_tasks(coil_loop *loop)
{
    struct abandonment abandonment = {0};

    for (int before = -1;
         loop->sched->task_count && (before != abandonment.count || !abandonment.stuck);) {
        abandonment.stuck = before == abandonment.count;
        before = abandonment.count;
        sched_each_task(loop->sched, abandon, &abandonment);
        drain(loop); /* those who watched the abandoned ones */
    }
    return abandonment.count;
}

static void send_guests_away(coil_loop *loop)
{
    struct list_node *node;

    while ((node = list_first(&loop->guests))) {
        struct guest *guest = list_entry(node, struct guest, link);
        guest->leave(guest);
        ASSERT(list_first(&loop->guests) != node);
    }
}

static void end_parts(coil_loop *loop)
{
    struct loop_part *part;

    for (part = loop->parts; part; part = part->next)
        if (part->class->end)
            part->class->end(part, loop);
    drain(loop);
    while ((part = loop->parts)) {
        loop->parts = part->next;
        part->class->free(part, loop);
    }
}

int coil_close(coil_loop *loop)
{
    int rc = loop_argument(loop);

    if (rc < 0)
        return rc;
    struct sched *sched = loop->sched;
    sched_check_thread(sched);
    if (sched->closed)
        return 0;
    if (sched_running() || sched->closing) /* closing: from a handler of errors */
        return -EBUSY;
    sched->closing = true;
    flush_feed(loop);
    interrupts_close(loop);
    inbox_close(&loop->inbox);
    send_guests_away(loop);
    handles_drop(loop);
    sched_each_task(sched, refuse, NULL);
    cancel_operations(loop->engine);
    drain(loop);
    int abandoned = abandon_tasks(loop);
    end_parts(loop);
    ASSERT(sched->task_count == 0 && loop->timers.live == 0 && list_empty(&loop->closers));
    stacks_fini(&sched->stacks);
    ASSERT(!atomic_load(&loop->interrupts.sink.wanted)); /* no handler wakes the engine now */
    engine_detach(loop->engine);
    loop->engine = NULL;
    sched->closed = true;
    atomic_store(&loop->closed, true);
    return abandoned;
}

int coil_loop_free(coil_loop *loop)
{
    if (loop_argument(loop) < 0)
        return 0;
    if (sched_running())
        return -EBUSY;
    int rc = coil_close(loop);
    if (rc < 0)
        return rc;
    if (loop->on_free)
        loop->on_free(loop);
    inbox_fini(&loop->inbox);
    timers_fini(&loop->timers);
    handles_fini(&loop->handles); /* they lend the timers' slots */
    sched_orphan(loop->sched);
    coil__free(loop);
    return 0;
}
