// SPDX-License-Identifier: MIT
/*
 * shield: a future that ends as another one does, and that can be cancelled without it. As in
 * asyncio the other one's end is a call of its own, and who awaits the shield runs a turn later.
 *
 * A shield that was cancelled watches nobody any more: an error that comes later is the other one's
 * own, and reported with it.
 */
#include "base/alloc.h"
#include "task/error.h"

#include <coil/compose.h>

struct shield {
    struct watcher watcher;
    struct call call;
    struct coil_future *outer;
    struct coil_future *inner;
};

static struct shield *shield_of(const struct coil_future *outer)
{
    return outer->private;
}

static void look_away(struct shield *shield)
{
    if (watcher_linked(&shield->watcher))
        future_unwatch(shield->inner, &shield->watcher);
}

/* ---- the future's class ------------------------------------------------------------------- */

static bool cancel(struct coil_future *outer)
{
    look_away(shield_of(outer));
    future_finish(outer, COIL_CANCELLED, COIL_ERR(-ECANCELED));
    return true;
}

static void destroy(struct coil_future *outer)
{
    struct shield *shield = shield_of(outer);

    if (!shield)
        return;
    look_away(shield);
    future_unref(shield->inner);
    coil__free(shield);
}

/* Who takes the shield's result has taken the other one's: they are the same. */
static void taken(struct coil_future *outer)
{
    void *result;
    (void)future_read(shield_of(outer)->inner, &result);
}

static const struct future_class shield_class = {
    .what = "shield",
    .cancel = cancel,
    .destroy = destroy,
    .owns_result = true,
    .taken = taken,
};

/* ---- the other one ends ------------------------------------------------------------------- */

static void follow(struct call *call, bool drop)
{
    struct shield *shield = container_of(call, struct shield, call);
    struct coil_future *outer = shield->outer;

    (void)drop;
    if (!future_done(outer)) {
        error_retrieved(shield->inner);
        error_pass_on(outer, shield->inner);
        future_finish(outer, (coil_state)shield->inner->state, shield->inner->result);
    }
    future_unref(outer);
}

static void queue(struct watcher *watcher, struct coil_future *inner)
{
    struct shield *shield = container_of(watcher, struct shield, watcher);

    (void)future_ref(shield->outer);
    sched_queue(inner->sched, &shield->call.item);
}

/* ---- making ------------------------------------------------------------------------------- */

coil_future *coil_shield(coil_future *inner)
{
    int rc = future_argument(inner);

    if (rc < 0)
        return COIL_ERR(rc);
    sched_check_thread(inner->sched);
    if (future_done(inner))
        return future_ref(inner);
    sched_note_origin(inner->sched, __builtin_return_address(0));
    struct coil_future *outer = future_new(inner->sched, &shield_class);
    if (err_is(outer))
        return outer;
    struct shield *shield = coil__alloc(sizeof(*shield));
    if (!shield) {
        future_unref(outer);
        return COIL_ERR(-ENOMEM);
    }
    *shield = (struct shield){.watcher.notify = queue, .outer = outer, .inner = future_ref(inner)};
    call_init(&shield->call, follow);
    outer->private = shield;
    future_watch(inner, &shield->watcher);
    return outer;
}
