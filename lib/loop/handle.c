// SPDX-License-Identifier: MIT
#include "loop/handle.h"

#include "base/alloc.h"
#include "loop/exception.h"
#include "loop/loop.h"
#include "loop/once.h"
#include "task/local.h"

enum { CHUNK = 64 };

/* ---- the table ---------------------------------------------------------------------------- */

void handles_fini(struct handles *handles)
{
    for (size_t i = 0; i < handles->chunk_count; i++)
        coil__free(handles->chunks[i]);
    coil__free(handles->chunks);
    *handles = (struct handles){0};
}

static bool grow(struct handles *handles)
{
    if (handles->count >= INBOX_INDEX) /* the bit that tells the two tables apart */
        return false;
    void *chunks =
        coil__realloc(handles->chunks, (handles->chunk_count + 1) * sizeof(*handles->chunks));
    if (!chunks)
        return false;
    handles->chunks = chunks;
    struct handle *chunk = coil__alloc_zeroed(CHUNK * sizeof(*chunk));
    if (!chunk)
        return false;
    handles->chunks[handles->chunk_count++] = chunk;
    for (uint32_t i = CHUNK; i-- > 0;) {
        chunk[i].index = handles->count + i;
        chunk[i].generation = -1;
        chunk[i].next = handles->free;
        handles->free = &chunk[i];
    }
    handles->count += CHUNK;
    return true;
}

struct handle *handles_take(struct handles *handles)
{
    if (!handles->free && !grow(handles))
        return NULL;
    struct handle *handle = handles->free;
    handles->free = handle->next;
    handle->generation = -handle->generation;
    return handle;
}

void handles_give(struct handles *handles, struct handle *handle)
{
    ASSERT(handle->generation > 0 && !handle->call.item.queued);
    if (unlikely(handle->locals != NULL)) {
        locals_unref(handle->locals);
        handle->locals = NULL;
    }
    handle->generation = handle->generation == INT32_MAX ? -1 : -(handle->generation + 1);
    handle->next = handles->free;
    handles->free = handle;
}

struct handle *handles_find(const struct handles *handles, coil_handle value)
{
    uint32_t index = value.index & ~INBOX_INDEX;

    if (value.generation <= 0 || index >= handles->count)
        return NULL;
    struct handle *handle = &handles->chunks[index / CHUNK][index % CHUNK];
    return handle->generation == value.generation ? handle : NULL;
}

bool handles_cancelled(const struct handles *handles, coil_handle value)
{
    uint32_t index = value.index & ~INBOX_INDEX;

    return value.generation > 0 && index < handles->count &&
           handles->chunks[index / CHUNK][index % CHUNK].cancelled == value.generation;
}

coil_handle handle_of(const struct handle *handle)
{
    return (coil_handle){.index = handle->index, .generation = handle->generation};
}

coil_handle handle_error(int code)
{
    return (coil_handle){.index = 0, .generation = code};
}

/* ---- calls -------------------------------------------------------------------------------- */

void handle_call(coil_loop *loop, coil_callback fn, void *userdata, const void *origin)
{
    if (unlikely(loop->attention & LOOP_DEBUG))
        loop->called = (struct debug_called){.fn = fn, .userdata = userdata, .origin = origin};
    int rc = fn(userdata);
    if (rc < 0)
        exception_report(loop, &(coil_exception_context){.size = sizeof(coil_exception_context),
                                                         .message = "a callback failed",
                                                         .code = rc,
                                                         .callback = fn,
                                                         .userdata = userdata,
                                                         .origin = origin});
    locals_leave(loop->sched);
}

static void run(struct call *call, bool drop)
{
    struct handle *handle = container_of(call, struct handle, call);
    coil_callback fn = handle->fn;
    void *userdata = handle->userdata;
    const void *origin = handle->origin;

    if (fn && !drop) {
        handle->loop->sched->locals = handle->locals;
        handle->locals = NULL;
    }
    handles_give(&handle->loop->handles, handle);
    if (fn && !drop)
        handle_call(handle->loop, fn, userdata, origin);
}

static struct handle *prepare(coil_loop *loop, coil_callback fn, void *userdata)
{
    struct handle *handle = handles_take(&loop->handles);

    if (!handle)
        return NULL;
    call_init(&handle->call, run);
    handle->fn = fn;
    handle->userdata = userdata;
    handle->loop = loop;
    handle->timed = false;
    handle->locals = locals_snapshot(loop->sched);
    handle->origin = NULL;
    return handle;
}

static int arguments(coil_loop *loop, coil_callback fn)
{
    int rc = loop_argument(loop);

    if (rc < 0)
        return rc;
    if (!fn)
        return -EINVAL;
    sched_check_thread(loop->sched);
    if (loop->sched->closing)
        return -COIL_ECLOSED;
    if (unlikely(loop->exposed))
        once_rouse(loop);
    return 0;
}

static void note_origin(struct handle *handle, const void *origin)
{
    if (unlikely(handle->loop->attention & LOOP_DEBUG))
        handle->origin = origin;
}

static coil_handle arm(coil_loop *loop, int64_t when, coil_callback fn, void *userdata,
                       const void *origin)
{
    ASSERT(!loop->sched->closing); /* its timer would outlive the loop */
    struct handle *handle = prepare(loop, fn, userdata);
    if (!handle)
        return handle_error(-ENOMEM);
    note_origin(handle, origin);
    handle->when = when;
    handle->timed = true;
    int rc = timers_arm_in(&loop->timers, when, &handle->call, &handle->timer);
    if (rc < 0) {
        handles_give(&loop->handles, handle);
        return handle_error(rc);
    }
    return handle_of(handle);
}

coil_handle handle_arm(coil_loop *loop, int64_t when, coil_callback fn, void *userdata)
{
    return arm(loop, when, fn, userdata, NULL);
}

static bool cancel(coil_loop *loop, struct handle *handle)
{
    if (!handle->fn)
        return false;
    handle->cancelled = handle->generation;
    handle->fn = NULL;
    handle->userdata = NULL;
    if (handle->call.item.queued)
        return true; /* skipped when its turn comes */
    timers_disarm(&loop->timers, &handle->timer);
    handles_give(&loop->handles, handle);
    return true;
}

void handles_drop(coil_loop *loop)
{
    for (uint32_t i = 0; i < loop->handles.count; i++) {
        struct handle *handle = &loop->handles.chunks[i / CHUNK][i % CHUNK];
        if (handle->generation > 0)
            (void)cancel(loop, handle);
    }
}

/* ---- public ------------------------------------------------------------------------------- */

coil_handle coil_call_soon(coil_loop *loop, coil_callback fn, void *userdata)
{
    int rc = arguments(loop, fn);

    if (rc < 0)
        return handle_error(rc);
    struct handle *handle = prepare(loop, fn, userdata);
    if (!handle)
        return handle_error(-ENOMEM);
    note_origin(handle, __builtin_return_address(0));
    sched_queue(loop->sched, &handle->call.item);
    return handle_of(handle);
}

coil_handle coil_call_later(coil_loop *loop, coil_time delay, coil_callback fn, void *userdata)
{
    int rc = arguments(loop, fn);
    if (rc < 0)
        return handle_error(rc);
    return arm(loop, loop_deadline(loop, delay), fn, userdata, __builtin_return_address(0));
}

coil_handle coil_call_at(coil_loop *loop, coil_time when, coil_callback fn, void *userdata)
{
    int rc = arguments(loop, fn);
    return rc < 0 ? handle_error(rc) : arm(loop, when, fn, userdata, __builtin_return_address(0));
}

int coil_handle_error(coil_handle handle)
{
    return handle.generation < 0 ? handle.generation : 0;
}

bool coil_handle_cancel(coil_loop *loop, coil_handle value)
{
    if (loop_argument(loop) < 0 || value.generation <= 0)
        return false;
    if (value.index & INBOX_INDEX)
        return inbox_cancel(&loop->inbox, value);
    sched_check_thread(loop->sched);
    struct handle *handle = handles_find(&loop->handles, value);
    return handle && cancel(loop, handle);
}

bool coil_handle_cancelled(coil_loop *loop, coil_handle value)
{
    if (loop_argument(loop) < 0)
        return false;
    if (value.index & INBOX_INDEX)
        return inbox_cancelled(&loop->inbox, value);
    sched_check_thread(loop->sched);
    return handles_cancelled(&loop->handles, value);
}

int coil_handle_when(coil_loop *loop, coil_handle value, coil_time *when)
{
    int rc = loop_argument(loop);

    if (rc < 0)
        return rc;
    if (!when || value.generation <= 0 || value.index & INBOX_INDEX)
        return -EINVAL;
    sched_check_thread(loop->sched);
    const struct handle *handle = handles_find(&loop->handles, value);
    if (!handle || !handle->timed)
        return -EINVAL;
    *when = handle->when;
    return 0;
}
