// SPDX-License-Identifier: MIT
/*
 * What another loop polls: an eventfd that the kernel writes when completions come. Not the ring's
 * own descriptor: a ring that defers its work wakes nobody who polls it.
 *
 * Linux 6.18 writes only once for what another eventfd wakes (the ring's own wake is such a one):
 * it marks the registration as about to write and never takes the mark away. So after each write
 * the eventfd is registered anew.
 */
#include "ring/ring.h"

#include "base/fault.h"

#include <coil/base.h>

#include <sys/eventfd.h>
#include <unistd.h>

static int make(struct ring *ring)
{
    if (fault_here("ring_descriptor"))
        return -EMFILE;
    int fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (fd < 0)
        return -errno;
    int rc = io_uring_register_eventfd(&ring->uring, fd);
    if (rc < 0) {
        close(fd);
        return rc;
    }
    ring->event_fd = fd;
    return 0;
}

int ring_descriptor(struct engine *engine)
{
    struct ring *ring = ring_of(engine);

    if (ring_forked(ring))
        return -COIL_ECLOSED;
    int rc = ring->event_fd < 0 ? make(ring) : 0;
    return rc < 0 ? rc : ring->event_fd;
}

void ring_descriptor_fini(struct ring *ring)
{
    if (ring->event_fd >= 0)
        close(ring->event_fd);
}

/* What completes between the two calls is in the ring's memory when the turn looks there. */
static bool register_anew(struct ring *ring)
{
    if (fault_here("ring_register_anew"))
        return false;
    (void)io_uring_unregister_eventfd(&ring->uring); /* not there after a failure */
    return io_uring_register_eventfd(&ring->uring, ring->event_fd) == 0;
}

void ring_rouse(struct engine *engine, bool readable)
{
    struct ring *ring = ring_of(engine);
    uint64_t count = 1;
    int before = errno;

    if (ring_forked(ring))
        return;
    if (!readable)
        readable = read(ring->event_fd, &count, sizeof(count)) > 0 && !register_anew(ring);
    if (readable) { /* or the next turn tries again */
        count = 1;
        ssize_t n = write(ring->event_fd, &count, sizeof(count));
        ASSERT(n == sizeof(count));
    }
    errno = before;
}
