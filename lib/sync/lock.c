// SPDX-License-Identifier: MIT
/*
 * The lock. A release wakes the first in line and hands nothing over: the lock is free until that
 * task runs, but who comes meanwhile sees it in line and stands behind it.
 */
#include "sync/lock.h"

#include "sync/line.h"

static const struct waiter_class lock_class = {
    .what = "lock",
    .cancel = line_cancel,
    .leave = line_let_go,
};

static bool is_open(const coil_lock *lock)
{
    return !lock->locked && (likely(!lock->line.first) || !line_is_live(&lock->line));
}

/* Only the first: when that was woken or cancelled it has not run yet, and sees to the next. */
static void wake_first(coil_lock *lock)
{
    if (lock->line.first && lock->line.pending == lock->line.first)
        (void)line_wake_next(&lock->line);
}

int coil_lock_acquire(coil_lock *lock)
{
    if (unlikely(!lock))
        return -EINVAL;
    struct coil_future *task = task_current();
    if (unlikely(!task))
        return -COIL_ENOLOOP;
    if (likely(is_open(lock))) {
        lock->locked = true;
        return 0;
    }
    int rc = line_admit(&lock->line, task);
    if (rc < 0)
        return rc;
    struct place place = {.waiter.class = &lock_class};
    rc = line_stand(&lock->line, &place, task);
    if (rc < 0) {
        if (!lock->locked)
            wake_first(lock);
        return rc;
    }
    ASSERT(!lock->locked);
    lock->locked = true;
    return 0;
}

int coil_lock_try_acquire(coil_lock *lock)
{
    if (!lock)
        return -EINVAL;
    if (!is_open(lock))
        return -EAGAIN;
    lock->locked = true;
    return 0;
}

int coil_lock_release(coil_lock *lock)
{
    if (unlikely(!lock))
        return -EINVAL;
    if (unlikely(!lock->locked))
        return -EPERM;
    lock->locked = false;
    wake_first(lock);
    return 0;
}

bool coil_lock_locked(const coil_lock *lock)
{
    return lock && lock->locked;
}

int coil_lock_init(coil_lock *lock)
{
    if (!lock)
        return -EINVAL;
    *lock = (coil_lock)COIL_LOCK_INIT;
    return 0;
}

coil_lock *coil_lock_enter(coil_lock *lock)
{
    int rc = coil_lock_acquire(lock);

    return rc < 0 ? COIL_ERR(rc) : lock;
}

void coil_lock_releasep(coil_lock **lock)
{
    if (!lock || !*lock || err_is(*lock))
        return;
    (void)coil_lock_release(*lock);
    *lock = NULL;
}

/* ---- for conditions ------------------------------------------------------------------------- */

static bool note_cancellation(struct waiter *waiter)
{
    (void)waiter;
    return false; /* the task is marked, and hears of it when it has the lock */
}

static bool stay(struct waiter *waiter)
{
    (void)waiter;
    return false;
}

static void abandon(struct waiter *waiter)
{
    struct place *place = container_of(waiter, struct place, waiter);

    (void)line_let_go(waiter);
    line_leave(place);
}

static const struct waiter_class again_class = {
    .what = "lock",
    .cancel = note_cancellation,
    .leave = stay,
    .abandon = abandon,
    .outcome_wins = true,
};

int lock_acquire_again(coil_lock *lock, coil_task *task)
{
    if (!is_open(lock)) {
        struct place place = {.waiter.class = &again_class};
        (void)line_stand(&lock->line, &place, task);
    }
    ASSERT(!lock->locked);
    lock->locked = true;
    return task_is_interrupted(task) ? task_interrupted(task) : 0;
}
