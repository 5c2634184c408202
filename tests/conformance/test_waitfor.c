// SPDX-License-Identifier: MIT
/* CPython's test_waitfor.py. */
#include "world.h"

#include <coil/coil.h>

#include <errno.h>

#define LONG COIL_SEC(10) /* nobody waits that long */

/* Who is waited for. */
struct inner {
    coil_time delay;
    coil_time cleaning; /* after its cancellation */
    int ignores;        /* so many cancellations it does not heed */
    int code;           /* when it was cancelled; 0: it gives itself as its result */
    bool started, cleaned;
};

static void *runs(void *arg)
{
    struct inner *inner = arg;

    inner->started = true;
    int rc = coil_sleep(inner->delay);
    while (rc == -ECANCELED && inner->ignores-- > 0)
        rc = coil_sleep(inner->cleaning);
    if (rc == -ECANCELED && inner->cleaning)
        PASS(coil_sleep(inner->cleaning));
    inner->cleaned = true;
    return rc == -ECANCELED && inner->code ? COIL_ERR(inner->code) : inner;
}

/* Who waits; the task of `inner` has begun, unless it is to be new. */
struct scene {
    struct inner inner;
    coil_time timeout;
    bool fresh;
    int rc;
    void *result;
    bool inner_done; /* when the wait was over */
    bool inner_cancelled;
    int cancelling;
};

static void *waits(void *arg)
{
    struct scene *scene = arg;
    COIL_AUTO coil_task *task = coil_create_task(runs, &scene->inner);

    if (!scene->fresh)
        PASS(coil_yield_now());
    scene->rc = coil_wait_for(task, scene->timeout, &scene->result);
    scene->inner_done = coil_done(task);
    scene->inner_cancelled = coil_cancelled(task);
    scene->cancelling = coil_cancelling(coil_current_task());
    return COIL_ERR(scene->rc);
}

static void check_wait(struct scene *scene, int rc)
{
    WORLD(w);

    FAILS(world_run(&w, waits, scene), rc);
    CHECK(scene->inner_done);
}

/* The same, and the waiting task is cancelled 10 ms after it has begun to wait. */
static void check_cancelled_wait(struct scene *scene, int rc)
{
    WORLD(w);
    COIL_AUTO coil_task *task = coil_create_task_with(w.loop, waits, scene, NULL);

    for (int i = 0; i < 2; i++)
        PASS(world_turn(&w));
    coil_call_later(w.loop, COIL_MS(10), world_cancel, task);
    FAILS(coil_run_until_complete(w.loop, task, NULL), rc);
    CHECK(scene->inner_done);
}

/* ---- it waits for the end ------------------------------------------------------------------- */

TEST(AsyncioWaitForTest, test_asyncio_wait_for_cancelled)
{
    struct scene scene = {.inner = {.delay = LONG, .ignores = 1, .cleaning = COIL_MS(20)},
                          .timeout = LONG};

    check_cancelled_wait(&scene, 0);
    CHECK(scene.inner.cleaned || check_walking());
}

TEST(AsyncioWaitForTest, test_asyncio_wait_for_timeout)
{
    struct scene scene = {.inner = {.delay = LONG, .ignores = 1, .cleaning = COIL_MS(20)},
                          .timeout = COIL_MS(5)};

    check_wait(&scene, 0);
    CHECK(scene.inner.cleaned || check_walking());
}

/* ---- no time at all ------------------------------------------------------------------------- */

static void *waits_for_what_is_done(void *arg)
{
    COIL_AUTO coil_future *future = coil_create_future(NULL);
    void *result = NULL;

    PASS(coil_set_result(future, arg));
    CHECK_EQ(coil_wait_for(future, 0, &result), 0);
    CHECK_PTR(result, arg);
    CHECK_EQ(coil_wait_for(future, -1, &result), 0);
    return NULL;
}

TEST(AsyncioWaitForTest, test_wait_for_timeout_less_then_0_or_0_future_done)
{
    WORLD(w);

    PASS(world_run(&w, waits_for_what_is_done, &w));
}

TEST(AsyncioWaitForTest, test_wait_for_timeout_less_then_0_or_0_coroutine_do_not_started)
{
    struct scene scene = {.inner = {.code = -ECANCELED}, .timeout = 0, .fresh = true};

    check_wait(&scene, -ETIMEDOUT);
    CHECK(!scene.inner.started);
}

TEST(AsyncioWaitForTest, test_wait_for_timeout_less_then_0_or_0)
{
    for (int timeout = 0; timeout >= -1; timeout--) {
        struct scene scene = {.inner = {.delay = LONG, .code = -ECANCELED}, .timeout = timeout};
        check_wait(&scene, -ETIMEDOUT);
        CHECK(scene.inner.started && scene.inner_cancelled);
    }
}

/* ---- the timeout ---------------------------------------------------------------------------- */

TEST(AsyncioWaitForTest, test_wait_for)
{
    struct scene scene = {.inner = {.delay = LONG, .code = -ECANCELED}, .timeout = COIL_MS(5)};

    check_wait(&scene, -ETIMEDOUT);
    CHECK(scene.inner.cleaned && scene.inner_cancelled);
    CHECK_EQ(scene.cancelling, 0);
}

TEST(AsyncioWaitForTest, test_wait_for_blocking)
{
    struct scene scene = {.inner = {.delay = COIL_MS(5)}, .timeout = COIL_NEVER};

    check_wait(&scene, 0);
    CHECK_PTR(scene.result, &scene.inner);
}

static void *waits_in_a_race(void *arg)
{
    COIL_AUTO coil_future *future = arg;
    void *result = NULL;

    CHECK_EQ(coil_wait_for(future, COIL_MS(10), &result), 0);
    CHECK_PTR(result, future);
    return NULL;
}

static int set_to_itself(void *future)
{
    return coil_set_result(future, future);
}

TEST(AsyncioWaitForTest, test_wait_for_race_condition)
{
    WORLD(w);
    coil_future *future = coil_create_future(w.loop);

    coil_call_soon(w.loop, set_to_itself, future);
    if (!check_walking())
        PASS(world_run(&w, waits_in_a_race, future));
    else
        coil_unref(future);
}

TEST(AsyncioWaitForTest, test_wait_for_cancellation_race_condition)
{
    struct scene scene = {.inner = {.delay = LONG}, .timeout = COIL_MS(5)};

    check_wait(&scene, 0);
    CHECK_PTR(scene.result, &scene.inner);
    CHECK_EQ(scene.cancelling, 0);
}

TEST(AsyncioWaitForTest, test_wait_for_waits_for_task_cancellation)
{
    struct scene scene = {.inner = {.delay = LONG, .cleaning = COIL_MS(10), .code = -ECANCELED},
                          .timeout = COIL_MS(5)};

    check_wait(&scene, -ETIMEDOUT);
    CHECK(scene.inner.cleaned);
}

TEST(AsyncioWaitForTest, test_wait_for_waits_for_task_cancellation_w_timeout_0)
{
    struct scene scene = {.inner = {.delay = LONG, .cleaning = COIL_MS(10), .code = -ECANCELED},
                          .timeout = 0};

    check_wait(&scene, -ETIMEDOUT);
    CHECK(scene.inner.cleaned);
}

TEST(AsyncioWaitForTest, test_wait_for_reraises_exception_during_cancellation)
{
    struct scene scene = {.inner = {.delay = LONG, .cleaning = COIL_MS(5), .code = -EIO},
                          .timeout = COIL_MS(5)};

    check_wait(&scene, -EIO);
}

/* Its first cancellation is the timeout's, its second the waiting task's: it heeds neither. */
TEST(AsyncioWaitForTest, test_wait_for_self_cancellation)
{
    struct scene scene = {.inner = {.delay = LONG, .ignores = 2, .cleaning = COIL_MS(20)},
                          .timeout = COIL_MS(2)};

    if (!world_is_virtual()) /* both may come before it looks: then it ignores one */
        return;
    check_cancelled_wait(&scene, 0);
    CHECK_PTR(scene.result, &scene.inner);
    CHECK_EQ(scene.cancelling, 1);
}

/* ---- the waiting task is cancelled ---------------------------------------------------------- */

TEST(AsyncioWaitForTest, test_cancel_blocking_wait_for)
{
    struct scene scene = {.inner = {.delay = LONG, .code = -ECANCELED}, .timeout = COIL_NEVER};

    check_cancelled_wait(&scene, -ECANCELED);
    CHECK(scene.inner_cancelled);
}

TEST(AsyncioWaitForTest, test_cancel_wait_for)
{
    struct scene scene = {.inner = {.delay = LONG, .code = -ECANCELED}, .timeout = LONG};

    check_cancelled_wait(&scene, -ECANCELED);
    CHECK(scene.inner_cancelled);
}

/* ---- 3.13 ----------------------------------------------------------------------------------- */

TEST(AsyncioWaitForTest, test_wait_for_cancel_suppressed)
{
    struct scene scene = {.inner = {.delay = LONG, .cleaning = COIL_MS(5)}, .timeout = COIL_MS(5)};

    check_wait(&scene, 0);
    CHECK_PTR(scene.result, &scene.inner);
}

struct late {
    coil_future *inner;
    int rc;
};

static void *waits_and_is_cancelled(void *arg)
{
    struct late *late = arg;

    late->rc = coil_wait_for(late->inner, LONG, NULL);
    return COIL_ERR(late->rc);
}

TEST(AsyncioWaitForTest, test_wait_for_issue86296)
{
    struct late late = {NULL, 0};
    void *result = NULL;
    WORLD(w);
    COIL_AUTO coil_future *inner = coil_create_future(w.loop);
    COIL_AUTO coil_task *task = coil_create_task_with(w.loop, waits_and_is_cancelled, &late, NULL);

    late.inner = inner;
    PASS(world_turn(&w));
    PASS(coil_set_result(inner, &late));
    CHECK(coil_cancel(task) || check_walking());
    FAILS(coil_run_until_complete(w.loop, task, NULL), -ECANCELED);
    CHECK_EQ(late.rc, -ECANCELED);
    PASS(coil_result(inner, &result));
    CHECK(result == &late || check_walking());
}

struct shielded {
    coil_time timeout;
    int rc;
    bool shield_cancelled;
    bool done_at_once;
};

static void *awaits(void *future)
{
    void *result = NULL;
    int rc = coil_await(future, &result);

    return rc < 0 ? COIL_ERR(rc) : result;
}

static void *waits_for_a_shield(void *arg)
{
    struct shielded *shielded = arg;
    COIL_AUTO coil_future *future = coil_create_future(NULL);
    COIL_AUTO coil_task *task = coil_create_task(awaits, future);
    COIL_AUTO coil_future *shield = coil_shield(task);
    void *result = NULL;

    if (shielded->timeout == COIL_NEVER)
        coil_call_later(coil_get_running_loop(), COIL_MS(20), set_to_itself, future);
    shielded->rc = coil_wait_for(shield, shielded->timeout, NULL);
    shielded->shield_cancelled = coil_cancelled(shield);
    shielded->done_at_once = coil_done(task);
    if (!coil_done(future))
        PASS(set_to_itself(future));
    PASS(coil_await(task, &result));
    CHECK_PTR(result, future);
    return NULL;
}

TEST(WaitForShieldTests, test_zero_timeout)
{
    struct shielded shielded = {.timeout = 0};
    WORLD(w);

    PASS(world_run(&w, waits_for_a_shield, &shielded));
    CHECK_EQ(shielded.rc, -ETIMEDOUT);
    CHECK(shielded.shield_cancelled && !shielded.done_at_once);
}

TEST(WaitForShieldTests, test_none_timeout)
{
    struct shielded shielded = {.timeout = COIL_NEVER};
    WORLD(w);

    PASS(world_run(&w, waits_for_a_shield, &shielded));
    CHECK_EQ(shielded.rc, 0);
    CHECK(shielded.done_at_once);
}

TEST(WaitForShieldTests, test_shielded_timeout)
{
    struct shielded shielded = {.timeout = COIL_MS(5)};
    WORLD(w);

    PASS(world_run(&w, waits_for_a_shield, &shielded));
    CHECK_EQ(shielded.rc, -ETIMEDOUT);
    CHECK(shielded.shield_cancelled && !shielded.done_at_once);
}
