// SPDX-License-Identifier: MIT
/*
 * The loop is the sum of the layers below: a scheduler, timers, an engine, and the two tables of
 * callbacks, its own and the one for other threads.
 */
#ifndef LOOP_LOOP_H
#define LOOP_LOOP_H

#include "engine/engine.h"
#include "loop/debug.h"
#include "loop/handle.h"
#include "loop/inbox.h"
#include "loop/interrupt.h"
#include "task/sched.h"
#include "task/task.h"
#include "timer/timer.h"

#include <coil/exception.h>
#include <coil/loop.h>

#include <stdatomic.h>

enum { WATCH_BUCKETS = 64 };

/* Why the turn is to be taken although it would find nothing to do. */
enum attention {
    LOOP_STOPPING = 1, /* coil_stop */
    LOOP_ONCE = 2,     /* coil_run_once: somebody counts turns */
    LOOP_DEBUG = 4,    /* loop/debug.c: each item runs from home; it lasts */
    LOOP_STARVED = 8   /* loop/flush.h: somebody waits for memory; it lasts */
};

struct loop_executor;

/* Somebody above whose work goes on outside, on threads: told when the loop closes, before its
 * tasks are. `leave` unlinks it. */
struct guest {
    struct list_node link;
    void (*leave)(struct guest *guest);
};

/* Queued by flush_soon (loop/flush.h). */
struct flush {
    struct fifo_node node;
    void (*run)(struct flush *flush);
    bool queued;
};

struct loop_part;

struct coil_loop {
    struct sched *sched;
    struct timers timers; /* payloads are struct call */
    struct engine *engine;
    struct handles handles;
    struct inbox inbox;
    struct interrupts interrupts;
    struct fifo flushes; /* loop/flush.h */
    struct fifo starved; /* and those that lack memory, all of them until `fed_at` */
    int64_t fed_at;
    struct list closers; /* loop/descriptor.h */
    struct list guests;
    struct loop_part *parts;        /* loop/part.h */
    struct loop_executor *executor; /* host/default_executor.c; NULL: none yet */
    int64_t now;                    /* the clock when it was last read */
    atomic_bool running;            /* these two any thread may ask for */
    atomic_bool closed;
    uint8_t attention;          /* enum attention */
    bool exposed;               /* somebody polls its descriptor: loop/once.c */
    struct debug_called called; /* in debug mode: what runs now */
    int64_t slow;               /* in debug mode: from how long on an item is reported */
    bool in_handler;
    coil_exception_handler handler; /* NULL: the default one */
    void *handler_userdata;
    struct list watches[WATCH_BUCKETS]; /* loop/watch.h */
    void (*on_free)(coil_loop *loop);   /* whoever made it and its engine; or NULL */
};

/* Joins an engine and makes a loop. -ENOMEM. Error-encoded. */
coil_loop *loop_new(struct engine *engine, int stack_class, size_t stacks_kept);

/* Whether a run may begin, and its first steps. -COIL_ECLOSED, -EBUSY, or as loop_argument. */
int loop_begin_run(coil_loop *loop);
void loop_end_run(coil_loop *loop);

static inline int loop_argument(const coil_loop *loop)
{
    if (unlikely(!loop))
        return -EINVAL;
    return unlikely(err_is(loop)) ? err_code(loop) : 0;
}

/* This thread's loop, which the run layer keeps here for all who make something without being told
 * where; NULL: it has none. */
extern _Thread_local coil_loop *coil__loop_of_thread __attribute__((tls_model("initial-exec")));

/* The loop that runs, else this thread's; or NULL. */
static inline coil_loop *loop_present(void)
{
    struct sched *running = sched_running();
    return running ? running->loop : coil__loop_of_thread;
}

/* The clock, read now. */
static inline int64_t loop_clock(coil_loop *loop)
{
    return loop->now = engine_now(loop->engine);
}

/* The point `delay` from now. */
static inline int64_t loop_deadline(coil_loop *loop, coil_time delay)
{
    return delay == COIL_NEVER ? TIMER_NEVER : timer_after(loop_clock(loop), delay);
}

#endif
