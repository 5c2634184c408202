// SPDX-License-Identifier: MIT
/*
 * No SIGPIPE (contract 11). A write to a pipe or socket that nobody reads raises it in the thread
 * that enters, then or, when it had to wait for room, in a later enter.
 *
 * A kernel that can is told not to, write by write. On an older one the signal is blocked around
 * every enter while such a write is in flight, and taken away when the enter raised it: only when
 * none was pending before, because that one is the program's own. Threads of the kernel that carry
 * a write further block all signals themselves. With DEFER_TASKRUN, which every kernel from 6.1 on
 * has, a write goes on in an enter alone; without it, in any system call, and a signal that is
 * raised there is not held.
 */
#include "ring/ring.h"

#include "base/fault.h"

#include <fcntl.h>
#include <unistd.h>

/* Asks by a write that raises nothing in any case; a kernel that does not know the flag refuses. */
static bool kernel_has_nosignal(void)
{
    char byte = 0;
    const struct iovec vector = {.iov_base = &byte, .iov_len = 1};
    const int before = errno;
    int ends[2];
    bool has = false;

    if (feature_allowed(FEATURE_NOSIGNAL) && !fault_here("ring_nosignal") &&
        pipe2(ends, O_CLOEXEC | O_NONBLOCK) == 0) {
        has = pwritev2(ends[1], &vector, 1, -1, RWF_NOSIGNAL) == 1;
        close(ends[0]);
        close(ends[1]);
    }
    errno = before;
    return has;
}

void ring_sigpipe_begin(struct ring *ring, struct io_uring_sqe *sqe)
{
    if (unlikely(ring->nosignal == NOSIGNAL_UNKNOWN))
        ring->nosignal = kernel_has_nosignal() ? NOSIGNAL_YES : NOSIGNAL_NO;
    if (ring->nosignal == NOSIGNAL_YES)
        sqe->rw_flags |= RWF_NOSIGNAL;
    else
        ring->may_signal++;
}

void ring_sigpipe_end(struct ring *ring)
{
    if (ring->nosignal == NOSIGNAL_YES)
        return;
    ASSERT(ring->may_signal > 0);
    ring->may_signal--;
}

static void only_sigpipe(sigset_t *set)
{
    sigemptyset(set);
    sigaddset(set, SIGPIPE);
}

void ring_sigpipe_hold(const struct ring *ring, struct sigpipe *sigpipe)
{
    sigset_t set;

    sigpipe->held = ring->may_signal > 0;
    if (likely(!sigpipe->held))
        return;
    only_sigpipe(&set);
    int rc = pthread_sigmask(SIG_BLOCK, &set, &sigpipe->before);
    ASSERT(rc == 0);
    rc = sigpending(&set);
    ASSERT(rc == 0);
    sigpipe->was_pending = sigismember(&set, SIGPIPE) == 1;
}

void ring_sigpipe_release(const struct sigpipe *sigpipe)
{
    const struct timespec at_once = {0};
    const int before = errno;
    sigset_t set;

    if (likely(!sigpipe->held))
        return;
    only_sigpipe(&set);
    while (!sigpipe->was_pending && sigtimedwait(&set, NULL, &at_once) < 0 && errno == EINTR)
        ;
    int rc = pthread_sigmask(SIG_SETMASK, &sigpipe->before, NULL);
    ASSERT(rc == 0);
    errno = before;
}
