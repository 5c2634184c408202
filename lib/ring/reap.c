// SPDX-License-Identifier: MIT
#include "ring/ring.h"

#include "base/alloc.h"
#include "base/poison.h"

#include <string.h>

/* What is not an operation's is dealt with here; false: nothing to hand over. */
static inline bool take(struct ring *ring, const struct io_uring_cqe *cqe,
                        struct completion *completion)
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
    fetch_line(completion->op->submitter);
    const uint16_t buffer = (uint16_t)(cqe->flags >> IORING_CQE_BUFFER_SHIFT);
    if (cqe->flags & IORING_CQE_F_BUFFER &&
        ring_buffer_taken(ring, completion->op->group, buffer, cqe->res)) {
        completion->flags |= COMPLETION_BUFFER;
        completion->buffer = buffer;
    } else if (unlikely(cqe->res == -ENOBUFS) && completion->op->flags & OP_LEND) {
        ring_buffers_lacked(ring, completion->op->group);
    }
    if (ON_VALGRIND)
        ring_written(completion);
    if (unlikely(completion->op->flags & OP_MAY_SIGNAL) && !(completion->flags & COMPLETION_MORE))
        ring_sigpipe_end(ring);
    engine_hand_over(&ring->engine, completion);
    return true;
}

/* A queue of them: what lies at `head` and the next ones up to `tail`. */
struct queue {
    const struct io_uring_cqe *entries;
    unsigned mask, head, tail;
};

static size_t take_some(struct ring *ring, struct queue *queue, struct completion *completions,
                        size_t most)
{
    size_t n = 0;

    for (; queue->head != queue->tail && n < most; queue->head++)
        n += take(ring, &queue->entries[queue->head & queue->mask], &completions[n]);
    return n;
}

static size_t take_stash(struct ring *ring, struct completion *completions, size_t most)
{
    struct queue queue = {
        .entries = ring->stash + ring->stash_first,
        .mask = UINT32_MAX,
        .tail = (unsigned)ring->stash_count,
    };
    const size_t n = take_some(ring, &queue, completions, most);

    ring->stash_first += queue.head;
    ring->stash_count -= queue.head;
    return n;
}

static size_t take_queue(struct ring *ring, struct completion *completions, size_t most)
{
    const struct io_uring_cq *cq = &ring->uring.cq;
    struct queue queue = {
        .entries = cq->cqes,
        .mask = cq->ring_mask,
        .head = *cq->khead,
        .tail = io_uring_smp_load_acquire(cq->ktail),
    };
    const size_t n = take_some(ring, &queue, completions, most);

    io_uring_smp_store_release(cq->khead, queue.head);
    return n;
}

size_t ring_reap(struct engine *engine, struct completion *completions, size_t most)
{
    struct ring *ring = ring_of(engine);
    size_t n = 0;

    if (unlikely(ring_forked(ring)))
        return ring_reap_in_child(ring, completions, most);
    if (unlikely(ring->stash_count))
        n = take_stash(ring, completions, most);
    n += take_queue(ring, completions + n, most - n);
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
