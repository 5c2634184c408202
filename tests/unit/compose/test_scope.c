// SPDX-License-Identifier: MIT
#include "engine/engine.h"
#include "faults.h"
#include "world.h"

#include <coil/coil.h>

#include <errno.h>

#define SCOPE(name) coil_scope name = COIL_SCOPE_INIT

static coil_time in(coil_time delay)
{
    return coil_loop_time(coil_get_running_loop()) + delay;
}

static coil_task *self(void)
{
    return coil_current_task();
}

/* ---- levels --------------------------------------------------------------------------------- */

static void *is_told_again_and_again(void *arg)
{
    SCOPE(scope);
    COIL_AUTO coil_future *future = coil_create_future(NULL);

    PASS(coil_scope_enter(&scope, in(COIL_SEC(1)), 0));
    PASS(coil_sleep(COIL_MS(500)));
    CHECK(!coil_scope_cancelled(&scope));
    FAILS(coil_sleep(COIL_SEC(9)), -ECANCELED);
    CHECK(coil_scope_cancelled(&scope));
    FAILS(coil_sleep(COIL_SEC(9)), -ECANCELED);
    FAILS(coil_yield_now(), -ECANCELED);
    FAILS(coil_await(future, NULL), -ECANCELED);
    FAILS(coil_wait_for(future, COIL_SEC(1), NULL), -ECANCELED);
    FAILS(world_op(OP_READ, 3, NULL, 0), -ECANCELED);
    CHECK(!coil_done(future));
    CHECK_EQ(coil_cancelling(self()), 0); /* these are no requests */
    FAILS(coil_scope_exit(&scope, -ECANCELED), -ETIMEDOUT);
    CHECK_EQ(world_time(arg), COIL_SEC(1));
    PASS(coil_sleep(COIL_SEC(1)));
    return NULL;
}

TEST(scope, refuses_every_wait_until_it_is_left)
{
    WORLD(w);

    PASS(world_run(&w, is_told_again_and_again, &w));
}

/* The contrast: an edge is one, a level goes on. */
static void *is_told_once(void *arg)
{
    (void)arg;
    CHECK(coil_cancel(self()));
    FAILS(coil_sleep(COIL_SEC(1)), -ECANCELED);
    PASS(coil_sleep(COIL_SEC(1)));
    return NULL;
}

TEST(scope, coil_cancel_is_delivered_once)
{
    WORLD(w);

    PASS(world_run(&w, is_told_once, NULL));
}

static void *ends_in_time(void *arg)
{
    SCOPE(one);
    SCOPE(two);
    SCOPE(endless);

    PASS(coil_scope_enter(&one, in(COIL_SEC(1)), 0));
    CHECK_EQ(coil_scope_exit(&one, coil_sleep(COIL_MS(10))), 0);
    PASS(coil_scope_enter(&two, in(COIL_SEC(1)), 0));
    FAILS(coil_scope_exit(&two, -EIO), -EIO);
    PASS(coil_scope_enter(&endless, COIL_NEVER, 0));
    CHECK_EQ(coil_scope_exit(&endless, coil_sleep(COIL_SEC(1e6))), 0);
    CHECK_EQ(world_time(arg), COIL_MS(10) + COIL_SEC(1e6));
    return NULL;
}

TEST(scope, left_in_time_it_does_nothing)
{
    WORLD(w);

    PASS(world_run(&w, ends_in_time, &w));
}

static void *has_no_time(void *arg)
{
    SCOPE(scope);

    PASS(coil_scope_enter(&scope, in(0), 0));
    FAILS(coil_yield_now(), -ECANCELED);
    FAILS(coil_scope_exit(&scope, -ECANCELED), -ETIMEDOUT);
    CHECK_EQ(world_time(arg), 0);
    return NULL;
}

TEST(scope, a_deadline_that_has_passed_refuses_the_first_wait)
{
    WORLD(w);

    PASS(world_run(&w, has_no_time, &w));
}

/* ---- cancelling it -------------------------------------------------------------------------- */

static int cancel_scope(void *scope)
{
    coil_scope_cancel(scope);
    return 0;
}

static void *is_cancelled(void *arg)
{
    SCOPE(scope);

    PASS(coil_scope_enter(&scope, in(COIL_SEC(5)), 0));
    coil_call_later(coil_get_running_loop(), COIL_SEC(1), cancel_scope, &scope);
    FAILS(coil_sleep(COIL_SEC(9)), -ECANCELED);
    CHECK_EQ(world_time(arg), COIL_SEC(1));
    CHECK_EQ(coil_scope_exit(&scope, -ECANCELED), 0);
    CHECK(coil_scope_cancelled(&scope));
    coil_scope_cancel(&scope);
    PASS(coil_sleep(COIL_SEC(9)));
    return NULL;
}

TEST(scope, cancelled_it_ends_without_an_error)
{
    WORLD(w);

    PASS(world_run(&w, is_cancelled, &w));
}

static void *cancels_its_own(void *arg)
{
    SCOPE(scope);
    SCOPE(before);

    (void)arg;
    PASS(coil_scope_enter(&scope, COIL_NEVER, 0));
    coil_scope_cancel(&scope);
    FAILS(coil_sleep(COIL_SEC(9)), -ECANCELED);
    CHECK_EQ(coil_scope_exit(&scope, 4), 4);
    coil_scope_cancel(&before);
    PASS(coil_scope_enter(&before, COIL_NEVER, 0));
    FAILS(coil_yield_now(), -ECANCELED);
    CHECK_EQ(coil_scope_exit(&before, -ECANCELED), 0);
    return NULL;
}

TEST(scope, it_can_be_cancelled_from_inside_and_before)
{
    WORLD(w);

    PASS(world_run(&w, cancels_its_own, NULL));
}

/* Woken, and cancelled before it goes on: as with coil_cancel, the wait's outcome is outranked. */
static void *is_woken_and_cancelled(void *arg)
{
    SCOPE(scope);
    COIL_AUTO coil_future *future = coil_create_future(NULL);
    void *result = NULL;

    PASS(coil_scope_enter(&scope, COIL_NEVER, 0));
    coil_call_soon(coil_get_running_loop(), cancel_scope, &scope);
    PASS(coil_set_result(future, arg));
    FAILS(coil_yield_now(), -ECANCELED);
    PASS(coil_await(future, &result)); /* what is done needs no wait */
    CHECK_PTR(result, arg);
    CHECK_EQ(coil_scope_exit(&scope, 0), 0);
    return NULL;
}

TEST(scope, outranks_a_wait_that_is_over)
{
    WORLD(w);

    PASS(world_run(&w, is_woken_and_cancelled, &w));
}

static void *reads_in_a_scope(void *arg)
{
    SCOPE(scope);

    PASS(coil_scope_enter(&scope, in(COIL_MS(5)), 0));
    CHECK_EQ(world_op(OP_READ, 3, NULL, 0), 7);
    CHECK_EQ(world_time(arg), COIL_MS(10));
    FAILS(coil_yield_now(), -ECANCELED);
    CHECK_EQ(coil_scope_exit(&scope, 7), 7);
    PASS(coil_yield_now());
    return NULL;
}

TEST(scope, no_byte_is_lost_to_it)
{
    WORLD(w);

    if (!w.sim)
        return;
    world_script(w.sim, (coil_sim_answer){.opcode = OP_READ,
                                          .fd = COIL_SIM_ANY,
                                          .result = 7,
                                          .delay = COIL_MS(10),
                                          .cancel = COIL_SIM_CANCEL_IGNORED});
    PASS(world_run(&w, reads_in_a_scope, &w));
}

static void *sleeps(void *arg)
{
    *(int *)arg = coil_sleep(COIL_SEC(9));
    return COIL_ERR(*(int *)arg);
}

static void *awaits_in_a_scope(void *arg)
{
    SCOPE(scope);
    COIL_AUTO coil_task *task = coil_create_task(sleeps, arg);

    PASS(coil_scope_enter(&scope, in(COIL_SEC(1)), 0));
    FAILS(coil_await(task, NULL), -ECANCELED);
    FAILS(coil_scope_exit(&scope, -ECANCELED), -ETIMEDOUT);
    CHECK(coil_cancelled(task));
    return NULL;
}

TEST(scope, what_is_awaited_is_cancelled_with_it)
{
    int rc = 0;
    WORLD(w);

    PASS(world_run(&w, awaits_in_a_scope, &rc));
    CHECK_EQ(rc, -ECANCELED);
    CHECK_EQ(world_time(&w), COIL_SEC(1));
}

/* ---- nests ---------------------------------------------------------------------------------- */

static void *nests(void *arg)
{
    SCOPE(outer);
    SCOPE(inner);
    SCOPE(innermost);

    (void)arg;
    PASS(coil_scope_enter(&outer, in(COIL_SEC(2)), 0));
    PASS(coil_scope_enter(&inner, in(COIL_SEC(1)), 0));
    PASS(coil_scope_enter(&innermost, COIL_NEVER, 0));
    FAILS(coil_sleep(COIL_SEC(9)), -ECANCELED);
    FAILS(coil_scope_exit(&inner, 0), -COIL_EINVALSTATE); /* first the innermost */
    FAILS(coil_scope_exit(&innermost, -ECANCELED), -ECANCELED);
    FAILS(coil_yield_now(), -ECANCELED);
    FAILS(coil_scope_exit(&inner, -ECANCELED), -ETIMEDOUT);
    PASS(coil_sleep(COIL_MS(500)));
    FAILS(coil_sleep(COIL_SEC(9)), -ECANCELED);
    FAILS(coil_scope_exit(&outer, -ECANCELED), -ETIMEDOUT);
    return NULL;
}

TEST(scope, one_covers_those_inside_and_none_outside)
{
    WORLD(w);

    PASS(world_run(&w, nests, NULL));
    CHECK_EQ(world_time(&w), COIL_SEC(2));
}

/* The inner one is cancelled as well: its -ECANCELED is the outer one's, too. */
static void *both_at_once(void *arg)
{
    SCOPE(outer);
    SCOPE(inner);

    (void)arg;
    PASS(coil_scope_enter(&outer, in(COIL_SEC(1)), 0));
    PASS(coil_scope_enter(&inner, in(COIL_SEC(1)), 0));
    FAILS(coil_sleep(COIL_SEC(9)), -ECANCELED);
    PASS(coil_sleep(0) == -ECANCELED ? 0 : -1);
    FAILS(coil_scope_exit(&inner, -ECANCELED), -ECANCELED);
    FAILS(coil_scope_exit(&outer, -ECANCELED), -ETIMEDOUT);
    return NULL;
}

TEST(scope, of_two_at_once_the_outer_one_takes_it)
{
    WORLD(w);

    PASS(world_run(&w, both_at_once, NULL));
}

/* ---- shields -------------------------------------------------------------------------------- */

static void *cleans_up(void *arg)
{
    SCOPE(outer);
    SCOPE(shield);
    SCOPE(inside);

    PASS(coil_scope_enter(&outer, in(COIL_SEC(1)), 0));
    FAILS(coil_sleep(COIL_SEC(9)), -ECANCELED);
    PASS(coil_scope_enter(&shield, in(COIL_SEC(5)), COIL_SCOPE_SHIELD));
    PASS(coil_sleep(COIL_SEC(2)));
    PASS(coil_scope_enter(&inside, COIL_NEVER, 0));
    PASS(coil_sleep(COIL_SEC(2)));
    CHECK_EQ(coil_scope_exit(&inside, 0), 0);
    FAILS(coil_sleep(COIL_SEC(9)), -ECANCELED); /* a shield has its own end */
    FAILS(coil_scope_exit(&shield, -ECANCELED), -ECANCELED);
    FAILS(coil_yield_now(), -ECANCELED);
    FAILS(coil_scope_exit(&outer, -ECANCELED), -ETIMEDOUT);
    CHECK_EQ(world_time(arg), COIL_SEC(6));
    return NULL;
}

TEST(scope, a_shield_keeps_the_scopes_around_it_out)
{
    WORLD(w);

    PASS(world_run(&w, cleans_up, &w));
}

static void *is_cancelled_in_a_shield(void *arg)
{
    SCOPE(outer);
    SCOPE(shield);

    (void)arg;
    PASS(coil_scope_enter(&outer, COIL_NEVER, 0));
    PASS(coil_scope_enter(&shield, COIL_NEVER, COIL_SCOPE_SHIELD));
    coil_call_later(coil_get_running_loop(), COIL_SEC(1), cancel_scope, &outer);
    PASS(coil_sleep(COIL_SEC(2)));
    coil_call_later(coil_get_running_loop(), COIL_SEC(1), world_cancel, self());
    FAILS(coil_sleep(COIL_SEC(2)), -ECANCELED);
    FAILS(coil_scope_exit(&shield, -ECANCELED), -ECANCELED);
    FAILS(coil_scope_exit(&outer, -ECANCELED), -ECANCELED); /* somebody else has asked, too */
    CHECK_EQ(coil_cancelling(self()), 1);
    PASS(coil_sleep(COIL_SEC(2)));
    return NULL;
}

TEST(scope, a_shield_does_not_stop_coil_cancel)
{
    WORLD(w);

    PASS(world_run(&w, is_cancelled_in_a_shield, NULL));
}

/* ---- with groups and closing ---------------------------------------------------------------- */

static void *groups_in_a_scope(void *arg)
{
    SCOPE(scope);
    coil_group group = COIL_GROUP_INIT;

    PASS(coil_scope_enter(&scope, in(COIL_SEC(1)), 0));
    if (coil_group_enter(&group) == 0) {
        coil_task *task = coil_group_create_task(&group, sleeps, arg);
        FAILS(coil_group_exit(&group, coil_err(task)), -ECANCELED);
        coil_group_fini(&group);
    }
    FAILS(coil_scope_exit(&scope, -ECANCELED), -ETIMEDOUT);
    return NULL;
}

TEST(scope, a_group_in_it_ends_with_it)
{
    int rc = 0;
    WORLD(w);

    PASS(world_run(&w, groups_in_a_scope, &rc));
    CHECK_EQ(rc, -ECANCELED);
    CHECK_EQ(world_time(&w), COIL_SEC(1));
}

static void *is_closed(void *arg)
{
    SCOPE(outer);
    SCOPE(shield);

    PASS(coil_scope_enter(&outer, in(COIL_SEC(1)), 0));
    FAILS(coil_sleep(COIL_SEC(9)), -ECANCELED);
    PASS(coil_scope_enter(&shield, in(COIL_SEC(5)), COIL_SCOPE_SHIELD));
    FAILS(coil_sleep(COIL_SEC(9)), -ECANCELED);
    FAILS(coil_scope_exit(&shield, -ECANCELED), -ECANCELED);
    FAILS(coil_scope_exit(&outer, -ECANCELED), -ECANCELED);
    record(arg, "left");
    return NULL;
}

TEST(scope, no_shield_stops_the_end_of_the_loop)
{
    struct record log = {""};
    WORLD(w);
    COIL_AUTO coil_task *task = coil_create_task_with(w.loop, is_closed, &log, NULL);

    PASS(world_turn(&w));
    PASS(coil_close(w.loop));
    CHECK(check_walking() || !strcmp(log.text, "left"));
}

/* ---- arguments ------------------------------------------------------------------------------ */

static void *leaves_anothers(void *scope)
{
    FAILS(coil_scope_exit(scope, 0), -EPERM);
    return NULL;
}

static void *goes_through_its_states(void *arg)
{
    SCOPE(scope);

    (void)arg;
    FAILS(coil_scope_exit(&scope, 0), -COIL_EINVALSTATE);
    PASS(coil_scope_enter(&scope, COIL_NEVER, 0));
    FAILS(coil_scope_enter(&scope, COIL_NEVER, 0), -EBUSY);
    COIL_AUTO coil_task *task = coil_create_task(leaves_anothers, &scope);
    PASS(coil_await(task, NULL));
    CHECK_EQ(coil_scope_exit(&scope, 0), 0);
    FAILS(coil_scope_exit(&scope, 0), -COIL_EINVALSTATE);
    FAILS(coil_scope_enter(&scope, COIL_NEVER, 0), -COIL_EINVALSTATE);
    return NULL;
}

TEST(scope, it_is_entered_once_and_left_once)
{
    WORLD(w);

    PASS(world_run(&w, goes_through_its_states, NULL));
}

TEST(scope, bad_arguments_are_refused)
{
    SCOPE(scope);
    SCOPE(torn);

    torn.phase = 77;
    FAILS(coil_scope_enter(NULL, 0, 0), -EINVAL);
    FAILS(coil_scope_enter(&torn, 0, 0), -EINVAL);
    FAILS(coil_scope_enter(&scope, 0, 2), -EINVAL);
    FAILS(coil_scope_enter(&scope, 0, 0), -COIL_ENOLOOP);
    FAILS(coil_scope_exit(NULL, 0), -EINVAL);
    CHECK(!coil_scope_cancelled(NULL));
    coil_scope_cancel(NULL);
}

static void *has_no_memory(void *arg)
{
    SCOPE(scope);

    (void)arg;
    faults_fail(1, "alloc");
    FAILS(coil_scope_enter(&scope, in(1), 0), -ENOMEM);
    faults_end();
    PASS(coil_scope_enter(&scope, in(1), 0));
    return COIL_ERR(coil_scope_exit(&scope, 0));
}

TEST(scope, without_memory_there_is_no_scope)
{
    WORLD(w);

    if (check_walking()) /* it has faults of its own */
        return;
    PASS(world_run(&w, has_no_memory, NULL));
}

static void *is_cancelled_before(void *arg)
{
    SCOPE(scope);

    (void)arg;
    CHECK(coil_cancel(self()));
    PASS(coil_scope_enter(&scope, COIL_NEVER, 0));
    coil_scope_cancel(&scope);
    FAILS(coil_sleep(COIL_SEC(1)), -ECANCELED);
    FAILS(coil_scope_exit(&scope, -ECANCELED), -ECANCELED);
    return NULL;
}

TEST(scope, a_request_from_before_the_entry_is_somebody_elses)
{
    WORLD(w);

    PASS(world_run(&w, is_cancelled_before, NULL));
}

/* ---- a task that ends inside ---------------------------------------------------------------- */

static void *ends_inside(void *arg)
{
    coil_scope outer = COIL_SCOPE_INIT, inner = COIL_SCOPE_INIT;

    (void)arg;
    PASS(coil_scope_enter(&outer, COIL_NEVER, 0));
    PASS(coil_scope_enter(&inner, world_now() + COIL_SEC(1) + COIL_MS(5), 0));
    coil_exit("result");
}

static void *outlives_it(void *arg)
{
    COIL_AUTO coil_task *task = coil_create_task(ends_inside, arg);
    void *result = NULL;

    PASS(coil_await(task, &result));
    CHECK(check_walking() || !strcmp(result, "result"));
    PASS(coil_sleep(COIL_SEC(2))); /* its stack is somebody else's by now */
    return NULL;
}

TEST(scope, ends_with_a_task_that_exits_inside)
{
    WORLD(w);

    PASS(world_run(&w, outlives_it, NULL));
}
