// SPDX-License-Identifier: MIT
#include "loop/watch.h"

#include "base/alloc.h"
#include "loop/descriptor.h"
#include "loop/exception.h"
#include "loop/flush.h"

#include <poll.h>
#include <stdio.h>

static struct list *bucket(coil_loop *loop, int fd)
{
    return &loop->watches[(unsigned)fd % WATCH_BUCKETS];
}

static struct watch *find(coil_loop *loop, int fd, unsigned events)
{
    list_for_each (node, bucket(loop, fd)) {
        struct watch *watch = list_entry(node, struct watch, link);
        if (watch->op.fd == fd && watch->op.mask == events)
            return watch;
    }
    return NULL;
}

static bool removed(const struct watch *watch)
{
    return !list_linked(&watch->link);
}

static void end(struct watch *watch)
{
    if (!removed(watch))
        list_remove(&watch->link);
    coil__free(watch);
}

/* It cannot go on: nobody would ever know. */
static void fail(struct watch *watch, int rc)
{
    char message[64];
    coil_exception_context context = {.size = sizeof(context),
                                      .message = message,
                                      .code = rc,
                                      .callback = watch->fn,
                                      .userdata = watch->userdata};
    coil_loop *loop = watch->loop;
    bool was_removed = removed(watch);

    snprintf(message, sizeof(message), "the %s of descriptor %d ended",
             watch->op.mask == POLLIN ? "reader" : "writer", watch->op.fd);
    end(watch);
    if (!was_removed)
        exception_report(loop, &context);
}

/* What has nothing to do with the descriptor: a moment later there may be more luck. */
static bool passes(int rc)
{
    return rc == -ENOMEM || rc == -EAGAIN || rc == -EINTR;
}

static void completed(struct op *op, const struct completion *completion)
{
    struct watch *watch = container_of(op, struct watch, op);

    if (completion->result == -ECANCELED) { /* removed, or somebody closes */
        end(watch);
    } else if (completion->result < 0 && !passes(completion->result)) {
        fail(watch, completion->result);
    } else if (completion->result < 0) {
        flush_starved(watch->loop, &watch->again);
    } else {
        watch->ready = true;
        sched_queue(watch->loop->sched, &watch->call.item);
    }
}

static void step_again(struct flush *flush)
{
    struct watch *watch = container_of(flush, struct watch, again);

    sched_queue(watch->loop->sched, &watch->call.item);
}

/* Its turn has come: calls when it is ready, and polls. */
static void step(struct call *call, bool drop)
{
    struct watch *watch = container_of(call, struct watch, call);

    if (drop || removed(watch)) {
        end(watch);
        return;
    }
    if (watch->ready)
        handle_call(watch->loop, watch->fn, watch->userdata, NULL);
    watch->ready = false;
    if (removed(watch)) {
        end(watch);
        return;
    }
    int rc = engine_submit(watch->loop->engine, &watch->op);
    if (passes(rc))
        flush_starved(watch->loop, &watch->again);
    else if (rc < 0)
        fail(watch, rc);
}

/*
 * The first poll waits for the loop as the later ones do: it may be another thread that runs it
 * first, and the engine belongs to that one.
 */
static int add(coil_loop *loop, int fd, unsigned events, coil_callback fn, void *userdata)
{
    int rc = loop_argument(loop);

    if (rc < 0)
        return rc;
    if (!fn)
        return -EINVAL;
    if (fd < 0)
        return -EBADF;
    sched_check_thread(loop->sched);
    struct watch *watch = find(loop, fd, events);
    if (!watch) {
        struct op op;
        op_init(&op, OP_POLL, fd, completed);
        if (loop->sched->closing || descriptor_closing(loop, &op))
            return -COIL_ECLOSED;
        watch = coil__alloc_zeroed(sizeof(*watch));
        if (!watch)
            return -ENOMEM;
        watch->loop = loop;
        watch->op = op;
        watch->op.mask = events;
        call_init(&watch->call, step);
        watch->again.run = step_again;
        list_append(bucket(loop, fd), &watch->link);
        sched_queue(loop->sched, &watch->call.item);
    }
    watch->fn = fn;
    watch->userdata = userdata;
    return 0;
}

static bool remove_watch(coil_loop *loop, int fd, unsigned events)
{
    if (loop_argument(loop) < 0 || fd < 0)
        return false;
    sched_check_thread(loop->sched);
    struct watch *watch = find(loop, fd, events);
    if (!watch)
        return false;
    list_remove(&watch->link);
    if (watch->op.state != OP_IDLE)
        engine_cancel(loop->engine, &watch->op);
    return true;
}

void watch_drop(coil_loop *loop, int fd)
{
    struct watch *reader = find(loop, fd, POLLIN), *writer = find(loop, fd, POLLOUT);

    if (reader)
        list_remove(&reader->link);
    if (writer)
        list_remove(&writer->link);
}

int coil_add_reader(coil_loop *loop, int fd, coil_callback fn, void *userdata)
{
    return add(loop, fd, POLLIN, fn, userdata);
}

bool coil_remove_reader(coil_loop *loop, int fd)
{
    return remove_watch(loop, fd, POLLIN);
}

int coil_add_writer(coil_loop *loop, int fd, coil_callback fn, void *userdata)
{
    return add(loop, fd, POLLOUT, fn, userdata);
}

bool coil_remove_writer(coil_loop *loop, int fd)
{
    return remove_watch(loop, fd, POLLOUT);
}
