// SPDX-License-Identifier: MIT
/*
 * A wait for the first of several things. Each is a choice, in line at a channel or watching a
 * future, until one of them settles the whole: that takes all of them out at once, so a choice that
 * is in line can always go, and no value is given to a wait that is over. A send or a receive that
 * has to wait is a select of one case.
 *
 * What was settled stands: the value has changed hands, and a cancellation that comes before the
 * task runs is heard at its next wait.
 */
#ifndef SYNC_SELECT_H
#define SYNC_SELECT_H

#include "base/circle.h"
#include "sync/line.h"

#include <coil/channel.h>

struct select;

struct choice {
    struct coil_link link;  /* of a channel's line */
    struct watcher watcher; /* of a future */
    struct select *select;
    coil_select_case *request;
};

enum { SELECT_WAITS = -1, SELECT_CANCELLED = -2, SELECT_TIMED_OUT = -3 };

struct select {
    struct waiter waiter;
    struct choice *choices;
    int n;
    int outcome; /* the index of the case that went, or one of the above */
};

extern const struct waiter_class coil__send_class, coil__recv_class;

/* A choice goes: its case has this code. The task will run. */
void select_settle(struct choice *choice, int code);

/* Puts every choice in line. */
void select_enrol(struct select *select, struct coil_future *task, coil_select_case *cases);

/* Waits; the index of the case that went, -ECANCELED or -ETIMEDOUT. */
static ALWAYS_INLINE int select_wait(struct select *select, struct coil_future *task)
{
    (void)task_wait(task, &select->waiter);
    ASSERT(select->outcome != SELECT_WAITS);
    if (unlikely(select->outcome == SELECT_CANCELLED))
        return task_interrupted(task);
    return select->outcome == SELECT_TIMED_OUT ? -ETIMEDOUT : select->outcome;
}

#endif
