// SPDX-License-Identifier: MIT
#include "crew.h"

#include "sync/lock.h"

#include <errno.h>

static void *takes(void *arg)
{
    struct member *self = arg;

    self->rc = coil_lock_acquire(self->crew->thing);
    record(&self->crew->log, self->rc < 0 ? "-%d" : "%d", self->id);
    return NULL;
}

static void *takes_and_releases(void *arg)
{
    struct member *self = arg;

    (void)takes(arg);
    if (self->rc == 0)
        PASS(coil_lock_release(self->crew->thing));
    return NULL;
}

TEST(lock, a_static_one_works_before_any_loop_and_in_it)
{
    static coil_lock lock = COIL_LOCK_INIT;

    PASS(coil_lock_try_acquire(&lock));
    FAILS(coil_lock_try_acquire(&lock), -EAGAIN);
    PASS(coil_lock_release(&lock));
    SCENE(s, &lock);
    PASS(run_as_member(&s, takes_and_releases));
    CHECK(!coil_lock_locked(&lock));
}

TEST(lock, a_free_one_is_taken_without_a_switch)
{
    coil_lock lock = COIL_LOCK_INIT;
    SCENE(s, &lock);

    hire(&s, takes_and_releases);
    hire(&s, takes_and_releases);
    turns(&s, 1);
    CHECK_STR(s.log.text, "1 2");
}

TEST(lock, a_release_wakes_for_the_next_turn)
{
    coil_lock lock = COIL_LOCK_INIT;
    SCENE(s, &lock);

    PASS(coil_lock_try_acquire(&lock));
    hire(&s, takes);
    turns(&s, 1);
    PASS(coil_lock_release(&lock));
    CHECK_STR(s.log.text, "");
    turns(&s, 1);
    CHECK_STR(s.log.text, "1");
}

TEST(lock, who_tries_does_not_overtake)
{
    coil_lock lock = COIL_LOCK_INIT;
    SCENE(s, &lock);

    PASS(coil_lock_try_acquire(&lock));
    hire(&s, takes);
    turns(&s, 1);
    PASS(coil_lock_release(&lock));
    FAILS(coil_lock_try_acquire(&lock), -EAGAIN);
    turns(&s, 1);
    CHECK_STR(s.log.text, "1");
}

TEST(lock, when_all_in_line_were_cancelled_a_newcomer_takes_it)
{
    coil_lock lock = COIL_LOCK_INIT;
    SCENE(s, &lock);

    PASS(coil_lock_try_acquire(&lock));
    hire(&s, takes);
    hire(&s, takes);
    turns(&s, 1);
    CHECK(coil_cancel(s.members[0].task));
    CHECK(coil_cancel(s.members[1].task));
    PASS(coil_lock_release(&lock));
    PASS(coil_lock_try_acquire(&lock));
    turns(&s, 2);
    CHECK_STR(s.log.text, "-1 -2");
    CHECK(coil_lock_locked(&lock));
}

TEST(lock, a_loop_that_closes_ends_the_wait)
{
    coil_lock lock = COIL_LOCK_INIT;
    SCENE(s, &lock);

    PASS(coil_lock_try_acquire(&lock));
    hire(&s, takes_and_releases);
    hire(&s, takes_and_releases);
    turns(&s, 1);
    CHECK_EQ(coil_close(w.loop), 0);
    CHECK_STR(s.log.text, "-1 -2");
    PASS(coil_lock_release(&lock));
}

static void *scope_fails(void *arg)
{
    struct member *self = arg;
    COIL_LOCKED coil_lock *held = coil_lock_enter(self->crew->thing);

    self->rc = coil_err(held);
    return NULL;
}

TEST(lock, a_scope_that_was_not_entered_releases_nothing)
{
    coil_lock lock = COIL_LOCK_INIT;
    coil_lock *none = NULL;
    SCENE(s, &lock);

    PASS(coil_lock_try_acquire(&lock));
    struct member *member = hire(&s, scope_fails);
    turns(&s, 1);
    CHECK(coil_cancel(member->task));
    PASS(finish(member));
    CHECK_EQ(member->rc, -ECANCELED);
    CHECK(coil_lock_locked(&lock));
    coil_lock_releasep(&none);
    coil_lock_releasep(NULL);
}

TEST(lock, bad_arguments)
{
    coil_lock lock;

    FAILS(coil_lock_init(NULL), -EINVAL);
    PASS(coil_lock_init(&lock));
    FAILS(coil_lock_acquire(NULL), -EINVAL);
    FAILS(coil_lock_acquire(&lock), -COIL_ENOLOOP);
    FAILS(coil_err(coil_lock_enter(&lock)), -COIL_ENOLOOP);
    FAILS(coil_lock_try_acquire(NULL), -EINVAL);
    FAILS(coil_lock_release(NULL), -EINVAL);
    CHECK(!coil_lock_locked(NULL));
    CHECK(!coil_lock_locked(&lock));
}

/* ---- lock_acquire_again -----------------------------------------------------------------------
 */

static void *takes_again(void *arg)
{
    struct member *self = arg;

    self->rc = lock_acquire_again(self->crew->thing, coil_current_task());
    CHECK(coil_lock_locked(self->crew->thing));
    record(&self->crew->log, self->rc < 0 ? "-%d" : "%d", self->id);
    PASS(coil_lock_release(self->crew->thing));
    PASS(coil_yield_now()); /* it has heard of every cancellation */
    return NULL;
}

TEST(lock, again_is_not_ended_by_cancellations)
{
    coil_lock lock = COIL_LOCK_INIT;
    SCENE(s, &lock);

    PASS(coil_lock_try_acquire(&lock));
    struct member *first = hire(&s, takes_again), *second = hire(&s, takes_again);
    turns(&s, 1);
    for (int i = 0; i < 3; i++) {
        CHECK(coil_cancel(first->task));
        turns(&s, 2);
    }
    CHECK_STR(s.log.text, "");
    PASS(coil_lock_release(&lock));
    PASS(finish(second));
    CHECK_STR(s.log.text, "-1 2"); /* it kept its place */
}
