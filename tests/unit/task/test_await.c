// SPDX-License-Identifier: MIT
#include "task/await.h"

#include "task/task.h"
#include "world.h"

struct talk {
    struct record log;
    coil_future *future;
    coil_loop *other;
};

TEST(await, outside_a_task_there_is_nothing_to_suspend)
{
    WORLD(w);
    COIL_AUTO coil_future *pending = coil_create_future(w.loop);
    COIL_AUTO coil_future *finished = coil_create_future(w.loop);

    PASS(coil_set_result(finished, NULL));
    FAILS(coil_await(pending, NULL), -COIL_ENOLOOP);
    FAILS(coil_await(finished, NULL), -COIL_ENOLOOP);
}

static int awaits_in_a_callback(void *arg)
{
    struct talk *talk = arg;

    record(&talk->log, "callback");
    FAILS(coil_await(talk->future, NULL), -COIL_ENOLOOP);
    return 0;
}

static void *yields(void *arg)
{
    (void)arg;
    PASS(coil_yield_now());
    return NULL;
}

TEST(await, a_callback_is_no_task)
{
    struct talk talk = {.future = NULL};
    WORLD(w);
    COIL_AUTO coil_future *future = coil_create_future(w.loop);

    talk.future = future;
    PASS(coil_handle_error(coil_call_soon(w.loop, awaits_in_a_callback, &talk)));
    PASS(world_run(&w, yields, NULL));
    CHECK_STR(talk.log.text, "callback");
}

static void *awaits_itself(void *arg)
{
    (void)arg;
    return COIL_ERR(coil_await(coil_current_task(), NULL));
}

TEST(await, a_task_that_awaits_itself_is_told_so)
{
    WORLD(w);

    FAILS(world_run(&w, awaits_itself, NULL), -EDEADLK);
}

static void *awaits(void *future)
{
    return COIL_ERR(coil_await(future, NULL));
}

TEST(await, a_future_of_another_loop_is_refused)
{
    WORLD(here);
    WORLD(there);
    COIL_AUTO coil_future *pending = coil_create_future(there.loop);
    COIL_AUTO coil_future *finished = coil_create_future(there.loop);

    PASS(coil_set_result(finished, NULL));
    FAILS(world_run(&here, awaits, pending), -EXDEV);
    FAILS(world_run(&here, awaits, finished), -EXDEV);
}

static void *says_other(void *arg)
{
    record(arg, "other");
    return NULL;
}

/* The other task is ready before it awaits: a switch would let it run. */
static void *awaits_a_done_future(void *arg)
{
    struct talk *talk = arg;
    void *result = NULL;
    COIL_AUTO coil_task *other = coil_create_task(says_other, &talk->log);

    CHECK_EQ(coil_await(talk->future, &result), 0);
    CHECK_PTR(result, talk);
    record(&talk->log, "awaited");
    PASS(coil_await(other, NULL));
    return NULL;
}

TEST(await, a_done_future_is_read_without_a_switch)
{
    struct talk talk = {.future = NULL};
    WORLD(w);
    COIL_AUTO coil_future *future = coil_create_future(w.loop);

    talk.future = future;
    PASS(coil_set_result(future, &talk));
    PASS(world_run(&w, awaits_a_done_future, &talk));
    CHECK_STR(talk.log.text, "awaited other");
}

static void *awaits_with_a_result(void *arg)
{
    struct talk *talk = arg;
    void *result = NULL;

    record(&talk->log, "waits");
    CHECK_EQ(coil_await(talk->future, &result), 0);
    CHECK_PTR(result, talk);
    record(&talk->log, "awaited");
    return NULL;
}

static void *finishes(void *arg)
{
    struct talk *talk = arg;

    PASS(coil_set_result(talk->future, talk));
    record(&talk->log, "finished");
    return NULL;
}

TEST(await, a_pending_future_is_waited_for)
{
    struct talk talk = {.future = NULL};
    WORLD(w);
    COIL_AUTO coil_future *future = coil_create_future(w.loop);

    talk.future = future;
    COIL_AUTO coil_task *task = coil_create_task_with(w.loop, awaits_with_a_result, &talk, NULL);
    coil_unref(coil_create_task_with(w.loop, finishes, &talk, NULL));
    PASS(coil_run_until_complete(w.loop, task, NULL));
    CHECK_STR(talk.log.text, "waits finished awaited");
}

static void *fails(void *arg)
{
    (void)arg;
    return COIL_ERR(-ENOTDIR);
}

static void *awaits_a_failing_task(void *arg)
{
    COIL_AUTO coil_task *task = coil_create_task(fails, NULL);

    FAILS(coil_await(task, &arg), -ENOTDIR);
    FAILS(coil_await(task, NULL), -ENOTDIR);
    return NULL;
}

TEST(await, an_error_is_the_awaiter_s_too)
{
    WORLD(w);

    PASS(world_run(&w, awaits_a_failing_task, &w));
}

static void *awaits_a_cancelled_future(void *future)
{
    FAILS(coil_await(future, NULL), -ECANCELED);
    CHECK_EQ(coil_cancelling(coil_current_task()), 0);
    PASS(coil_sleep(0));
    return NULL;
}

static int cancels(void *future)
{
    CHECK(coil_cancel(future));
    return 0;
}

TEST(await, a_cancelled_future_does_not_cancel_its_awaiter)
{
    WORLD(w);
    COIL_AUTO coil_future *future = coil_create_future(w.loop);

    COIL_AUTO coil_task *task =
        coil_create_task_with(w.loop, awaits_a_cancelled_future, future, NULL);
    PASS(coil_handle_error(coil_call_later(w.loop, COIL_MS(1), cancels, future)));
    PASS(coil_run_until_complete(w.loop, task, NULL));
    CHECK(!coil_cancelled(task));
}

struct one_of_many {
    struct talk *talk;
    int number;
};

static void *awaits_and_says(void *arg)
{
    const struct one_of_many *one = arg;

    PASS(coil_await(one->talk->future, NULL));
    record(&one->talk->log, "%d", one->number);
    return NULL;
}

TEST(await, several_awaiters_go_on_in_the_order_in_which_they_came)
{
    struct talk talk = {.future = NULL};
    enum { N = 5 };
    struct one_of_many ones[N];
    coil_task *tasks[N];
    WORLD(w);
    COIL_AUTO coil_future *future = coil_create_future(w.loop);

    talk.future = future;
    for (int i = 0; i < N; i++) {
        ones[i] = (struct one_of_many){&talk, i};
        tasks[i] = coil_create_task_with(w.loop, awaits_and_says, &ones[i], NULL);
    }
    PASS(world_run(&w, yields, NULL));
    PASS(world_run(&w, finishes, &talk));
    PASS(coil_run_until_complete(w.loop, tasks[N - 1], NULL));
    CHECK_STR(talk.log.text, "finished 0 1 2 3 4");
    for (int i = 0; i < N; i++)
        coil_unref(tasks[i]);
}

/* The reference of the awaiter keeps the future until it was read. */
static void *finishes_and_drops(void *arg)
{
    struct talk *talk = arg;

    PASS(coil_set_result(talk->future, talk));
    coil_unrefp(&talk->future);
    return NULL;
}

TEST(await, the_awaiter_keeps_the_future)
{
    struct talk talk = {.future = NULL};
    WORLD(w);

    talk.future = coil_create_future(w.loop);
    COIL_AUTO coil_task *task = coil_create_task_with(w.loop, awaits_with_a_result, &talk, NULL);
    coil_unref(coil_create_task_with(w.loop, finishes_and_drops, &talk, NULL));
    PASS(coil_run_until_complete(w.loop, task, NULL));
    CHECK_STR(talk.log.text, "waits awaited");
    coil_unref(talk.future);
}

static int awaits_far_below(coil_future *future, int depth)
{
    return depth ? awaits_far_below(future, depth - 1) : coil_await(future, NULL);
}

static void *awaits_in_a_deep_call(void *future)
{
    FAILS(awaits_far_below(future, 50), -EIO);
    return NULL;
}

static int fails_it(void *future)
{
    PASS(coil_set_error(future, -EIO));
    return 0;
}

TEST(await, a_task_waits_at_any_depth_of_calls)
{
    WORLD(w);
    COIL_AUTO coil_future *future = coil_create_future(w.loop);

    PASS(coil_handle_error(coil_call_later(w.loop, COIL_MS(1), fails_it, future)));
    PASS(world_run(&w, awaits_in_a_deep_call, future));
}

/* Introspection and cancellation follow a chain by it. */
static void *looks_at_what_a_task_awaits(void *arg)
{
    struct talk *talk = arg;
    COIL_AUTO coil_task *task = coil_create_task(awaits, talk->future);

    PASS(coil_yield_now());
    if (!coil_is_err(task) && task->run)
        CHECK_PTR(await_target(task->run->waiter), talk->future);
    CHECK(coil_cancel(talk->future));
    return NULL;
}

TEST(await, the_awaited_future_is_known_while_a_task_waits)
{
    struct talk talk = {.future = NULL};
    WORLD(w);
    COIL_AUTO coil_future *future = coil_create_future(w.loop);

    talk.future = future;
    PASS(world_run(&w, looks_at_what_a_task_awaits, &talk));
}

static void *waits_again_and_again(void *arg)
{
    struct talk *talk = arg;

    FAILS(coil_await(talk->future, NULL), -ECANCELED);
    FAILS(coil_await(talk->future, NULL), -ECANCELED);
    record(&talk->log, "ends");
    return NULL;
}

TEST(await, a_loop_that_closes_refuses_every_wait_and_leaves_the_future)
{
    struct talk talk = {.future = NULL};
    WORLD(w);
    COIL_AUTO coil_future *future = coil_create_future(w.loop);

    talk.future = future;
    COIL_AUTO coil_task *task = coil_create_task_with(w.loop, waits_again_and_again, &talk, NULL);
    PASS(world_run(&w, yields, NULL));
    CHECK_EQ(coil_close(w.loop), 0);
    CHECK_STR(talk.log.text, "ends");
    CHECK(!coil_done(future));
    CHECK_EQ(coil_future_state(task), COIL_FINISHED);
}
