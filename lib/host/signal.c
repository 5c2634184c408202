// SPDX-License-Identifier: MIT
/* Signals as callbacks and for tasks: two kinds of watches. */
#include <coil/signal.h>

#include "base/alloc.h"
#include "loop/loop.h"
#include "task/park.h"

/* ---- handlers ------------------------------------------------------------------------------- */

/* Lives until it was removed and its call is in no queue. */
struct handler {
    struct signal_watch watch;
    struct call call;
    coil_loop *loop;
    coil_callback fn; /* NULL: removed */
    void *userdata;
};

static void arrived(struct signal_watch *watch, int number)
{
    struct handler *handler = container_of(watch, struct handler, watch);

    (void)number;
    if (!handler->call.item.queued)
        sched_queue(handler->loop->sched, &handler->call.item);
}

static void dropped(struct signal_watch *watch)
{
    struct handler *handler = container_of(watch, struct handler, watch);

    handler->fn = NULL;
    if (!handler->call.item.queued)
        coil__free(handler);
}

static void run(struct call *call, bool drop)
{
    struct handler *handler = container_of(call, struct handler, call);

    if (!handler->fn)
        coil__free(handler);
    else if (!drop)
        handle_call(handler->loop, handler->fn, handler->userdata, NULL);
}

static struct handler *find(coil_loop *loop, int number)
{
    list_for_each (node, &loop->interrupts.watches) {
        struct signal_watch *watch = list_entry(node, struct signal_watch, link);
        if (watch->arrived == arrived && watch->mask == signal_bit(number))
            return container_of(watch, struct handler, watch);
    }
    return NULL;
}

static int add(coil_loop *loop, int number, coil_callback fn, void *userdata)
{
    struct handler *handler = coil__alloc(sizeof(*handler));

    if (!handler)
        return -ENOMEM;
    *handler = (struct handler){
        .watch = {.mask = signal_bit(number), .arrived = arrived, .dropped = dropped},
        .loop = loop,
        .fn = fn,
        .userdata = userdata,
    };
    call_init(&handler->call, run);
    int rc = interrupts_watch(loop, &handler->watch);
    if (rc < 0)
        coil__free(handler);
    return rc;
}

int coil_add_signal_handler(coil_loop *loop, int signal, coil_callback callback, void *userdata)
{
    int rc = loop_argument(loop);

    if (rc < 0)
        return rc;
    if (!callback || !signal_valid(signal))
        return -EINVAL;
    sched_check_thread(loop->sched);
    if (loop->sched->closing)
        return -COIL_ECLOSED;
    struct handler *handler = find(loop, signal);
    if (!handler)
        return add(loop, signal, callback, userdata);
    handler->fn = callback;
    handler->userdata = userdata;
    return 0;
}

int coil_remove_signal_handler(coil_loop *loop, int signal)
{
    int rc = loop_argument(loop);

    if (rc < 0)
        return rc;
    if (!signal_valid(signal))
        return -EINVAL;
    sched_check_thread(loop->sched);
    struct handler *handler = find(loop, signal);
    if (!handler)
        return 0;
    interrupts_unwatch(loop, &handler->watch);
    dropped(&handler->watch);
    return 1;
}

/* ---- waiting -------------------------------------------------------------------------------- */

struct wait {
    struct waiter waiter;
    struct signal_watch watch;
    int number; /* 0: none came */
    bool over;
};

static void came(struct signal_watch *watch, int number)
{
    struct wait *wait = container_of(watch, struct wait, watch);

    if (wait->over)
        return;
    wait->over = true;
    wait->number = number;
    task_wake(wait->waiter.task);
}

static bool cancel(struct waiter *waiter)
{
    struct wait *wait = container_of(waiter, struct wait, waiter);

    if (wait->over)
        return false;
    wait->over = true;
    task_wake(waiter->task);
    return true;
}

static bool leave(struct waiter *waiter)
{
    container_of(waiter, struct wait, waiter)->over = true;
    return true;
}

static const struct waiter_class wait_class = {
    .what = "signal",
    .cancel = cancel,
    .leave = leave,
    .outcome_wins = true, /* a signal that was taken is not lost */
};

int coil_wait_signal(const int *signals, size_t n)
{
    struct coil_future *task = task_current();
    struct wait wait = {.waiter = {.class = &wait_class, .task = task}, .watch.arrived = came};

    if (!task)
        return -COIL_ENOLOOP;
    if (!signals || !n)
        return -EINVAL;
    for (size_t i = 0; i < n; i++) {
        if (!signal_valid(signals[i]))
            return -EINVAL;
        wait.watch.mask |= signal_bit(signals[i]);
    }
    if (task_wait_refused(task))
        return -ECANCELED;
    coil_loop *loop = task->sched->loop;
    int rc = interrupts_watch(loop, &wait.watch);
    if (rc < 0)
        return rc;
    rc = task_wait(task, &wait.waiter);
    ASSERT(rc == 0);
    interrupts_unwatch(loop, &wait.watch);
    if (wait.number)
        return wait.number;
    return task_is_interrupted(task) ? task_interrupted(task) : -ECANCELED;
}
