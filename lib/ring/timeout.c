// SPDX-License-Identifier: MIT
/*
 * The one timeout. It runs for `armed`, never later than the earliest deadline; a deadline that
 * went away leaves it to fire early once. Its fire shows in IORING_SQ_TASKRUN, so a busy turn needs
 * neither the clock nor a call of the kernel to notice a deadline.
 */
#include "ring/ring.h"

#include <string.h>

static void prepare(struct ring *ring, int64_t deadline)
{
    ring->deadline_spec.tv_sec = deadline / 1000000000;
    ring->deadline_spec.tv_nsec = deadline % 1000000000;
}

int ring_arm(struct ring *ring, int64_t deadline)
{
    struct io_uring_sqe *sqe;

    if (deadline >= ring->armed)
        return 0;
    int rc = ring_sqe(ring, &sqe);
    if (rc < 0)
        return rc;
    memset(sqe, 0, sizeof(*sqe));
    sqe->fd = -1;
    prepare(ring, deadline < 0 ? 0 : deadline);
    if (ring->armed == INT64_MAX) {
        sqe->opcode = IORING_OP_TIMEOUT;
        sqe->addr = (uint64_t)(uintptr_t)&ring->deadline_spec;
        sqe->len = 1;
        sqe->timeout_flags = IORING_TIMEOUT_ABS;
        sqe->user_data = RING_TIMER;
    } else {
        sqe->opcode = IORING_OP_TIMEOUT_REMOVE;
        sqe->addr = RING_TIMER;
        sqe->addr2 = (uint64_t)(uintptr_t)&ring->deadline_spec;
        sqe->timeout_flags = IORING_TIMEOUT_UPDATE | IORING_TIMEOUT_ABS;
        /* Its own completion would end the wait at once; a failure means that the timeout is
         * firing, and its completion says so. */
        sqe->flags = IOSQE_CQE_SKIP_SUCCESS;
        sqe->user_data = RING_IGNORED;
    }
    ring->armed = deadline;
    return 0;
}

void ring_timer_completed(struct ring *ring, int result)
{
    (void)result; /* -ETIME; -ECANCELED when the ring goes */
    ring->armed = INT64_MAX;
    ring->fired = true;
}
