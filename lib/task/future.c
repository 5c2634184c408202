// SPDX-License-Identifier: MIT
#include "task/future.h"

#include "base/alloc.h"
#include "task/callback.h"
#include "task/error.h"
#include "task/extras.h"
#include "task/local.h"

/* ---- states ------------------------------------------------------------------------------- */

static const uint8_t moves[] = {
    [COIL_PENDING] = MACHINE_TO(COIL_CANCELLED) | MACHINE_TO(COIL_FINISHED),
    [COIL_CANCELLED] = 0,
    [COIL_FINISHED] = 0,
};

/* ---- the head ----------------------------------------------------------------------------- */

struct coil_future *future_new(struct sched *sched, const struct future_class *class)
{
    sched_check_thread(sched);
    if (unlikely(sched->closing))
        return COIL_ERR(-COIL_ECLOSED);
    struct coil_future *future = slab_take(&sched->heads);
    if (unlikely(!future))
        return COIL_ERR(-ENOMEM);
    *future = (struct coil_future){
        .sched = sched, .class = class, .refs = 1, .flags = class->destroy ? FUTURE_OWNS : 0};
    if (unlikely(sched->observe != NULL))
        extras_set_origin(future, sched->origin);
    return future;
}

/* What few futures have. */
static void release(struct coil_future *future)
{
    if (future->dispose && future->state == COIL_FINISHED && !(future->flags & FUTURE_TAKEN) &&
        future->result && !err_is(future->result))
        future->dispose(future->result);
    if (future->watchers)
        callbacks_free(future);
    if (future->class->destroy)
        future->class->destroy(future);
    extras_free(future);
    context_free(future);
    if (future->flags & FUTURE_OWNS_ARG)
        coil__free(future->arg);
}

static inline void bury(struct coil_future *future)
{
    ASSERT(!future->item.queued && !future->run && !future->watchers);
    if (list_linked(&future->link)) /* a task */
        list_remove(&future->link);
    slab_give(&future->sched->heads, future);
}

/* One after the other: releasing one may be the end of others. */
static NOINLINE void bury_in_turn(struct coil_future *future)
{
    struct sched *sched = future->sched;
    struct list_node *node;

    if (future->flags & FUTURE_UNRETRIEVED && !error_report(future))
        return;
    if (list_linked(&future->link))
        list_remove(&future->link);
    list_append(&sched->dying, &future->link);
    if (sched->burying)
        return;
    sched->burying = true;
    while ((node = list_take_first(&sched->dying))) {
        struct coil_future *next = list_entry(node, struct coil_future, link);
        release(next);
        bury(next);
    }
    sched->burying = false;
}

void future_free(struct coil_future *future)
{
    struct sched *sched = future->sched;

    if (unlikely(future->flags & (FUTURE_OWNS | FUTURE_UNRETRIEVED)) || unlikely(future->watchers))
        bury_in_turn(future);
    else
        bury(future);
    if (sched_forgotten(sched) && !sched->burying)
        sched_free(sched);
}

coil_future *coil_ref(coil_future *future)
{
    if (future_argument(future) == 0) {
        sched_check_thread(future->sched);
        (void)future_ref(future);
    }
    return future;
}

void coil_unref(coil_future *future)
{
    if (future_argument(future) < 0)
        return;
    sched_check_thread(future->sched);
    future_unref(future);
}

void coil_unrefp(coil_future **future)
{
    if (!future)
        return;
    coil_unref(*future);
    *future = NULL;
}

/* ---- watchers ----------------------------------------------------------------------------- */

void future_watch(struct coil_future *future, struct watcher *watcher)
{
    struct watcher *first = future->watchers;

    ASSERT(!future_done(future) && !watcher_linked(watcher));
    if (!first) {
        watcher->previous = watcher->next = watcher;
        future->watchers = watcher;
        return;
    }
    watcher->previous = first->previous;
    watcher->next = first;
    first->previous->next = watcher;
    first->previous = watcher;
}

void future_unwatch(struct coil_future *future, struct watcher *watcher)
{
    ASSERT(watcher_linked(watcher) && future->watchers);
    if (watcher->next == watcher) {
        future->watchers = NULL;
    } else {
        watcher->previous->next = watcher->next;
        watcher->next->previous = watcher->previous;
        if (future->watchers == watcher)
            future->watchers = watcher->next;
    }
    watcher->previous = watcher->next = NULL;
}

void future_finish(struct coil_future *future, coil_state state, void *result)
{
    machine_move(&future->state, state, moves);
    future->result = result;
    if (unlikely(err_is(result)) && state == COIL_FINISHED)
        future->flags |= FUTURE_UNRETRIEVED;
    while (future->watchers) {
        struct watcher *watcher = future->watchers;
        future_unwatch(future, watcher);
        watcher->notify(watcher, future);
    }
}

/* One after the other: what is taken with a result may be the result of others. */
static NOINLINE void take_in_turn(struct coil_future *future)
{
    struct sched *sched = future->sched;
    struct list_node *node;

    list_append(&sched->taking, &future->link);
    if (sched->counting)
        return;
    sched->counting = true;
    while ((node = list_take_first(&sched->taking))) {
        struct coil_future *next = list_entry(node, struct coil_future, link);
        next->class->taken(next);
    }
    sched->counting = false;
}

/* A code is given away, and with it the duty to tell of it. Why a future was cancelled goes to the
 * task that hears of it: it may end by that. */
static NOINLINE int read_error(struct coil_future *future)
{
    struct sched *running = sched_running();
    struct coil_future *reader = running ? running->current : NULL;

    error_retrieved(future);
    if (reader && future->state == COIL_CANCELLED && future->extras && future->extras->reason &&
        extras_of(reader))
        note_set(&reader->extras->reason, future->extras->reason);
    return err_code(future->result);
}

int future_read(struct coil_future *future, void **result)
{
    ASSERT(future_done(future));
    if (err_is(future->result))
        return read_error(future);
    if (result) {
        *result = future->result;
        if (!(future->flags & FUTURE_TAKEN)) {
            future->flags |= FUTURE_TAKEN;
            if (future->class->taken)
                take_in_turn(future);
        }
    }
    return 0;
}

/* ---- plain futures ------------------------------------------------------------------------ */

static bool cancel_plain(struct coil_future *future)
{
    future_finish(future, COIL_CANCELLED, COIL_ERR(-ECANCELED));
    return true;
}

static const struct future_class plain_class = {
    .what = "future",
    .cancel = cancel_plain,
};

struct coil_future *future_new_plain(struct sched *sched)
{
    return future_new(sched, &plain_class);
}

/* ---- public ------------------------------------------------------------------------------- */

/* 0, or why the user may not finish the future. */
static int settable(const coil_future *future)
{
    int rc = future_argument(future);

    if (rc < 0)
        return rc;
    if (future->class != &plain_class)
        return -EINVAL;
    sched_check_thread(future->sched);
    if (future_done(future))
        return -COIL_EINVALSTATE;
    if (future->sched->closed && future->watchers)
        return -COIL_ECLOSED;
    return 0;
}

int coil_set_result(coil_future *future, void *result)
{
    int rc = err_is(result) ? -EINVAL : settable(future);

    if (rc == 0)
        future_finish(future, COIL_FINISHED, result);
    return rc;
}

int coil_set_error(coil_future *future, int code)
{
    const coil_error_info info = {.size = sizeof(info), .code = code};

    return coil_set_error_with(future, &info);
}

int coil_set_error_with(coil_future *future, const coil_error_info *info)
{
    if (!info || info->size != sizeof(*info) || info->code >= 0 || info->code < -COIL_ERROR_MAX ||
        info->code == -ECANCELED)
        return -EINVAL;
    int rc = settable(future);
    if (rc < 0)
        return rc;
    if (info->message) {
        struct future_extras *extras = extras_of(future);
        if (extras)
            extras->error = note_new(info->code, info->message, info->file, info->line);
        if (!extras || !extras->error)
            return -ENOMEM;
    }
    future_finish(future, COIL_FINISHED, COIL_ERR(info->code));
    return 0;
}

int coil_result(coil_future *future, void **result)
{
    int rc = future_argument(future);

    if (rc < 0)
        return rc;
    sched_check_thread(future->sched);
    return future_done(future) ? future_read(future, result) : -COIL_EINVALSTATE;
}

int coil_future_state(const coil_future *future)
{
    int rc = future_argument(future);

    if (rc < 0)
        return rc;
    sched_check_thread(future->sched);
    return future->state;
}

bool coil_done(const coil_future *future)
{
    if (future_argument(future) < 0)
        return true;
    sched_check_thread(future->sched);
    return future_done(future);
}

bool coil_cancelled(const coil_future *future)
{
    if (future_argument(future) < 0)
        return false;
    sched_check_thread(future->sched);
    return future->state == COIL_CANCELLED;
}

int coil_set_dispose(coil_future *future, coil_dispose_fn dispose)
{
    int rc = future_argument(future);

    if (rc < 0)
        return rc;
    if (future->class->owns_result)
        return -EINVAL;
    sched_check_thread(future->sched);
    future->dispose = dispose;
    future->flags |= FUTURE_OWNS;
    return 0;
}
