// SPDX-License-Identifier: MIT
/*
 * What is to be done once a turn, just before the engine is entered: there what was asked for in
 * many small pieces since the last enter is submitted in one. It may submit and wake; it runs no
 * coroutine and calls nothing of the program's.
 */
#ifndef LOOP_FLUSH_H
#define LOOP_FLUSH_H

#include "loop/loop.h"

/* Queues it, unless it is queued already. */
static inline void flush_soon(coil_loop *loop, struct flush *flush)
{
    if (flush->queued)
        return;
    flush->queued = true;
    fifo_append(&loop->flushes, &flush->node);
}

static inline bool flushes_wait(const coil_loop *loop)
{
    return loop->flushes.first != NULL;
}

/* The turn: runs what is queued now, in order. What is queued meanwhile is for the next turn, which
 * does not wait, or no longer than a moment where memory is short. */
static inline void flush_all(coil_loop *loop)
{
    for (size_t left = loop->flushes.count; unlikely(left); left--) {
        struct flush *flush = container_of(fifo_take(&loop->flushes), struct flush, node);
        flush->queued = false;
        flush->run(flush);
    }
}

#endif
