// SPDX-License-Identifier: MIT
/*
 * The condition. A wait gives the lock away and has it again whenever it returns, also when it was
 * cancelled: who waits can release the lock in any case. A notification that reached a task which
 * was cancelled before it could act on it goes to the next in line.
 */
#include "sync/line.h"
#include "sync/lock.h"

static const struct waiter_class condition_class = {
    .what = "condition",
    .cancel = line_cancel,
    .leave = line_let_go,
};

static coil_lock *lock_of(coil_condition *condition)
{
    return condition->given ? condition->given : &condition->own;
}

static bool is_locked(const coil_condition *condition)
{
    return (condition->given ? condition->given : &condition->own)->locked;
}

int coil_condition_init(coil_condition *condition, coil_lock *lock)
{
    if (!condition)
        return -EINVAL;
    *condition = (coil_condition)COIL_CONDITION_INIT_WITH(lock);
    return 0;
}

int coil_condition_acquire(coil_condition *condition)
{
    return condition ? coil_lock_acquire(lock_of(condition)) : -EINVAL;
}

int coil_condition_release(coil_condition *condition)
{
    return condition ? coil_lock_release(lock_of(condition)) : -EINVAL;
}

bool coil_condition_locked(const coil_condition *condition)
{
    return condition && is_locked(condition);
}

coil_condition *coil_condition_enter(coil_condition *condition)
{
    int rc = coil_condition_acquire(condition);

    return rc < 0 ? COIL_ERR(rc) : condition;
}

void coil_condition_releasep(coil_condition **condition)
{
    if (!condition || !*condition || err_is(*condition))
        return;
    (void)coil_condition_release(*condition);
    *condition = NULL;
}

int coil_condition_wait(coil_condition *condition)
{
    if (unlikely(!condition))
        return -EINVAL;
    struct coil_future *task = task_current();
    if (unlikely(!task))
        return -COIL_ENOLOOP;
    coil_lock *lock = lock_of(condition);
    if (unlikely(!lock->locked))
        return -EPERM;
    int rc = loop_bind(&lock->line.loop, task);
    if (rc == 0)
        rc = line_admit(&condition->line, task);
    if (rc < 0)
        return rc;
    struct place place = {.waiter.class = &condition_class};
    (void)coil_lock_release(lock);
    rc = line_stand(&condition->line, &place, task);
    int again = lock_acquire_again(lock, task);
    if (rc == 0)
        rc = again;
    if (rc < 0 && place.state == PLACE_WOKEN)
        (void)line_wake_next(&condition->line);
    return rc;
}

int coil_condition_wait_for(coil_condition *condition, coil_predicate predicate, void *userdata)
{
    if (!condition || !predicate)
        return -EINVAL;
    if (!task_current())
        return -COIL_ENOLOOP;
    while (!predicate(userdata)) {
        int rc = coil_condition_wait(condition);
        if (rc < 0)
            return rc;
    }
    return 0;
}

int coil_condition_notify(coil_condition *condition, int n)
{
    int count = 0;

    if (!condition || n < 0)
        return -EINVAL;
    if (!is_locked(condition))
        return -EPERM;
    while (count < n && line_wake_next(&condition->line))
        count++;
    return count;
}

int coil_condition_notify_all(coil_condition *condition)
{
    return coil_condition_notify(condition, INT_MAX);
}
