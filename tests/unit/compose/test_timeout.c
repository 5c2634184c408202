// SPDX-License-Identifier: MIT
#include "engine/engine.h"
#include "faults.h"
#include "world.h"

#include <coil/coil.h>

#include <errno.h>

static int cancels(void *task)
{
    CHECK(coil_cancel(task));
    return 0;
}

static coil_task *self(void)
{
    return coil_current_task();
}

static void *sleeps_too_long(void *arg)
{
    coil_timeout timeout = COIL_TIMEOUT_INIT;

    PASS(coil_timeout_enter(&timeout, COIL_MS(20)));
    FAILS(coil_timeout_exit(&timeout, coil_sleep(COIL_SEC(1))), -ETIMEDOUT);
    CHECK_EQ(world_time(arg), COIL_MS(20));
    CHECK_EQ(coil_cancelling(self()), 0);
    PASS(coil_sleep(COIL_SEC(1)));
    return NULL;
}

TEST(timeout, turns_its_own_cancellation_into_an_error)
{
    WORLD(w);

    PASS(world_run(&w, sleeps_too_long, &w));
}

static void *is_in_time(void *arg)
{
    coil_timeout timeout = COIL_TIMEOUT_INIT;

    PASS(coil_timeout_enter(&timeout, COIL_MS(20)));
    CHECK_EQ(coil_timeout_exit(&timeout, coil_sleep(COIL_MS(10))), 0);
    timeout = (coil_timeout)COIL_TIMEOUT_INIT;
    PASS(coil_timeout_enter(&timeout, COIL_MS(20)));
    FAILS(coil_timeout_exit(&timeout, -EIO), -EIO);
    PASS(coil_sleep(COIL_SEC(1))); /* nothing comes after it */
    CHECK_EQ(world_time(arg), COIL_MS(1010));
    return NULL;
}

TEST(timeout, does_nothing_when_it_is_left_in_time)
{
    WORLD(w);

    PASS(world_run(&w, is_in_time, &w));
}

static void *has_no_limit(void *arg)
{
    coil_timeout timeout = COIL_TIMEOUT_INIT;

    PASS(coil_timeout_enter(&timeout, COIL_NEVER));
    CHECK_EQ(coil_timeout_exit(&timeout, coil_sleep(COIL_SEC(1e9))), 0);
    CHECK_EQ(world_time(arg), COIL_SEC(1e9));
    return NULL;
}

TEST(timeout, never_is_no_limit)
{
    WORLD(w);

    PASS(world_run(&w, has_no_limit, &w));
}

/* TO3: what is inside runs to its first wait. */
static void *has_no_time(void *arg)
{
    coil_timeout timeout = COIL_TIMEOUT_INIT;

    PASS(coil_timeout_enter(&timeout, 0));
    record(arg, "runs");
    FAILS(coil_timeout_exit(&timeout, coil_sleep(COIL_SEC(1))), -ETIMEDOUT);
    return NULL;
}

TEST(timeout, without_time_the_first_wait_ends_it)
{
    struct record log = {""};
    WORLD(w);

    PASS(world_run(&w, has_no_time, &log));
    CHECK_STR(log.text, "runs");
    CHECK_EQ(world_time(&w), 0);
}

/* TO3: the body goes on as if nothing had been. */
static void *swallows(void *arg)
{
    coil_timeout timeout = COIL_TIMEOUT_INIT;

    PASS(coil_timeout_enter(&timeout, COIL_MS(20)));
    FAILS(coil_sleep(COIL_SEC(1)), -ECANCELED);
    CHECK_EQ(coil_cancelling(self()), 1);
    CHECK_EQ(coil_timeout_exit(&timeout, 0), 0);
    CHECK_EQ(coil_cancelling(self()), 0);
    CHECK_EQ(world_time(arg), COIL_MS(20));
    return NULL;
}

TEST(timeout, a_body_that_swallows_it_keeps_its_outcome)
{
    WORLD(w);

    PASS(world_run(&w, swallows, &w));
}

/* TO2: the count at the entry is what the exit compares with. */
static void *was_cancelled_before(void *arg)
{
    coil_timeout timeout = COIL_TIMEOUT_INIT;

    CHECK(coil_cancel(self()));
    FAILS(coil_sleep(0), -ECANCELED);
    PASS(coil_timeout_enter(&timeout, COIL_MS(20)));
    FAILS(coil_timeout_exit(&timeout, coil_sleep(COIL_SEC(1))), -ETIMEDOUT);
    CHECK_EQ(coil_cancelling(self()), 1);
    CHECK_EQ(world_time(arg), COIL_MS(20));
    return NULL;
}

TEST(timeout, an_earlier_cancellation_does_not_count)
{
    WORLD(w);

    PASS(world_run(&w, was_cancelled_before, &w));
}

static void *is_cancelled_and_late(void *arg)
{
    coil_timeout timeout = COIL_TIMEOUT_INIT;

    (void)arg;
    PASS(coil_timeout_enter(&timeout, COIL_MS(20)));
    PASS(coil_handle_error(coil_call_later(coil_get_running_loop(), COIL_MS(20), cancels, self())));
    FAILS(coil_timeout_exit(&timeout, coil_sleep(COIL_SEC(1))), -ECANCELED);
    CHECK_EQ(coil_cancelling(self()), 1);
    return NULL;
}

TEST(timeout, somebody_elses_cancellation_outweighs_it)
{
    WORLD(w);

    PASS(world_run(&w, is_cancelled_and_late, NULL));
}

static void *is_cancelled(void *arg)
{
    coil_timeout timeout = COIL_TIMEOUT_INIT;

    (void)arg;
    PASS(coil_timeout_enter(&timeout, COIL_MS(20)));
    PASS(coil_handle_error(coil_call_later(coil_get_running_loop(), COIL_MS(10), cancels, self())));
    FAILS(coil_timeout_exit(&timeout, coil_sleep(COIL_SEC(1))), -ECANCELED);
    CHECK_EQ(coil_cancelling(self()), 1);
    PASS(coil_sleep(COIL_SEC(1)));
    return NULL;
}

TEST(timeout, a_cancellation_in_time_is_no_timeout)
{
    WORLD(w);

    PASS(world_run(&w, is_cancelled, NULL));
}

/* TO3: two scopes, whose limits are in the array; rc of the inner and the outer one. */
struct nested {
    coil_time limits[2]; /* inner, outer */
    int inner, outer;
};

static void *nests(void *arg)
{
    struct nested *nested = arg;
    coil_timeout outer = COIL_TIMEOUT_INIT, inner = COIL_TIMEOUT_INIT;

    PASS(coil_timeout_enter(&outer, nested->limits[1]));
    PASS(coil_timeout_enter(&inner, nested->limits[0]));
    nested->inner = coil_timeout_exit(&inner, coil_sleep(COIL_SEC(9)));
    nested->outer = coil_timeout_exit(&outer, nested->inner);
    CHECK_EQ(coil_cancelling(self()), 0);
    PASS(coil_sleep(COIL_SEC(5)));
    return NULL;
}

TEST(timeout, the_outer_one_comes_out_at_the_outer_scope)
{
    struct nested nested = {.limits = {COIL_SEC(1), COIL_MS(20)}};
    WORLD(w);

    PASS(world_run(&w, nests, &nested));
    CHECK_EQ(nested.inner, -ECANCELED);
    CHECK_EQ(nested.outer, -ETIMEDOUT);
    CHECK_EQ(world_time(&w), COIL_MS(5020));
}

TEST(timeout, the_inner_one_comes_out_at_the_inner_scope)
{
    struct nested nested = {.limits = {COIL_MS(20), COIL_SEC(1)}};
    WORLD(w);

    PASS(world_run(&w, nests, &nested));
    CHECK_EQ(nested.inner, -ETIMEDOUT);
    CHECK_EQ(nested.outer, -ETIMEDOUT); /* handed on, not its own */
    CHECK_EQ(world_time(&w), COIL_MS(5020));
}

/* Both fire in one turn: the inner one leaves the outer one's cancellation to it. */
TEST(timeout, two_at_once_come_out_at_the_outer_scope)
{
    struct nested nested = {.limits = {COIL_MS(20), COIL_MS(20)}};
    WORLD(w);

    PASS(world_run(&w, nests, &nested));
    CHECK_EQ(nested.inner, -ECANCELED);
    CHECK_EQ(nested.outer, -ETIMEDOUT);
}

static void *has_no_memory(void *arg)
{
    coil_timeout timeout = COIL_TIMEOUT_INIT;

    (void)arg;
    faults_fail(1, "alloc");
    FAILS(coil_timeout_enter(&timeout, COIL_MS(20)), -ENOMEM);
    CHECK_EQ(faults_met(), 1);
    faults_end();
    PASS(coil_sleep(COIL_SEC(1)));
    return NULL;
}

TEST(timeout, without_memory_there_is_no_scope)
{
    WORLD(w);

    if (check_walking()) /* it has faults of its own */
        return;
    PASS(world_run(&w, has_no_memory, NULL));
}

/* ---- points in time, and moving them -------------------------------------------------------- */

static coil_time in(coil_time delay)
{
    return coil_loop_time(coil_get_running_loop()) + delay;
}

static void *ends_at_a_point(void *arg)
{
    coil_timeout timeout = COIL_TIMEOUT_INIT;
    coil_time when = in(COIL_MS(20));

    CHECK_EQ(coil_timeout_when(&timeout), COIL_NEVER);
    PASS(coil_timeout_enter_at(&timeout, when));
    CHECK_EQ(coil_timeout_when(&timeout), when);
    CHECK(!coil_timeout_expired(&timeout));
    FAILS(coil_timeout_exit(&timeout, coil_sleep(COIL_SEC(1))), -ETIMEDOUT);
    CHECK(coil_timeout_expired(&timeout));
    CHECK_EQ(coil_timeout_when(&timeout), when);
    CHECK_EQ(world_time(arg), COIL_MS(20));
    return NULL;
}

TEST(timeout, may_end_at_a_point_of_the_clock)
{
    WORLD(w);

    PASS(world_run(&w, ends_at_a_point, &w));
}

static void *is_put_off(void *arg)
{
    coil_timeout timeout = COIL_TIMEOUT_INIT;

    PASS(coil_timeout_enter(&timeout, COIL_MS(20)));
    PASS(coil_timeout_reschedule(&timeout, in(COIL_MS(50))));
    PASS(coil_sleep(COIL_MS(30)));
    PASS(coil_timeout_reschedule(&timeout, COIL_NEVER));
    PASS(coil_sleep(COIL_MS(30)));
    PASS(coil_timeout_reschedule(&timeout, in(-1)));
    FAILS(coil_yield_now(), -ECANCELED);
    CHECK_EQ(world_time(arg), COIL_MS(60));
    FAILS(coil_timeout_exit(&timeout, -ECANCELED), -ETIMEDOUT);
    return NULL;
}

TEST(timeout, may_be_put_off_taken_away_and_brought_forward)
{
    WORLD(w);

    PASS(world_run(&w, is_put_off, &w));
}

/* What is due is due before what the body yields to. */
static void *yields_without_time(void *arg)
{
    coil_timeout timeout = COIL_TIMEOUT_INIT;

    (void)arg;
    PASS(coil_timeout_enter(&timeout, 0));
    FAILS(coil_timeout_exit(&timeout, coil_yield_now()), -ETIMEDOUT);
    return NULL;
}

TEST(timeout, without_time_even_a_yield_is_too_long)
{
    WORLD(w);

    PASS(world_run(&w, yields_without_time, NULL));
}

/* ---- states --------------------------------------------------------------------------------- */

static void *goes_through_its_states(void *arg)
{
    coil_timeout timeout = COIL_TIMEOUT_INIT;

    (void)arg;
    FAILS(coil_timeout_exit(&timeout, 0), -COIL_EINVALSTATE);
    FAILS(coil_timeout_reschedule(&timeout, COIL_NEVER), -COIL_EINVALSTATE);
    PASS(coil_timeout_enter(&timeout, COIL_MS(20)));
    FAILS(coil_timeout_enter(&timeout, COIL_MS(20)), -EBUSY);
    FAILS(coil_timeout_enter_at(&timeout, COIL_NEVER), -EBUSY);
    FAILS(coil_sleep(COIL_SEC(1)), -ECANCELED);
    FAILS(coil_timeout_enter(&timeout, COIL_MS(20)), -EBUSY);
    FAILS(coil_timeout_reschedule(&timeout, COIL_NEVER), -COIL_EINVALSTATE);
    FAILS(coil_timeout_exit(&timeout, -ECANCELED), -ETIMEDOUT);
    FAILS(coil_timeout_exit(&timeout, -ECANCELED), -COIL_EINVALSTATE);
    FAILS(coil_timeout_enter(&timeout, COIL_MS(20)), -COIL_EINVALSTATE);
    FAILS(coil_timeout_reschedule(&timeout, COIL_NEVER), -COIL_EINVALSTATE);
    PASS(coil_sleep(COIL_SEC(1)));
    return NULL;
}

TEST(timeout, a_scope_is_entered_once_and_left_once)
{
    WORLD(w);

    PASS(world_run(&w, goes_through_its_states, NULL));
}

static void *leaves_anothers(void *arg)
{
    FAILS(coil_timeout_exit(arg, 0), -EPERM);
    return NULL;
}

static void *lets_another_leave(void *arg)
{
    coil_timeout timeout = COIL_TIMEOUT_INIT;

    (void)arg;
    PASS(coil_timeout_enter(&timeout, COIL_SEC(1)));
    COIL_AUTO coil_task *task = coil_create_task(leaves_anothers, &timeout);
    PASS(coil_await(task, NULL));
    CHECK_EQ(coil_timeout_exit(&timeout, 5), 5);
    return NULL;
}

TEST(timeout, only_who_entered_leaves)
{
    WORLD(w);

    PASS(world_run(&w, lets_another_leave, NULL));
}

TEST(timeout, bad_arguments_are_refused)
{
    coil_timeout timeout = COIL_TIMEOUT_INIT, torn = COIL_TIMEOUT_INIT;

    torn.state = 77;
    FAILS(coil_timeout_enter(NULL, 1), -EINVAL);
    FAILS(coil_timeout_enter_at(NULL, 1), -EINVAL);
    FAILS(coil_timeout_enter(&torn, 1), -EINVAL);
    FAILS(coil_timeout_enter(&timeout, 1), -COIL_ENOLOOP);
    FAILS(coil_timeout_enter_at(&timeout, 1), -COIL_ENOLOOP);
    FAILS(coil_timeout_exit(NULL, 0), -EINVAL);
    FAILS(coil_timeout_reschedule(NULL, 1), -EINVAL);
    FAILS(coil_timeout_when(NULL), -EINVAL);
    CHECK(!coil_timeout_expired(NULL));
}

/* An operation that has succeeded puts the cancellation off to a wait that never comes: nothing of
 * it is left, even if an older request is still counted. */
static void *is_late_in_spite_of_success(void *arg)
{
    coil_timeout timeout = COIL_TIMEOUT_INIT;

    (void)arg;
    CHECK(coil_cancel(self()));
    FAILS(coil_yield_now(), -ECANCELED);
    PASS(coil_timeout_enter(&timeout, COIL_MS(5)));
    CHECK_EQ(world_op(OP_READ, 3, NULL, 0), 7);
    CHECK(coil_timeout_expired(&timeout));
    CHECK_EQ(coil_timeout_exit(&timeout, 7), 7);
    CHECK_EQ(coil_cancelling(self()), 1);
    PASS(coil_sleep(COIL_SEC(1)));
    return NULL;
}

TEST(timeout, what_was_put_off_goes_with_the_scope)
{
    WORLD(w);

    if (!w.sim)
        return;
    world_script(w.sim, (coil_sim_answer){.opcode = OP_READ,
                                          .fd = COIL_SIM_ANY,
                                          .result = 7,
                                          .delay = COIL_MS(10),
                                          .cancel = COIL_SIM_CANCEL_IGNORED});
    PASS(world_run(&w, is_late_in_spite_of_success, NULL));
}

/* ---- closing -------------------------------------------------------------------------------- */

static void *begins_while_the_loop_closes(void *arg)
{
    coil_timeout outer = COIL_TIMEOUT_INIT, timeout = COIL_TIMEOUT_INIT;

    PASS(coil_timeout_enter(&outer, COIL_SEC(1)));
    FAILS(coil_sleep(COIL_SEC(2)), -ECANCELED);
    PASS(coil_timeout_enter(&timeout, COIL_SEC(1)));
    PASS(coil_timeout_reschedule(&timeout, in(COIL_SEC(2))));
    FAILS(coil_timeout_exit(&timeout, coil_sleep(COIL_SEC(3))), -ECANCELED);
    FAILS(coil_timeout_exit(&outer, -ECANCELED), -ECANCELED);
    record(arg, "left");
    return NULL;
}

TEST(timeout, in_a_closing_loop_it_needs_no_timer)
{
    struct record log = {""};
    WORLD(w);
    COIL_AUTO coil_task *task =
        coil_create_task_with(w.loop, begins_while_the_loop_closes, &log, NULL);

    PASS(world_turn(&w));
    CHECK_EQ(coil_close(w.loop), 0);
    CHECK(check_walking() || !strcmp(log.text, "left"));
}

/* ---- a request from before the entry -------------------------------------------------------- */

static void *is_cancelled_before_and_late(void *arg)
{
    coil_timeout timeout = COIL_TIMEOUT_INIT;

    (void)arg;
    CHECK(coil_cancel(self()));
    PASS(coil_timeout_enter(&timeout, COIL_MS(5)));
    FAILS(coil_sleep(COIL_SEC(1)), -ECANCELED);
    FAILS(coil_sleep(COIL_MS(10)), -ECANCELED); /* it cleans up for too long */
    CHECK(coil_timeout_expired(&timeout));
    FAILS(coil_timeout_exit(&timeout, -ECANCELED), -ECANCELED);
    CHECK_EQ(coil_cancelling(self()), 1);
    return NULL;
}

TEST(timeout, a_request_from_before_the_entry_is_somebody_elses)
{
    WORLD(w);

    PASS(world_run(&w, is_cancelled_before_and_late, NULL));
}

/* ---- a task that ends inside ---------------------------------------------------------------- */

static void *ends_inside(void *arg)
{
    coil_timeout timeout = COIL_TIMEOUT_INIT;

    (void)arg;
    PASS(coil_timeout_enter(&timeout, COIL_MS(5)));
    coil_exit("result");
}

static void *outlives_it(void *arg)
{
    COIL_AUTO coil_task *task = coil_create_task(ends_inside, arg);
    void *result = NULL;

    PASS(coil_await(task, &result));
    CHECK(check_walking() || !strcmp(result, "result"));
    PASS(coil_sleep(COIL_MS(10))); /* its stack is somebody else's by now */
    return NULL;
}

TEST(timeout, ends_with_a_task_that_exits_inside)
{
    WORLD(w);

    PASS(world_run(&w, outlives_it, NULL));
}
