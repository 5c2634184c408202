// SPDX-License-Identifier: MIT
#include "loop/loop.h"
#include "world.h"

#include <coil/coil.h>

struct scene {
    struct record log;
    coil_future *future;
    coil_task *task;
    int rc;
    int disposals;
};

static void *sleeps(void *arg)
{
    struct scene *scene = arg;

    scene->rc = coil_sleep(COIL_SEC(1));
    record(&scene->log, scene->rc == -ECANCELED ? "cancelled" : "slept");
    return scene->rc < 0 ? COIL_ERR(scene->rc) : NULL;
}

static void *yields(void *arg)
{
    (void)arg;
    PASS(coil_yield_now());
    return NULL;
}

/* ---- T3: what a request answers, and does not do at once ------------------------------------ */

TEST(cancel, a_done_task_cannot_be_cancelled)
{
    WORLD(w);
    COIL_AUTO coil_task *task = coil_create_task_with(w.loop, yields, NULL, NULL);

    PASS(coil_run_until_complete(w.loop, task, NULL));
    CHECK(!coil_cancel(task));
    CHECK_EQ(coil_future_state(task), COIL_FINISHED);
    CHECK_EQ(coil_cancelling(task), 0);
}

TEST(cancel, a_task_stays_pending_until_it_has_heard_of_it)
{
    struct scene scene = {.rc = 0};
    WORLD(w);
    COIL_AUTO coil_task *task = coil_create_task_with(w.loop, sleeps, &scene, NULL);

    PASS(world_run(&w, yields, NULL));
    CHECK(coil_cancel(task));
    CHECK_EQ(coil_future_state(task), COIL_PENDING);
    CHECK_STR(scene.log.text, "");
    FAILS(coil_run_until_complete(w.loop, task, NULL), -ECANCELED);
    CHECK_EQ(coil_future_state(task), COIL_CANCELLED);
    CHECK(coil_cancelled(task));
}

TEST(cancel, a_sleep_ends_at_once_and_its_timer_with_it)
{
    struct scene scene = {.rc = 0};
    WORLD(w);
    COIL_AUTO coil_task *task = coil_create_task_with(w.loop, sleeps, &scene, NULL);

    PASS(world_run(&w, yields, NULL));
    CHECK(coil_cancel(task));
    FAILS(coil_run_until_complete(w.loop, task, NULL), -ECANCELED);
    CHECK_STR(scene.log.text, "cancelled");
    CHECK_EQ(world_time(&w), 0);
    FAILS(coil_run_forever(w.loop), -COIL_EDEADLOCK); /* nothing is left to wait for */
    CHECK_EQ(world_time(&w), 0);
}

static void *yields_while_it_is_cancelled(void *arg)
{
    struct scene *scene = arg;

    scene->rc = coil_yield_now();
    return NULL;
}

static void *cancels_it(void *arg)
{
    struct scene *scene = arg;

    CHECK(coil_cancel(scene->task));
    return NULL;
}

TEST(cancel, a_yield_hears_of_it)
{
    struct scene scene = {.rc = 0};
    WORLD(w);

    COIL_AUTO coil_task *task =
        coil_create_task_with(w.loop, yields_while_it_is_cancelled, &scene, NULL);
    scene.task = task;
    PASS(world_run(&w, cancels_it, &scene));
    PASS(coil_run_until_complete(w.loop, task, NULL));
    CHECK_EQ(scene.rc, -ECANCELED);
}

/* ---- T4: it goes to what is awaited --------------------------------------------------------- */

static void *awaits(void *arg)
{
    struct scene *scene = arg;

    scene->rc = coil_await(scene->future, NULL);
    record(&scene->log, "%s", scene->rc == -ECANCELED ? "awaiter" : "not");
    return scene->rc < 0 ? COIL_ERR(scene->rc) : NULL;
}

TEST(cancel, an_awaited_future_is_cancelled_too)
{
    struct scene scene = {.rc = 0};
    WORLD(w);
    COIL_AUTO coil_future *future = coil_create_future(w.loop);
    COIL_AUTO coil_task *task = coil_create_task_with(w.loop, awaits, &scene, NULL);

    scene.future = future;
    PASS(world_run(&w, yields, NULL));
    CHECK(coil_cancel(task));
    CHECK(coil_cancelled(future));
    FAILS(coil_run_until_complete(w.loop, task, NULL), -ECANCELED);
    CHECK_EQ(scene.rc, -ECANCELED);
}

static void *starts_a_sleeper_and_awaits_it(void *arg)
{
    struct scene *scene = arg;
    COIL_AUTO coil_task *child = coil_create_task(sleeps, arg);

    scene->task = coil_ref(child);
    int rc = coil_await(child, NULL);
    CHECK(coil_cancelled(child));
    record(&scene->log, "awaiter");
    return rc < 0 ? COIL_ERR(rc) : NULL;
}

TEST(cancel, an_awaited_task_hears_of_it_first)
{
    struct scene scene = {.rc = 0};
    WORLD(w);
    COIL_AUTO coil_task *task =
        coil_create_task_with(w.loop, starts_a_sleeper_and_awaits_it, &scene, NULL);

    PASS(world_run(&w, yields, NULL));
    CHECK(coil_cancel(task));
    CHECK_EQ(coil_cancelling(task), 1);
    CHECK_EQ(coil_cancelling(scene.task), 1);
    FAILS(coil_run_until_complete(w.loop, task, NULL), -ECANCELED);
    CHECK_STR(scene.log.text, "cancelled awaiter");
    coil_unref(scene.task);
}

/* What the child makes of it is what its awaiter gets. */
static void *refuses(void *arg)
{
    FAILS(coil_sleep(COIL_SEC(1)), -ECANCELED);
    return arg;
}

static void *awaits_one_that_refuses(void *arg)
{
    struct scene *scene = arg;
    void *result = NULL;

    PASS(coil_await(scene->future, &result));
    CHECK_PTR(result, scene);
    CHECK_EQ(coil_cancelling(coil_current_task()), 1);
    return NULL;
}

TEST(cancel, an_awaited_task_may_refuse_it_for_both)
{
    struct scene scene = {.rc = 0};
    WORLD(w);
    COIL_AUTO coil_task *child = coil_create_task_with(w.loop, refuses, &scene, NULL);
    scene.future = child;
    COIL_AUTO coil_task *task =
        coil_create_task_with(w.loop, awaits_one_that_refuses, &scene, NULL);

    PASS(world_run(&w, yields, NULL));
    CHECK(coil_cancel(task));
    PASS(coil_run_until_complete(w.loop, task, NULL));
    CHECK_EQ(coil_future_state(child), COIL_FINISHED);
    CHECK_EQ(coil_future_state(task), COIL_FINISHED);
}

/* ---- chains --------------------------------------------------------------------------------- */

/* TSan knows 8128 fibers at most. */
enum { CHAIN = WITH_TSAN ? 5000 : 10000 };

struct chain {
    coil_future *awaited;
    size_t *cancelled;
};

static void *awaits_the_next(void *arg)
{
    struct chain *link = arg;
    int rc = coil_await(link->awaited, NULL);

    *link->cancelled += rc == -ECANCELED;
    return rc < 0 ? COIL_ERR(rc) : NULL;
}

struct long_chain {
    struct chain links[CHAIN];
    coil_task *tasks[CHAIN];
    coil_future *end;
    size_t cancelled;
};

static struct long_chain long_chain; /* too large for a stack */

static void chain_up(struct world *w)
{
    const coil_task_options options = {.size = sizeof(options), .stack_size = 16 << 10};

    long_chain = (struct long_chain){.end = coil_create_future(w->loop)};
    for (size_t i = 0; i < CHAIN; i++) {
        long_chain.links[i] =
            (struct chain){.awaited = i ? long_chain.tasks[i - 1] : long_chain.end,
                           .cancelled = &long_chain.cancelled};
        long_chain.tasks[i] =
            coil_create_task_with(w->loop, awaits_the_next, &long_chain.links[i], &options);
    }
    PASS(world_run(w, yields, NULL));
}

static void chain_down(void)
{
    for (size_t i = 0; i < CHAIN; i++)
        coil_unref(long_chain.tasks[i]);
    coil_unref(long_chain.end);
}

TEST(cancel, a_chain_of_ten_thousand_is_cancelled_from_its_end)
{
    WORLD(w);

    chain_up(&w);
    CHECK(coil_cancel(long_chain.tasks[CHAIN - 1]));
    CHECK(coil_cancelled(long_chain.end));
    CHECK_EQ(long_chain.cancelled, 0);
    FAILS(coil_run_until_complete(w.loop, long_chain.tasks[CHAIN - 1], NULL), -ECANCELED);
    CHECK_EQ(long_chain.cancelled, CHAIN);
    chain_down();
}

static void *cancels_the_chain(void *arg)
{
    (void)arg;
    CHECK(coil_cancel(long_chain.tasks[CHAIN - 1]));
    return NULL;
}

/* On 16 KiB, ten thousand frames would not fit. */
TEST(cancel, a_task_cancels_a_chain_of_ten_thousand_on_a_small_stack)
{
    WORLD(w);
    const coil_task_options options = {.size = sizeof(options), .stack_size = 16 << 10};

    chain_up(&w);
    COIL_AUTO coil_task *task = coil_create_task_with(w.loop, cancels_the_chain, NULL, &options);
    PASS(coil_run_until_complete(w.loop, task, NULL));
    FAILS(coil_run_until_complete(w.loop, long_chain.tasks[CHAIN - 1], NULL), -ECANCELED);
    CHECK_EQ(long_chain.cancelled, CHAIN);
    chain_down();
}

/* ---- rings: a program's mistake, which must not become ours --------------------------------- */

TEST(cancel, tasks_that_await_each_other_can_be_cancelled)
{
    enum { N = 3 };
    struct scene scenes[N] = {{.rc = 0}};
    WORLD(w);
    coil_task *tasks[N];

    for (int i = 0; i < N; i++)
        tasks[i] = coil_create_task_with(w.loop, awaits, &scenes[i], NULL);
    for (int i = 0; i < N; i++)
        scenes[i].future = tasks[(i + 1) % N];
    PASS(world_run(&w, yields, NULL));
    CHECK(coil_cancel(tasks[0]));
    for (int i = 0; i < N; i++) {
        FAILS(coil_run_until_complete(w.loop, tasks[i], NULL), -ECANCELED);
        CHECK_EQ(coil_cancelling(tasks[i]), 1);
    }
    for (int i = 0; i < N; i++)
        coil_unref(tasks[i]);
}

/* The chain leads into a ring without being part of it. */
TEST(cancel, who_awaits_a_ring_can_be_cancelled)
{
    enum { N = 10, RING = 3 };
    struct scene scenes[N] = {{.rc = 0}};
    WORLD(w);
    coil_task *tasks[N];

    for (int i = 0; i < N; i++)
        tasks[i] = coil_create_task_with(w.loop, awaits, &scenes[i], NULL);
    for (int i = 0; i < N; i++)
        scenes[i].future = tasks[i + 1 < N ? i + 1 : N - RING];
    PASS(world_run(&w, yields, NULL));
    CHECK(coil_cancel(tasks[0]));
    for (int i = 0; i < N; i++)
        FAILS(coil_run_until_complete(w.loop, tasks[i], NULL), -ECANCELED);
    for (int i = 0; i < N; i++)
        coil_unref(tasks[i]);
}

/* ---- T5: before the first step -------------------------------------------------------------- */

TEST(cancel, a_task_that_has_not_begun_never_begins_and_needs_no_stack)
{
    struct scene scene = {.rc = 0};
    WORLD(w);
    COIL_AUTO coil_task *task = coil_create_task_with(w.loop, sleeps, &scene, NULL);

    CHECK(coil_cancel(task));
    CHECK_EQ(coil_future_state(task), COIL_PENDING);
    FAILS(coil_run_until_complete(w.loop, task, NULL), -ECANCELED);
    CHECK_EQ(coil_future_state(task), COIL_CANCELLED);
    CHECK_STR(scene.log.text, "");
    CHECK_EQ(coil_loop_guard(w.loop), COIL_GUARD_NONE);
}

TEST(cancel, the_copy_of_a_task_that_never_begins_is_freed)
{
    int value = 1;
    WORLD(w);
    const coil_task_options options = {
        .size = sizeof(options), .copy_arg = sizeof(value), .name = "never"};
    COIL_AUTO coil_task *task = coil_create_task_with(w.loop, sleeps, &value, &options);

    CHECK(coil_cancel(task));
    FAILS(coil_run_until_complete(w.loop, task, NULL), -ECANCELED);
}

/* ---- T6: edges ------------------------------------------------------------------------------ */

static void *hears_of_it_once(void *arg)
{
    struct scene *scene = arg;

    FAILS(coil_sleep(COIL_SEC(1)), -ECANCELED);
    CHECK_EQ(coil_cancelling(coil_current_task()), 2);
    PASS(coil_sleep(COIL_SEC(2)));
    record(&scene->log, "slept");
    FAILS(coil_sleep(COIL_SEC(5)), -ECANCELED);
    CHECK_EQ(coil_cancelling(coil_current_task()), 3);
    return NULL;
}

static int cancels(void *task)
{
    CHECK(coil_cancel(task));
    return 0;
}

TEST(cancel, two_requests_are_delivered_once_and_a_later_one_again)
{
    struct scene scene = {.rc = 0};
    WORLD(w);
    COIL_AUTO coil_task *task = coil_create_task_with(w.loop, hears_of_it_once, &scene, NULL);

    PASS(world_run(&w, yields, NULL));
    CHECK(coil_cancel(task));
    CHECK(coil_cancel(task));
    PASS(coil_handle_error(coil_call_later(w.loop, COIL_SEC(3), cancels, task)));
    PASS(coil_run_until_complete(w.loop, task, NULL));
    CHECK_STR(scene.log.text, "slept");
    CHECK_EQ(world_time(&w), COIL_SEC(3));
}

/* ---- T7: done, but not resumed -------------------------------------------------------------- */

static void count_disposal(void *result)
{
    ++*(int *)result;
}

static void *awaits_a_result(void *arg)
{
    struct scene *scene = arg;
    void *result = arg;

    scene->rc = coil_await(scene->future, &result);
    CHECK_PTR(result, arg);
    return scene->rc < 0 ? COIL_ERR(scene->rc) : NULL;
}

TEST(cancel, it_wins_over_a_result_that_came_together_with_it)
{
    struct scene scene = {.rc = 0};
    WORLD(w);
    COIL_AUTO coil_future *future = coil_create_future(w.loop);
    COIL_AUTO coil_task *task = coil_create_task_with(w.loop, awaits_a_result, &scene, NULL);
    void *result = NULL;

    scene.future = future;
    PASS(world_run(&w, yields, NULL));
    PASS(coil_set_result(future, &scene.disposals));
    CHECK(coil_cancel(task));
    FAILS(coil_run_until_complete(w.loop, task, NULL), -ECANCELED);
    CHECK_EQ(scene.rc, -ECANCELED);
    PASS(coil_result(future, &result)); /* nothing is lost: it is still there */
    CHECK_PTR(result, &scene.disposals);
}

TEST(cancel, a_result_that_nobody_takes_any_more_is_disposed_of_once)
{
    struct scene scene = {.rc = 0};
    WORLD(w);
    COIL_AUTO coil_task *task = coil_create_task_with(w.loop, awaits_a_result, &scene, NULL);

    scene.future = coil_create_future(w.loop);
    PASS(coil_set_dispose(scene.future, count_disposal));
    PASS(world_run(&w, yields, NULL));
    PASS(coil_set_result(scene.future, &scene.disposals));
    CHECK(coil_cancel(task));
    FAILS(coil_run_until_complete(w.loop, task, NULL), -ECANCELED);
    CHECK_EQ(scene.disposals, 0);
    coil_unref(scene.future);
    CHECK_EQ(scene.disposals, 1);
}

static void *returns_the_counter(void *arg)
{
    struct scene *scene = arg;

    PASS(coil_sleep(COIL_SEC(1)));
    return &scene->disposals;
}

/* A child that ends is done before its parent runs; between them the cancellation comes. */
static void cancel_parent(coil_future *child, void *parent)
{
    CHECK(coil_done(child));
    CHECK(coil_cancel(parent));
}

TEST(cancel, a_childs_result_is_disposed_of_when_its_parent_was_cancelled)
{
    struct scene scene = {.rc = 0};
    WORLD(w);
    const coil_task_options options = {.size = sizeof(options), .dispose = count_disposal};

    scene.future = coil_create_task_with(w.loop, returns_the_counter, &scene, &options);
    COIL_AUTO coil_task *parent = coil_create_task_with(w.loop, awaits_a_result, &scene, NULL);
    PASS(coil_add_done_callback(scene.future, cancel_parent, parent));
    FAILS(coil_run_until_complete(w.loop, parent, NULL), -ECANCELED);
    CHECK_EQ(scene.rc, -ECANCELED);
    CHECK_EQ(scene.disposals, 0);
    coil_unref(scene.future);
    CHECK_EQ(scene.disposals, 1);
}

/* ---- T8: a task and itself ------------------------------------------------------------------ */

static void *cancels_itself_and_returns(void *arg)
{
    CHECK(coil_cancel(coil_current_task()));
    return arg;
}

TEST(cancel, a_task_that_cancels_itself_and_returns_is_cancelled)
{
    int disposals = 0;
    WORLD(w);
    const coil_task_options options = {.size = sizeof(options), .dispose = count_disposal};
    COIL_AUTO coil_task *task =
        coil_create_task_with(w.loop, cancels_itself_and_returns, &disposals, &options);

    FAILS(coil_run_until_complete(w.loop, task, NULL), -ECANCELED);
    CHECK_EQ(coil_future_state(task), COIL_CANCELLED);
    coil_unrefp(&task);
    CHECK_EQ(disposals, 1);
}

static void *cancels_itself_and_fails(void *arg)
{
    (void)arg;
    CHECK(coil_cancel(coil_current_task()));
    return COIL_ERR(-EIO);
}

TEST(cancel, a_task_that_cancels_itself_and_fails_has_failed)
{
    WORLD(w);
    COIL_AUTO coil_task *task = coil_create_task_with(w.loop, cancels_itself_and_fails, NULL, NULL);

    FAILS(coil_run_until_complete(w.loop, task, NULL), -EIO);
    CHECK_EQ(coil_future_state(task), COIL_FINISHED);
}

static void *cancels_itself_and_waits(void *arg)
{
    struct scene *scene = arg;

    CHECK(coil_cancel(coil_current_task()));
    FAILS(coil_await(scene->future, NULL), -ECANCELED);
    CHECK(coil_cancelled(scene->future));
    CHECK(coil_cancel(coil_current_task()));
    FAILS(coil_sleep(COIL_SEC(1)), -ECANCELED);
    CHECK(coil_cancel(coil_current_task()));
    FAILS(coil_yield_now(), -ECANCELED);
    PASS(coil_yield_now());
    return NULL;
}

TEST(cancel, a_task_that_cancels_itself_hears_of_it_at_its_next_wait)
{
    struct scene scene = {.rc = 0};
    WORLD(w);
    COIL_AUTO coil_future *future = coil_create_future(w.loop);

    scene.future = future;
    PASS(world_run(&w, cancels_itself_and_waits, &scene));
    CHECK_EQ(world_time(&w), 0);
}

static void *returns_the_code(void *arg)
{
    (void)arg;
    return COIL_ERR(-ECANCELED);
}

TEST(cancel, a_task_that_returns_the_code_is_cancelled_unasked)
{
    WORLD(w);
    COIL_AUTO coil_task *task = coil_create_task_with(w.loop, returns_the_code, NULL, NULL);

    FAILS(coil_run_until_complete(w.loop, task, NULL), -ECANCELED);
    CHECK(coil_cancelled(task));
    CHECK_EQ(coil_cancelling(task), 0);
}

TEST(cancel, a_task_that_swallows_it_finishes_with_its_result)
{
    WORLD(w);
    COIL_AUTO coil_task *task = coil_create_task_with(w.loop, refuses, &w, NULL);
    void *result = NULL;

    PASS(world_run(&w, yields, NULL));
    CHECK(coil_cancel(task));
    PASS(coil_run_until_complete(w.loop, task, &result));
    CHECK_PTR(result, &w);
    CHECK(!coil_cancelled(task));
    CHECK_EQ(coil_cancelling(task), 1);
}

static void *cleans_up(void *arg)
{
    FAILS(coil_sleep(COIL_SEC(9)), -ECANCELED);
    PASS(coil_sleep(COIL_MS(30)));
    record(arg, "clean");
    return COIL_ERR(-ECANCELED);
}

TEST(cancel, cleaning_up_may_wait)
{
    struct record log = {""};
    WORLD(w);
    COIL_AUTO coil_task *task = coil_create_task_with(w.loop, cleans_up, &log, NULL);

    PASS(world_run(&w, yields, NULL));
    CHECK(coil_cancel(task));
    FAILS(coil_run_until_complete(w.loop, task, NULL), -ECANCELED);
    CHECK_STR(log.text, "clean");
    CHECK_EQ(world_time(&w), COIL_MS(30));
}

/* ---- T9: counting --------------------------------------------------------------------------- */

static void *counts(void *arg)
{
    coil_task *self = coil_current_task();

    (void)arg;
    CHECK_EQ(coil_cancelling(self), 0);
    CHECK_EQ(coil_uncancel(self), 0);
    CHECK(coil_cancel(self));
    CHECK(coil_cancel(self));
    CHECK(coil_cancel(self));
    CHECK_EQ(coil_cancelling(self), 3);
    CHECK_EQ(coil_uncancel(self), 2);
    FAILS(coil_yield_now(), -ECANCELED); /* two are left, so it was delivered */
    CHECK_EQ(coil_uncancel(self), 1);
    CHECK_EQ(coil_uncancel(self), 0);
    CHECK_EQ(coil_uncancel(self), 0);
    return NULL;
}

TEST(cancel, requests_are_counted_and_taken_back)
{
    WORLD(w);

    PASS(world_run(&w, counts, NULL));
}

static void *takes_the_last_one_back(void *arg)
{
    coil_task *self = coil_current_task();

    CHECK(coil_cancel(self));
    CHECK_EQ(coil_uncancel(self), 0);
    PASS(coil_sleep(COIL_MS(1)));
    return arg;
}

TEST(cancel, one_that_was_taken_back_in_time_is_not_delivered)
{
    WORLD(w);

    PASS(world_run(&w, takes_the_last_one_back, NULL));
    CHECK_EQ(world_time(&w), COIL_MS(1));
}

TEST(cancel, only_tasks_count)
{
    WORLD(w);
    COIL_AUTO coil_future *future = coil_create_future(w.loop);

    FAILS(coil_cancelling(future), -EINVAL);
    FAILS(coil_uncancel(future), -EINVAL);
}

/* ---- rings, again ------------------------------------------------------------------------- */

struct triangle {
    coil_task *a, *b;
};

static void *awaits_b(void *argument)
{
    struct triangle *both = argument;
    return COIL_ERR(coil_await(both->b, NULL));
}

static void *awaits_a(void *argument)
{
    struct triangle *both = argument;
    return COIL_ERR(coil_await(both->a, NULL));
}

static void *cancels_a_ring_twice(void *argument)
{
    struct triangle *both = argument;

    both->a = coil_create_task(awaits_b, both);
    both->b = coil_create_task(awaits_a, both);
    COIL_AUTO coil_task *other = coil_create_task(awaits_a, both);
    if (coil_yield_now() == 0) {
        coil_cancel(both->a);
        coil_cancel(both->b);
        coil_cancel(other);
    }
    FAILS(coil_await(other, NULL), -ECANCELED);
    CHECK(coil_cancelled(both->a) && coil_cancelled(both->b));
    return NULL;
}

/* The one that left its wait is in the ring no more, also before it has run again. */
TEST(cancel, a_ring_that_was_broken_can_be_cancelled_again)
{
    struct triangle both = {NULL, NULL};
    WORLD(w);
    PASS(world_run(&w, cancels_a_ring_twice, &both));
    coil_unref(both.a);
    coil_unref(both.b);
}

static void *closes_the_ring_cancelled(void *argument)
{
    struct triangle *both = argument;

    if (coil_yield_now() < 0)
        return NULL;
    CHECK(coil_cancel(both->a));
    FAILS(coil_await(both->b, NULL), -ECANCELED);
    return COIL_ERR(-ECANCELED);
}

TEST(cancel, who_closes_a_ring_with_a_cancellation_pending_gets_it)
{
    struct triangle both = {NULL, NULL};
    WORLD(w);
    both.a = coil_create_task_with(w.loop, closes_the_ring_cancelled, &both, NULL);
    both.b = coil_create_task_with(w.loop, awaits_a, &both, NULL);
    FAILS(coil_run_until_complete(w.loop, both.a, NULL), -ECANCELED);
    coil_unref(both.a);
    coil_unref(both.b);
}

TEST(cancel, nothing_is_not_cancelled_and_has_no_reason)
{
    CHECK(!coil_cancel(NULL));
    CHECK(!coil_cancel_with(NULL, "why"));
    CHECK(!coil_cancel_with(COIL_ERR(-EIO), "why"));
    CHECK_PTR(coil_cancel_message(NULL), NULL);
    CHECK_PTR(coil_cancel_message(COIL_ERR(-EIO)), NULL);
}
