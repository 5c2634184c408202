// SPDX-License-Identifier: MIT
/*
 * A function on a thread, and the future of its result. The cell of the two is the job's (contract
 * 9): whoever touches it last frees it. That is the loop when the result comes back to it, and the
 * thread when the future was cancelled or the loop has closed meanwhile: then the loop's part of
 * the cell is over, and what the thread will want is left in it.
 */
#include "base/alloc.h"
#include "host/executor.h"
#include "task/local.h"

#include <string.h>

struct work {
    struct job job;
    struct pool_client client; /* this job's alone */
    struct handle done;        /* the way back to the loop */
    coil_loop *loop;
    coil_fn fn;
    void *arg;
    void (*free_arg)(void *arg); /* NULL: nothing to do, or done */
    void *result;                /* or an error-encoded code */
    struct locals *locals;
    /* The loop's part, until nobody waits any more: */
    struct guest guest;
    coil_executor *executor;
    struct coil_future *future; /* NULL: nobody waits */
    coil_dispose_fn dispose;    /* then */
    _Alignas(max_align_t) char copy[];
};

/* ---- on a thread ---------------------------------------------------------------------------- */

static void release_arg(struct work *work)
{
    if (work->free_arg)
        work->free_arg(work->arg);
    work->free_arg = NULL;
}

static void run(struct job *job)
{
    struct work *work = container_of(job, struct work, job);

    locals_use(&work->locals);
    work->result = COIL_ERR(-EOWNERDEAD); /* the function may end its thread */
    work->result = work->fn(work->arg);
    locals_use(NULL);
    release_arg(work);
}

static void free_work(struct job *job)
{
    struct work *work = container_of(job, struct work, job);

    release_arg(work);
    if (work->dispose && work->result && !err_is(work->result))
        work->dispose(work->result);
    locals_unref(work->locals);
    coil__free(work);
}

static void post(struct pool_client *client)
{
    struct work *work = container_of(client, struct work, client);

    /* A loop that has closed asks for it, see leave(). */
    (void)inbox_post(work->loop, &work->done);
}

/* ---- on the loop ---------------------------------------------------------------------------- */

/* Nobody waits for the job any more. The future's reference goes to the caller. */
static struct coil_future *part(struct work *work)
{
    struct coil_future *future = work->future;

    ASSERT(future != NULL && work->loop->engine->owed_by_threads > 0);
    work->dispose = future->dispose;
    work->future = NULL;
    future->private = NULL;
    list_remove(&work->guest.link);
    work->loop->engine->owed_by_threads--;
    return future;
}

/* The result is here. */
static void deliver(struct work *work)
{
    struct coil_future *future = work->future ? part(work) : NULL;
    coil_executor *executor = work->executor;

    if (future) {
        bool cancelled = err_code(work->result) == -ECANCELED;
        future_finish(future, cancelled ? COIL_CANCELLED : COIL_FINISHED, work->result);
        future_unref(future);
        work->result = NULL; /* it is the future's */
    }
    free_work(&work->job);
    coil_executor_unref(executor);
}

static void came(struct call *call, bool drop)
{
    struct work *work = container_of(call, struct work, done.call);

    (void)drop;
    (void)pool_client_take(&work->client);
    deliver(work);
}

/* Nobody wants the result. */
static void forget(struct work *work)
{
    coil_executor *executor = work->executor;
    struct coil_future *future = part(work);

    if (job_abandon(&work->job))
        coil_executor_unref(executor);
    else if (work->loop->inbox.closed && !work->done.call.item.queued)
        deliver(work); /* it was done, and found the inbox closed */
    future_finish(future, COIL_CANCELLED, COIL_ERR(-ECANCELED));
    future_unref(future);
}

static bool cancel(struct coil_future *future)
{
    forget(future->private);
    return true;
}

static void leave(struct guest *guest)
{
    forget(container_of(guest, struct work, guest));
}

static const struct future_class job_class = {
    .what = "job",
    .cancel = cancel,
};

static int options_argument(const coil_job_options *options, const void *arg)
{
    if (options->size != sizeof(*options))
        return -EINVAL;
    return options->copy_arg && (!arg || options->free_arg) ? -EINVAL : 0;
}

/* The call fails: an argument that was given away goes all the same. */
static struct coil_future *refuse(int code, void *arg, const coil_job_options *options)
{
    if (options && options_argument(options, arg) == 0 && options->free_arg)
        options->free_arg(arg);
    return COIL_ERR(code);
}

static struct work *work_new(coil_loop *loop, coil_coro function, const coil_job_options *options)
{
    struct work *work = coil__alloc(sizeof(*work) + options->copy_arg);

    if (!work)
        return COIL_ERR(-ENOMEM);
    *work = (struct work){
        .job = {.run = run, .free = free_work},
        .loop = loop,
        .fn = function.fn,
        .arg = function.arg,
        .free_arg = options->free_arg,
        .result = COIL_ERR(-ECANCELED),
        .guest.leave = leave,
    };
    if (options->copy_arg)
        work->arg = memcpy(work->copy, function.arg, options->copy_arg);
    pool_client_init(&work->client, post);
    call_init(&work->done.call, came);
    return work;
}

/* The job is the pool's, and the loop waits for it; or it is gone. */
static int submit(struct work *work, coil_executor *executor, struct coil_future *future)
{
    ASSERT(executor != NULL);
    work->executor = coil_executor_ref(executor);
    work->future = future_ref(future);
    future->private = work;
    list_append(&work->loop->guests, &work->guest.link);
    work->loop->engine->owed_by_threads++;
    int rc = pool_submit(executor->pool, &work->client, &work->job);
    if (rc < 0) {
        future_unref(part(work));
        coil_executor_unref(executor);
        free_work(&work->job);
    }
    return rc;
}

static struct coil_future *job_start(coil_loop *loop, coil_executor *executor, coil_coro function,
                                     const coil_job_options *options, bool locals)
{
    static const coil_job_options none = {.size = sizeof(none)};

    if (!options)
        options = &none;
    int rc = options_argument(options, function.arg);
    if (rc < 0)
        return COIL_ERR(rc);
    struct coil_future *future = future_new(loop->sched, &job_class);
    if (err_is(future))
        return refuse(err_code(future), function.arg, options);
    if (options->dispose) {
        future->dispose = options->dispose;
        future->flags |= FUTURE_OWNS;
    }
    struct locals *here = locals ? locals_copy(loop->sched) : NULL;
    struct work *work = err_is(here) ? COIL_ERR(-ENOMEM) : work_new(loop, function, options);
    if (err_is(work)) {
        if (!err_is(here))
            locals_unref(here);
        future_unref(future);
        return refuse(-ENOMEM, function.arg, options);
    }
    work->locals = here;
    rc = submit(work, executor, future);
    if (rc == 0)
        return future;
    future_unref(future);
    return COIL_ERR(rc);
}

/* ---- public --------------------------------------------------------------------------------- */

static struct coil_future *start(coil_loop *loop, coil_executor *executor, coil_coro function,
                                 const coil_job_options *options, bool locals)
{
    int rc = function.fn ? loop_argument(loop) : -EINVAL;

    if (rc == 0 && !executor)
        executor = executor_of_loop(loop);
    if (rc == 0)
        rc = err_code(executor);
    return rc < 0 ? refuse(rc, function.arg, options)
                  : job_start(loop, executor, function, options, locals);
}

coil_future *coil_run_in_executor(coil_loop *loop, coil_executor *executor, coil_fn fn, void *arg)
{
    return coil_run_in_executor_with(loop, executor, fn, arg, NULL);
}

coil_future *coil_run_in_executor_with(coil_loop *loop, coil_executor *executor, coil_fn fn,
                                       void *arg, const coil_job_options *options)
{
    if (!loop)
        loop = coil_get_event_loop();
    if (!err_is(loop))
        sched_note_origin(loop->sched, __builtin_return_address(0));
    return start(loop, executor, (coil_coro){fn, arg}, options, false);
}

int coil_to_thread(coil_fn fn, void *arg, void **result)
{
    return coil_to_thread_with(fn, arg, NULL, result);
}

int coil_to_thread_with(coil_fn fn, void *arg, const coil_job_options *options, void **result)
{
    struct coil_future *task = task_current();
    struct coil_future *future =
        task ? start(task->sched->loop, NULL, (coil_coro){fn, arg}, options, true)
             : refuse(-COIL_ENOLOOP, arg, options);
    int rc = coil_await(future, result);

    coil_unref(future);
    return rc;
}
