// SPDX-License-Identifier: MIT
#include "crew.h"

#include <errno.h>

static void *waits(void *arg)
{
    struct member *self = arg;
    coil_condition *condition = self->crew->thing;

    self->rc = coil_condition_acquire(condition);
    if (self->rc < 0)
        return NULL;
    self->rc = coil_condition_wait(condition);
    CHECK(coil_condition_locked(condition));
    record(&self->crew->log, self->rc < 0 ? "-%d" : "%d", self->id);
    PASS(coil_condition_release(condition));
    return NULL;
}

TEST(condition, a_notified_task_runs_in_the_next_turn)
{
    coil_condition condition = COIL_CONDITION_INIT;
    SCENE(s, &condition);

    hire(&s, waits);
    turns(&s, 1);
    PASS(coil_lock_try_acquire(&condition.own));
    CHECK_EQ(coil_condition_notify(&condition, 1), 1);
    PASS(coil_condition_release(&condition));
    turns(&s, 1);
    CHECK_STR(s.log.text, "1");
}

TEST(condition, a_wait_that_was_not_notified_passes_nothing_on)
{
    coil_condition condition = COIL_CONDITION_INIT;
    SCENE(s, &condition);

    struct member *first = hire(&s, waits);
    hire(&s, waits);
    turns(&s, 1);
    CHECK(coil_cancel(first->task));
    turns(&s, 3);
    CHECK_STR(s.log.text, "-1");
}

/* Holds the lock through a sleep, also when that is cancelled. */
static void *holds(void *arg)
{
    struct member *self = arg;
    coil_condition *condition = self->crew->thing;

    self->rc = coil_condition_acquire(condition);
    if (self->rc < 0)
        return NULL;
    self->rc = coil_sleep(COIL_SEC(1));
    record(&self->crew->log, "h%d", self->id);
    PASS(coil_condition_release(condition));
    return NULL;
}

TEST(condition, a_loop_that_closes_gives_the_lock_back_to_who_waits)
{
    coil_condition condition = COIL_CONDITION_INIT;
    SCENE(s, &condition);

    hire(&s, waits);
    hire(&s, waits);
    hire(&s, holds);
    turns(&s, 1);
    CHECK_EQ(coil_close(w.loop), 0);
    CHECK_STR(s.log.text, "h3 -1 -2");
    CHECK(!coil_condition_locked(&condition));
}

TEST(condition, a_loop_that_closes_lets_who_was_notified_have_the_lock_in_its_turn)
{
    coil_condition condition = COIL_CONDITION_INIT;
    SCENE(s, &condition);

    struct member *member = hire(&s, waits);
    hire(&s, holds);
    turns(&s, 1);
    CHECK_EQ(coil_condition_notify(&condition, 1), 1);
    turns(&s, 1); /* it stands for the lock */
    CHECK_EQ(coil_close(w.loop), 0);
    CHECK_STR(s.log.text, "h2 -1");
    FAILS(member->rc, -ECANCELED);
    CHECK(!coil_condition_locked(&condition));
}

static void *holds_for_ever(void *arg)
{
    struct member *self = arg;

    PASS(coil_condition_acquire(self->crew->thing));
    return NULL;
}

TEST(condition, who_cannot_have_the_lock_is_abandoned_with_its_loop)
{
    coil_condition condition = COIL_CONDITION_INIT;
    struct record warnings = {""};
    SCENE(s, &condition);

    PASS(coil_set_warning_sink(record_warning, &warnings));
    struct member *member = hire(&s, waits);
    hire(&s, holds_for_ever);
    turns(&s, 1);
    int abandoned = coil_close(w.loop);
    if (!check_walking())
        CHECK_EQ(abandoned, 1);
    if (!check_walking())
        CHECK(strstr(warnings.text, "waits for a lock was abandoned"));
    CHECK(coil_done(member->task));
    CHECK(condition.line.first == NULL && condition.own.line.first == NULL);
    PASS(coil_set_warning_sink(NULL, NULL));
}

TEST(condition, bad_arguments)
{
    coil_condition condition;

    FAILS(coil_condition_init(NULL, NULL), -EINVAL);
    PASS(coil_condition_init(&condition, NULL));
    FAILS(coil_condition_acquire(&condition), -COIL_ENOLOOP);
    FAILS(coil_condition_wait(&condition), -COIL_ENOLOOP);
    FAILS(coil_condition_wait_for(&condition, NULL, NULL), -EINVAL);
    FAILS(coil_condition_acquire(NULL), -EINVAL);
    FAILS(coil_condition_release(NULL), -EINVAL);
    FAILS(coil_condition_wait(NULL), -EINVAL);
    FAILS(coil_condition_notify(NULL, 1), -EINVAL);
    FAILS(coil_condition_notify(&condition, -1), -EINVAL);
    FAILS(coil_condition_notify_all(NULL), -EINVAL);
    FAILS(coil_err(coil_condition_enter(NULL)), -EINVAL);
    FAILS(coil_condition_release(&condition), -EPERM);
    CHECK(!coil_condition_locked(NULL));
    coil_condition_releasep(NULL);
}

static bool never(void *userdata)
{
    (void)userdata;
    return false;
}

TEST(condition, wait_for_is_for_tasks)
{
    coil_condition condition = COIL_CONDITION_INIT;

    FAILS(coil_condition_wait_for(&condition, never, NULL), -COIL_ENOLOOP);
    FAILS(coil_condition_wait_for(NULL, never, NULL), -EINVAL);
}

/* ---- two that cannot have their locks ------------------------------------------------------- */

struct pair {
    coil_condition first, second;
};

static void releases(void *condition)
{
    (void)coil_condition_release(condition);
}

static void *waits_at_the_first(void *arg)
{
    struct member *self = arg;
    struct pair *pair = self->crew->thing;
    coil_cleanup cleanup;

    PASS(coil_yield_now()); /* the other one waits already, and has its lock given away */
    PASS(coil_condition_acquire(&pair->second));
    coil_cleanup_push(&cleanup, releases, &pair->second);
    PASS(coil_condition_acquire(&pair->first));
    self->rc = coil_condition_wait(&pair->first);
    coil_cleanup_pop(&cleanup, true);
    return NULL;
}

static void *waits_at_the_second(void *arg)
{
    struct member *self = arg;
    struct pair *pair = self->crew->thing;

    PASS(coil_condition_acquire(&pair->second));
    self->rc = coil_condition_wait(&pair->second);
    PASS(coil_condition_release(&pair->second));
    return NULL;
}

static void *keeps_the_first(void *arg)
{
    struct member *self = arg;
    struct pair *pair = self->crew->thing;

    PASS(coil_yield_now());
    PASS(coil_condition_acquire(&pair->first));
    return NULL;
}

TEST(condition, who_gets_the_lock_from_one_that_is_abandoned_goes_on)
{
    struct pair pair = {COIL_CONDITION_INIT, COIL_CONDITION_INIT};
    struct record warnings = {""};
    SCENE(s, &pair);

    PASS(coil_set_warning_sink(record_warning, &warnings));
    hire(&s, waits_at_the_first);
    hire(&s, waits_at_the_second);
    hire(&s, keeps_the_first);
    turns(&s, 2);
    int abandoned = coil_close(w.loop);
    if (!check_walking())
        CHECK_EQ(abandoned, 1);
    CHECK_EQ(s.members[1].rc, -ECANCELED);
    CHECK(!coil_condition_locked(&pair.second));
    PASS(coil_set_warning_sink(NULL, NULL));
}
