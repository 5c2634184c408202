// SPDX-License-Identifier: MIT
/* CPython's test_timeouts.py. */
#include "world.h"

#include <coil/coil.h>

#include <errno.h>

#define TIMEOUT(name) coil_timeout name = COIL_TIMEOUT_INIT
#define LONG          COIL_SEC(10) /* nobody waits that long */

static coil_time now(void)
{
    return coil_loop_time(coil_get_running_loop());
}

static coil_task *self(void)
{
    return coil_current_task();
}

/* ---- a block is cut off --------------------------------------------------------------------- */

static void *timeout_basic(void *arg)
{
    TIMEOUT(timeout);

    (void)arg;
    PASS(coil_timeout_enter(&timeout, COIL_MS(10)));
    FAILS(coil_timeout_exit(&timeout, coil_sleep(LONG)), -ETIMEDOUT);
    CHECK(coil_timeout_expired(&timeout));
    return NULL;
}

TEST(TimeoutTests, test_timeout_basic)
{
    WORLD(w);

    PASS(world_run(&w, timeout_basic, NULL));
}

static void *timeout_at_basic(void *arg)
{
    TIMEOUT(timeout);
    coil_time deadline = now() + COIL_MS(10);

    (void)arg;
    PASS(coil_timeout_enter_at(&timeout, deadline));
    FAILS(coil_timeout_exit(&timeout, coil_sleep(LONG)), -ETIMEDOUT);
    CHECK(coil_timeout_expired(&timeout));
    CHECK_EQ(coil_timeout_when(&timeout), deadline);
    return NULL;
}

TEST(TimeoutTests, test_timeout_at_basic)
{
    WORLD(w);

    PASS(world_run(&w, timeout_at_basic, NULL));
}

static void *timeouts_nested(void *arg)
{
    TIMEOUT(outer);
    TIMEOUT(inner);
    coil_time deadline = now() + COIL_MS(10);

    (void)arg;
    PASS(coil_timeout_enter_at(&outer, deadline));
    PASS(coil_timeout_enter_at(&inner, deadline));
    FAILS(coil_timeout_exit(&inner, coil_sleep(LONG)), -ECANCELED);
    FAILS(coil_timeout_exit(&outer, -ECANCELED), -ETIMEDOUT);
    CHECK(coil_timeout_expired(&inner));
    CHECK(coil_timeout_expired(&outer));
    CHECK_EQ(coil_cancelling(self()), 0);
    return NULL;
}

TEST(TimeoutTests, test_nested_timeouts)
{
    WORLD(w);

    PASS(world_run(&w, timeouts_nested, NULL));
}

static void *timeout_waiter(void *arg)
{
    TIMEOUT(timeout);

    (void)arg;
    PASS(coil_timeout_enter(&timeout, COIL_MS(10)));
    FAILS(coil_sleep(LONG), -ECANCELED);
    FAILS(coil_timeout_exit(&timeout, -ECANCELED), -ETIMEDOUT);
    return NULL;
}

TEST(TimeoutTests, test_waiter_cancelled)
{
    WORLD(w);

    PASS(world_run(&w, timeout_waiter, NULL));
}

/* ---- or not --------------------------------------------------------------------------------- */

static void *timeout_not_called(void *arg)
{
    TIMEOUT(timeout);

    (void)arg;
    PASS(coil_timeout_enter(&timeout, LONG));
    CHECK_EQ(coil_timeout_exit(&timeout, coil_sleep(COIL_MS(10))), 0);
    CHECK(!coil_timeout_expired(&timeout));
    CHECK(coil_timeout_when(&timeout) > now());
    return NULL;
}

TEST(TimeoutTests, test_timeout_not_called)
{
    WORLD(w);

    PASS(world_run(&w, timeout_not_called, NULL));
    if (world_is_virtual())
        FAILS(coil_run_forever(w.loop), -COIL_EDEADLOCK); /* no timer is left */
}

static void *timeout_disabled(void *arg)
{
    TIMEOUT(timeout);

    (void)arg;
    PASS(coil_timeout_enter(&timeout, COIL_NEVER));
    CHECK_EQ(coil_timeout_exit(&timeout, coil_sleep(COIL_MS(10))), 0);
    CHECK(!coil_timeout_expired(&timeout));
    CHECK_EQ(coil_timeout_when(&timeout), COIL_NEVER);
    return NULL;
}

TEST(TimeoutTests, test_timeout_disabled)
{
    WORLD(w);

    PASS(world_run(&w, timeout_disabled, NULL));
}

static void *timeout_at_disabled(void *arg)
{
    TIMEOUT(timeout);

    (void)arg;
    PASS(coil_timeout_enter_at(&timeout, COIL_NEVER));
    CHECK_EQ(coil_timeout_exit(&timeout, coil_sleep(COIL_MS(10))), 0);
    CHECK(!coil_timeout_expired(&timeout));
    CHECK_EQ(coil_timeout_when(&timeout), COIL_NEVER);
    return NULL;
}

TEST(TimeoutTests, test_timeout_at_disabled)
{
    WORLD(w);

    PASS(world_run(&w, timeout_at_disabled, NULL));
}

/* ---- no time at all ------------------------------------------------------------------------- */

static void *timeout_zero(void *arg)
{
    TIMEOUT(timeout);
    coil_time begin = now();

    (void)arg;
    PASS(coil_timeout_enter(&timeout, 0));
    FAILS(coil_timeout_exit(&timeout, coil_sleep(LONG)), -ETIMEDOUT);
    CHECK(coil_timeout_expired(&timeout));
    CHECK(now() - begin < LONG);
    return NULL;
}

TEST(TimeoutTests, test_timeout_zero)
{
    WORLD(w);

    PASS(world_run(&w, timeout_zero, NULL));
}

static void *timeout_zero_sleep_zero(void *arg)
{
    TIMEOUT(timeout);

    (void)arg;
    PASS(coil_timeout_enter(&timeout, 0));
    FAILS(coil_timeout_exit(&timeout, coil_sleep(0)), -ETIMEDOUT);
    CHECK(coil_timeout_expired(&timeout));
    return NULL;
}

TEST(TimeoutTests, test_timeout_zero_sleep_zero)
{
    WORLD(w);

    PASS(world_run(&w, timeout_zero_sleep_zero, NULL));
}

static void *timeout_in_the_past(void *arg)
{
    TIMEOUT(timeout);

    (void)arg;
    PASS(coil_timeout_enter_at(&timeout, now() - COIL_SEC(1) / 2));
    FAILS(coil_timeout_exit(&timeout, coil_sleep(0)), -ETIMEDOUT);
    CHECK(coil_timeout_expired(&timeout));
    return NULL;
}

TEST(TimeoutTests, test_timeout_in_the_past_sleep_zero)
{
    WORLD(w);

    PASS(world_run(&w, timeout_in_the_past, NULL));
}

/* ---- errors and cancellations of others ----------------------------------------------------- */

static void *foreign_error(void *arg)
{
    TIMEOUT(timeout);

    (void)arg;
    PASS(coil_timeout_enter(&timeout, COIL_MS(10)));
    FAILS(coil_timeout_exit(&timeout, -EIO), -EIO);
    CHECK(!coil_timeout_expired(&timeout));
    return NULL;
}

TEST(TimeoutTests, test_foreign_exception_passed)
{
    WORLD(w);

    PASS(world_run(&w, foreign_error, NULL));
}

static void *foreign_error_on_timeout(void *arg)
{
    TIMEOUT(timeout);

    (void)arg;
    PASS(coil_timeout_enter(&timeout, COIL_MS(10)));
    FAILS(coil_sleep(LONG), -ECANCELED);
    FAILS(coil_timeout_exit(&timeout, -EIO), -EIO);
    CHECK_EQ(coil_cancelling(self()), 0);
    return NULL;
}

TEST(TimeoutTests, test_foreign_exception_on_timeout)
{
    WORLD(w);

    PASS(world_run(&w, foreign_error_on_timeout, NULL));
}

static void *foreign_cancel(void *arg)
{
    TIMEOUT(timeout);

    (void)arg;
    PASS(coil_timeout_enter(&timeout, LONG));
    coil_call_soon(coil_get_running_loop(), world_cancel, self());
    FAILS(coil_timeout_exit(&timeout, coil_sleep(LONG)), -ECANCELED);
    CHECK(!coil_timeout_expired(&timeout));
    return NULL;
}

TEST(TimeoutTests, test_foreign_cancel_doesnt_timeout_if_not_expired)
{
    WORLD(w);

    PASS(world_run(&w, foreign_cancel, NULL));
}

TEST(TimeoutTests, test_outer_task_is_not_cancelled)
{
    WORLD(w);
    COIL_AUTO coil_task *task = coil_create_task_with(w.loop, timeout_basic, NULL, NULL);

    PASS(coil_run_until_complete(w.loop, task, NULL));
    CHECK(!coil_cancelled(task));
    CHECK(coil_done(task));
}

/* ---- nests ---------------------------------------------------------------------------------- */

static void *nested_concurrent(void *arg)
{
    TIMEOUT(outer);
    TIMEOUT(inner);

    (void)arg;
    PASS(coil_timeout_enter(&outer, COIL_MS(2)));
    PASS(coil_timeout_enter(&inner, LONG));
    PASS(coil_block_for(COIL_MS(5)));
    FAILS(coil_timeout_exit(&inner, coil_sleep(LONG)), -ECANCELED);
    CHECK(!coil_timeout_expired(&inner));
    FAILS(coil_timeout_exit(&outer, -ECANCELED), -ETIMEDOUT);
    return NULL;
}

TEST(TimeoutTests, test_nested_timeouts_concurrent)
{
    WORLD(w);

    PASS(world_run(&w, nested_concurrent, NULL));
}

static void *nested_loop_busy(void *arg)
{
    TIMEOUT(outer);
    TIMEOUT(inner);
    coil_time begin = now();

    (void)arg;
    PASS(coil_timeout_enter(&outer, COIL_MS(5)));
    PASS(coil_timeout_enter(&inner, COIL_MS(2)));
    PASS(coil_block_for(COIL_MS(10)));
    int rc = coil_timeout_exit(&inner, coil_sleep(LONG));
    CHECK(rc == -ECANCELED || rc == -ETIMEDOUT);
    if (rc == -ETIMEDOUT)
        rc = coil_sleep(LONG);
    FAILS(coil_timeout_exit(&outer, rc), -ETIMEDOUT);
    CHECK(now() - begin < LONG);
    return NULL;
}

TEST(TimeoutTests, test_nested_timeouts_loop_busy)
{
    WORLD(w);

    PASS(world_run(&w, nested_loop_busy, NULL));
}

/* ---- moving the deadline -------------------------------------------------------------------- */

struct moved {
    coil_timeout timeout;
    coil_time deadline;
};

static void *waits_with_a_deadline(void *arg)
{
    struct moved *moved = arg;

    PASS(coil_timeout_enter_at(&moved->timeout, moved->deadline));
    return COIL_ERR(coil_timeout_exit(&moved->timeout, coil_sleep(LONG)));
}

static void *moves_it(void *arg)
{
    struct moved moved = {.timeout = COIL_TIMEOUT_INIT, .deadline = now() + LONG};

    (void)arg;
    COIL_AUTO coil_task *task = coil_create_task(waits_with_a_deadline, &moved);
    if (coil_is_err(task))
        return NULL;
    PASS(coil_sleep(COIL_MS(5)));
    CHECK_EQ(coil_timeout_when(&moved.timeout), moved.deadline);
    moved.deadline = now() + 2 * LONG;
    PASS(coil_timeout_reschedule(&moved.timeout, moved.deadline));
    CHECK_EQ(coil_timeout_when(&moved.timeout), moved.deadline);
    PASS(coil_timeout_reschedule(&moved.timeout, COIL_NEVER));
    CHECK_EQ(coil_timeout_when(&moved.timeout), COIL_NEVER);
    CHECK(coil_cancel(task));
    FAILS(coil_await(task, NULL), -ECANCELED);
    CHECK(!coil_timeout_expired(&moved.timeout));
    return NULL;
}

TEST(TimeoutTests, test_reschedule)
{
    WORLD(w);

    if (!check_walking()) /* the scope stands beside the task that uses it */
        PASS(world_run(&w, moves_it, NULL));
}

static void *timeout_in_cleanup(void *arg)
{
    TIMEOUT(first);
    TIMEOUT(second);

    (void)arg;
    PASS(coil_timeout_enter(&first, COIL_MS(5)));
    FAILS(coil_sleep(LONG), -ECANCELED);
    PASS(coil_timeout_enter(&second, COIL_MS(5)));
    FAILS(coil_timeout_exit(&second, coil_sleep(LONG)), -ETIMEDOUT);
    FAILS(coil_timeout_exit(&first, -ECANCELED), -ETIMEDOUT);
    return NULL;
}

TEST(TimeoutTests, test_nested_timeout_in_finally)
{
    WORLD(w);

    PASS(world_run(&w, timeout_in_cleanup, NULL));
}

/* ---- after a cancellation ------------------------------------------------------------------- */

static void *timeout_after_cancellation(void *arg)
{
    TIMEOUT(timeout);

    (void)arg;
    CHECK(coil_cancel(self()));
    FAILS(coil_sleep(1), -ECANCELED);
    PASS(coil_timeout_enter(&timeout, 0));
    FAILS(coil_timeout_exit(&timeout, coil_sleep(LONG)), -ETIMEDOUT);
    CHECK_EQ(coil_cancelling(self()), 1);
    return NULL;
}

TEST(TimeoutTests, test_timeout_after_cancellation)
{
    WORLD(w);

    PASS(world_run(&w, timeout_after_cancellation, NULL));
}

static void *cancelled_in_timeout(void *arg)
{
    TIMEOUT(timeout);

    (void)arg;
    CHECK(coil_cancel(self()));
    FAILS(coil_sleep(1), -ECANCELED);
    PASS(coil_timeout_enter(&timeout, LONG));
    CHECK(coil_cancel(self()));
    FAILS(coil_timeout_exit(&timeout, coil_sleep(LONG)), -ECANCELED);
    CHECK_EQ(coil_cancelling(self()), 2);
    return NULL;
}

TEST(TimeoutTests, test_cancel_in_timeout_after_cancellation)
{
    WORLD(w);

    PASS(world_run(&w, cancelled_in_timeout, NULL));
}

/* ---- states --------------------------------------------------------------------------------- */

static void *already_entered(void *arg)
{
    TIMEOUT(timeout);

    (void)arg;
    PASS(coil_timeout_enter(&timeout, COIL_MS(10)));
    FAILS(coil_timeout_enter(&timeout, COIL_MS(10)), -EBUSY);
    CHECK_EQ(coil_timeout_exit(&timeout, 0), 0);
    return NULL;
}

TEST(TimeoutTests, test_timeout_already_entered)
{
    WORLD(w);

    if (!check_walking())
        PASS(world_run(&w, already_entered, NULL));
}

static void *double_enter(void *arg)
{
    TIMEOUT(timeout);

    (void)arg;
    PASS(coil_timeout_enter(&timeout, COIL_MS(10)));
    CHECK_EQ(coil_timeout_exit(&timeout, 0), 0);
    FAILS(coil_timeout_enter(&timeout, COIL_MS(10)), -COIL_EINVALSTATE);
    return NULL;
}

TEST(TimeoutTests, test_timeout_double_enter)
{
    WORLD(w);

    if (!check_walking())
        PASS(world_run(&w, double_enter, NULL));
}

static void *finished(void *arg)
{
    TIMEOUT(timeout);

    (void)arg;
    PASS(coil_timeout_enter(&timeout, COIL_MS(10)));
    CHECK_EQ(coil_timeout_exit(&timeout, 0), 0);
    FAILS(coil_timeout_reschedule(&timeout, now()), -COIL_EINVALSTATE);
    return NULL;
}

TEST(TimeoutTests, test_timeout_finished)
{
    WORLD(w);

    PASS(world_run(&w, finished, NULL));
}

static void *expired(void *arg)
{
    TIMEOUT(timeout);

    (void)arg;
    PASS(coil_timeout_enter(&timeout, COIL_MS(5)));
    FAILS(coil_timeout_exit(&timeout, coil_sleep(LONG)), -ETIMEDOUT);
    FAILS(coil_timeout_reschedule(&timeout, now()), -COIL_EINVALSTATE);
    return NULL;
}

TEST(TimeoutTests, test_timeout_expired)
{
    WORLD(w);

    PASS(world_run(&w, expired, NULL));
}

static void *expiring(void *arg)
{
    TIMEOUT(timeout);

    (void)arg;
    PASS(coil_timeout_enter(&timeout, COIL_MS(5)));
    FAILS(coil_sleep(LONG), -ECANCELED);
    FAILS(coil_timeout_reschedule(&timeout, now()), -COIL_EINVALSTATE);
    CHECK_EQ(coil_timeout_exit(&timeout, 0), 0); /* swallowed */
    CHECK_EQ(coil_cancelling(self()), 0);
    return NULL;
}

TEST(TimeoutTests, test_timeout_expiring)
{
    WORLD(w);

    if (!check_walking())
        PASS(world_run(&w, expiring, NULL));
}

TEST(TimeoutTests, test_timeout_not_entered)
{
    TIMEOUT(timeout);

    FAILS(coil_timeout_reschedule(&timeout, 1), -COIL_EINVALSTATE);
}

TEST(TimeoutTests, test_timeout_without_task)
{
    TIMEOUT(timeout);

    FAILS(coil_timeout_enter(&timeout, COIL_MS(10)), -COIL_ENOLOOP);
    FAILS(coil_timeout_enter_at(&timeout, COIL_MS(10)), -COIL_ENOLOOP);
}

/* ---- 3.13 ----------------------------------------------------------------------------------- */

/* In Python each error hides the one before it; here a clean-up hands on the last code. */
static void *errors_on_timeout(void *arg)
{
    TIMEOUT(timeout);

    (void)arg;
    CHECK(coil_cancel(self()));
    FAILS(coil_sleep(1), -ECANCELED);
    PASS(coil_timeout_enter(&timeout, COIL_MS(5)));
    int rc = coil_sleep(LONG);
    FAILS(rc, -ECANCELED);
    for (int error = -EIO; error >= -EIO - 2; error--)
        rc = error;
    FAILS(coil_timeout_exit(&timeout, rc), -EIO - 2);
    CHECK_EQ(coil_cancelling(self()), 1);
    PASS(coil_yield_now());
    return NULL;
}

TEST(TimeoutTests, test_foreign_exception_on_timeout_2)
{
    WORLD(w);

    PASS(world_run(&w, errors_on_timeout, NULL));
}

static void *fails_in_its_cleanup(void *arg)
{
    (void)arg;
    FAILS(coil_sleep(LONG), -ECANCELED);
    return COIL_ERR(-EIO);
}

static void *timeout_around_a_group(void *arg)
{
    TIMEOUT(timeout);
    coil_group group = COIL_GROUP_INIT;

    (void)arg;
    PASS(coil_timeout_enter(&timeout, COIL_MS(5)));
    PASS(coil_group_enter(&group));
    coil_task *task = coil_group_create_task(&group, fails_in_its_cleanup, NULL);
    int rc = coil_group_exit(&group, coil_err(task));
    FAILS(coil_timeout_exit(&timeout, rc), -EIO);
    CHECK(coil_timeout_expired(&timeout));
    coil_group_fini(&group);
    return NULL;
}

TEST(TimeoutTests, test_timeout_taskgroup)
{
    WORLD(w);

    PASS(world_run(&w, timeout_around_a_group, NULL));
}
