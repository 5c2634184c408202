// SPDX-License-Identifier: MIT
#include "task/callback.h"

#include "base/alloc.h"
#include "task/local.h"

struct done_callback {
    struct watcher watcher;
    struct call call;
    coil_done_callback fn;
    void *userdata;
    struct locals *locals;
    struct coil_future *future; /* held from the moment the call is queued */
};

static void run(struct call *call, bool drop)
{
    struct done_callback *callback = container_of(call, struct done_callback, call);
    struct coil_future *future = callback->future;
    coil_done_callback fn = callback->fn;
    void *userdata = callback->userdata;
    struct sched *sched = future->sched;

    sched->locals = callback->locals;
    coil__free(callback);
    if (!drop)
        fn(future, userdata);
    locals_leave(sched);
    future_unref(future);
}

static void queue(struct watcher *watcher, struct coil_future *future)
{
    struct done_callback *callback = container_of(watcher, struct done_callback, watcher);

    callback->future = future_ref(future);
    sched_queue(future->sched, &callback->call.item);
}

static struct done_callback *callback_of(struct watcher *watcher)
{
    return watcher->notify == queue ? container_of(watcher, struct done_callback, watcher) : NULL;
}

int coil_add_done_callback(coil_future *future, coil_done_callback fn, void *userdata)
{
    int rc = future_argument(future);

    if (rc < 0)
        return rc;
    if (!fn)
        return -EINVAL;
    sched_check_thread(future->sched);
    if (future->sched->closing)
        return -COIL_ECLOSED;
    struct done_callback *callback = coil__alloc(sizeof(*callback));
    if (!callback)
        return -ENOMEM;
    *callback = (struct done_callback){.watcher.notify = queue,
                                       .fn = fn,
                                       .userdata = userdata,
                                       .locals = locals_snapshot(future->sched)};
    call_init(&callback->call, run);
    if (future_done(future))
        queue(&callback->watcher, future);
    else
        future_watch(future, &callback->watcher);
    return 0;
}

/* Removes the callbacks that equal the pair, or all of them when `fn` is NULL. */
static int remove_matching(struct coil_future *future, coil_done_callback fn, const void *userdata)
{
    int removed = 0;
    struct watcher *watcher = future->watchers;
    size_t count = 0;

    for (struct watcher *other = watcher; other; other = other->next) {
        count++;
        if (other->next == watcher)
            break;
    }
    while (count--) {
        struct watcher *next = watcher->next;
        struct done_callback *callback = callback_of(watcher);
        if (callback && (!fn || (callback->fn == fn && callback->userdata == userdata))) {
            future_unwatch(future, watcher);
            locals_unref(callback->locals);
            coil__free(callback);
            removed++;
        }
        watcher = next;
    }
    return removed;
}

unsigned callbacks_count(const struct coil_future *future)
{
    const struct watcher *watcher = future->watchers;
    unsigned count = 0;

    if (!watcher)
        return 0;
    do {
        count += watcher->notify == queue;
        watcher = watcher->next;
    } while (watcher != future->watchers);
    return count;
}

int coil_remove_done_callback(coil_future *future, coil_done_callback fn, void *userdata)
{
    int rc = future_argument(future);

    if (rc < 0)
        return rc;
    if (!fn)
        return -EINVAL;
    sched_check_thread(future->sched);
    return remove_matching(future, fn, userdata);
}

void callbacks_free(struct coil_future *future)
{
    (void)remove_matching(future, NULL, NULL);
}
