// SPDX-License-Identifier: MIT
/*
 * What the kernel's ring lacks: OP_CALL, a plain call that may block, on a thread of a pool that is
 * made when the first one comes. Its completion is handed over like any other.
 *
 * The thread works on memory of whoever submitted it, who waits for the last completion in any
 * case. A call that has begun cannot be stopped; one that has not is taken back and ends with
 * -ECANCELED.
 */
#include "ring/ring.h"

#include "base/alloc.h"

enum { THREADS_MAX = 32 }; /* as many as asyncio's default executor has at most */

struct blocking {
    struct job job;
    struct op *op;
    int result; /* of a call that did not begin: why not */
};

static void run(struct job *job)
{
    struct blocking *blocking = container_of(job, struct blocking, job);
    const struct op *op = blocking->op;

    blocking->result = op->call((void *)(uintptr_t)op->address);
}

static void free_job(struct job *job)
{
    coil__free(container_of(job, struct blocking, job));
}

static void wake(struct pool_client *client)
{
    ring_wake(&container_of(client, struct ring, blocking)->engine);
}

static int ensure_pool(struct ring *ring)
{
    if (ring->pool)
        return 0;
    ring->pool = pool_new(THREADS_MAX, "coil-pool");
    if (!ring->pool)
        return -ENOMEM;
    pool_client_init(&ring->blocking, wake);
    return 0;
}

int ring_blocking_submit(struct ring *ring, struct op *op)
{
    if (ring_forked(ring))
        return -COIL_ECLOSED;
    int rc = ensure_pool(ring);
    if (rc < 0)
        return rc;
    struct blocking *blocking = coil__alloc(sizeof(*blocking));
    if (!blocking)
        return -ENOMEM;
    *blocking =
        (struct blocking){.job = {.run = run, .free = free_job}, .op = op, .result = -ECANCELED};
    rc = pool_submit(ring->pool, &ring->blocking, &blocking->job);
    if (rc < 0) {
        coil__free(blocking);
        return rc;
    }
    op->private = blocking;
    ring->blocking_count++;
    return 0;
}

void ring_blocking_cancel(struct op *op)
{
    struct blocking *blocking = op->private;

    if (blocking) /* else its completion is on its way to whoever submitted it */
        (void)job_withdraw(&blocking->job);
}

size_t ring_blocking_reap(struct ring *ring, struct completion *completions, size_t most)
{
    size_t n = 0;
    struct job *job;

    while (n < most && ring->blocking_count && (job = pool_client_take(&ring->blocking))) {
        struct blocking *blocking = container_of(job, struct blocking, job);
        completions[n] = (struct completion){.op = blocking->op, .result = blocking->result};
        blocking->op->private = NULL;
        ring->blocking_count--;
        coil__free(blocking);
        engine_hand_over(&ring->engine, &completions[n++]);
    }
    return n;
}

void ring_blocking_fini(struct ring *ring)
{
    /* In the child of a fork the threads are not there, and the pool's lock may be held by one. */
    if (!ring->pool || ring_forked(ring))
        return;
    ASSERT(ring->blocking_count == 0);
    pool_client_fini(&ring->blocking, ring->pool);
    pool_free(ring->pool);
}
