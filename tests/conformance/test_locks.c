// SPDX-License-Identifier: MIT
/* CPython's test_locks.py: lock, event, condition, semaphore. */
#include "crew.h"

#include <errno.h>

#define NEVER_DONE(member) CHECK(!coil_done((member)->task))
#define CANCELLED(member)  CHECK_EQ((member)->rc, -ECANCELED)

/* ---- LockTests --------------------------------------------------------------------------------
 */

static void *takes_lock(void *arg)
{
    struct member *self = arg;

    self->rc = coil_lock_acquire(self->crew->thing);
    if (self->rc == 0)
        record(&self->crew->log, "%d", self->id);
    return NULL;
}

TEST(LockTests, test_acquire)
{
    coil_lock lock = COIL_LOCK_INIT;
    SCENE(s, &lock);

    PASS(coil_lock_try_acquire(&lock));
    hire(&s, takes_lock);
    hire(&s, takes_lock);
    turns(&s, 1);
    CHECK_STR(s.log.text, "");
    PASS(coil_lock_release(&lock));
    CHECK(!coil_lock_locked(&lock)); /* it is handed over to nobody */
    hire(&s, takes_lock);
    turns(&s, 3);
    CHECK_STR(s.log.text, "1");
    PASS(coil_lock_release(&lock));
    turns(&s, 1);
    CHECK_STR(s.log.text, "1 2");
    PASS(coil_lock_release(&lock));
    turns(&s, 1);
    CHECK_STR(s.log.text, "1 2 3");
    CHECK(coil_lock_locked(&lock));
}

TEST(LockTests, test_acquire_cancel)
{
    coil_lock lock = COIL_LOCK_INIT;
    SCENE(s, &lock);

    PASS(coil_lock_try_acquire(&lock));
    struct member *waiter = hire(&s, takes_lock);
    turns(&s, 1);
    CHECK(coil_cancel(waiter->task));
    PASS(finish(waiter));
    CANCELLED(waiter);
    /* Nobody is in line: a release leaves the lock to the next who comes. */
    PASS(coil_lock_release(&lock));
    PASS(coil_lock_try_acquire(&lock));
}

static void *passes_lock(void *arg)
{
    struct member *self = arg;

    self->rc = coil_lock_acquire(self->crew->thing);
    if (self->rc < 0)
        return NULL;
    record(&self->crew->log, "%d", self->id);
    PASS(coil_lock_release(self->crew->thing));
    return NULL;
}

TEST(LockTests, test_cancel_race)
{
    coil_lock lock = COIL_LOCK_INIT;
    SCENE(s, &lock);

    PASS(coil_lock_try_acquire(&lock));
    struct member *first = hire(&s, passes_lock), *second = hire(&s, passes_lock);
    turns(&s, 1);
    PASS(coil_lock_release(&lock));
    CHECK(coil_cancel(first->task)); /* it was woken, and has not run */
    PASS(finish(second));
    CANCELLED(first);
    CHECK_STR(s.log.text, "2");
    CHECK(!coil_lock_locked(&lock));
}

static int cancels_first_and_releases(void *arg)
{
    struct crew *crew = arg;

    CHECK(coil_cancel(crew->members[0].task));
    PASS(coil_lock_release(crew->thing));
    return 0;
}

TEST(LockTests, test_cancel_release_race)
{
    coil_lock lock = COIL_LOCK_INIT;
    SCENE(s, &lock);

    PASS(coil_lock_try_acquire(&lock));
    struct member *first = hire(&s, takes_lock), *second = hire(&s, takes_lock),
                  *third = hire(&s, takes_lock);
    turns(&s, 1);
    PASS(coil_handle_error(coil_call_soon(w.loop, cancels_first_and_releases, &s)));
    PASS(finish(second));
    turns(&s, 3);
    CANCELLED(first);
    CHECK_STR(s.log.text, "2");
    NEVER_DONE(third);
}

TEST(LockTests, test_finished_waiter_cancelled)
{
    coil_lock lock = COIL_LOCK_INIT;
    SCENE(s, &lock);

    PASS(coil_lock_try_acquire(&lock));
    struct member *first = hire(&s, takes_lock);
    turns(&s, 1);
    struct member *second = hire(&s, takes_lock);
    turns(&s, 1);
    CHECK(coil_cancel(first->task));
    PASS(coil_lock_release(&lock));
    PASS(finish(second));
    CANCELLED(first);
    CHECK_EQ(second->rc, 0);
    CHECK(coil_lock_locked(&lock));
}

TEST(LockTests, test_release_not_acquired)
{
    coil_lock lock = COIL_LOCK_INIT;

    FAILS(coil_lock_release(&lock), -EPERM);
}

TEST(LockTests, test_release_no_waiters)
{
    coil_lock lock = COIL_LOCK_INIT;

    PASS(coil_lock_try_acquire(&lock));
    CHECK(coil_lock_locked(&lock));
    PASS(coil_lock_release(&lock));
    CHECK(!coil_lock_locked(&lock));
}

static void *scopes_lock(void *arg)
{
    struct member *self = arg;
    coil_lock *lock = self->crew->thing;

    {
        COIL_LOCKED coil_lock *held = coil_lock_enter(lock);
        CHECK_PTR(held, lock);
        CHECK(coil_lock_locked(lock));
    }
    CHECK(!coil_lock_locked(lock));
    return NULL;
}

TEST(LockTests, test_context_manager)
{
    coil_lock lock = COIL_LOCK_INIT;
    SCENE(s, &lock);

    PASS(run_as_member(&s, scopes_lock));
}

/* ---- EventTests -------------------------------------------------------------------------------
 */

static void *waits_for_event(void *arg)
{
    struct member *self = arg;

    self->rc = coil_event_wait(self->crew->thing);
    if (self->rc == 0)
        record(&self->crew->log, "%d", self->id);
    return NULL;
}

TEST(EventTests, test_wait)
{
    coil_event event = COIL_EVENT_INIT;
    SCENE(s, &event);

    hire(&s, waits_for_event);
    hire(&s, waits_for_event);
    turns(&s, 1);
    CHECK_STR(s.log.text, "");
    struct member *late = hire(&s, waits_for_event);
    CHECK_EQ(coil_event_set(&event), 2);
    PASS(finish(late));
    turns(&s, 1);
    CHECK_STR(s.log.text, "3 1 2");
}

TEST(EventTests, test_wait_on_set)
{
    coil_event event = COIL_EVENT_INIT;
    SCENE(s, &event);

    PASS(coil_event_set(&event));
    struct member *member = hire(&s, waits_for_event);
    turns(&s, 1);
    CHECK(coil_done(member->task));
    CHECK_EQ(member->rc, 0);
}

TEST(EventTests, test_wait_cancel)
{
    coil_event event = COIL_EVENT_INIT;
    SCENE(s, &event);

    struct member *member = hire(&s, waits_for_event);
    turns(&s, 1);
    CHECK(coil_cancel(member->task));
    PASS(finish(member));
    CANCELLED(member);
    CHECK_EQ(coil_event_set(&event), 0); /* it is not in line any more */
}

TEST(EventTests, test_clear)
{
    coil_event event = COIL_EVENT_INIT;

    CHECK(!coil_event_is_set(&event));
    PASS(coil_event_set(&event));
    CHECK(coil_event_is_set(&event));
    PASS(coil_event_clear(&event));
    CHECK(!coil_event_is_set(&event));
}

TEST(EventTests, test_clear_with_waiters)
{
    coil_event event = COIL_EVENT_INIT;
    SCENE(s, &event);

    hire(&s, waits_for_event);
    turns(&s, 1);
    CHECK_EQ(coil_event_set(&event), 1);
    PASS(coil_event_clear(&event));
    CHECK_EQ(coil_event_set(&event), 0); /* woken once already */
    PASS(coil_event_clear(&event));
    turns(&s, 2);
    CHECK_STR(s.log.text, "1");
    CHECK(!coil_event_is_set(&event));
}

/* ---- ConditionTests ---------------------------------------------------------------------------
 */

/* Waits for a notification and keeps the lock. */
static void *waits_and_keeps(void *arg)
{
    struct member *self = arg;
    coil_condition *condition = self->crew->thing;

    PASS(coil_condition_acquire(condition));
    self->rc = coil_condition_wait(condition);
    CHECK(coil_condition_locked(condition));
    record(&self->crew->log, self->rc < 0 ? "-%d" : "%d", self->id);
    return NULL;
}

/* Waits for a notification and releases the lock. */
static void *waits_in_condition(void *arg)
{
    struct member *self = arg;

    (void)waits_and_keeps(arg);
    PASS(coil_condition_release(self->crew->thing));
    return NULL;
}

/* Between tasks, where nobody holds the lock. */
static void notify(coil_condition *condition, int n, int count)
{
    PASS(coil_lock_try_acquire(condition->given ? condition->given : &condition->own));
    CHECK_EQ(coil_condition_notify(condition, n), count);
    PASS(coil_condition_release(condition));
}

TEST(ConditionTests, test_wait)
{
    coil_condition condition = COIL_CONDITION_INIT;
    SCENE(s, &condition);

    for (int i = 0; i < 3; i++)
        hire(&s, waits_and_keeps);
    turns(&s, 2);
    CHECK_STR(s.log.text, "");
    CHECK(!coil_condition_locked(&condition));
    PASS(coil_lock_try_acquire(&condition.own));
    CHECK_EQ(coil_condition_notify(&condition, 2), 2);
    turns(&s, 3);
    CHECK_STR(s.log.text, ""); /* they queue for the lock */
    PASS(coil_condition_release(&condition));
    turns(&s, 3);
    CHECK_STR(s.log.text, "1"); /* who keeps it */
    PASS(coil_condition_release(&condition));
    turns(&s, 3);
    CHECK_STR(s.log.text, "1 2");
    CHECK_EQ(coil_condition_notify(&condition, 1), 1);
    PASS(coil_condition_release(&condition));
    turns(&s, 3);
    CHECK_STR(s.log.text, "1 2 3");
    CHECK(coil_condition_locked(&condition));
}

TEST(ConditionTests, test_wait_cancel)
{
    coil_condition condition = COIL_CONDITION_INIT;
    SCENE(s, &condition);

    struct member *member = hire(&s, waits_and_keeps);
    turns(&s, 1);
    CHECK(!coil_condition_locked(&condition));
    CHECK(coil_cancel(member->task));
    PASS(finish(member));
    CANCELLED(member);
    CHECK(coil_condition_locked(&condition));
    CHECK_EQ(coil_condition_notify(&condition, 1), 0);
}

TEST(ConditionTests, test_wait_cancel_contested)
{
    coil_condition condition = COIL_CONDITION_INIT;
    SCENE(s, &condition);

    struct member *member = hire(&s, waits_and_keeps);
    turns(&s, 1);
    PASS(coil_lock_try_acquire(&condition.own));
    CHECK(coil_cancel(member->task));
    turns(&s, 3);
    NEVER_DONE(member);
    PASS(coil_condition_release(&condition));
    PASS(finish(member));
    CANCELLED(member);
    CHECK(coil_condition_locked(&condition));
}

TEST(ConditionTests, test_wait_cancel_after_notify)
{
    coil_condition condition = COIL_CONDITION_INIT;
    SCENE(s, &condition);

    struct member *member = hire(&s, waits_in_condition);
    turns(&s, 1);
    PASS(coil_lock_try_acquire(&condition.own));
    CHECK_EQ(coil_condition_notify(&condition, 1), 1);
    turns(&s, 1); /* now it queues for the lock */
    CHECK(coil_cancel(member->task));
    turns(&s, 2);
    NEVER_DONE(member);
    PASS(coil_condition_release(&condition));
    PASS(finish(member));
    CANCELLED(member);
}

/* Waits for a notification, and ends by what it was told instead. */
static void *passes_on_what_it_is_told(void *arg)
{
    (void)waits_in_condition(arg);
    return COIL_ERR(((struct member *)arg)->rc);
}

TEST(ConditionTests, test_cancelled_error_wakeup)
{
    coil_condition condition = COIL_CONDITION_INIT;
    SCENE(s, &condition);

    struct member *member = hire(&s, passes_on_what_it_is_told);
    turns(&s, 1);
    CHECK(coil_cancel_with(member->task, "foo"));
    FAILS(finish(member), -ECANCELED);
    CHECK_STR(coil_cancel_message(member->task), "foo");
}

TEST(ConditionTests, test_cancelled_error_re_aquire)
{
    coil_condition condition = COIL_CONDITION_INIT;
    SCENE(s, &condition);

    struct member *member = hire(&s, passes_on_what_it_is_told);
    turns(&s, 1);
    PASS(coil_lock_try_acquire(&condition.own));
    CHECK_EQ(coil_condition_notify(&condition, 1), 1);
    turns(&s, 1); /* now it queues for the lock */
    CHECK(coil_cancel_with(member->task, "foo"));
    PASS(coil_condition_release(&condition));
    FAILS(finish(member), -ECANCELED);
    CHECK_STR(coil_cancel_message(member->task), "foo");
}

static void *waits_without_lock(void *arg)
{
    struct member *self = arg;

    self->rc = coil_condition_wait(self->crew->thing);
    return NULL;
}

TEST(ConditionTests, test_wait_unacquired)
{
    coil_condition condition = COIL_CONDITION_INIT;
    SCENE(s, &condition);

    PASS(run_as_member(&s, waits_without_lock));
    CHECK_EQ(s.members[0].rc, -EPERM);
}

struct count {
    coil_condition condition;
    int value, asked;
};

static bool reached(void *userdata)
{
    struct count *count = userdata;

    count->asked++;
    return count->value >= 2;
}

static void *waits_for_count(void *arg)
{
    struct member *self = arg;
    struct count *count = self->crew->thing;

    PASS(coil_condition_acquire(&count->condition));
    self->rc = coil_condition_wait_for(&count->condition, reached, count);
    PASS(coil_condition_release(&count->condition));
    return NULL;
}

TEST(ConditionTests, test_wait_for)
{
    struct count count = {.condition = COIL_CONDITION_INIT};
    SCENE(s, &count);

    struct member *member = hire(&s, waits_for_count);
    turns(&s, 1);
    for (int i = 1; i <= 2; i++) {
        CHECK_EQ(count.asked, i);
        count.value = i;
        NEVER_DONE(member);
        notify(&count.condition, 1, 1);
        turns(&s, 2);
    }
    PASS(finish(member));
    CHECK_EQ(member->rc, 0);
    CHECK_EQ(count.asked, 3);
}

static void *waits_for_count_without_lock(void *arg)
{
    struct member *self = arg;
    struct count *count = self->crew->thing;

    FAILS(coil_condition_wait_for(&count->condition, reached, count), -EPERM);
    count->value = 2;
    PASS(coil_condition_wait_for(&count->condition, reached, count));
    return NULL;
}

TEST(ConditionTests, test_wait_for_unacquired)
{
    struct count count = {.condition = COIL_CONDITION_INIT};
    SCENE(s, &count);

    PASS(run_as_member(&s, waits_for_count_without_lock));
}

TEST(ConditionTests, test_notify)
{
    coil_condition condition = COIL_CONDITION_INIT;
    SCENE(s, &condition);

    for (int i = 0; i < 4; i++)
        hire(&s, waits_in_condition);
    turns(&s, 1);
    notify(&condition, 1, 1);
    turns(&s, 3);
    CHECK_STR(s.log.text, "1");
    notify(&condition, 1, 1);
    notify(&condition, 2048, 2);
    turns(&s, 4);
    CHECK_STR(s.log.text, "1 2 3 4");
}

TEST(ConditionTests, test_notify_all)
{
    coil_condition condition = COIL_CONDITION_INIT;
    SCENE(s, &condition);

    hire(&s, waits_in_condition);
    hire(&s, waits_in_condition);
    turns(&s, 1);
    PASS(coil_lock_try_acquire(&condition.own));
    CHECK_EQ(coil_condition_notify_all(&condition), 2);
    PASS(coil_condition_release(&condition));
    turns(&s, 2);
    CHECK_STR(s.log.text, "1 2");
}

TEST(ConditionTests, test_notify_unacquired)
{
    coil_condition condition = COIL_CONDITION_INIT;

    FAILS(coil_condition_notify(&condition, 1), -EPERM);
}

TEST(ConditionTests, test_notify_all_unacquired)
{
    coil_condition condition = COIL_CONDITION_INIT;

    FAILS(coil_condition_notify_all(&condition), -EPERM);
}

static void *scopes_condition(void *arg)
{
    struct member *self = arg;
    coil_condition *condition = self->crew->thing;

    {
        COIL_CONDITION_LOCKED coil_condition *held = coil_condition_enter(condition);
        CHECK_PTR(held, condition);
        CHECK(coil_condition_locked(condition));
    }
    CHECK(!coil_condition_locked(condition));
    return NULL;
}

TEST(ConditionTests, test_context_manager)
{
    coil_condition condition = COIL_CONDITION_INIT;
    SCENE(s, &condition);

    PASS(run_as_member(&s, scopes_condition));
}

TEST(ConditionTests, test_explicit_lock)
{
    coil_lock lock = COIL_LOCK_INIT;
    coil_condition condition = COIL_CONDITION_INIT_WITH(&lock);

    PASS(coil_lock_try_acquire(&lock));
    CHECK(coil_condition_locked(&condition));
    PASS(coil_condition_release(&condition));
    CHECK(!coil_lock_locked(&lock));
}

TEST(ConditionTests, test_ambiguous_loops)
{
    coil_lock lock = COIL_LOCK_INIT;
    coil_condition condition = COIL_CONDITION_INIT_WITH(&lock);

    {
        SCENE(s, &lock);
        PASS(coil_lock_try_acquire(&lock));
        struct member *member = hire(&s, takes_lock);
        turns(&s, 1);
        PASS(coil_lock_release(&lock));
        PASS(finish(member));
    }
    {
        SCENE(s, &lock);
        PASS(run_as_member(&s, takes_lock));
        if (!check_walking())
            CHECK_EQ(s.members[0].rc, -EXDEV); /* the lock is held still */
        s.thing = &condition;
        PASS(run_as_member(&s, waits_without_lock));
        if (!check_walking())
            CHECK_EQ(s.members[1].rc, -EXDEV);
    }
}

static void *waits_and_returns_code(void *arg)
{
    struct member *self = arg;

    (void)waits_in_condition(arg);
    return COIL_ERR(self->rc);
}

static void *waits_for_member(void *arg)
{
    struct member *self = arg;

    self->rc = coil_wait_for(self->crew->members[0].task, COIL_MS(10), NULL);
    return NULL;
}

TEST(ConditionTests, test_timeout_in_block)
{
    coil_condition condition = COIL_CONDITION_INIT;
    SCENE(s, &condition);

    struct member *inner = hire(&s, waits_and_returns_code);
    PASS(run_as_member(&s, waits_for_member));
    CHECK_EQ(s.members[1].rc, -ETIMEDOUT);
    CANCELLED(inner);
    CHECK(!coil_condition_locked(&condition));
}

TEST(ConditionTests, test_cancelled_wakeup)
{
    coil_condition condition = COIL_CONDITION_INIT;
    SCENE(s, &condition);

    struct member *first = hire(&s, waits_in_condition), *second = hire(&s, waits_in_condition),
                  *third = hire(&s, waits_in_condition);
    turns(&s, 1);
    notify(&condition, 1, 1);
    CHECK(coil_cancel(first->task));
    PASS(finish(second));
    turns(&s, 3);
    CHECK_STR(s.log.text, "-1 2");
    NEVER_DONE(third);
}

TEST(ConditionTests, test_cancelled_wakeup_relock)
{
    coil_condition condition = COIL_CONDITION_INIT;
    SCENE(s, &condition);

    struct member *first = hire(&s, waits_in_condition), *second = hire(&s, waits_in_condition),
                  *third = hire(&s, waits_in_condition);
    turns(&s, 1);
    PASS(coil_lock_try_acquire(&condition.own));
    CHECK_EQ(coil_condition_notify(&condition, 1), 1);
    turns(&s, 1); /* the first queues for the lock */
    CHECK(coil_cancel(first->task));
    turns(&s, 1);
    PASS(coil_condition_release(&condition));
    PASS(finish(second));
    turns(&s, 3);
    CHECK_STR(s.log.text, "-1 2");
    NEVER_DONE(third);
}

/* ---- SemaphoreTests ---------------------------------------------------------------------------
 */

TEST(SemaphoreTests, test_initial_value_zero)
{
    coil_semaphore semaphore = COIL_SEMAPHORE_INIT(0);

    CHECK(coil_semaphore_locked(&semaphore));
    FAILS(coil_semaphore_try_acquire(&semaphore), -EAGAIN);
}

TEST(SemaphoreTests, test_semaphore_value)
{
    coil_semaphore semaphore = COIL_SEMAPHORE_INIT(-1);

    FAILS(coil_semaphore_acquire(&semaphore), -EINVAL);
    FAILS(coil_semaphore_release(&semaphore), -EINVAL);
    FAILS(coil_semaphore_init(&semaphore, -1), -EINVAL);
    FAILS(coil_semaphore_init_bounded(&semaphore, -1), -EINVAL);
}

static void *takes_permit(void *arg)
{
    struct member *self = arg;

    self->rc = coil_semaphore_acquire(self->crew->thing);
    if (self->rc == 0)
        record(&self->crew->log, "%d", self->id);
    return NULL;
}

TEST(SemaphoreTests, test_acquire)
{
    coil_semaphore semaphore = COIL_SEMAPHORE_INIT(3);
    SCENE(s, &semaphore);

    PASS(coil_semaphore_try_acquire(&semaphore));
    PASS(coil_semaphore_try_acquire(&semaphore));
    CHECK(!coil_semaphore_locked(&semaphore));
    for (int i = 0; i < 4; i++)
        hire(&s, takes_permit);
    turns(&s, 1);
    CHECK_STR(s.log.text, "1");
    CHECK_EQ(coil_semaphore_value(&semaphore), 0);
    PASS(coil_semaphore_release(&semaphore));
    PASS(coil_semaphore_release(&semaphore));
    CHECK_EQ(coil_semaphore_value(&semaphore), 0); /* given away already */
    FAILS(coil_semaphore_try_acquire(&semaphore), -EAGAIN);
    hire(&s, takes_permit);
    turns(&s, 2);
    CHECK_STR(s.log.text, "1 2 3");
    PASS(coil_semaphore_release(&semaphore));
    turns(&s, 1);
    CHECK_STR(s.log.text, "1 2 3 4");
    PASS(coil_semaphore_release(&semaphore));
    turns(&s, 1);
    CHECK_STR(s.log.text, "1 2 3 4 5");
    CHECK(coil_semaphore_locked(&semaphore));
}

TEST(SemaphoreTests, test_acquire_cancel)
{
    coil_semaphore semaphore = COIL_SEMAPHORE_INIT(0);
    SCENE(s, &semaphore);

    struct member *member = hire(&s, takes_permit);
    turns(&s, 1);
    CHECK(coil_cancel(member->task));
    PASS(finish(member));
    CANCELLED(member);
    PASS(coil_semaphore_release(&semaphore));
    CHECK(!coil_semaphore_locked(&semaphore)); /* nobody is in line */
}

TEST(SemaphoreTests, test_acquire_cancel_before_awoken)
{
    coil_semaphore semaphore = COIL_SEMAPHORE_INIT(0);
    SCENE(s, &semaphore);

    for (int i = 0; i < 4; i++)
        hire(&s, takes_permit);
    turns(&s, 1);
    CHECK(coil_cancel(s.members[0].task));
    CHECK(coil_cancel(s.members[1].task));
    PASS(coil_semaphore_release(&semaphore));
    turns(&s, 3);
    CHECK_STR(s.log.text, "3");
    NEVER_DONE(&s.members[3]);
    CHECK_EQ(coil_semaphore_value(&semaphore), 0);
}

TEST(SemaphoreTests, test_acquire_hang)
{
    coil_semaphore semaphore = COIL_SEMAPHORE_INIT(0);
    SCENE(s, &semaphore);

    struct member *first = hire(&s, takes_permit), *second = hire(&s, takes_permit);
    turns(&s, 1);
    CHECK(coil_cancel(first->task));
    PASS(coil_semaphore_release(&semaphore));
    PASS(finish(second));
    CHECK_STR(s.log.text, "2");
    CHECK(coil_semaphore_locked(&semaphore));
}

TEST(SemaphoreTests, test_acquire_no_hang)
{
    coil_semaphore semaphore = COIL_SEMAPHORE_INIT(1);
    SCENE(s, &semaphore);

    PASS(coil_semaphore_try_acquire(&semaphore));
    struct member *first = hire(&s, takes_permit);
    turns(&s, 1);
    PASS(coil_semaphore_release(&semaphore));
    CHECK(coil_cancel(first->task)); /* it was given the permit */
    PASS(finish(first));
    CANCELLED(first);
    PASS(run_as_member(&s, takes_permit));
    CHECK_STR(s.log.text, "2");
}

TEST(SemaphoreTests, test_release_not_acquired)
{
    coil_semaphore semaphore = COIL_BOUNDED_SEMAPHORE_INIT(1);

    FAILS(coil_semaphore_release(&semaphore), -EOVERFLOW);
    CHECK_EQ(coil_semaphore_value(&semaphore), 1);
}

TEST(SemaphoreTests, test_release_no_waiters)
{
    coil_semaphore semaphore = COIL_SEMAPHORE_INIT(1);

    PASS(coil_semaphore_try_acquire(&semaphore));
    CHECK(coil_semaphore_locked(&semaphore));
    PASS(coil_semaphore_release(&semaphore));
    CHECK(!coil_semaphore_locked(&semaphore));
}

static void *takes_permit_twice(void *arg)
{
    struct member *self = arg;

    for (int i = 0; i < 2; i++) {
        (void)takes_permit(arg);
        if (self->rc < 0 || coil_sleep(COIL_MS(5)) < 0)
            return NULL;
        PASS(coil_semaphore_release(self->crew->thing));
    }
    return NULL;
}

TEST(SemaphoreTests, test_acquire_fifo_order)
{
    coil_semaphore semaphore = COIL_SEMAPHORE_INIT(1);
    SCENE(s, &semaphore);

    for (int i = 0; i < 3; i++)
        hire(&s, takes_permit_twice);
    PASS(finish(&s.members[2]));
    CHECK_STR(s.log.text, "1 2 3 1 2 3");
}

static void *takes_releases_takes(void *arg)
{
    struct member *self = arg;

    (void)takes_permit(arg);
    if (self->rc == 0)
        PASS(coil_semaphore_release(self->crew->thing));
    return takes_permit(arg);
}

static void *takes_and_releases(void *arg)
{
    struct member *self = arg;

    (void)takes_permit(arg);
    if (self->rc == 0)
        PASS(coil_semaphore_release(self->crew->thing));
    return NULL;
}

TEST(SemaphoreTests, test_acquire_fifo_order_2)
{
    coil_semaphore semaphore = COIL_SEMAPHORE_INIT(1);
    SCENE(s, &semaphore);

    PASS(coil_semaphore_try_acquire(&semaphore));
    struct member *first = hire(&s, takes_releases_takes);
    hire(&s, takes_and_releases);
    hire(&s, takes_and_releases);
    turns(&s, 1);
    PASS(coil_semaphore_release(&semaphore));
    PASS(finish(first));
    CHECK_STR(s.log.text, "1 2 3 1");
}

TEST(SemaphoreTests, test_acquire_fifo_order_3)
{
    coil_semaphore semaphore = COIL_SEMAPHORE_INIT(0);
    SCENE(s, &semaphore);

    struct member *first = hire(&s, takes_permit);
    hire(&s, takes_permit);
    struct member *third = hire(&s, takes_permit);
    turns(&s, 1);
    CHECK(coil_cancel(first->task));
    turns(&s, 1);
    PASS(coil_semaphore_release(&semaphore));
    PASS(coil_semaphore_release(&semaphore));
    PASS(finish(third));
    CHECK_STR(s.log.text, "2 3");
}

TEST(SemaphoreTests, test_acquire_fifo_order_4)
{
    coil_semaphore semaphore = COIL_SEMAPHORE_INIT(1);
    SCENE(s, &semaphore);

    struct member *first = hire(&s, takes_permit), *second = hire(&s, takes_permit),
                  *third = hire(&s, takes_permit);
    turns(&s, 1);
    PASS(finish(first));
    for (int i = 0; i < 3; i++)
        PASS(coil_semaphore_release(&semaphore));
    CHECK_EQ(coil_semaphore_value(&semaphore), 1);
    CHECK(coil_semaphore_locked(&semaphore)); /* those who were woken are in line still */
    struct member *fourth = hire(&s, takes_permit);
    PASS(finish(fourth));
    CHECK(coil_done(second->task) && coil_done(third->task));
    CHECK_STR(s.log.text, "1 2 3 4");
    CHECK(coil_semaphore_locked(&semaphore));
    PASS(coil_semaphore_release(&semaphore));
    CHECK(!coil_semaphore_locked(&semaphore));
}
