// SPDX-License-Identifier: MIT
#include "loop/inbox.h"

#include "loop/loop.h"

static void lock(pthread_mutex_t *mutex)
{
    int rc = pthread_mutex_lock(mutex);
    ASSERT(rc == 0);
}

static void unlock(pthread_mutex_t *mutex)
{
    int rc = pthread_mutex_unlock(mutex);
    ASSERT(rc == 0);
}

void inbox_init(struct inbox *inbox)
{
    *inbox = (struct inbox){.end = NULL};
    inbox->end = &inbox->first;
    int rc = pthread_mutex_init(&inbox->lock, NULL);
    ASSERT(rc == 0);
    rc = pthread_mutex_init(&inbox->waking, NULL);
    ASSERT(rc == 0);
}

void inbox_fini(struct inbox *inbox)
{
    ASSERT(inbox->closed && !inbox->first);
    handles_fini(&inbox->handles);
    int rc = pthread_mutex_destroy(&inbox->lock);
    ASSERT(rc == 0);
    rc = pthread_mutex_destroy(&inbox->waking);
    ASSERT(rc == 0);
}

/* Under the lock. */
static struct handle *take_all(struct inbox *inbox)
{
    struct handle *handle = inbox->first;

    inbox->first = NULL;
    inbox->end = &inbox->first;
    atomic_store(&inbox->any, false);
    return handle;
}

void inbox_close(struct inbox *inbox)
{
    lock(&inbox->lock);
    inbox->closed = true;
    struct handle *handle = take_all(inbox);
    unlock(&inbox->lock);
    lock(&inbox->waking); /* whoever is in there still needs the engine */
    unlock(&inbox->waking);
    while (handle) {
        struct handle *next = handle->next;
        handle->call.run(&handle->call, true);
        handle = next;
    }
}

/* On the loop: a callback's turn has come. */
static void run(struct call *call, bool drop)
{
    struct handle *handle = container_of(call, struct handle, call);
    coil_loop *loop = handle->loop; /* after it was given back it may be another's */
    struct inbox *inbox = &loop->inbox;

    lock(&inbox->lock);
    coil_callback fn = handle->fn;
    void *userdata = handle->userdata;
    const void *origin = handle->origin;
    handles_give(&inbox->handles, handle);
    unlock(&inbox->lock);
    if (fn && !drop)
        handle_call(loop, fn, userdata, loop->attention & LOOP_DEBUG ? origin : NULL);
}

void inbox_drain(struct inbox *inbox, struct sched *sched)
{
    lock(&inbox->lock);
    struct handle *handle = take_all(inbox);
    unlock(&inbox->lock);
    while (handle) {
        struct handle *next = handle->next;
        sched_queue(sched, &handle->call.item);
        handle = next;
    }
}

bool inbox_may_sleep(struct inbox *inbox)
{
    atomic_store(&inbox->asleep, true);
    if (!atomic_load(&inbox->any))
        return true;
    inbox_awake(inbox);
    return false;
}

void inbox_awake(struct inbox *inbox)
{
    atomic_store_explicit(&inbox->asleep, false, memory_order_relaxed);
}

bool inbox_cancel(struct inbox *inbox, coil_handle value)
{
    lock(&inbox->lock);
    struct handle *handle = handles_find(&inbox->handles, value);
    bool cancelled = handle && handle->fn;
    if (cancelled) {
        handle->cancelled = handle->generation;
        handle->fn = NULL; /* skipped when its turn comes */
        handle->userdata = NULL;
    }
    unlock(&inbox->lock);
    return cancelled;
}

bool inbox_cancelled(struct inbox *inbox, coil_handle value)
{
    lock(&inbox->lock);
    bool cancelled = handles_cancelled(&inbox->handles, value);
    unlock(&inbox->lock);
    return cancelled;
}

/* Under the lock. Whether the loop is to be woken. */
static bool append(coil_loop *loop, struct handle *handle)
{
    struct inbox *inbox = &loop->inbox;

    handle->loop = loop;
    handle->next = NULL;
    *inbox->end = handle;
    inbox->end = &handle->next;
    return inbox_ring(inbox);
}

static void unlock_and_wake(coil_loop *loop, bool wake)
{
    struct inbox *inbox = &loop->inbox;

    if (wake)
        lock(&inbox->waking);
    unlock(&inbox->lock);
    if (wake) {
        engine_wake(loop->engine);
        unlock(&inbox->waking);
    }
}

int inbox_post(coil_loop *loop, struct handle *handle)
{
    lock(&loop->inbox.lock);
    bool closed = loop->inbox.closed;
    unlock_and_wake(loop, !closed && append(loop, handle));
    return closed ? -COIL_ECLOSED : 0;
}

/* Under the lock. */
static coil_handle post(coil_loop *loop, coil_callback fn, void *userdata, const void *origin,
                        bool *wake)
{
    struct inbox *inbox = &loop->inbox;

    if (inbox->closed)
        return handle_error(-COIL_ECLOSED);
    struct handle *handle = handles_take(&inbox->handles);
    if (!handle)
        return handle_error(-ENOMEM);
    call_init(&handle->call, run);
    handle->fn = fn;
    handle->userdata = userdata;
    handle->timed = false;
    handle->origin = origin;
    *wake = append(loop, handle);
    coil_handle value = handle_of(handle);
    value.index |= INBOX_INDEX;
    return value;
}

coil_handle coil_call_soon_threadsafe(coil_loop *loop, coil_callback fn, void *userdata)
{
    int rc = loop_argument(loop);

    if (rc < 0)
        return handle_error(rc);
    if (!fn)
        return handle_error(-EINVAL);
    bool wake = false;
    lock(&loop->inbox.lock);
    coil_handle value = post(loop, fn, userdata, __builtin_return_address(0), &wake);
    unlock_and_wake(loop, wake);
    return value;
}
