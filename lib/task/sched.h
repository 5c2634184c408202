// SPDX-License-Identifier: MIT
/*
 * The scheduler of one loop: the ready queue and who runs. It knows no engine and no clock.
 *
 * Items run in the order in which they were queued. An iteration is what was queued at one moment;
 * a batch runs at most BATCH_ITEMS of it, so that a long iteration does not keep the engine
 * waiting. A task that parks switches straight to the next item when that is the step of a task,
 * and to `home`, the fiber that runs the batches, otherwise: calls never run on a task's stack.
 * Between batches the loop takes its turn; when that would do nothing (`idle_turn`), the next batch
 * begins where the last one ended, without a way home.
 *
 * It is on the heap, because futures outlive their loop, and goes with the last of their heads.
 */
#ifndef TASK_SCHED_H
#define TASK_SCHED_H

#include "base/list.h"
#include "base/slab.h"
#include "ctx/stack.h"
#include "os/os.h"
#include "task/item.h"

#include <coil/base.h>

struct fiber;
struct locals;

enum {
    /* Items between two looks at the engine: some 20 us of short steps. */
    BATCH_ITEMS = 1024
};

struct sched {
    struct fifo ready;
    size_t iteration; /* items of this iteration that are in no batch yet */
    size_t budget;    /* items of this batch that have not run */
    struct coil_future *current;
    struct fiber *home;
    struct list tasks;  /* all that somebody holds, in order of creation */
    size_t task_count;  /* those that are not done */
    struct list dying;  /* futures with parts, whose last reference is gone */
    struct list taking; /* futures with parts, whose result was taken */
    bool burying;       /* somebody works on the one, or on the other list */
    bool counting;
    struct stacks stacks;
    struct slab heads;
    uint64_t number;                    /* no other loop of the process has it; from 1 */
    coil_loop *loop;                    /* NULL after coil_loop_free */
    bool (*idle_turn)(coil_loop *loop); /* whether a turn would find nothing to do now */
    /* Tells the loop's exception handler of an error that nobody took; `loop` may be NULL. */
    void (*report)(coil_loop *loop, const char *message, int code, struct coil_future *future);
    /* Debug mode: runs an item by sched_run_item, from the home fiber. NULL: nobody looks. */
    void (*observe)(struct sched *sched, struct item *item);
    const void *origin;    /* in debug mode: see sched_note_origin */
    struct locals *locals; /* of the running callback; NULL: none */
    uint32_t last_id;      /* of tasks */
    uintptr_t thread;      /* 0 until the first run */
    int stack_class;       /* of a task's stack, unless its options say otherwise */
    bool closing;          /* calls are dropped, waits are refused */
    bool eager;            /* tasks take their first step in the call that makes them */
    bool has_locals;       /* somebody has set a local */
    bool special;          /* eager or has_locals: new tasks are looked at */
    bool closed;
};

/* The scheduler whose batch runs on this thread, or NULL. */
extern _Thread_local struct sched *coil__sched_running __attribute__((tls_model("initial-exec")));

static inline struct sched *sched_running(void)
{
    return coil__sched_running;
}

struct sched *sched_new(coil_loop *loop, int stack_class, size_t stacks_kept);

/* Its loop ends: it goes as soon as no head lives. */
void sched_orphan(struct sched *sched);

/* After a head was given back: whether that was the last one of an orphan. */
static inline bool sched_forgotten(const struct sched *sched)
{
    return unlikely(!sched->loop) && sched->heads.live == 0;
}
void sched_free(struct sched *sched);

/* Reports an error that nobody took. The handler may look at the future: whoever reports holds it,
 * also at its last unref. It waits for nothing, and may call anything else. */
static inline void sched_report(struct sched *sched, const char *message, int code,
                                struct coil_future *future)
{
    sched->report(sched->loop, message, code, future);
}

/* In debug mode: the instruction of the program's that asks for the futures that are made next.
 * Each call that makes some says it first, by __builtin_return_address(0). */
static inline void sched_note_origin(struct sched *sched, const void *origin)
{
    if (unlikely(sched->observe != NULL))
        sched->origin = origin;
}

/* Asserts contract 2: work on a loop is done on its thread. */
static inline void sched_check_thread(const struct sched *sched)
{
    ASSERT_CONTRACT(sched->thread == 0 || sched->thread == os_thread_self(),
                    "a call from another thread than the loop's");
}

/* Appends to the ready queue. */
static inline void sched_queue(struct sched *sched, struct item *item)
{
    ASSERT(!item->queued);
    item->queued = true;
    fifo_append(&sched->ready, &item->node);
}

static inline bool sched_idle(const struct sched *sched)
{
    return sched->ready.count == 0;
}

/* Starts a batch of what is ready; a new iteration when the last one is done. */
static inline void sched_begin_batch(struct sched *sched)
{
    ASSERT(sched->budget == 0);
    /* Fewer may be left than the iteration had: an engine that fails ends a run in the middle of
     * one, and an item can be taken back then. */
    if (sched->iteration == 0 || sched->iteration > sched->ready.count)
        sched->iteration = sched->ready.count;
    sched->budget = sched->iteration < BATCH_ITEMS ? sched->iteration : BATCH_ITEMS;
    sched->iteration -= sched->budget;
}

/* Visits each unfinished task in order of creation. The visit may end and free any of them. */
void sched_each_task(struct sched *sched, void (*visit)(struct coil_future *task, void *userdata),
                     void *userdata);

/* Runs one item of the queue. */
void sched_run_item(struct sched *sched, struct item *item);

/* Runs batches until the loop has something to do. */
void sched_run(struct sched *sched);

/* Whether every item of the iteration has run. */
static inline bool sched_iteration_done(const struct sched *sched)
{
    return sched->iteration == 0;
}

#endif
