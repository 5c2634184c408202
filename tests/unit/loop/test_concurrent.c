// SPDX-License-Identifier: MIT
#include "world.h"

#include <errno.h>
#include <pthread.h>

static const coil_sim_options foreign = {.size = sizeof(foreign), .foreign_threads = true};

enum { LONG = 10 }; /* seconds; never waited for, unless something is broken */

struct scene {
    struct record log; /* the loop's */
    coil_loop *loop;
    coil_fn fn;
    coil_time timeout;
    bool cancels, cancelled;
    int rc;
    void *result;
};

static int stop(void *loop)
{
    coil_stop(loop);
    return 0;
}

/* Another thread: runs a coroutine on the loop, waits for it, and stops the loop. */
static void *asks(void *arg)
{
    struct scene *scene = arg;
    coil_concurrent_future *future = coil_run_coroutine_threadsafe(scene->loop, scene->fn, scene);

    if (scene->cancels)
        scene->cancelled = coil_concurrent_cancel(future);
    scene->rc = coil_concurrent_result(future, scene->timeout, &scene->result);
    if (scene->rc != -ETIMEDOUT)
        CHECK(coil_concurrent_done(future));
    coil_concurrent_unref(future);
    while (coil_handle_error(coil_call_soon_threadsafe(scene->loop, stop, scene->loop)) < 0) {
        /* the walk: once only */
    }
    return NULL;
}

static void run(struct world *w, struct scene *scene)
{
    pthread_t thread;

    scene->loop = w->loop;
    if (coil_err(w->loop) < 0 || !CHECK(pthread_create(&thread, NULL, asks, scene) == 0))
        return;
    PASS(coil_run_forever(w->loop));
    pthread_join(thread, NULL);
}

static void *gives_a_result(void *arg)
{
    struct scene *scene = arg;
    PASS(coil_sleep(COIL_SEC(1)));
    record(&scene->log, "ends");
    return scene;
}

TEST(concurrent, a_thread_waits_for_a_coroutine)
{
    struct scene scene = {.fn = gives_a_result, .timeout = COIL_NEVER};
    WORLD_WITH(w, &foreign);
    run(&w, &scene);
    CHECK_EQ(scene.rc, check_walking() ? scene.rc : 0);
    CHECK_PTR(scene.result, &scene);
    CHECK_STR(scene.log.text, "ends");
}

static void *gives_a_code(void *unused)
{
    (void)unused;
    return COIL_ERR(-ENOSPC);
}

static void *cancels_itself(void *unused)
{
    (void)unused;
    return COIL_ERR(-ECANCELED);
}

TEST(concurrent, codes_and_cancellation_come_over)
{
    struct scene code = {.fn = gives_a_code, .timeout = COIL_SEC(LONG)};
    struct scene cancelled = {.fn = cancels_itself, .timeout = COIL_SEC(LONG)};
    WORLD_WITH(w, &foreign);
    run(&w, &code);
    FAILS(code.rc, -ENOSPC);
    run(&w, &cancelled);
    FAILS(cancelled.rc, -ECANCELED);
}

static void *sleeps_long(void *arg)
{
    struct scene *scene = arg;
    int rc = coil_sleep(COIL_SEC(3600));
    record(&scene->log, rc == -ECANCELED ? "cancelled" : "slept");
    return COIL_ERR(rc);
}

static void *asks_for_one_that_sleeps(void *arg)
{
    struct scene *scene = arg;
    coil_concurrent_future *future = coil_run_coroutine_threadsafe(scene->loop, sleeps_long, scene);

    FAILS(coil_concurrent_result(future, 0, NULL), -ETIMEDOUT);
    PASS(coil_yield_now()); /* it begins with the turn after this one */
    PASS(coil_yield_now());
    PASS(coil_yield_now());
    FAILS(coil_concurrent_result(future, COIL_NEVER, NULL), -EDEADLK);
    CHECK(!coil_concurrent_done(future) || check_walking());
    CHECK(coil_concurrent_cancel(future) || check_walking());
    CHECK(coil_concurrent_done(future));
    CHECK(!coil_concurrent_cancel(future));
    FAILS(coil_concurrent_result(future, COIL_NEVER, NULL), -ECANCELED);
    coil_concurrent_unref(future);
    PASS(coil_sleep(1));
    CHECK_STR(scene->log.text, "cancelled");
    return NULL;
}

TEST(concurrent, a_cancellation_goes_to_the_task)
{
    WORLD_WITH(w, &foreign);
    struct scene scene = {.loop = w.loop};
    PASS(world_run(&w, asks_for_one_that_sleeps, &scene));
}

static void *sleeps_for_good(void *unused)
{
    (void)unused;
    return COIL_ERR(coil_sleep(COIL_NEVER));
}

TEST(concurrent, cancelled_before_it_begins_it_never_runs)
{
    struct scene scene = {.fn = sleeps_for_good, .cancels = true, .timeout = COIL_NEVER};
    WORLD_WITH(w, &foreign);
    scene.loop = w.loop;
    coil_concurrent_future *future = coil_run_coroutine_threadsafe(w.loop, sleeps_long, &scene);
    CHECK(coil_concurrent_cancel(future) || check_walking());
    FAILS(coil_concurrent_result(future, COIL_NEVER, NULL), -ECANCELED);
    PASS(world_turn(&w));
    PASS(world_turn(&w));
    coil_concurrent_unref(future);
    CHECK_STR(scene.log.text, "");
    run(&w, &scene); /* or at any moment, from another thread */
    CHECK(scene.cancelled || check_walking());
    FAILS(scene.rc, -ECANCELED);
}

TEST(concurrent, a_timeout_leaves_it_running)
{
    struct scene scene = {.fn = sleeps_long, .timeout = 1};
    WORLD_WITH(w, &foreign);
    run(&w, &scene);
    CHECK(scene.rc == -ETIMEDOUT || scene.rc == 0 || check_walking());
}

TEST(concurrent, a_loop_that_closes_ends_it)
{
    struct scene scene = {.loop = NULL};
    WORLD(w);
    coil_concurrent_future *begun = coil_run_coroutine_threadsafe(w.loop, sleeps_long, &scene);
    for (int i = 0; i < 3; i++)
        PASS(world_turn(&w));
    coil_concurrent_future *posted = coil_run_coroutine_threadsafe(w.loop, sleeps_long, &scene);
    PASS(coil_close(w.loop));
    FAILS(coil_concurrent_result(begun, COIL_NEVER, NULL), -ECANCELED);
    FAILS(coil_concurrent_result(posted, COIL_NEVER, NULL), -ECANCELED);
    CHECK(!coil_concurrent_cancel(posted));
    CHECK_STR(scene.log.text, "cancelled");
    coil_concurrent_unref(begun);
    coil_concurrent_unref(posted);
    coil_concurrent_future *late = coil_run_coroutine_threadsafe(w.loop, sleeps_long, &scene);
    FAILS(coil_err(late), -COIL_ECLOSED);
}

TEST(concurrent, bad_arguments_are_refused)
{
    WORLD(w);
    FAILS(coil_err(coil_run_coroutine_threadsafe(NULL, sleeps_long, NULL)), -EINVAL);
    FAILS(coil_err(coil_run_coroutine_threadsafe(COIL_ERR(-EIO), sleeps_long, NULL)), -EIO);
    FAILS(coil_err(coil_run_coroutine_threadsafe(w.loop, NULL, NULL)), -EINVAL);
    FAILS(coil_concurrent_result(NULL, 0, NULL), -EINVAL);
    FAILS(coil_concurrent_result(COIL_ERR(-EIO), 0, NULL), -EIO);
    CHECK(!coil_concurrent_cancel(NULL) && !coil_concurrent_cancel(COIL_ERR(-EIO)));
    CHECK(coil_concurrent_done(NULL) && coil_concurrent_done(COIL_ERR(-EIO)));
    coil_concurrent_unref(NULL);
    coil_concurrent_unref(COIL_ERR(-EIO));
}
