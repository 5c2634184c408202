// SPDX-License-Identifier: MIT
#include "loop/loop.h"

#include "base/alloc.h"
#include "loop/exception.h"
#include "loop/turn.h"

#include <stdio.h>

_Thread_local coil_loop *coil__loop_of_thread __attribute__((tls_model("initial-exec")));

/* For a failed assertion: who ran. */
static void who_runs(char *text, size_t size)
{
    const struct coil_future *task = task_current();
    if (task)
        (void)task_write_name(task, text, size);
}

/* Once for the process, before there are threads. */
__attribute__((constructor)) static void name_who_runs(void)
{
    coil__assert_context = who_runs;
}

coil_loop *loop_new(struct engine *engine, int stack_class, size_t stacks_kept)
{
    coil_loop *loop = coil__alloc_zeroed(sizeof(*loop));

    if (!loop)
        return COIL_ERR(-ENOMEM);
    loop->sched = sched_new(loop, stack_class, stacks_kept);
    if (!loop->sched) {
        coil__free(loop);
        return COIL_ERR(-ENOMEM);
    }
    loop->sched->idle_turn = turn_is_idle;
    loop->sched->report = exception_report_future;
    timers_init(&loop->timers);
    inbox_init(&loop->inbox);
    interrupts_init(loop);
    debug_init(loop);
    fifo_init(&loop->flushes);
    fifo_init(&loop->starved);
    list_init(&loop->closers);
    list_init(&loop->guests);
    for (size_t i = 0; i < WATCH_BUCKETS; i++)
        list_init(&loop->watches[i]);
    loop->engine = engine;
    (void)loop_clock(loop);
    return loop;
}

/* ---- running ------------------------------------------------------------------------------ */

int loop_begin_run(coil_loop *loop)
{
    int rc = loop_argument(loop);

    if (rc < 0)
        return rc;
    struct sched *sched = loop->sched;
    if (sched->closing)
        return -COIL_ECLOSED;
    if (sched_running())
        return -EBUSY;
    if (!sched->thread)
        sched->thread = os_thread_self();
    sched_check_thread(sched);
    atomic_store(&loop->running, true);
    (void)loop_clock(loop);
    return 0;
}

void loop_end_run(coil_loop *loop)
{
    loop->attention &= LOOP_DEBUG | LOOP_STARVED;
    atomic_store(&loop->running, false);
}

static bool stopping(const coil_loop *loop)
{
    return loop->attention & LOOP_STOPPING;
}

int coil_run_forever(coil_loop *loop)
{
    int rc = loop_begin_run(loop);

    if (rc < 0)
        return rc;
    bool ruled = interrupts_rule(loop, NULL);
    do {
        rc = turn(loop, stopping(loop) ? 0 : TIMER_NEVER);
    } while (rc == 0 && !(stopping(loop) && sched_iteration_done(loop->sched)));
    if (ruled && interrupts_end_rule(loop) && rc == 0)
        rc = -COIL_EINTERRUPTED;
    loop_end_run(loop);
    return rc;
}

void coil_stop(coil_loop *loop)
{
    if (loop_argument(loop) < 0)
        return;
    sched_check_thread(loop->sched);
    loop->attention |= LOOP_STOPPING;
}

/* Stops a run when its future is done, behind those who watched it before. It does not outlive the
 * run, which somebody else may have stopped first: that would stop the next one. */
struct until {
    struct watcher watcher;
    struct call call;
    coil_loop *loop;
};

static void stop(struct call *call, bool drop)
{
    (void)drop;
    coil_stop(container_of(call, struct until, call)->loop);
}

static void queue_stop(struct watcher *watcher, struct coil_future *future)
{
    (void)future;
    struct until *until = container_of(watcher, struct until, watcher);
    sched_queue(until->loop->sched, &until->call.item);
}

static void until_begin(struct until *until, coil_loop *loop, struct coil_future *future)
{
    *until = (struct until){.watcher.notify = queue_stop, .loop = loop};
    call_init(&until->call, stop);
    if (future_done(future))
        queue_stop(&until->watcher, future);
    else
        future_watch(future, &until->watcher);
}

static void until_end(struct until *until, struct coil_future *future)
{
    if (watcher_linked(&until->watcher))
        future_unwatch(future, &until->watcher);
    if (until->call.item.queued) {
        fifo_remove(&until->loop->sched->ready, &until->call.item.node);
        until->call.item.queued = false;
    }
}

int coil_run_until_complete(coil_loop *loop, coil_future *future, void **result)
{
    int rc = loop_argument(loop);

    if (rc < 0)
        return rc;
    rc = future_argument(future);
    if (rc < 0)
        return rc;
    if (future->sched != loop->sched)
        return -EXDEV;
    if (sched_running())
        return -EBUSY;
    sched_check_thread(loop->sched);
    if (loop->sched->closing)
        return -COIL_ECLOSED;
    coil_ref(future);
    struct until until;
    until_begin(&until, loop, future);
    rc = coil_run_forever(loop);
    until_end(&until, future);
    if (rc == 0)
        rc = future_done(future) ? future_read(future, result) : -COIL_ESTOPPED;
    coil_unref(future);
    return rc;
}

/* ---- asking ------------------------------------------------------------------------------- */

coil_loop *coil_get_running_loop(void)
{
    struct sched *sched = sched_running();
    return sched ? sched->loop : COIL_ERR(-COIL_ENOLOOP);
}

bool coil_is_running(const coil_loop *loop)
{
    return loop_argument(loop) == 0 && atomic_load(&loop->running);
}

bool coil_is_closed(const coil_loop *loop)
{
    return loop_argument(loop) < 0 || atomic_load(&loop->closed);
}

coil_time coil_loop_time(const coil_loop *loop)
{
    int rc = loop_argument(loop);
    if (rc < 0)
        return rc;
    sched_check_thread(loop->sched);
    return loop->engine ? engine_now(loop->engine) : loop->now; /* closed: it stands */
}

int coil_loop_guard(const coil_loop *loop)
{
    int rc = loop_argument(loop);

    if (rc < 0)
        return rc;
    sched_check_thread(loop->sched);
    return (int)stacks_guard(&loop->sched->stacks);
}
