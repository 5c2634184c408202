// SPDX-License-Identifier: MIT
/*
 * What the ready queue holds: the next step of a task, or a call. Both are intrusive, so queueing
 * never fails, and an item is in the queue at most once.
 */
#ifndef TASK_ITEM_H
#define TASK_ITEM_H

#include "base/err.h"
#include "base/fifo.h"

#include <stdbool.h>
#include <stdint.h>

enum item_kind { ITEM_STEP, ITEM_CALL };

struct item {
    struct fifo_node node;
    uint8_t kind; /* enum item_kind */
    bool queued;
};

struct call;

/*
 * Runs on the loop, never on a task's stack. With `drop` the loop is closing: what belongs to the
 * user is not called any more, what belongs to coil is done all the same.
 */
typedef void (*call_fn)(struct call *call, bool drop);

struct call {
    struct item item;
    call_fn run;
};

static inline void call_init(struct call *call, call_fn run)
{
    *call = (struct call){.item = {.kind = ITEM_CALL}, .run = run};
}

#endif
