// SPDX-License-Identifier: MIT
/*
 * coil_wait: a task waits for several futures, and takes nothing from them. As in asyncio a
 * future's end is a call of its own, and the task runs one turn after it.
 *
 * The watchers are on the heap: a future's call may still be queued when the task has gone on.
 */
#include "base/alloc.h"
#include "loop/loop.h"
#include "task/park.h"

#include <coil/compose.h>

#include <limits.h>

struct wait;

struct wait_entry {
    struct watcher watcher;
    struct call call;
    struct wait *wait;
    struct coil_future *future;
    bool repeat; /* it stands earlier in the array, too */
};

struct wait {
    struct waiter waiter;
    coil_handle timer;
    size_t refs; /* the task, and each queued call */
    size_t left; /* futures that are not done */
    int return_when;
    bool released; /* the task's step is queued, or it has gone on */
    bool cancelled;
    struct wait_entry entries[];
};

static void unref(struct wait *wait)
{
    if (--wait->refs == 0)
        coil__free(wait);
}

static void release(struct wait *wait)
{
    if (wait->released)
        return;
    wait->released = true;
    task_wake(wait->waiter.task);
}

static void entry_is_done(struct call *call, bool drop)
{
    struct wait_entry *entry = container_of(call, struct wait_entry, call);
    struct wait *wait = entry->wait;
    const struct coil_future *future = entry->future;

    (void)drop;
    wait->left--;
    if (!wait->released && (wait->left == 0 || wait->return_when == COIL_FIRST_COMPLETED ||
                            (wait->return_when == COIL_FIRST_ERROR &&
                             future->state != COIL_CANCELLED && err_is(future->result))))
        release(wait);
    unref(wait);
}

static void queue_entry(struct watcher *watcher, struct coil_future *future)
{
    struct wait_entry *entry = container_of(watcher, struct wait_entry, watcher);

    entry->wait->refs++;
    sched_queue(future->sched, &entry->call.item);
}

static int time_is_up(void *userdata)
{
    release(userdata);
    return 0;
}

static bool leave(struct waiter *waiter)
{
    container_of(waiter, struct wait, waiter)->released = true;
    return true;
}

static bool cancel(struct waiter *waiter)
{
    struct wait *wait = container_of(waiter, struct wait, waiter);

    if (wait->released)
        return false;
    wait->cancelled = true;
    release(wait);
    return true;
}

static const struct waiter_class wait_class = {
    .what = "futures",
    .cancel = cancel,
    .leave = leave,
};

/* Writes back those that are done first, repeats last; each part keeps its order. Returns how many
 * are done. What the array holds now may be somebody else's order: the entries are what was asked
 * for. */
static int write_done_first(const struct wait *wait, coil_future **futures, size_t n)
{
    size_t place = 0, done;

    for (size_t i = 0; i < n; i++)
        if (future_done(wait->entries[i].future) && !wait->entries[i].repeat)
            futures[place++] = wait->entries[i].future;
    done = place;
    for (size_t i = 0; i < n; i++)
        if (!future_done(wait->entries[i].future) && !wait->entries[i].repeat)
            futures[place++] = wait->entries[i].future;
    for (size_t i = 0; i < n; i++)
        if (wait->entries[i].repeat)
            futures[place++] = wait->entries[i].future;
    return (int)done;
}

static int check(coil_future *const *futures, size_t n, const coil_task *task, int return_when)
{
    if (!futures || !n || n > INT_MAX || return_when < COIL_ALL_COMPLETED ||
        return_when > COIL_FIRST_ERROR)
        return -EINVAL;
    for (size_t i = 0; i < n; i++) {
        int rc = future_argument(futures[i]);
        if (rc < 0)
            return rc;
        if (task && futures[i]->sched != task->sched)
            return -EXDEV;
    }
    return task ? 0 : -COIL_ENOLOOP;
}

static void watch_all(struct wait *wait, coil_future *const *futures, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        struct wait_entry *entry = &wait->entries[i];
        *entry = (struct wait_entry){
            .watcher.notify = queue_entry, .wait = wait, .future = future_ref(futures[i])};
        call_init(&entry->call, entry_is_done);
        entry->repeat = futures[i]->flags & FUTURE_MARKED;
        futures[i]->flags |= FUTURE_MARKED;
        if (entry->repeat)
            wait->left--;
        else if (future_done(futures[i]))
            queue_entry(&entry->watcher, futures[i]);
        else
            future_watch(futures[i], &entry->watcher);
    }
    for (size_t i = 0; i < n; i++)
        futures[i]->flags &= (uint16_t)~FUTURE_MARKED;
}

static void unwatch_all(struct wait *wait, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (watcher_linked(&wait->entries[i].watcher))
            future_unwatch(wait->entries[i].future, &wait->entries[i].watcher);
}

int coil_wait(coil_future **futures, size_t n, coil_time timeout, int return_when)
{
    struct coil_future *task = task_current();
    int rc = check(futures, n, task, return_when);

    if (rc < 0)
        return rc;
    if (task_wait_refused(task))
        return -ECANCELED;
    struct wait *wait = coil__alloc(sizeof(*wait) + n * sizeof(wait->entries[0]));
    if (!wait)
        return -ENOMEM;
    *wait = (struct wait){.waiter = {.class = &wait_class, .task = task},
                          .refs = 1,
                          .left = n,
                          .return_when = return_when};
    coil_loop *loop = task->sched->loop;
    if (timeout != COIL_NEVER) {
        wait->timer = handle_arm(loop, loop_deadline(loop, timeout), time_is_up, wait);
        rc = coil_handle_error(wait->timer);
    }
    if (rc == 0) {
        watch_all(wait, futures, n);
        rc = task_wait(task, &wait->waiter);
        (void)coil_handle_cancel(loop, wait->timer);
        unwatch_all(wait, n);
        if (wait->cancelled)
            rc = -ECANCELED;
        if (rc == 0)
            rc = write_done_first(wait, futures, n);
        for (size_t i = 0; i < n; i++)
            future_unref(wait->entries[i].future);
    }
    wait->released = true;
    unref(wait);
    return rc;
}
