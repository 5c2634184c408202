// SPDX-License-Identifier: MIT
/*
 * Signals on a loop. They arrive at any moment on any thread, as bits of the loop's sink, and wake
 * the loop as another thread's callback does; the turn takes them where it takes those.
 *
 * SIGINT ends a run that has the rule of coil_run (coil/loop.h), unless somebody watches SIGINT.
 */
#ifndef LOOP_INTERRUPT_H
#define LOOP_INTERRUPT_H

#include "base/list.h"
#include "os/signal.h"

#include <coil/base.h>

/* Somebody who wants to know of signals. The loop's list holds it until it leaves. */
struct signal_watch {
    struct list_node link;
    uint64_t mask; /* signal_bit of each */
    /* In the turn; queues only. */
    void (*arrived)(struct signal_watch *watch, int number);
    /* The loop closes, and has unlinked it. NULL: nothing to do. */
    void (*dropped)(struct signal_watch *watch);
};

struct interrupts {
    struct signal_sink sink;
    struct list watches; /* in order of coming */
    coil_task *main;     /* whom the first SIGINT cancels; NULL: it ends the run */
    unsigned count;      /* SIGINTs since the rule began */
    bool ruled;          /* SIGINT ends the run */
    bool kept;           /* an option: leave SIGINT alone */
};

void interrupts_init(coil_loop *loop);

/* -EINVAL: one of the signals cannot be handled. */
int interrupts_watch(coil_loop *loop, struct signal_watch *watch);
void interrupts_unwatch(coil_loop *loop, struct signal_watch *watch);

/* The turn: hands out what arrived. Whether the run ends here. */
bool interrupts_take(coil_loop *loop);

/* The loop closes: every watch is dropped, every disposition is the former one. */
void interrupts_close(coil_loop *loop);

/* Begins the rule if it may be had here: the main thread, SIGINT at its default, nobody has it
 * already. Whether it began; then it is to be ended. */
bool interrupts_rule(coil_loop *loop, coil_task *main);

/* Ends it; whether a SIGINT came that no turn has taken. */
bool interrupts_end_rule(coil_loop *loop);

#endif
