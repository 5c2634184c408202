// SPDX-License-Identifier: MIT
/*
 * The semaphore. A release gives its permit to the first in line at once: the value is counted down
 * when the task is woken, not when it runs. Who is cancelled after that gives the permit back.
 */
#include "sync/line.h"

static const struct waiter_class semaphore_class = {
    .what = "semaphore",
    .cancel = line_cancel,
    .leave = line_let_go,
};

/* An initializer can be wrong, and cannot say so. */
static bool is_wrong(const coil_semaphore *semaphore)
{
    return unlikely(!semaphore || semaphore->value < 0);
}

static bool is_locked(const coil_semaphore *semaphore)
{
    return semaphore->value == 0 ||
           (unlikely(semaphore->line.first != NULL) && line_is_live(&semaphore->line));
}

static void give_permits(coil_semaphore *semaphore)
{
    while (semaphore->value > 0 && line_wake_next(&semaphore->line))
        semaphore->value--;
}

int coil_semaphore_init(coil_semaphore *semaphore, int value)
{
    if (!semaphore || value < 0)
        return -EINVAL;
    *semaphore = (coil_semaphore)COIL_SEMAPHORE_INIT(value);
    return 0;
}

int coil_semaphore_init_bounded(coil_semaphore *semaphore, int value)
{
    if (!semaphore || value < 0)
        return -EINVAL;
    *semaphore = (coil_semaphore)COIL_BOUNDED_SEMAPHORE_INIT(value);
    return 0;
}

int coil_semaphore_acquire(coil_semaphore *semaphore)
{
    if (is_wrong(semaphore))
        return -EINVAL;
    struct coil_future *task = task_current();
    if (unlikely(!task))
        return -COIL_ENOLOOP;
    if (likely(!is_locked(semaphore))) {
        semaphore->value--;
        return 0;
    }
    int rc = line_admit(&semaphore->line, task);
    if (rc < 0)
        return rc;
    struct place place = {.waiter.class = &semaphore_class};
    rc = line_stand(&semaphore->line, &place, task);
    if (rc < 0 && place.state == PLACE_WOKEN)
        semaphore->value++;
    /* Others may have come while permits were left, and queued behind this task. */
    give_permits(semaphore);
    return rc;
}

int coil_semaphore_try_acquire(coil_semaphore *semaphore)
{
    if (is_wrong(semaphore))
        return -EINVAL;
    if (is_locked(semaphore))
        return -EAGAIN;
    semaphore->value--;
    return 0;
}

int coil_semaphore_release(coil_semaphore *semaphore)
{
    if (is_wrong(semaphore))
        return -EINVAL;
    if (semaphore->value >= semaphore->bound)
        return -EOVERFLOW;
    semaphore->value++;
    if (line_wake_next(&semaphore->line))
        semaphore->value--;
    return 0;
}

bool coil_semaphore_locked(const coil_semaphore *semaphore)
{
    return !is_wrong(semaphore) && is_locked(semaphore);
}

int coil_semaphore_value(const coil_semaphore *semaphore)
{
    return is_wrong(semaphore) ? -EINVAL : semaphore->value;
}
