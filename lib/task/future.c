// SPDX-License-Identifier: MIT
#include "task/future.h"

#include "base/alloc.h"
#include "task/callback.h"
#include "task/extras.h"

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
    *future = (struct coil_future){.sched = sched, .class = class, .refs = 1};
    return future;
}

static void bury(struct coil_future *future)
{
    ASSERT(!future->item.queued && !future->run);
    if (list_linked(&future->link))
        list_remove(&future->link);
    if (future->dispose && future->state == COIL_FINISHED && !(future->flags & FUTURE_TAKEN) &&
        future->result && !err_is(future->result))
        future->dispose(future->result);
    if (unlikely(future->watchers != NULL))
        callbacks_free(future);
    ASSERT(!future->watchers);
    if (future->class->destroy)
        future->class->destroy(future);
    if (unlikely(future->extras != NULL))
        extras_free(future);
    if (future->flags & FUTURE_OWNS_ARG)
        coil__free(future->arg);
    slab_give(&future->sched->heads, future);
}

/* One after the other: burying one may be the end of others. */
static NOINLINE void bury_in_turn(struct coil_future *future)
{
    struct sched *sched = future->sched;
    struct list_node *node;

    list_append(&sched->dying, &future->link);
    if (sched->burying)
        return;
    sched->burying = true;
    while ((node = list_take_first(&sched->dying)))
        bury(list_entry(node, struct coil_future, link));
    sched->burying = false;
}

void future_free(struct coil_future *future)
{
    struct sched *sched = future->sched;

    if (unlikely(future->class->destroy != NULL))
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

int future_read(struct coil_future *future, void **result)
{
    ASSERT(future_done(future));
    if (err_is(future->result))
        return err_code(future->result);
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

static int set(coil_future *future, void *result)
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
    future_finish(future, COIL_FINISHED, result);
    return 0;
}

int coil_set_result(coil_future *future, void *result)
{
    return err_is(result) ? -EINVAL : set(future, result);
}

int coil_set_error(coil_future *future, int code)
{
    if (code >= 0 || code < -COIL_ERROR_MAX || code == -ECANCELED)
        return -EINVAL;
    return set(future, COIL_ERR(code));
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
    return 0;
}
