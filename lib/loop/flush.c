// SPDX-License-Identifier: MIT
#include "loop/flush.h"

enum {
    MOMENT = 1000 * 1000 /* ns */
};

void flush_starved(coil_loop *loop, struct flush *flush)
{
    if (loop->sched->closing) {
        flush_soon(loop, flush);
        return;
    }
    if (flush->queued)
        return;
    flush->queued = true;
    if (!loop->starved.first)
        loop->fed_at = timer_after(loop_clock(loop), MOMENT);
    fifo_append(&loop->starved, &flush->node);
    loop->attention |= LOOP_STARVED;
}

void flush_feed(coil_loop *loop)
{
    struct fifo_node *node;

    if (!loop->sched->closing && loop_clock(loop) < loop->fed_at)
        return;
    while ((node = fifo_take(&loop->starved)))
        fifo_append(&loop->flushes, node);
    loop->attention &= (uint8_t)~LOOP_STARVED;
}
