// SPDX-License-Identifier: MIT
/*
 * The one suspension record. Everything that makes a task wait (a future, a timer, an operation, a
 * lock) puts a waiter on the task's stack and calls task_wait (task/park.h); cancellation, closing
 * and "what does this task wait for" are written once, here.
 */
#ifndef TASK_WAIT_H
#define TASK_WAIT_H

#include <coil/base.h>

#include <stdbool.h>

struct waiter;

struct waiter_class {
    const char *what; /* for people: "future", "sleep" */
    /*
     * The task was cancelled while it waits. True: the cancellation was passed on, and the wait
     * will end by it. False: the wait has ended already; the task gets -ECANCELED when it resumes.
     */
    bool (*cancel)(struct waiter *waiter);
    /*
     * The loop closes: leave what is waited for at once, so that the task can be woken. False: that
     * cannot be left (an operation in flight), the wait will end by itself.
     */
    bool (*leave)(struct waiter *waiter);
    /*
     * The loop closes, and nothing can end this wait any more: forget it, its frame goes. NULL: it
     * can be left, or will end by itself.
     */
    void (*abandon)(struct waiter *waiter);
    /* The wait's own outcome outranks a cancellation that came after it (contract 3). */
    bool outcome_wins;
};

struct waiter {
    const struct waiter_class *class;
    coil_task *task;
};

#endif
