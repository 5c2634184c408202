// SPDX-License-Identifier: MIT
#include "loop/interrupt.h"

#include "loop/loop.h"

#include <signal.h>

/*
 * In a signal handler, on any thread. No lock keeps the engine here, as it does for callbacks of
 * other threads (loop/inbox.h): coil_close has the sink leave, which waits for every handler that
 * is inside (os/signal.h), long before it detaches the engine; and nobody joins again meanwhile.
 */
static void wake(struct signal_sink *sink)
{
    coil_loop *loop = container_of(sink, struct coil_loop, interrupts.sink);

    if (inbox_ring(&loop->inbox))
        engine_wake(loop->engine);
}

void interrupts_init(coil_loop *loop)
{
    loop->interrupts = (struct interrupts){.sink.wake = wake};
    list_init(&loop->interrupts.watches);
}

/* ---- who wants what ------------------------------------------------------------------------- */

static int update(struct interrupts *interrupts)
{
    uint64_t wanted = interrupts->ruled ? signal_bit(SIGINT) : 0;

    list_for_each (node, &interrupts->watches) {
        wanted |= list_entry(node, struct signal_watch, link)->mask;
    }
    return signal_want(&interrupts->sink, wanted);
}

/* What has arrived for those who left goes with them. */
static uint64_t want_less(struct interrupts *interrupts)
{
    int rc = update(interrupts);

    ASSERT(rc == 0);
    return signal_take(&interrupts->sink, ~atomic_load(&interrupts->sink.wanted));
}

int interrupts_watch(coil_loop *loop, struct signal_watch *watch)
{
    list_append(&loop->interrupts.watches, &watch->link);
    int rc = update(&loop->interrupts);
    if (rc < 0)
        list_remove(&watch->link);
    return rc;
}

void interrupts_unwatch(coil_loop *loop, struct signal_watch *watch)
{
    if (!list_linked(&watch->link)) /* the loop closes */
        return;
    list_remove(&watch->link);
    (void)want_less(&loop->interrupts);
}

void interrupts_close(coil_loop *loop)
{
    struct interrupts *interrupts = &loop->interrupts;
    struct list_node *node;

    interrupts->ruled = false;
    while ((node = list_first(&interrupts->watches))) {
        struct signal_watch *watch = list_entry(node, struct signal_watch, link);
        list_remove(node);
        if (watch->dropped)
            watch->dropped(watch);
    }
    (void)want_less(interrupts);
}

/* ---- the rule of SIGINT --------------------------------------------------------------------- */

bool interrupts_rule(coil_loop *loop, coil_task *main)
{
    struct interrupts *interrupts = &loop->interrupts;

    if (interrupts->kept || interrupts->ruled || !os_thread_is_main() || !signal_is_default(SIGINT))
        return false;
    interrupts->ruled = true;
    interrupts->main = main;
    interrupts->count = 0;
    int rc = update(interrupts);
    ASSERT(rc == 0); /* SIGINT can be handled */
    return true;
}

bool interrupts_end_rule(coil_loop *loop)
{
    struct interrupts *interrupts = &loop->interrupts;

    interrupts->ruled = false;
    interrupts->main = NULL;
    return want_less(interrupts) & signal_bit(SIGINT);
}

/* Whether it ends the run. */
static bool interrupt(struct interrupts *interrupts)
{
    if (!interrupts->ruled)
        return false;
    if (++interrupts->count > 1 || !interrupts->main)
        return true;
    return !coil_cancel(interrupts->main);
}

/* ---- taking --------------------------------------------------------------------------------- */

static bool deliver(struct interrupts *interrupts, int number)
{
    bool watched = false;

    list_for_each (node, &interrupts->watches) {
        struct signal_watch *watch = list_entry(node, struct signal_watch, link);
        if (watch->mask & signal_bit(number)) {
            watch->arrived(watch, number);
            watched = true;
        }
    }
    return number == SIGINT && !watched && interrupt(interrupts);
}

bool interrupts_take(coil_loop *loop)
{
    uint64_t arrived = signal_take(&loop->interrupts.sink, ~UINT64_C(0));
    bool ends = false;

    for (int number = 1; arrived; number++, arrived >>= 1)
        if (arrived & 1)
            ends |= deliver(&loop->interrupts, number);
    return ends;
}
