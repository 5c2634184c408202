// SPDX-License-Identifier: MIT
/*
 * The turn's enter: one call of the kernel that submits what was queued, brings what came and, when
 * the loop has nothing to do, waits. None when there is nothing to say and nothing to hear, which
 * the ring's memory tells.
 */
#include "ring/ring.h"

#include "base/fault.h"
#include "base/poison.h"
#include "os/os.h"

#include <coil/base.h>

#include <time.h>

/* In the thread that runs the loop, at its first enter. */
static int enable(struct ring *ring)
{
    if (fault_here("ring_enable"))
        return -ENOMEM;
    /* liburing 2.3 declares io_uring_enable_rings and does not export it. */
    int rc =
        io_uring_register((unsigned)ring->uring.ring_fd, IORING_REGISTER_ENABLE_RINGS, NULL, 0);
    if (rc < 0)
        return rc;
    ring->enabled = true;
    /* Saves the look-up of the descriptor at each enter; without it the ring works as well. */
    if (feature_allowed(FEATURE_RING_FD) && io_uring_register_ring_fd(&ring->uring) == 1)
        ring->enter_flags |= IORING_ENTER_REGISTERED_RING;
    return 0;
}

/*
 * Shows the kernel what was queued. liburing's own calls do this, too, but none of Debian 12's
 * takes the flags that an enter has today.
 */
static unsigned flush(struct io_uring_sq *queue)
{
    unsigned tail = queue->sqe_tail;

    if (queue->array)
        for (unsigned i = queue->sqe_head; i != tail; i++)
            queue->array[i & queue->ring_mask] = i & queue->ring_mask;
    queue->sqe_head = tail;
    io_uring_smp_store_release(queue->ktail, tail);
    return tail - io_uring_smp_load_acquire(queue->khead);
}

/* A millisecond. As the ring's own calls it leaves errno alone, also when a signal ends it. */
static void wait_a_moment(void)
{
    const struct timespec moment = {.tv_nsec = 1000000};

    (void)clock_nanosleep(CLOCK_MONOTONIC, 0, &moment, NULL);
}

/*
 * Valgrind runs one thread at a time and does not know that an enter may block: nobody else would
 * run to end the wait. It knows that a sleep does; a ring that defers its work wakes nobody who
 * polls it.
 */
static int wait_on_valgrind(struct ring *ring)
{
    int rc = ring_call(ring, 0);

    while (rc >= 0 && !io_uring_cq_ready(&ring->uring)) {
        wait_a_moment();
        rc = ring_call(ring, 0);
    }
    return rc;
}

static int call(struct ring *ring, unsigned wait, unsigned flags)
{
    struct sigpipe sigpipe;

    if (unlikely(ring_forked(ring)))
        return -COIL_ECLOSED;
    if (unlikely(!ring->enabled)) {
        int rc = enable(ring);
        if (rc < 0)
            return rc;
    }
    if (ON_VALGRIND && wait)
        return wait_on_valgrind(ring);
    unsigned queued = flush(&ring->uring.sq);
    ring->enters++;
    ring_sigpipe_hold(ring, &sigpipe);
    int rc = io_uring_enter((unsigned)ring->uring.enter_ring_fd, queued, wait,
                            flags | ring->enter_flags, NULL);
    ring_sigpipe_release(&sigpipe);
    /* The kernel keeps what does not fit into the queue; where it cannot, it counts what it lost,
     * and somebody would wait for ever. */
    ASSERT(IO_URING_READ_ONCE(*ring->uring.cq.koverflow) == 0);
    if (rc > 0)
        ring->submissions += (unsigned)rc;
    return rc;
}

int ring_call(struct ring *ring, unsigned wait)
{
    return call(ring, wait, IORING_ENTER_GETEVENTS);
}

int ring_submit_early(struct ring *ring)
{
    return call(ring, 0, 0);
}

static bool has_completions(const struct ring *ring)
{
    return ring->stash_count || io_uring_cq_ready(&ring->uring);
}

static bool has_news(const struct ring *ring)
{
    unsigned told = IO_URING_READ_ONCE(*ring->uring.sq.kflags);

    return has_completions(ring) || told & (IORING_SQ_TASKRUN | IORING_SQ_CQ_OVERFLOW);
}

/* EINTR: a signal; the turn goes on. EAGAIN, EBUSY: the kernel is short of memory or the completion
 * queue is full: what was not taken stays queued for the next turn. */
static int entered(int rc)
{
    return rc == -EINTR || rc == -EAGAIN || rc == -EBUSY || rc > 0 ? 0 : rc;
}

/* Nothing may wake who waits now: a moment at most, so that the loop does not spin until there is
 * memory. */
static NOINLINE int enter_starved(struct ring *ring, bool block)
{
    int rc = entered(ring_call(ring, 0));

    if (rc == 0 && block && !has_completions(ring))
        wait_a_moment();
    return rc;
}

int ring_enter(struct engine *engine, int64_t deadline, bool block)
{
    struct ring *ring = ring_of(engine);

    if (unlikely(ring_forked(ring)))
        return -COIL_ECLOSED;
    /* Whoever waits must be woken, in time, and cancelled: without memory for one of these, the
     * next turn tries again. */
    bool ready = ring_ask_again(ring) == 0;
    ring->file_ops = 0;
    ready &= ring_wake_arm(ring) == 0;
    ready &= ring_arm(ring, deadline) == 0;
    ring->behind = !ready;
    if (unlikely(!ready))
        return enter_starved(ring, block);
    block &= !has_completions(ring);
    if (!block && !io_uring_sq_ready(&ring->uring) && !has_news(ring))
        return 0;
    return entered(ring_call(ring, block));
}

bool ring_quiet(const struct engine *engine)
{
    const struct ring *ring = container_of(engine, const struct ring, engine);

    return !ring_forked(ring) && !ring->fired && !ring->behind &&
           !io_uring_sq_ready(&ring->uring) && !has_news(ring) &&
           ring->flags & IORING_SETUP_TASKRUN_FLAG;
}

unsigned ring_news(struct engine *engine)
{
    struct ring *ring = ring_of(engine);

    if (unlikely(ring_forked(ring)))
        return ENGINE_CAME | ENGINE_TIME;
    unsigned what = has_completions(ring) ? ENGINE_CAME : 0;
    if (ring->fired || !(ring->flags & IORING_SETUP_TASKRUN_FLAG))
        what |= ENGINE_TIME;
    ring->fired = false;
    return what;
}
