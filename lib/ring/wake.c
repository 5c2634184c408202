// SPDX-License-Identifier: MIT
/* The wake from other threads: an eventfd, and a read of it in flight. */
#include "ring/ring.h"

#include "base/fault.h"

#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

int ring_wake_init(struct ring *ring)
{
    if (fault_here("ring_wake_init"))
        return -EMFILE;
    ring->wake_fd = eventfd(0, EFD_CLOEXEC);
    return ring->wake_fd < 0 ? -errno : 0;
}

void ring_wake_fini(struct ring *ring)
{
    close(ring->wake_fd);
}

int ring_wake_arm(struct ring *ring)
{
    struct io_uring_sqe *sqe;

    if (ring->wake_armed)
        return 0;
    int rc = ring_sqe(ring, &sqe);
    if (rc < 0)
        return rc;
    memset(sqe, 0, sizeof(*sqe));
    sqe->opcode = IORING_OP_READ;
    sqe->fd = ring->wake_fd;
    sqe->addr = (uint64_t)(uintptr_t)&ring->wake_value;
    sqe->len = sizeof(ring->wake_value);
    sqe->user_data = RING_WAKE;
    ring->wake_armed = true;
    return 0;
}

void ring_wake(struct engine *engine)
{
    const struct ring *ring = ring_of(engine);
    const uint64_t one = 1;

    if (ring_forked(ring)) /* the descriptor means the parent's loop */
        return;
    ssize_t n = write(ring->wake_fd, &one, sizeof(one));
    ASSERT(n == sizeof(one));
}
