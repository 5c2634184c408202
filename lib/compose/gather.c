// SPDX-License-Identifier: MIT
/*
 * gather: one future for many. As in asyncio a child's end is a call of its own; the last one
 * finishes the future, whose awaiter runs a turn later. After a first error the others run on, and
 * what they give stays with them.
 */
#include "compose/gather.h"

#include "base/alloc.h"
#include "task/error.h"
#include "task/task.h"

struct child {
    struct watcher watcher;
    struct call call;
    struct gather *gather;
    struct coil_future *future;
};

struct gather {
    struct branch branch;
    struct coil_future *outer;
    size_t n, finished;
    unsigned flags;
    void **results; /* n, behind the children */
    struct child children[];
};

static struct gather *gather_of(const struct coil_future *future)
{
    return future->private;
}

/* ---- the future's class ------------------------------------------------------------------- */

static struct coil_future *child_at(struct branch *branch, size_t i)
{
    struct gather *gather = container_of(branch, struct gather, branch);
    return i < gather->n ? gather->children[i].future : NULL;
}

static struct branch *branch_of(struct coil_future *outer)
{
    return &gather_of(outer)->branch;
}

static void destroy(struct coil_future *outer)
{
    struct gather *gather = gather_of(outer);

    if (!gather)
        return;
    for (size_t i = 0; i < gather->n; i++) {
        struct child *child = &gather->children[i];
        if (watcher_linked(&child->watcher))
            future_unwatch(child->future, &child->watcher);
    }
    /* All watchers first: a child's dispose may finish another child. */
    for (size_t i = 0; i < gather->n; i++)
        future_unref(gather->children[i].future);
    coil__free(gather);
}

/* Who takes the array takes what is in it. */
static void taken(struct coil_future *outer)
{
    struct gather *gather = gather_of(outer);
    void *result;

    for (size_t i = 0; i < gather->n; i++)
        if (future_done(gather->children[i].future))
            (void)future_read(gather->children[i].future, &result);
}

static const struct future_class gather_class = {
    .what = "gather",
    .branch = branch_of,
    .destroy = destroy,
    .owns_result = true,
    .taken = taken,
};

/* ---- children ----------------------------------------------------------------------------- */

static void finish(struct gather *gather)
{
    if (gather->branch.cancelled) {
        /* Also with COIL_RETURN_ERRORS: who cancelled the whole must hear of it. As a cancelled
         * future, not as one with an error: a gather of gathers goes by it. */
        future_finish(gather->outer, COIL_CANCELLED, COIL_ERR(-ECANCELED));
        return;
    }
    for (size_t i = 0; i < gather->n; i++)
        gather->results[i] = gather->children[i].future->result;
    future_finish(gather->outer, COIL_FINISHED, gather->results);
}

static void child_is_done(struct child *child)
{
    struct gather *gather = child->gather;

    gather->finished++;
    error_retrieved(child->future);
    if (future_done(gather->outer))
        return;
    if (!(gather->flags & COIL_RETURN_ERRORS) && err_is(child->future->result) &&
        !(gather->branch.cancelled && child->future->state == COIL_CANCELLED)) {
        error_pass_on(gather->outer, child->future);
        future_finish(gather->outer, COIL_FINISHED, child->future->result);
        return;
    }
    if (gather->finished == gather->n)
        finish(gather);
}

static void run(struct call *call, bool drop)
{
    struct child *child = container_of(call, struct child, call);
    struct coil_future *outer = child->gather->outer;

    (void)drop;
    child_is_done(child);
    future_unref(outer);
}

static void queue(struct watcher *watcher, struct coil_future *future)
{
    struct child *child = container_of(watcher, struct child, watcher);

    future_ref(child->gather->outer);
    sched_queue(future->sched, &child->call.item);
}

/* ---- making ------------------------------------------------------------------------------- */

static int check(struct sched *sched, coil_future *const *futures, size_t n, unsigned flags)
{
    if ((n && !futures) || flags & ~(unsigned)COIL_RETURN_ERRORS)
        return -EINVAL;
    for (size_t i = 0; i < n; i++) {
        int rc = future_argument(futures[i]);
        if (rc < 0)
            return rc;
        if (futures[i]->sched != sched)
            return -EXDEV;
    }
    return 0;
}

static struct gather *gather_new(size_t n, unsigned flags)
{
    size_t size = 0;

    if (__builtin_mul_overflow(n, sizeof(struct child) + sizeof(void *), &size) ||
        __builtin_add_overflow(size, sizeof(struct gather) + sizeof(void *), &size))
        return NULL;
    struct gather *gather = coil__alloc_zeroed(size);
    if (!gather)
        return NULL;
    gather->branch.child = child_at;
    gather->n = n;
    gather->flags = flags;
    gather->results = (void **)(void *)&gather->children[n];
    return gather;
}

struct coil_future *gather_futures(struct sched *sched, coil_future *const *futures, size_t n,
                                   unsigned flags)
{
    int rc = check(sched, futures, n, flags);

    if (rc < 0)
        return COIL_ERR(rc);
    struct coil_future *outer = future_new(sched, &gather_class);
    if (err_is(outer))
        return outer;
    struct gather *gather = gather_new(n, flags);
    if (!gather) {
        future_unref(outer);
        return COIL_ERR(-ENOMEM);
    }
    gather->outer = outer;
    outer->private = gather;
    for (size_t i = 0; i < n; i++) {
        struct child *child = &gather->children[i];
        child->watcher.notify = queue;
        call_init(&child->call, run);
        child->gather = gather;
        child->future = future_ref(futures[i]);
        if (!future_done(futures[i]))
            future_watch(futures[i], &child->watcher);
    }
    for (size_t i = 0; i < n; i++)
        if (!watcher_linked(&gather->children[i].watcher))
            child_is_done(&gather->children[i]);
    if (n == 0)
        finish(gather);
    return outer;
}

struct coil_future *gather_coroutines(struct sched *sched, const coil_coro *coroutines, size_t n,
                                      unsigned flags)
{
    struct coil_future *outer;
    size_t size, made = 0;

    if ((n && !coroutines) || flags & ~(unsigned)COIL_RETURN_ERRORS)
        return COIL_ERR(-EINVAL);
    for (size_t i = 0; i < n; i++)
        if (!coroutines[i].fn)
            return COIL_ERR(-EINVAL);
    if (__builtin_mul_overflow(n, sizeof(coil_future *), &size))
        return COIL_ERR(-ENOMEM);
    coil_future **tasks = coil__alloc(size ? size : 1);
    if (!tasks)
        return COIL_ERR(-ENOMEM);
    for (; made < n; made++) {
        tasks[made] = task_new(sched, coroutines[made].fn, coroutines[made].arg, NULL);
        if (err_is(tasks[made]))
            break;
        tasks[made]->flags |= FUTURE_QUIET;
    }
    if (made == n)
        outer = gather_futures(sched, tasks, n, flags);
    else
        outer = tasks[made];
    for (size_t i = 0; i < made; i++) {
        if (err_is(outer))
            (void)coil_cancel(tasks[i]);
        future_unref(tasks[i]);
    }
    coil__free(tasks);
    return outer;
}

void *const *coil_gather_results(coil_future *future, size_t *n)
{
    int rc = future_argument(future);
    void *results;

    if (rc < 0)
        return COIL_ERR(rc);
    if (future->class != &gather_class || !n)
        return COIL_ERR(-EINVAL);
    rc = coil_result(future, &results);
    if (rc < 0)
        return COIL_ERR(rc);
    *n = gather_of(future)->n;
    return results;
}
