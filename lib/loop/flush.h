// SPDX-License-Identifier: MIT
/*
 * What is to be done once a turn, just before the engine is entered: there what was asked for in
 * many small pieces since the last enter is submitted in one. It may submit and wake; it runs no
 * coroutine and calls nothing of the program's.
 *
 * What finds no memory for its work, here or in the kernel, is *starved*: it is tried again after a
 * moment, with all the others that starve. Tried at once it would keep the loop turning at full
 * speed for as long as memory is short. Waiting for that takes no memory.
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

/* The same for one that lacks memory: in a moment. A loop that closes waits for no memory. */
void flush_starved(coil_loop *loop, struct flush *flush);

/* The turn: queues those that starve if their moment has come. For a loop that closes it has. */
void flush_feed(coil_loop *loop);

static inline bool flushes_starve(const coil_loop *loop)
{
    return unlikely(loop->attention & LOOP_STARVED);
}

/* When the loop has something to do by itself: a timer, or those that starve. */
static inline int64_t flush_earliest(coil_loop *loop)
{
    const int64_t earliest = timers_earliest(&loop->timers);

    return flushes_starve(loop) && loop->fed_at < earliest ? loop->fed_at : earliest;
}

static inline bool flushes_wait(const coil_loop *loop)
{
    return loop->flushes.first != NULL;
}

/* The turn: runs what is queued now, in order. What is queued meanwhile is for the next turn, which
 * does not wait. */
static inline void flush_all(coil_loop *loop)
{
    for (size_t left = loop->flushes.count; unlikely(left); left--) {
        struct flush *flush = container_of(fifo_take(&loop->flushes), struct flush, node);
        flush->queued = false;
        flush->run(flush);
    }
}

#endif
