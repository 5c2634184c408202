// SPDX-License-Identifier: MIT
/*
 * The barrier: a state and a count under a condition. It fills until the last party comes, then
 * drains: who comes back meanwhile is held outside until the last has left. An abort breaks it for
 * all; a reset breaks it for those inside, and it fills again when they are out.
 */
#include "sync/line.h"

enum barrier_state { FILLING, DRAINING, RESETTING, BROKEN };

static bool is_open(void *userdata)
{
    const coil_barrier *barrier = userdata;

    return barrier->state != DRAINING && barrier->state != RESETTING;
}

static bool is_over(void *userdata)
{
    return ((const coil_barrier *)userdata)->state != FILLING;
}

static void change(coil_barrier *barrier, enum barrier_state state)
{
    barrier->state = (unsigned char)state;
    (void)coil_condition_notify_all(&barrier->condition);
}

/* An initializer can be wrong, and cannot say so. */
static bool is_wrong(const coil_barrier *barrier)
{
    return !barrier || barrier->parties <= 0;
}

int coil_barrier_init(coil_barrier *barrier, int parties)
{
    if (!barrier || parties <= 0)
        return -EINVAL;
    *barrier = (coil_barrier)COIL_BARRIER_INIT(parties);
    return 0;
}

/* With the condition's lock: waits for the others, or is the last and lets all go. Who waited
 * leaves in the order in which he came, and takes his number as he leaves: some may have gone
 * before. */
static int pass(coil_barrier *barrier)
{
    if (barrier->count == barrier->parties) {
        change(barrier, DRAINING);
        return barrier->parties - 1;
    }
    int rc = coil_condition_wait_for(&barrier->condition, is_over, barrier);
    if (rc < 0)
        return rc;
    return barrier->state == DRAINING ? barrier->parties - 1 - barrier->count : -COIL_EBROKEN;
}

static void leave(coil_barrier *barrier)
{
    if (--barrier->count > 0)
        return;
    change(barrier, barrier->state == BROKEN ? BROKEN : FILLING);
}

static int enter_and_pass(coil_barrier *barrier)
{
    int rc = coil_condition_wait_for(&barrier->condition, is_open, barrier);

    if (rc < 0)
        return rc;
    if (barrier->state == BROKEN)
        return -COIL_EBROKEN;
    barrier->count++;
    int index = pass(barrier);
    leave(barrier);
    return index;
}

int coil_barrier_wait(coil_barrier *barrier)
{
    if (is_wrong(barrier))
        return -EINVAL;
    int rc = coil_condition_acquire(&barrier->condition);
    if (rc < 0)
        return rc;
    rc = enter_and_pass(barrier);
    (void)coil_condition_release(&barrier->condition);
    return rc;
}

int coil_barrier_reset(coil_barrier *barrier)
{
    if (is_wrong(barrier))
        return -EINVAL;
    int rc = coil_condition_acquire(&barrier->condition);
    if (rc < 0)
        return rc;
    change(barrier, barrier->count > 0 ? RESETTING : FILLING);
    (void)coil_condition_release(&barrier->condition);
    return 0;
}

int coil_barrier_abort(coil_barrier *barrier)
{
    if (is_wrong(barrier))
        return -EINVAL;
    int rc = coil_condition_acquire(&barrier->condition);
    if (rc < 0)
        return rc;
    change(barrier, BROKEN);
    (void)coil_condition_release(&barrier->condition);
    return 0;
}

int coil_barrier_parties(const coil_barrier *barrier)
{
    return is_wrong(barrier) ? -EINVAL : barrier->parties;
}

int coil_barrier_n_waiting(const coil_barrier *barrier)
{
    if (is_wrong(barrier))
        return -EINVAL;
    return barrier->state == FILLING ? barrier->count : 0;
}

bool coil_barrier_broken(const coil_barrier *barrier)
{
    return !is_wrong(barrier) && barrier->state == BROKEN;
}
