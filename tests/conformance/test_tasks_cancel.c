// SPDX-License-Identifier: MIT
/* CPython's test_tasks.py: cancellation. */
#include "ear.h"

#include <errno.h>

struct scene {
    coil_future *future, *other;
    coil_task *task;
    const char *message;
    struct record log;
    int rc;
};

static void *sleeps(void *arg)
{
    (void)arg;
    return COIL_ERR(coil_sleep(COIL_SEC(10)));
}

static void *awaits(void *future)
{
    void *result = NULL;
    int rc = coil_await(future, &result);

    return rc < 0 ? COIL_ERR(rc) : result;
}

static void *returns_it(void *arg)
{
    return arg;
}

/* Whether the future was cancelled for this reason; NULL: for none. */
static void has_reason(const coil_future *future, const char *reason)
{
    const char *message = coil_cancel_message(future);

    if (check_walking())
        return;
    CHECK_EQ(message != NULL, reason != NULL);
    if (message && reason)
        CHECK_STR(message, reason);
}

static void run_cancelled(struct world *w, coil_task *task)
{
    FAILS(coil_run_until_complete(w->loop, task, NULL),
          coil_err(task) ? coil_err(task) : -ECANCELED);
    CHECK(coil_cancelled(task) || check_walking());
}

/* ---- requests and counts ------------------------------------------------------------------- */

TEST(BaseTaskTests, test_cancel)
{
    WORLD(w);
    COIL_AUTO coil_task *task = coil_create_task_with(w.loop, sleeps, NULL, NULL);

    PASS(coil_handle_error(coil_call_soon(w.loop, world_cancel, task)));
    PASS(world_turn(&w));
    CHECK(!coil_done(task) || check_walking());
    run_cancelled(&w, task);
    CHECK(!coil_cancel(task));
    if (world_is_virtual()) {
        FAILS(coil_run_forever(w.loop), -COIL_EDEADLOCK); /* the timer is gone */
        CHECK_EQ(world_time(&w), 0);
    }
}

TEST(BaseTaskTests, test_cancelling)
{
    WORLD(w);
    COIL_AUTO coil_task *task = coil_create_task_with(w.loop, sleeps, NULL, NULL);

    if (coil_is_err(task))
        return;
    PASS(world_turn(&w));
    CHECK_EQ(coil_cancelling(task), 0);
    CHECK(coil_cancel(task));
    CHECK_EQ(coil_cancelling(task), 1);
    CHECK(coil_cancel(task));
    CHECK_EQ(coil_cancelling(task), 2);
    run_cancelled(&w, task);
}

static void *uncancels(void *arg)
{
    struct scene *scene = arg;
    coil_task *self = coil_current_task();

    scene->rc = coil_sleep(COIL_SEC(10));
    CHECK_EQ(coil_uncancel(self), 0);
    PASS(coil_yield_now());
    return COIL_ERR(coil_sleep(COIL_SEC(10)));
}

TEST(BaseTaskTests, test_uncancel_basic)
{
    struct scene scene = {.rc = 0};
    WORLD(w);
    COIL_AUTO coil_task *task = coil_create_task_with(w.loop, uncancels, &scene, NULL);

    if (check_walking())
        return;
    PASS(world_turn(&w));
    CHECK(coil_cancel(task));
    CHECK_EQ(coil_cancelling(task), 1);
    PASS(world_turn(&w));
    CHECK_EQ(scene.rc, -ECANCELED);
    CHECK_EQ(coil_cancelling(task), 0);
    CHECK(!coil_done(task));
    PASS(world_turn(&w));
    CHECK(coil_cancel(task)); /* delivered anew */
    run_cancelled(&w, task);
    CHECK_EQ(coil_cancelling(task), 1);
    CHECK_EQ(coil_uncancel(task), 0);
    CHECK(coil_cancelled(task)); /* its state is what it is */
}

/* A timeout made by hand: whether the block was cut off. */
static bool cut_off(coil_time limit, coil_time work)
{
    coil_task *self = coil_current_task();
    coil_loop *loop = coil_get_running_loop();
    coil_handle timer = coil_call_later(loop, limit, world_cancel, self);
    int rc = coil_sleep(work);

    (void)coil_handle_cancel(loop, timer);
    return rc == -ECANCELED && coil_uncancel(self) == 0;
}

static void *has_blocks(void *arg)
{
    CHECK(check_walking() || cut_off(COIL_MS(10), COIL_SEC(10)));
    CHECK_EQ(coil_cancelling(coil_current_task()), 0);
    CHECK(check_walking() || !cut_off(COIL_SEC(10), COIL_MS(10)));
    CHECK_EQ(coil_cancelling(coil_current_task()), 0);
    PASS(coil_sleep(COIL_MS(10)));
    return arg;
}

TEST(BaseTaskTests, test_uncancel_structured_blocks)
{
    WORLD(w);

    PASS(world_run(&w, has_blocks, NULL));
}

static void *is_told_too_late(void *arg)
{
    struct scene *scene = arg;
    coil_task *self = coil_current_task();

    CHECK(coil_cancel(self));
    CHECK_EQ(coil_uncancel(self), 0);
    return awaits(scene->future);
}

TEST(BaseTaskTests, test_uncancel_resets_must_cancel)
{
    void *result = NULL;
    struct scene scene = {.rc = 0};
    WORLD(w);
    scene.future = coil_create_future(w.loop);
    COIL_AUTO coil_task *task = coil_create_task_with(w.loop, is_told_too_late, &scene, NULL);

    PASS(world_turn(&w));
    PASS(coil_set_result(scene.future, &w));
    PASS(coil_run_until_complete(w.loop, task, &result));
    CHECK(result == &w || check_walking());
    CHECK(!coil_cancelled(task));
    coil_unref(scene.future);
}

/* ---- reasons ------------------------------------------------------------------------------- */

static const char *const reasons[] = {NULL, "", "my message", "5"};

TEST(BaseTaskTests, test_task_cancel_message_getter)
{
    WORLD(w);
    COIL_AUTO coil_task *task = coil_create_task_with(w.loop, sleeps, NULL, NULL);

    if (coil_is_err(task))
        return;
    has_reason(task, NULL);
    CHECK(coil_cancel_with(task, "my message"));
    has_reason(task, "my message");
    run_cancelled(&w, task);
    has_reason(task, "my message");
}

static void *cancels_and_waits(void *arg)
{
    struct scene *scene = arg;
    coil_task *task = coil_create_task(sleeps, NULL);

    scene->task = task;
    PASS(coil_yield_now());
    CHECK(coil_cancel_with(task, scene->message) || check_walking());
    CHECK(coil_wait(&task, 1, COIL_NEVER, COIL_ALL_COMPLETED) == 1 || check_walking());
    has_reason(task, scene->message);
    return COIL_ERR(scene->rc ? coil_error(task, NULL) : coil_result(task, NULL));
}

static void reads_the_reason(bool by_error)
{
    for (size_t i = 0; i < sizeof(reasons) / sizeof(reasons[0]); i++) {
        struct scene scene = {.message = reasons[i], .rc = by_error};
        WORLD(w);
        COIL_AUTO coil_task *task = coil_create_task_with(w.loop, cancels_and_waits, &scene, NULL);
        int rc = coil_run_until_complete(w.loop, task, NULL);
        CHECK(rc == -ECANCELED || check_walking());
        coil_unref(scene.task);
    }
}

TEST(BaseTaskTests, test_cancel_with_message_then_future_result)
{
    reads_the_reason(false);
}

TEST(BaseTaskTests, test_cancel_with_message_then_future_exception)
{
    reads_the_reason(true);
}

static void *turns_it_into_another(void *arg)
{
    struct scene *scene = arg;

    FAILS(coil_await(scene->task, NULL),
          coil_err(scene->task) ? coil_err(scene->task) : -ECANCELED);
    return COIL_ERR(-EIO);
}

TEST(BaseTaskTests, test_cancellation_exception_context)
{
    struct scene scene = {.rc = 0};
    WORLD(w);
    scene.task = coil_create_task_with(w.loop, sleeps, NULL, NULL);
    COIL_AUTO coil_task *task = coil_create_task_with(w.loop, turns_it_into_another, &scene, NULL);

    PASS(world_turn(&w));
    CHECK(coil_cancel_with(scene.task, "my message") || check_walking());
    FAILS(coil_run_until_complete(w.loop, task, NULL), coil_err(task) ? coil_err(task) : -EIO);
    has_reason(scene.task, "my message");
    coil_unref(scene.task);
}

static void *counts(void *arg)
{
    ++*(int *)arg;
    return arg;
}

TEST(BaseTaskTests, test_cancel_with_message_before_starting_task)
{
    int runs = 0;
    WORLD(w);
    COIL_AUTO coil_task *task = coil_create_task_with(w.loop, counts, &runs, NULL);

    if (coil_is_err(task))
        return;
    CHECK(coil_cancel_with(task, "my message"));
    run_cancelled(&w, task);
    has_reason(task, "my message");
    CHECK_EQ(runs, 0);
}

/* ---- delivery ------------------------------------------------------------------------------ */

static void *yields_for_ever(void *arg)
{
    struct scene *scene = arg;

    while (scene->rc == 0)
        scene->rc = coil_yield_now();
    return COIL_ERR(scene->rc);
}

TEST(BaseTaskTests, test_cancel_yield)
{
    struct scene scene = {.rc = 0};
    WORLD(w);
    COIL_AUTO coil_task *task = coil_create_task_with(w.loop, yields_for_ever, &scene, NULL);

    if (coil_is_err(task))
        return;
    PASS(world_turn(&w));
    CHECK(coil_cancel(task));
    run_cancelled(&w, task);
    CHECK(scene.rc == -ECANCELED || check_walking());
}

TEST(BaseTaskTests, test_cancel_inner_future)
{
    WORLD(w);
    COIL_AUTO coil_future *future = coil_create_future(w.loop);
    COIL_AUTO coil_task *task = coil_create_task_with(w.loop, awaits, future, NULL);

    if (check_walking())
        return;
    PASS(world_turn(&w));
    CHECK(coil_cancel(future));
    CHECK(!coil_done(task));
    run_cancelled(&w, task);
}

TEST(BaseTaskTests, test_cancel_both_task_and_inner_future)
{
    WORLD(w);
    COIL_AUTO coil_future *future = coil_create_future(w.loop);
    COIL_AUTO coil_task *task = coil_create_task_with(w.loop, awaits, future, NULL);

    if (check_walking())
        return;
    PASS(world_turn(&w));
    CHECK(coil_cancel(future));
    CHECK(coil_cancel(task));
    run_cancelled(&w, task);
    CHECK(coil_cancelled(future));
}

static void *absorbs(void *arg)
{
    struct scene *scene = arg;

    FAILS(coil_await(scene->future, NULL), -ECANCELED);
    return arg;
}

TEST(BaseTaskTests, test_cancel_task_catching)
{
    void *result = NULL;
    struct scene scene = {.rc = 0};
    WORLD(w);
    COIL_AUTO coil_future *future = coil_create_future(w.loop);
    COIL_AUTO coil_task *task = coil_create_task_with(w.loop, absorbs, &scene, NULL);

    if (check_walking())
        return;
    scene.future = future;
    PASS(world_turn(&w));
    CHECK(coil_cancel(task));
    CHECK(coil_cancelled(future));
    PASS(coil_run_until_complete(w.loop, task, &result));
    CHECK_PTR(result, &scene);
    CHECK(!coil_cancelled(task));
}

static void *absorbs_and_goes_on(void *arg)
{
    struct scene *scene = arg;

    (void)absorbs(arg);
    return awaits(scene->other);
}

TEST(BaseTaskTests, test_cancel_task_ignoring)
{
    void *result = NULL;
    struct scene scene = {.rc = 0};
    WORLD(w);
    COIL_AUTO coil_future *future = coil_create_future(w.loop), *other = coil_create_future(w.loop);
    COIL_AUTO coil_task *task = coil_create_task_with(w.loop, absorbs_and_goes_on, &scene, NULL);

    if (check_walking())
        return;
    scene.future = future;
    scene.other = other;
    PASS(world_turn(&w));
    CHECK(coil_cancel(task));
    PASS(world_turn(&w));
    CHECK(!coil_done(task) && coil_cancelled(future));
    PASS(coil_set_result(other, &w));
    PASS(coil_run_until_complete(w.loop, task, &result));
    CHECK_PTR(result, &w);
}

static void *cancels_itself_and_sleeps(void *arg)
{
    struct scene *scene = arg;

    CHECK(coil_cancel(coil_current_task()));
    scene->rc = coil_sleep(COIL_SEC(100));
    record(&scene->log, "heard");
    PASS(coil_yield_now()); /* none is left */
    return COIL_ERR(scene->rc);
}

TEST(BaseTaskTests, test_cancel_current_task)
{
    struct scene scene = {.rc = 0};
    WORLD(w);
    COIL_AUTO coil_task *task =
        coil_create_task_with(w.loop, cancels_itself_and_sleeps, &scene, NULL);

    if (check_walking())
        return;
    run_cancelled(&w, task);
    CHECK_STR(scene.log.text, "heard");
}

static void *cancels_itself_and_returns(void *arg)
{
    CHECK(coil_cancel(coil_current_task()));
    return arg;
}

TEST(BaseTaskTests, test_cancel_at_end)
{
    WORLD(w);
    COIL_AUTO coil_task *task = coil_create_task_with(w.loop, cancels_itself_and_returns, &w, NULL);

    if (!coil_is_err(task) && !check_walking())
        run_cancelled(&w, task);
}

static void *cancels_itself_and_awaits(void *arg)
{
    struct scene *scene = arg;

    CHECK(coil_cancel(coil_current_task()));
    return awaits(scene->task);
}

TEST(BaseTaskTests, test_cancel_awaited_task)
{
    struct scene scene = {.rc = 0};
    WORLD(w);
    COIL_AUTO coil_future *future = coil_create_future(w.loop);
    COIL_AUTO coil_task *inner = coil_create_task_with(w.loop, awaits, future, NULL);
    COIL_AUTO coil_task *task =
        coil_create_task_with(w.loop, cancels_itself_and_awaits, &scene, NULL);

    if (check_walking())
        return;
    scene.task = inner;
    run_cancelled(&w, task);
    CHECK(coil_cancelled(inner) && coil_cancelled(future));
}

TEST(BaseTaskTests, test_sleep_cancel)
{
    WORLD(w);
    COIL_AUTO coil_task *task = coil_create_task_with(w.loop, sleeps, NULL, NULL);

    PASS(world_turn(&w));
    CHECK(coil_cancel(task) || check_walking());
    run_cancelled(&w, task);
    if (world_is_virtual()) {
        FAILS(coil_run_forever(w.loop), -COIL_EDEADLOCK);
        CHECK_EQ(world_time(&w), 0);
    }
}

static void *awaits_a_sleeper(void *task)
{
    FAILS(coil_await(task, NULL), coil_err(task) ? coil_err(task) : -ECANCELED);
    return NULL;
}

TEST(BaseTaskTests, test_task_cancel_sleeping_task)
{
    WORLD(w);
    COIL_AUTO coil_task *task = coil_create_task_with(w.loop, sleeps, NULL, NULL);

    if (check_walking())
        return;
    PASS(coil_handle_error(coil_call_later(w.loop, COIL_MS(20), world_cancel, task)));
    PASS(world_run(&w, awaits_a_sleeper, task));
    CHECK_TIME(world_time(&w), COIL_MS(20));
}

TEST(BaseTaskTests, test_task_cancel_waiter_future)
{
    char text[128] = "";
    WORLD(w);
    COIL_AUTO coil_future *future = coil_create_future(w.loop);
    COIL_AUTO coil_task *task = coil_create_task_with(w.loop, awaits, future, NULL);

    if (check_walking())
        return;
    PASS(world_turn(&w));
    CHECK(coil_cancel(task));
    CHECK(coil_cancelled(future));
    run_cancelled(&w, task);
    PASS(coil_describe(task, text, sizeof(text)));
    CHECK(strstr(text, "wait=") == NULL);
}

/* C has no error that leaves every frame; an error is the task's end and the run's code. */
static void *ends_with_another_error(void *arg)
{
    struct scene *scene = arg;

    FAILS(coil_await(scene->future, NULL), -ECANCELED);
    return COIL_ERR(-COIL_EINTERRUPTED);
}

TEST(BaseTaskTests, test_baseexception_during_cancel)
{
    struct scene scene = {.rc = 0};
    WORLD(w);
    COIL_AUTO coil_future *future = coil_create_future(w.loop);
    COIL_AUTO coil_task *task =
        coil_create_task_with(w.loop, ends_with_another_error, &scene, NULL);

    if (check_walking())
        return;
    scene.future = future;
    PASS(world_turn(&w));
    CHECK(coil_cancel(task));
    CHECK(!coil_done(task));
    FAILS(coil_run_until_complete(w.loop, task, NULL), -COIL_EINTERRUPTED);
    CHECK(coil_done(task) && !coil_cancelled(task));
}

static int inner(struct scene *scene)
{
    int rc = coil_await(scene->future, NULL);

    record(&scene->log, rc == -ECANCELED ? "inner cancelled" : "inner");
    return rc;
}

static void *outer(void *arg)
{
    struct scene *scene = arg;

    record(&scene->log, inner(scene) == -ECANCELED ? "outer absorbs" : "outer");
    return arg;
}

TEST(BaseTaskTests, test_yield_future_passes_cancel)
{
    struct scene scene = {.rc = 0};
    WORLD(w);
    COIL_AUTO coil_future *future = coil_create_future(w.loop);
    COIL_AUTO coil_task *task = coil_create_task_with(w.loop, outer, &scene, NULL);

    if (check_walking())
        return;
    scene.future = future;
    PASS(world_turn(&w));
    CHECK(coil_cancel(future));
    PASS(coil_run_until_complete(w.loop, task, NULL));
    CHECK_STR(scene.log.text, "inner cancelled outer absorbs");
}

/* ---- what is reported ---------------------------------------------------------------------- */

static void *fails(void *arg)
{
    (void)arg;
    return COIL_ERR(-EIO);
}

TEST(BaseTaskTests, test_tb_logger_not_called_after_cancel)
{
    WORLD(w);
    EAR(ear, w);
    coil_task *task = coil_create_task_with(w.loop, fails, NULL, NULL);

    PASS(world_turn(&w));
    CHECK(!coil_cancel(task) || check_walking());
    coil_unref(task);
    CHECK(check_walking() || strcmp(ear.log.text, "") == 0);
    PASS(world_run(&w, returns_it, NULL));
}
