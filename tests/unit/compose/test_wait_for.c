// SPDX-License-Identifier: MIT
#include "faults.h"
#include "world.h"

#include <coil/coil.h>

#include <errno.h>

/* Who is waited for: sleeps, and when it is cancelled cleans up and ends in its own way. */
struct inner {
    struct record log;
    coil_time delay;
    coil_time cleaning;
    void *end;           /* without a cancellation */
    void *end_cancelled; /* with one */
};

static void *sleeps(void *arg)
{
    struct inner *inner = arg;

    record(&inner->log, "begins");
    if (coil_sleep(inner->delay) == 0) {
        record(&inner->log, "slept");
        return inner->end;
    }
    if (inner->cleaning)
        PASS(coil_sleep(inner->cleaning));
    record(&inner->log, "cleaned");
    return inner->end_cancelled;
}

/* Who waits, what it got, and when. */
struct scene {
    struct world *w;
    coil_future *future;
    coil_time timeout;
    int rc;
    void *result;
    coil_time time;
    int cancelling; /* requests left afterwards */
};

static void *waits(void *arg)
{
    struct scene *scene = arg;

    scene->rc = coil_wait_for(scene->future, scene->timeout, &scene->result);
    scene->time = world_time(scene->w);
    scene->cancelling = coil_cancelling(coil_current_task());
    return scene->rc < 0 ? COIL_ERR(scene->rc) : NULL;
}

/* Waits for `inner` in a world of its own; the task of `inner` has begun. */
static struct scene wait_for(struct inner *inner, coil_time timeout)
{
    struct scene scene = {.timeout = timeout};
    WORLD(w);
    scene.w = &w;
    COIL_AUTO coil_task *task = coil_create_task_with(w.loop, sleeps, inner, NULL);

    scene.future = task;
    int rc = world_run(&w, waits, &scene);
    CHECK_EQ(rc, scene.rc);
    CHECK(coil_done(task));
    FAILS(coil_run_forever(w.loop), -COIL_EDEADLOCK);
    CHECK_EQ(world_time(&w), scene.time); /* no timer was left */
    return scene;
}

/* ---- in time -------------------------------------------------------------------------------- */

TEST(wait_for, gives_a_result_that_comes_in_time)
{
    struct inner inner = {.delay = COIL_SEC(1), .end = &inner};
    struct scene scene = wait_for(&inner, COIL_SEC(2));

    CHECK_EQ(scene.rc, 0);
    CHECK_PTR(scene.result, &inner);
    CHECK_EQ(scene.time, COIL_SEC(1));
}

TEST(wait_for, gives_an_error_that_comes_in_time)
{
    struct inner inner = {.delay = COIL_SEC(1), .end = COIL_ERR(-EIO)};
    struct scene scene = wait_for(&inner, COIL_SEC(2));

    CHECK_EQ(scene.rc, -EIO);
    CHECK_EQ(scene.time, COIL_SEC(1));
}

TEST(wait_for, never_is_no_limit)
{
    struct inner inner = {.delay = COIL_SEC(1e9), .end = &inner};
    struct scene scene = wait_for(&inner, COIL_NEVER);

    CHECK_EQ(scene.rc, 0);
    CHECK_PTR(scene.result, &inner);
    CHECK_EQ(scene.time, COIL_SEC(1e9));
}

static void *waits_for_what_is_done(void *arg)
{
    static const coil_time timeouts[] = {COIL_NEVER, 1, 0, -1};
    coil_future *future = arg;

    for (size_t i = 0; i < sizeof(timeouts) / sizeof(timeouts[0]); i++) {
        void *result = NULL;
        CHECK_EQ(coil_wait_for(future, timeouts[i], &result), 0);
        CHECK(result != NULL);
    }
    return NULL;
}

TEST(wait_for, what_is_done_is_read_whatever_the_limit)
{
    WORLD(w);
    COIL_AUTO coil_future *future = coil_create_future(w.loop);

    PASS(coil_set_result(future, &w));
    PASS(world_run(&w, waits_for_what_is_done, future));
    CHECK_EQ(world_time(&w), 0);
}

/* ---- too late ------------------------------------------------------------------------------- */

TEST(wait_for, at_the_timeout_the_future_is_cancelled_and_awaited)
{
    struct inner inner = {
        .delay = COIL_SEC(9), .cleaning = COIL_MS(30), .end_cancelled = COIL_ERR(-ECANCELED)};
    struct scene scene = wait_for(&inner, COIL_MS(10));

    CHECK_EQ(scene.rc, -ETIMEDOUT);
    CHECK_EQ(scene.time, COIL_MS(40));
    CHECK_EQ(scene.cancelling, 0);
    CHECK_STR(inner.log.text, "begins cleaned");
}

TEST(wait_for, a_result_in_spite_of_the_timeout_is_the_result)
{
    struct inner inner = {.delay = COIL_SEC(9), .end_cancelled = &inner};
    struct scene scene = wait_for(&inner, COIL_MS(10));

    CHECK_EQ(scene.rc, 0);
    CHECK_PTR(scene.result, &inner);
    CHECK_EQ(scene.cancelling, 0);
}

TEST(wait_for, an_error_in_spite_of_the_timeout_is_the_error)
{
    struct inner inner = {.delay = COIL_SEC(9), .end_cancelled = COIL_ERR(-EIO)};
    struct scene scene = wait_for(&inner, COIL_MS(10));

    CHECK_EQ(scene.rc, -EIO);
    CHECK_EQ(scene.cancelling, 0);
}

static void *times_out_and_goes_on(void *arg)
{
    struct scene *scene = arg;

    FAILS(coil_wait_for(scene->future, COIL_MS(10), NULL), -ETIMEDOUT);
    CHECK(coil_cancelled(scene->future));
    CHECK_EQ(coil_cancelling(coil_current_task()), 0);
    PASS(coil_sleep(COIL_SEC(1)));
    return NULL;
}

TEST(wait_for, nothing_is_left_of_a_timeout)
{
    struct scene scene = {.w = NULL};
    WORLD(w);
    scene.w = &w;
    COIL_AUTO coil_future *future = coil_create_future(w.loop);

    scene.future = future;
    PASS(world_run(&w, times_out_and_goes_on, &scene));
    CHECK_EQ(world_time(&w), COIL_MS(1010));
}

/* ---- no time at all ------------------------------------------------------------------------- */

static void *must_not_run(void *arg)
{
    (void)arg;
    check_true(false, "nobody calls it", __FILE__, __LINE__);
    return NULL;
}

static void *waits_no_time(void *arg)
{
    struct scene *scene = arg;
    COIL_AUTO coil_task *task = coil_create_task(must_not_run, scene);

    FAILS(coil_wait_for(task, scene->timeout, NULL), -ETIMEDOUT);
    CHECK(coil_cancelled(task));
    CHECK_EQ(coil_cancelling(coil_current_task()), 0);
    return NULL;
}

TEST(wait_for, without_time_a_new_task_never_begins)
{
    struct scene zero = {.timeout = 0}, past = {.timeout = -COIL_SEC(1)};
    WORLD(w);

    zero.w = &w;
    past.w = &w;
    PASS(world_run(&w, waits_no_time, &zero));
    PASS(world_run(&w, waits_no_time, &past));
    CHECK_EQ(world_time(&w), 0);
}

TEST(wait_for, without_time_a_cancelled_task_is_still_awaited)
{
    struct inner inner = {
        .delay = COIL_SEC(9), .cleaning = COIL_MS(30), .end_cancelled = COIL_ERR(-ECANCELED)};
    struct scene scene = wait_for(&inner, 0);

    CHECK_EQ(scene.rc, -ETIMEDOUT);
    CHECK_EQ(scene.time, COIL_MS(30));
}

TEST(wait_for, without_time_a_task_may_still_give_its_result_or_error)
{
    struct inner result = {.delay = COIL_SEC(9), .end_cancelled = &result};
    struct inner error = {.delay = COIL_SEC(9), .end_cancelled = COIL_ERR(-EIO)};
    struct scene scene = wait_for(&result, 0);

    CHECK_EQ(scene.rc, 0);
    CHECK_PTR(scene.result, &result);
    scene = wait_for(&error, -1);
    CHECK_EQ(scene.rc, -EIO);
}

/* ---- cancelling who waits ------------------------------------------------------------------- */

static int cancels(void *future)
{
    CHECK(coil_cancel(future));
    return 0;
}

static struct scene cancel_waiter(struct inner *inner, coil_time timeout, coil_time at)
{
    struct scene scene = {.timeout = timeout};
    WORLD(w);
    scene.w = &w;
    COIL_AUTO coil_task *task = coil_create_task_with(w.loop, sleeps, inner, NULL);
    COIL_AUTO coil_task *waiter = coil_create_task_with(w.loop, waits, &scene, NULL);

    scene.future = task;
    PASS(coil_handle_error(coil_call_later(w.loop, at, cancels, waiter)));
    (void)!coil_run_until_complete(w.loop, waiter, NULL);
    CHECK_EQ(coil_future_state(waiter), COIL_CANCELLED);
    return scene;
}

TEST(wait_for, who_waits_is_cancelled_and_the_future_with_it)
{
    struct inner inner = {
        .delay = COIL_SEC(9), .cleaning = COIL_MS(30), .end_cancelled = COIL_ERR(-ECANCELED)};
    struct scene scene = cancel_waiter(&inner, COIL_SEC(1), COIL_MS(10));

    CHECK_EQ(scene.rc, -ECANCELED);
    CHECK_EQ(scene.time, COIL_MS(40));
    CHECK_EQ(scene.cancelling, 1);
    CHECK_STR(inner.log.text, "begins cleaned");
}

/* TO2: somebody cancels, too. */
TEST(wait_for, a_cancellation_outweighs_a_timeout)
{
    struct scene scene = {.timeout = COIL_MS(10)};
    WORLD(w);
    scene.w = &w;
    COIL_AUTO coil_future *future = coil_create_future(w.loop);
    COIL_AUTO coil_task *waiter = coil_create_task_with(w.loop, waits, &scene, NULL);

    scene.future = future;
    /* Both are due in one turn; the timeout was asked for later, so it comes second. */
    PASS(coil_handle_error(coil_call_later(w.loop, COIL_MS(10), cancels, waiter)));
    FAILS(coil_run_until_complete(w.loop, waiter, NULL), -ECANCELED);
    CHECK_EQ(scene.rc, -ECANCELED);
    CHECK_EQ(scene.cancelling, 1);
}

TEST(wait_for, a_future_that_somebody_cancels_is_cancelled_and_not_late)
{
    struct scene scene = {.timeout = COIL_SEC(1)};
    WORLD(w);
    scene.w = &w;
    COIL_AUTO coil_future *future = coil_create_future(w.loop);

    scene.future = future;
    PASS(coil_handle_error(coil_call_later(w.loop, COIL_MS(10), cancels, future)));
    FAILS(world_run(&w, waits, &scene), -ECANCELED);
    CHECK_EQ(scene.cancelling, 0);
    CHECK_EQ(scene.time, COIL_MS(10));
}

/* ---- TO3: one in the other ------------------------------------------------------------------ */

TEST(wait_for, the_outer_timeout_comes_out_at_the_outer_one)
{
    struct scene inner = {.timeout = COIL_SEC(1)};
    struct scene outer = {.timeout = COIL_MS(20)};
    WORLD(w);
    inner.w = &w;
    outer.w = &w;
    COIL_AUTO coil_future *future = coil_create_future(w.loop);
    COIL_AUTO coil_task *task = coil_create_task_with(w.loop, waits, &inner, NULL);

    inner.future = future;
    outer.future = task;
    FAILS(world_run(&w, waits, &outer), -ETIMEDOUT);
    CHECK_EQ(inner.rc, -ECANCELED);
    CHECK_EQ(inner.cancelling, 1);
    CHECK_EQ(outer.cancelling, 0);
    CHECK_EQ(outer.time, COIL_MS(20));
}

TEST(wait_for, the_inner_timeout_stays_inside)
{
    struct scene inner = {.timeout = COIL_MS(20)};
    struct scene outer = {.timeout = COIL_SEC(1)};
    WORLD(w);
    inner.w = &w;
    outer.w = &w;
    COIL_AUTO coil_future *future = coil_create_future(w.loop);
    COIL_AUTO coil_task *task = coil_create_task_with(w.loop, waits, &inner, NULL);

    inner.future = future;
    outer.future = task;
    FAILS(world_run(&w, waits, &outer), -ETIMEDOUT);
    CHECK_EQ(inner.rc, -ETIMEDOUT);
    CHECK_EQ(inner.time, COIL_MS(20));
    CHECK_EQ(outer.time, COIL_MS(20));
    CHECK_EQ(outer.cancelling, 0);
    CHECK(!coil_cancelled(task)); /* its own timeout is an error, no cancellation */
}

/* ---- arguments ------------------------------------------------------------------------------ */

static void *waits_for_itself(void *arg)
{
    (void)arg;
    FAILS(coil_wait_for(coil_current_task(), COIL_SEC(1), NULL), -EDEADLK);
    FAILS(coil_wait_for(coil_current_task(), 0, NULL), -EDEADLK);
    CHECK_EQ(coil_cancelling(coil_current_task()), 0);
    return NULL;
}

TEST(wait_for, a_task_does_not_wait_for_itself)
{
    WORLD(w);

    PASS(world_run(&w, waits_for_itself, NULL));
}

TEST(wait_for, a_future_of_another_loop_is_refused_and_left_alone)
{
    WORLD(here);
    WORLD(there);
    COIL_AUTO coil_future *future = coil_create_future(there.loop);
    struct scene scene = {.w = &here, .future = future, .timeout = 0};

    FAILS(world_run(&here, waits, &scene), -EXDEV);
    scene.timeout = 1;
    FAILS(world_run(&here, waits, &scene), -EXDEV);
    CHECK(!coil_done(future));
}

TEST(wait_for, outside_a_task_nothing_waits)
{
    WORLD(w);
    COIL_AUTO coil_future *future = coil_create_future(w.loop);

    FAILS(coil_wait_for(future, COIL_SEC(1), NULL), -COIL_ENOLOOP);
    FAILS(coil_wait_for(future, 0, NULL), -COIL_ENOLOOP);
    CHECK(!coil_done(future));
}

static void *waits_without_memory(void *arg)
{
    struct scene *scene = arg;

    faults_fail(1, "alloc");
    FAILS(coil_wait_for(scene->future, COIL_SEC(1), NULL), -ENOMEM);
    CHECK_EQ(faults_met(), 1);
    faults_end();
    CHECK(!coil_done(scene->future));
    PASS(coil_sleep(COIL_SEC(2)));
    return NULL;
}

TEST(wait_for, without_memory_for_its_timer_it_does_not_begin)
{
    struct scene scene = {.w = NULL};
    WORLD(w);
    scene.w = &w;
    COIL_AUTO coil_future *future = coil_create_future(w.loop);

    scene.future = future;
    if (check_walking()) /* it has faults of its own */
        return;
    PASS(world_run(&w, waits_without_memory, &scene));
    CHECK(!coil_done(future));
}

static void *waits_for_it_again_and_again(void *future)
{
    for (;;)
        (void)!coil_wait_for(future, COIL_SEC(1), NULL);
    return NULL;
}

/* Nothing is armed for a wait that is refused: the loop can be closed, and only warns. */
TEST(wait_for, a_closing_loop_refuses_it_before_anything_is_armed)
{
    struct record warnings = {""};
    WORLD(w);
    COIL_AUTO coil_future *future = coil_create_future(w.loop);
    COIL_AUTO coil_task *task =
        coil_create_task_with(w.loop, waits_for_it_again_and_again, future, NULL);

    if (coil_is_err(future) || coil_is_err(task))
        return;
    coil_set_warning_sink(record_warning, &warnings);
    PASS(world_turn(&w));
    CHECK_EQ(coil_close(w.loop), 1);
    coil_set_warning_sink(NULL, NULL);
    CHECK(check_walking() || strstr(warnings.text, "abandoned") != NULL);
}
