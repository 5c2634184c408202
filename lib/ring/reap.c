// SPDX-License-Identifier: MIT
#include "ring/ring.h"

#include "base/alloc.h"

#include <string.h>

/* What is not an operation's is dealt with here; false: nothing to hand over. */
static bool take(struct ring *ring, const struct io_uring_cqe *cqe, struct completion *completion)
{
    switch (cqe->user_data & 7) {
    case RING_TIMER:
        ring_timer_completed(ring, cqe->res);
        return false;
    case RING_WAKE:
        /* To ask again and again would keep a core busy and wake nobody. */
        ASSERT_CONTRACT(cqe->res != -EBADF && cqe->res != -EINVAL,
                        "the eventfd of a loop's ring was closed, or replaced by dup2");
        ring->wake_armed = false;
        return false;
    case RING_IGNORED:
        return false;
    default:
        break;
    }
    *completion = (struct completion){
        .op = (struct op *)(uintptr_t)cqe->user_data,
        .result = cqe->res,
        .flags = cqe->flags & IORING_CQE_F_MORE ? COMPLETION_MORE : 0,
    };
    const uint16_t buffer = (uint16_t)(cqe->flags >> IORING_CQE_BUFFER_SHIFT);
    if (cqe->flags & IORING_CQE_F_BUFFER &&
        ring_buffer_taken(ring, completion->op->group, buffer, cqe->res)) {
        completion->flags |= COMPLETION_BUFFER;
        completion->buffer = buffer;
    }
    ring_written(completion);
    if (unlikely(completion->op->flags & OP_MAY_SIGNAL) && !(completion->flags & COMPLETION_MORE))
        ring_sigpipe_end(ring);
    engine_hand_over(&ring->engine, completion);
    return true;
}

size_t ring_reap(struct engine *engine, struct completion *completions, size_t most)
{
    struct ring *ring = ring_of(engine);
    size_t n = 0;

    if (unlikely(ring_forked(ring)))
        return ring_reap_in_child(ring, completions, most);
    while (ring->stash_count && n < most) {
        n += take(ring, &ring->stash[ring->stash_first++], &completions[n]);
        ring->stash_count--;
    }
    struct io_uring_cqe *cqe;
    unsigned head, seen = 0;
    io_uring_for_each_cqe(&ring->uring, head, cqe)
    {
        if (n == most)
            break;
        n += take(ring, cqe, &completions[n]);
        seen++;
    }
    io_uring_cq_advance(&ring->uring, seen);
    if (unlikely(ring->blocking_count))
        n += ring_blocking_reap(ring, completions + n, most - n);
    return n;
}

int ring_stash(struct ring *ring)
{
    unsigned ready = io_uring_cq_ready(&ring->uring);
    const struct io_uring_cq *cq = &ring->uring.cq;

    if (!ready)
        return 0;
    if (ring->stash_count == 0)
        ring->stash_first = 0;
    size_t needed = ring->stash_first + ring->stash_count + ready;
    if (needed > ring->stash_capacity) {
        void *stash = coil__realloc(ring->stash, 2 * needed * sizeof(*ring->stash));
        if (!stash)
            return -ENOMEM;
        ring->stash = stash;
        ring->stash_capacity = 2 * needed;
    }
    for (unsigned i = 0; i < ready; i++)
        ring->stash[ring->stash_first + ring->stash_count++] =
            cq->cqes[(*cq->khead + i) & *cq->kring_mask];
    io_uring_cq_advance(&ring->uring, ready);
    return 1;
}
