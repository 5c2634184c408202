// SPDX-License-Identifier: MIT
/* CPython's test_tasks.py: run_coroutine_threadsafe. */
#include "ear.h"
#include "faults.h"

#include <errno.h>
#include <pthread.h>

static const coil_sim_options foreign = {.size = sizeof(foreign), .foreign_threads = true};

/* A thread that hands `fn` to a loop and waits for it, and what came of it. */
struct visitor {
    coil_loop *loop;
    coil_fn fn;
    coil_time timeout;
    bool cancels; /* when its patience is over */
    int rc;
    void *result;
    bool ended; /* the coroutine has, whatever the visitor got */
};

static int stop(void *loop)
{
    coil_stop(loop);
    return 0;
}

static void *visit(void *arg)
{
    struct visitor *visitor = arg;
    coil_concurrent_future *future =
        coil_run_coroutine_threadsafe(visitor->loop, visitor->fn, visitor);

    visitor->rc = coil_concurrent_result(future, visitor->timeout, &visitor->result);
    if (visitor->cancels)
        CHECK(coil_concurrent_cancel(future) || check_walking());
    coil_concurrent_unref(future);
    while (coil_handle_error(coil_call_soon_threadsafe(visitor->loop, stop, visitor->loop)) < 0) {
        /* the walk: once only */
    }
    return NULL;
}

/* Runs the loop until the visitor has gone. */
static void receive(struct world *w, struct visitor *visitor)
{
    pthread_t thread;

    visitor->loop = w->loop;
    if (coil_err(w->loop) < 0 || !CHECK(pthread_create(&thread, NULL, visit, visitor) == 0))
        return;
    PASS(coil_run_forever(w->loop));
    CHECK(pthread_join(thread, NULL) == 0);
}

static void no_task_is_left(coil_loop *loop)
{
    CHECK(coil_all_tasks(loop, NULL, 0, COIL_TASKS_PENDING) == 0 || check_walking());
}

static void *adds(void *arg)
{
    struct visitor *visitor = arg;

    PASS(coil_sleep(COIL_MS(50)));
    visitor->ended = true;
    return (void *)(intptr_t)(1 + 2);
}

TEST(RunCoroutineThreadsafeTests, test_run_coroutine_threadsafe)
{
    struct visitor visitor = {.fn = adds, .timeout = COIL_NEVER};
    WORLD_WITH(w, &foreign);

    receive(&w, &visitor);
    if (check_walking())
        return;
    CHECK_EQ(visitor.rc, 0);
    CHECK_EQ((intptr_t)visitor.result, 3);
}

static void *fails(void *arg)
{
    (void)arg;
    return COIL_ERR(-ENOSPC);
}

TEST(RunCoroutineThreadsafeTests, test_run_coroutine_threadsafe_with_exception)
{
    struct visitor visitor = {.fn = fails, .timeout = COIL_NEVER};
    WORLD_WITH(w, &foreign);

    receive(&w, &visitor);
    FAILS(visitor.rc, -ENOSPC);
}

static void *waits_for_good(void *arg)
{
    (void)arg;
    return COIL_ERR(coil_sleep(COIL_NEVER));
}

TEST(RunCoroutineThreadsafeTests, test_run_coroutine_threadsafe_with_timeout)
{
    struct visitor visitor = {.fn = waits_for_good, .timeout = 0, .cancels = true};
    WORLD_WITH(w, &foreign);

    receive(&w, &visitor);
    FAILS(visitor.rc, -ETIMEDOUT);
    for (int i = 0; i < 3; i++)
        PASS(world_turn(&w));
    no_task_is_left(w.loop);
}

static void *is_cancelled(void *arg)
{
    (void)arg;
    CHECK(coil_cancel(coil_current_task()));
    return COIL_ERR(coil_sleep(COIL_NEVER));
}

TEST(RunCoroutineThreadsafeTests, test_run_coroutine_threadsafe_task_cancelled)
{
    struct visitor visitor = {.fn = is_cancelled, .timeout = COIL_NEVER};
    WORLD_WITH(w, &foreign);

    receive(&w, &visitor);
    FAILS(visitor.rc, -ECANCELED);
    no_task_is_left(w.loop);
}

static void *waits(void *future)
{
    return COIL_ERR(coil_concurrent_result(future, COIL_NEVER, NULL));
}

/* The loop's first task of all needs memory for its head. */
TEST(RunCoroutineThreadsafeTests, test_run_coroutine_threadsafe_task_factory_exception)
{
    struct visitor visitor = {.ended = false};
    void *waited = NULL;
    pthread_t thread;
    WORLD_WITH(w, &foreign);
    EAR(ear, w);

    if (check_walking())
        return;
    coil_concurrent_future *future = coil_run_coroutine_threadsafe(w.loop, adds, &visitor);
    if (!CHECK(pthread_create(&thread, NULL, waits, future) == 0))
        return;
    faults_fail(1, "alloc");
    PASS(world_turn(&w));
    faults_end();
    CHECK(coil_concurrent_done(future));
    (void)coil_concurrent_cancel(future);
    CHECK(pthread_join(thread, &waited) == 0);
    FAILS(coil_err(waited), -ENOMEM);
    CHECK_STR(ear.log.text, "[a task for another thread could not be made -12]");
    CHECK(!visitor.ended);
    coil_concurrent_unref(future);
}
