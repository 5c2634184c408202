// SPDX-License-Identifier: MIT
/*
 * A task of the loop and a result that other threads wait for. What both sides touch is under the
 * lock; the task is the loop's alone. The way to the loop allocates nothing: the two things that
 * are posted lie in here.
 *
 * While it is pending, its loop lives: a loop that closes finishes it first.
 */
#include <coil/thread.h>

#include "base/alloc.h"
#include "loop/exception.h"
#include "loop/loop.h"

enum { NS = 1000000000 };

struct coil_concurrent_future {
    pthread_mutex_t lock;
    pthread_cond_t done;
    unsigned refs; /* the user's; the task's until it is done; a posted cancellation's */
    coil_state state;
    void *result; /* or an error-encoded code */
    coil_loop *loop;
    coil_fn fn;
    void *arg;
    const void *origin; /* the instruction that asked for it */
    struct handle start, cancel;
    struct coil_future *task; /* this and the next: on the loop's thread */
    struct watcher watcher;
};

static void lock(struct coil_concurrent_future *future)
{
    ASSERT(future != NULL);
    int rc = pthread_mutex_lock(&future->lock);
    ASSERT(rc == 0);
}

static void unlock(struct coil_concurrent_future *future)
{
    int rc = pthread_mutex_unlock(&future->lock);
    ASSERT(rc == 0);
}

static void init(struct coil_concurrent_future *future)
{
    pthread_condattr_t monotonic;
    int rc = pthread_mutex_init(&future->lock, NULL);

    ASSERT(rc == 0);
    rc = pthread_condattr_init(&monotonic);
    ASSERT(rc == 0);
    rc = pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    ASSERT(rc == 0);
    rc = pthread_cond_init(&future->done, &monotonic);
    ASSERT(rc == 0);
    rc = pthread_condattr_destroy(&monotonic);
    ASSERT(rc == 0);
}

static void release(struct coil_concurrent_future *future)
{
    lock(future);
    ASSERT_CONTRACT(future->refs > 0, "a reference was given back twice");
    bool last = --future->refs == 0;
    unlock(future);
    if (!last)
        return;
    int rc = pthread_cond_destroy(&future->done);
    ASSERT(rc == 0);
    rc = pthread_mutex_destroy(&future->lock);
    ASSERT(rc == 0);
    coil__free(future);
}

/* ---- on the loop ---------------------------------------------------------------------------- */

/* The task's part is over; the user may have cancelled before. */
static void finish(struct coil_concurrent_future *future, void *result)
{
    lock(future);
    if (future->state == COIL_PENDING) {
        future->state = err_code(result) == -ECANCELED ? COIL_CANCELLED : COIL_FINISHED;
        future->result = result;
        int rc = pthread_cond_broadcast(&future->done);
        ASSERT(rc == 0);
    }
    unlock(future);
    release(future);
}

static void task_done(struct watcher *watcher, struct coil_future *task)
{
    struct coil_concurrent_future *future =
        container_of(watcher, struct coil_concurrent_future, watcher);
    void *result = NULL;
    int rc = future_read(task, &result);

    future->task = NULL;
    future_unref(task);
    finish(future, rc < 0 ? COIL_ERR(rc) : result);
}

/* Who waits gets the code; who looks after the loop hears that it cannot make tasks. */
static void report(const struct coil_concurrent_future *future, int code)
{
    coil_loop *loop = future->loop;

    exception_report(loop, &(coil_exception_context){
                               .size = sizeof(coil_exception_context),
                               .message = "a task for another thread could not be made",
                               .code = code,
                               .userdata = future->arg,
                               .origin = loop->attention & LOOP_DEBUG ? future->origin : NULL});
}

static void start(struct call *call, bool drop)
{
    struct coil_concurrent_future *future =
        container_of(call, struct coil_concurrent_future, start.call);

    if (drop || coil_concurrent_done(future)) {
        finish(future, COIL_ERR(-ECANCELED));
        return;
    }
    sched_note_origin(future->loop->sched, future->origin);
    struct coil_future *task = task_new(future->loop->sched, future->fn, future->arg, NULL);
    if (err_is(task)) {
        report(future, err_code(task));
        finish(future, task);
        return;
    }
    future->task = task;
    future->watcher.notify = task_done;
    future_watch(task, &future->watcher);
}

static void cancel(struct call *call, bool drop)
{
    struct coil_concurrent_future *future =
        container_of(call, struct coil_concurrent_future, cancel.call);

    if (future->task && !drop) /* without one it was never begun, or has ended */
        (void)coil_cancel(future->task);
    release(future);
}

/* ---- public --------------------------------------------------------------------------------- */

static int argument(const struct coil_concurrent_future *future)
{
    if (!future)
        return -EINVAL;
    return err_is(future) ? err_code(future) : 0;
}

coil_concurrent_future *coil_run_coroutine_threadsafe(coil_loop *loop, coil_fn fn, void *arg)
{
    int rc = loop_argument(loop);

    if (rc < 0)
        return COIL_ERR(rc);
    if (!fn)
        return COIL_ERR(-EINVAL);
    struct coil_concurrent_future *future = coil__alloc_zeroed(sizeof(*future));
    if (!future)
        return COIL_ERR(-ENOMEM);
    init(future);
    future->refs = 2;
    future->loop = loop;
    future->fn = fn;
    future->arg = arg;
    future->origin = __builtin_return_address(0);
    call_init(&future->start.call, start);
    call_init(&future->cancel.call, cancel);
    rc = inbox_post(loop, &future->start);
    if (rc < 0) {
        release(future);
        release(future);
        return COIL_ERR(rc);
    }
    return future;
}

/* Under the lock. False: the time is over. */
static bool wait_done(struct coil_concurrent_future *future, coil_time timeout)
{
    const int64_t until = timer_after(os_now(), timeout);
    const struct timespec point = {.tv_sec = until / NS, .tv_nsec = until % NS};

    while (future->state == COIL_PENDING) {
        int rc = until == TIMER_NEVER
                     ? pthread_cond_wait(&future->done, &future->lock)
                     : pthread_cond_timedwait(&future->done, &future->lock, &point);
        if (rc == ETIMEDOUT)
            return future->state != COIL_PENDING;
        ASSERT(rc == 0);
    }
    return true;
}

int coil_concurrent_result(coil_concurrent_future *future, coil_time timeout, void **result)
{
    int rc = argument(future);

    if (rc < 0)
        return rc;
    lock(future);
    if (future->state == COIL_PENDING) {
        if (timeout > 0 && coil_get_running_loop() == future->loop)
            rc = -EDEADLK;
        else if (timeout <= 0 || !wait_done(future, timeout))
            rc = -ETIMEDOUT;
    }
    if (rc == 0 && err_is(future->result))
        rc = err_code(future->result);
    else if (rc == 0 && result)
        *result = future->result;
    unlock(future);
    return rc;
}

bool coil_concurrent_cancel(coil_concurrent_future *future)
{
    if (argument(future) < 0)
        return false;
    lock(future);
    bool pending = future->state == COIL_PENDING;
    if (pending) {
        /* Posted under the lock: afterwards nothing keeps the loop. */
        if (inbox_post(future->loop, &future->cancel) == 0)
            future->refs++;
        future->state = COIL_CANCELLED;
        future->result = COIL_ERR(-ECANCELED);
        int rc = pthread_cond_broadcast(&future->done);
        ASSERT(rc == 0);
    }
    unlock(future);
    return pending;
}

bool coil_concurrent_done(coil_concurrent_future *future)
{
    if (argument(future) < 0)
        return true;
    lock(future);
    bool done = future->state != COIL_PENDING;
    unlock(future);
    return done;
}

void coil_concurrent_unref(coil_concurrent_future *future)
{
    if (argument(future) == 0)
        release(future);
}
