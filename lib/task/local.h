// SPDX-License-Identifier: MIT
/*
 * Task-local values, by contextvars' rules: a task and a callback start with what was set where
 * they were asked for, and what they set themselves nobody else sees.
 *
 * Sets of values never change while somebody shares them: to inherit is to take a reference, and to
 * set is to copy. Programs have few locals, so a set is an array. Where no local was ever set
 * (`has_locals` of the scheduler) nothing is done at all.
 */
#ifndef TASK_LOCAL_H
#define TASK_LOCAL_H

#include "task/future.h"

#include <coil/local.h>

struct local_value {
    const coil_local *local;
    void *value;
};

struct locals {
    uint32_t refs;
    uint32_t count;
    struct local_value values[];
};

/* A set that several tasks may share and change; a task that has one has FUTURE_CONTEXT. */
struct coil_context {
    uint32_t refs;
    struct locals *locals;
};

void locals_unref(struct locals *locals); /* accepts NULL */

/* What is set where the scheduler runs now; a reference, or NULL for nothing. */
struct locals *locals_snapshot_slow(const struct sched *sched);

static inline struct locals *locals_snapshot(const struct sched *sched)
{
    return unlikely(sched->has_locals) ? locals_snapshot_slow(sched) : NULL;
}

/* After a callback: what it had set is gone. */
static inline void locals_leave(struct sched *sched)
{
    if (unlikely(sched->locals != NULL)) {
        locals_unref(sched->locals);
        sched->locals = NULL;
    }
}

/* A set of its own with what is set here, for another thread; NULL: nothing is set, or -ENOMEM,
 * error-encoded. */
struct locals *locals_copy(const struct sched *sched);

/* Until this is called with NULL, this thread, on which no loop runs, has its locals in `place`. */
void locals_use(struct locals **place);

/* Gives a new task a context that it shares with others. */
void context_give(struct coil_future *task, struct coil_context *context);

/* With the head. */
void context_free(struct coil_future *future);

#endif
