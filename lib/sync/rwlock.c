// SPDX-License-Identifier: MIT
/*
 * The reader-writer lock. One line for both kinds: a reader that comes after a writer waits behind
 * it, so no stream of readers keeps a writer out. What the first in line asks for is given to it as
 * soon as it can be, before it runs; readers that stand next to each other go in together.
 */
#include "sync/line.h"

enum { WRITER = -1 }; /* the number of readers while somebody writes */

struct request {
    struct place place;
    bool writes;
};

static const struct waiter_class read_class = {
    .what = "rwlock to read",
    .cancel = line_cancel,
    .leave = line_let_go,
};

static const struct waiter_class write_class = {
    .what = "rwlock to write",
    .cancel = line_cancel,
    .leave = line_let_go,
};

static bool is_possible(const coil_rwlock *lock, bool writes)
{
    return writes ? lock->readers == 0 : lock->readers >= 0;
}

static void hold(coil_rwlock *lock, bool writes)
{
    lock->readers = writes ? WRITER : lock->readers + 1;
}

static void let_go(coil_rwlock *lock)
{
    lock->readers = lock->readers == WRITER ? 0 : lock->readers - 1;
}

/* Gives the lock to those in front who can have it now. */
static void grant(coil_rwlock *lock)
{
    while (lock->line.pending) {
        bool writes = container_of(place_of(lock->line.pending), struct request, place)->writes;
        if (!is_possible(lock, writes))
            return;
        hold(lock, writes);
        (void)line_wake_next(&lock->line);
    }
}

static int try_acquire(coil_rwlock *lock, bool writes)
{
    if (unlikely(lock->line.pending != NULL) || !is_possible(lock, writes))
        return -EAGAIN;
    hold(lock, writes);
    return 0;
}

static ALWAYS_INLINE int acquire(coil_rwlock *lock, bool writes)
{
    if (unlikely(!lock))
        return -EINVAL;
    struct coil_future *task = task_current();
    if (unlikely(!task))
        return -COIL_ENOLOOP;
    if (likely(try_acquire(lock, writes) == 0))
        return 0;
    int rc = line_admit(&lock->line, task);
    if (rc < 0)
        return rc;
    struct request request = {
        .place.waiter.class = writes ? &write_class : &read_class,
        .writes = writes,
    };
    rc = line_stand(&lock->line, &request.place, task);
    if (rc < 0) {
        if (request.place.state == PLACE_WOKEN)
            let_go(lock);
        grant(lock); /* also when it had nothing: it may have stood in the way of readers */
    }
    return rc;
}

static int release(coil_rwlock *lock, bool writes)
{
    if (unlikely(!lock))
        return -EINVAL;
    if (unlikely(writes ? lock->readers != WRITER : lock->readers <= 0))
        return -EPERM;
    let_go(lock);
    grant(lock);
    return 0;
}

int coil_rwlock_init(coil_rwlock *lock)
{
    if (!lock)
        return -EINVAL;
    *lock = (coil_rwlock)COIL_RWLOCK_INIT;
    return 0;
}

int coil_rwlock_acquire_read(coil_rwlock *lock)
{
    return acquire(lock, false);
}

int coil_rwlock_acquire_write(coil_rwlock *lock)
{
    return acquire(lock, true);
}

int coil_rwlock_try_acquire_read(coil_rwlock *lock)
{
    return lock ? try_acquire(lock, false) : -EINVAL;
}

int coil_rwlock_try_acquire_write(coil_rwlock *lock)
{
    return lock ? try_acquire(lock, true) : -EINVAL;
}

int coil_rwlock_release_read(coil_rwlock *lock)
{
    return release(lock, false);
}

int coil_rwlock_release_write(coil_rwlock *lock)
{
    return release(lock, true);
}
