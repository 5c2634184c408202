// SPDX-License-Identifier: MIT
#include "faults.h"
#include "world.h"

#include <coil/coil.h>

#include <errno.h>

static void *awaits(void *future)
{
    void *result = NULL;
    int rc = coil_await(future, &result);

    return rc < 0 ? COIL_ERR(rc) : result;
}

/* ---- SH: one ends as the other does --------------------------------------------------------- */

TEST(shield, gives_the_result)
{
    WORLD(w);
    COIL_AUTO coil_future *inner = coil_create_future(w.loop);
    COIL_AUTO coil_future *outer = coil_shield(inner);
    void *result = NULL;

    PASS(coil_set_result(inner, &w));
    CHECK(!coil_done(outer)); /* that takes a turn */
    PASS(coil_run_until_complete(w.loop, outer, &result));
    CHECK_PTR(result, &w);
}

TEST(shield, gives_the_error)
{
    WORLD(w);
    COIL_AUTO coil_future *inner = coil_create_future(w.loop);
    COIL_AUTO coil_future *outer = coil_shield(inner);

    PASS(coil_set_error(inner, -EIO));
    FAILS(coil_run_until_complete(w.loop, outer, NULL), -EIO);
    CHECK_EQ(coil_future_state(outer), COIL_FINISHED);
}

TEST(shield, is_cancelled_with_what_it_shields)
{
    WORLD(w);
    COIL_AUTO coil_future *inner = coil_create_future(w.loop);
    COIL_AUTO coil_future *outer = coil_shield(inner);

    CHECK(coil_cancel(inner));
    FAILS(coil_run_until_complete(w.loop, outer, NULL), -ECANCELED);
    CHECK(coil_cancelled(outer));
}

TEST(shield, of_what_is_done_is_the_same)
{
    WORLD(w);
    COIL_AUTO coil_future *inner = coil_create_future(w.loop);

    PASS(coil_set_result(inner, NULL));
    COIL_AUTO coil_future *outer = coil_shield(inner);
    CHECK_PTR(outer, inner);
}

/* ---- SH: cancelled alone -------------------------------------------------------------------- */

TEST(shield, cancelled_it_leaves_the_other_alone)
{
    WORLD(w);
    COIL_AUTO coil_future *inner = coil_create_future(w.loop);
    COIL_AUTO coil_future *outer = coil_shield(inner);

    CHECK(coil_cancel(outer));
    CHECK(coil_cancelled(outer));
    CHECK(!coil_cancel(outer));
    CHECK(!coil_done(inner));
    PASS(coil_set_result(inner, NULL));
    FAILS(coil_run_forever(w.loop), -COIL_EDEADLOCK);
    CHECK(coil_cancelled(outer));
}

TEST(shield, cancelled_after_the_others_end_it_stays_cancelled)
{
    WORLD(w);
    COIL_AUTO coil_future *inner = coil_create_future(w.loop);
    COIL_AUTO coil_future *outer = coil_shield(inner);

    PASS(coil_set_result(inner, NULL));
    CHECK(coil_cancel(outer));
    FAILS(coil_run_until_complete(w.loop, outer, NULL), -ECANCELED);
}

static void hear(coil_loop *loop, const coil_exception_context *context, void *heard)
{
    (void)loop;
    record(heard, "[%s %d]", context->message, context->code);
}

TEST(shield, cancelled_it_takes_no_error_of_the_other)
{
    struct record heard = {""};
    WORLD(w);
    PASS(coil_set_exception_handler(w.loop, hear, &heard));
    coil_future *later = coil_create_future(w.loop), *before = coil_create_future(w.loop);
    COIL_AUTO coil_future *one = coil_shield(later), *two = coil_shield(before);

    CHECK(coil_cancel(one));
    PASS(coil_set_error(later, -EIO));
    PASS(coil_set_error(before, -ENOSPC));
    CHECK(coil_cancel(two)); /* it would have heard of the error in the next turn */
    PASS(world_turn(&w));
    coil_unrefp(&one);
    coil_unrefp(&two);
    coil_unref(later);
    CHECK_STR(heard.text, "[future error was never retrieved -5]");
    coil_unref(before);
    CHECK_STR(heard.text, "[future error was never retrieved -5]"
                          " [future error was never retrieved -28]");
}

static void *sleeps(void *arg)
{
    int rc = coil_sleep(COIL_SEC(2));
    return rc < 0 ? COIL_ERR(rc) : arg;
}

TEST(shield, who_awaits_it_can_be_cancelled_and_the_task_goes_on)
{
    void *result = NULL;
    WORLD(w);
    COIL_AUTO coil_task *inner = coil_create_task_with(w.loop, sleeps, &w, NULL);
    COIL_AUTO coil_future *outer = coil_shield(inner);
    COIL_AUTO coil_task *task = coil_create_task_with(w.loop, awaits, outer, NULL);

    PASS(coil_handle_error(coil_call_later(w.loop, COIL_SEC(1), world_cancel, task)));
    FAILS(coil_run_until_complete(w.loop, task, NULL), -ECANCELED);
    CHECK_EQ(world_time(&w), COIL_SEC(1));
    CHECK_EQ(coil_cancelling(inner), 0);
    PASS(coil_run_until_complete(w.loop, inner, &result));
    CHECK_PTR(result, &w);
}

/* ---- ownership ------------------------------------------------------------------------------ */

static void count(void *result)
{
    ++*(int *)result;
}

TEST(shield, a_result_taken_from_it_is_taken)
{
    int disposals = 0;
    void *result;
    WORLD(w);
    coil_future *inner = coil_create_future(w.loop);
    coil_future *outer = coil_shield(inner);

    PASS(coil_set_dispose(inner, count));
    if (!coil_is_err(outer))
        FAILS(coil_set_dispose(outer, count), -EINVAL);
    PASS(coil_set_result(inner, &disposals));
    PASS(coil_run_until_complete(w.loop, outer, &result));
    coil_unref(outer);
    coil_unref(inner);
    CHECK_EQ(disposals, 0);
}

TEST(shield, a_result_that_nobody_took_is_disposed_of_once)
{
    int disposals = 0;
    WORLD(w);
    coil_future *inner = coil_create_future(w.loop);
    coil_future *outer = coil_shield(inner);

    PASS(coil_set_dispose(inner, count));
    PASS(coil_set_result(inner, &disposals));
    PASS(coil_run_until_complete(w.loop, outer, NULL));
    coil_unref(inner);
    coil_unref(outer);
    CHECK(disposals == 1 || check_walking());
}

TEST(shield, dropped_it_watches_nobody)
{
    WORLD(w);
    COIL_AUTO coil_future *inner = coil_create_future(w.loop);

    coil_unref(coil_shield(inner));
    PASS(coil_set_result(inner, NULL));
    FAILS(coil_run_forever(w.loop), -COIL_EDEADLOCK);
}

TEST(shield, dropped_between_the_ends_it_lives_until_it_has_followed)
{
    WORLD(w);
    COIL_AUTO coil_future *inner = coil_create_future(w.loop);
    coil_future *outer = coil_shield(inner);

    PASS(coil_set_result(inner, NULL));
    coil_unref(outer);
    FAILS(coil_run_forever(w.loop), -COIL_EDEADLOCK);
}

static void *shields_deep(void *arg)
{
    int disposals = 0, levels = check_walking() ? 20 : 100000;
    coil_future *inner = coil_create_future(NULL);
    coil_future *shield = coil_ref(inner);
    void *result;

    (void)arg;
    for (int i = 0; i < levels; i++) {
        coil_future *outer = coil_shield(shield);
        coil_unref(shield);
        shield = outer;
    }
    PASS(coil_set_dispose(inner, count));
    PASS(coil_set_result(inner, &disposals));
    PASS(coil_await(shield, &result));
    coil_unref(inner);
    coil_unref(shield);
    CHECK_EQ(disposals, 0);
    return NULL;
}

TEST(shield, of_any_depth_it_fits_on_a_stack)
{
    WORLD(w);

    PASS(world_run(&w, shields_deep, NULL));
}

/* ---- making fails --------------------------------------------------------------------------- */

TEST(shield, bad_arguments_come_back)
{
    WORLD(w);

    FAILS(coil_err(coil_shield(NULL)), -EINVAL);
    FAILS(coil_err(coil_shield(COIL_ERR(-EPERM))), -EPERM);
    COIL_AUTO coil_future *inner = coil_create_future(w.loop);
    if (coil_is_err(inner))
        return;
    PASS(coil_close(w.loop));
    FAILS(coil_err(coil_shield(inner)), -COIL_ECLOSED);
}

TEST(shield, without_memory_there_is_none)
{
    WORLD(w);
    COIL_AUTO coil_future *inner = coil_create_future(w.loop);

    if (check_walking()) /* it has faults of its own */
        return;
    faults_fail(1, "alloc");
    FAILS(coil_err(coil_shield(inner)), -ENOMEM);
    CHECK_EQ(faults_met(), 1);
    faults_end();
    PASS(coil_set_result(inner, NULL));
}
