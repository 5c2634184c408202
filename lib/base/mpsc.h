// SPDX-License-Identifier: MIT
/*
 * A queue that many threads push to and one takes from, without locks (D. Vyukov's intrusive node
 * queue). FIFO for each producer.
 *
 * A push swaps itself in as the newest and then links its predecessor to itself. Between these two
 * stores the chain has a gap: a taker that meets it sees "nothing yet", and the producer, which
 * wakes the taker after its push, makes it look again. The release store of the link carries the
 * producer's writes; the acquire load of the link receives them.
 */
#ifndef BASE_MPSC_H
#define BASE_MPSC_H

#include "base/macros.h"

#include <stdatomic.h>
#include <stdbool.h>

struct mpsc_node {
    _Atomic(struct mpsc_node *) next;
};

struct mpsc {
    _Atomic(struct mpsc_node *) newest; /* producers */
    struct mpsc_node *oldest;           /* the taker */
    struct mpsc_node stub;
};

static inline void mpsc_init(struct mpsc *queue)
{
    atomic_store_explicit(&queue->stub.next, NULL, memory_order_relaxed);
    atomic_store_explicit(&queue->newest, &queue->stub, memory_order_relaxed);
    queue->oldest = &queue->stub;
}

static inline void mpsc_push(struct mpsc *queue, struct mpsc_node *node)
{
    atomic_store_explicit(&node->next, NULL, memory_order_relaxed);
    struct mpsc_node *before = atomic_exchange_explicit(&queue->newest, node, memory_order_acq_rel);
    atomic_store_explicit(&before->next, node, memory_order_release);
}

/* The oldest node, or NULL when there is none or its producer is between its two stores. */
static inline struct mpsc_node *mpsc_take(struct mpsc *queue)
{
    struct mpsc_node *oldest = queue->oldest;
    struct mpsc_node *next = atomic_load_explicit(&oldest->next, memory_order_acquire);

    if (oldest == &queue->stub) {
        if (!next)
            return NULL;
        queue->oldest = oldest = next;
        next = atomic_load_explicit(&oldest->next, memory_order_acquire);
    }
    if (next) {
        queue->oldest = next;
        return oldest;
    }
    if (oldest != atomic_load_explicit(&queue->newest, memory_order_acquire))
        return NULL;
    /* `oldest` is the last one: the stub goes behind it so that it can be taken. */
    mpsc_push(queue, &queue->stub);
    next = atomic_load_explicit(&oldest->next, memory_order_acquire);
    if (!next)
        return NULL;
    queue->oldest = next;
    return oldest;
}

#endif
