// SPDX-License-Identifier: MIT
/*
 * The child of a fork has no ring: the memory that the ring shares with the kernel stays with the
 * parent, and so does everything in flight. In the child a submission and an enter fail, and what
 * was in flight ends with -ECANCELED when it is asked to, so that a loop can be closed there.
 */
#include "ring/ring.h"

#include <pthread.h>

atomic_uint coil__forks;

static pthread_once_t once = PTHREAD_ONCE_INIT;

static void count_fork(void)
{
    atomic_fetch_add(&coil__forks, 1);
}

static void watch(void)
{
    int rc = pthread_atfork(NULL, NULL, count_fork);
    ASSERT(rc == 0);
}

void ring_watch_forks(struct ring *ring)
{
    int rc = pthread_once(&once, watch);

    ASSERT(rc == 0);
    ring->forks = atomic_load(&coil__forks);
}

size_t ring_reap_in_child(struct ring *ring, struct completion *completions, size_t most)
{
    size_t n = 0;

    list_for_each (node, &ring->engine.in_flight) {
        struct op *op = list_entry(node, struct op, in_flight);
        if (n == most)
            break;
        if (op->state != OP_CANCELLING)
            continue;
        completions[n] = (struct completion){.op = op, .result = -ECANCELED};
        engine_hand_over(&ring->engine, &completions[n++]);
    }
    return n;
}
