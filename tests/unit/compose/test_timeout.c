// SPDX-License-Identifier: MIT
#include "compose/timeout.h"

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
    struct timeout timeout;

    PASS(timeout_enter(&timeout, self(), COIL_MS(20)));
    FAILS(timeout_exit(&timeout, coil_sleep(COIL_SEC(1))), -ETIMEDOUT);
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
    struct timeout timeout;

    PASS(timeout_enter(&timeout, self(), COIL_MS(20)));
    CHECK_EQ(timeout_exit(&timeout, coil_sleep(COIL_MS(10))), 0);
    PASS(timeout_enter(&timeout, self(), COIL_MS(20)));
    FAILS(timeout_exit(&timeout, -EIO), -EIO);
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
    struct timeout timeout;

    PASS(timeout_enter(&timeout, self(), COIL_NEVER));
    CHECK_EQ(timeout_exit(&timeout, coil_sleep(COIL_SEC(1e9))), 0);
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
    struct timeout timeout;

    PASS(timeout_enter(&timeout, self(), 0));
    record(arg, "runs");
    FAILS(timeout_exit(&timeout, coil_sleep(COIL_SEC(1))), -ETIMEDOUT);
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
    struct timeout timeout;

    PASS(timeout_enter(&timeout, self(), COIL_MS(20)));
    FAILS(coil_sleep(COIL_SEC(1)), -ECANCELED);
    CHECK_EQ(coil_cancelling(self()), 1);
    CHECK_EQ(timeout_exit(&timeout, 0), 0);
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
    struct timeout timeout;

    CHECK(coil_cancel(self()));
    FAILS(coil_sleep(0), -ECANCELED);
    PASS(timeout_enter(&timeout, self(), COIL_MS(20)));
    FAILS(timeout_exit(&timeout, coil_sleep(COIL_SEC(1))), -ETIMEDOUT);
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
    struct timeout timeout;

    (void)arg;
    PASS(timeout_enter(&timeout, self(), COIL_MS(20)));
    PASS(coil_handle_error(coil_call_later(coil_get_running_loop(), COIL_MS(20), cancels, self())));
    FAILS(timeout_exit(&timeout, coil_sleep(COIL_SEC(1))), -ECANCELED);
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
    struct timeout timeout;

    (void)arg;
    PASS(timeout_enter(&timeout, self(), COIL_MS(20)));
    PASS(coil_handle_error(coil_call_later(coil_get_running_loop(), COIL_MS(10), cancels, self())));
    FAILS(timeout_exit(&timeout, coil_sleep(COIL_SEC(1))), -ECANCELED);
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
    struct timeout outer, inner;

    PASS(timeout_enter(&outer, self(), nested->limits[1]));
    PASS(timeout_enter(&inner, self(), nested->limits[0]));
    nested->inner = timeout_exit(&inner, coil_sleep(COIL_SEC(9)));
    nested->outer = timeout_exit(&outer, nested->inner);
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
    struct timeout timeout;

    (void)arg;
    faults_fail(1, "alloc");
    FAILS(timeout_enter(&timeout, self(), COIL_MS(20)), -ENOMEM);
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
