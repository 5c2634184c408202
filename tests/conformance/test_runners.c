// SPDX-License-Identifier: MIT
/*
 * CPython's test_runners.py. asyncio.run is coil_run; a Runner, which keeps its loop from one run
 * to the next, is a loop of the program's own.
 */
#include "signals.h"
#include "world.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>

/* Options for coil_run_with, on the engine of the test. */
struct runner {
    coil_sim *sim;
    coil_loop_options options;
};

static void runner_free(struct runner *runner)
{
    PASS(coil_sim_free(runner->sim));
}

static struct runner runner_new(void)
{
    struct runner runner = {.sim = world_is_virtual() ? coil_sim_new(NULL) : NULL};
    runner.options = (coil_loop_options){.size = sizeof(runner.options), .sim = runner.sim};
    return runner;
}

#define RUNNER(name) __attribute__((cleanup(runner_free))) struct runner name = runner_new()

static int run(struct runner *runner, coil_fn main, void *arg, void **result)
{
    return coil_run_with(main, arg, result, &runner->options);
}

static void *echo(void *arg)
{
    PASS(coil_yield_now());
    return arg;
}

static void *fails(void *unused)
{
    (void)unused;
    return COIL_ERR(-ENOTDIR);
}

TEST(RunTests, test_asyncio_run_return)
{
    RUNNER(r);
    void *result = NULL;
    CHECK_EQ(run(&r, echo, &r, &result), 0);
    CHECK_PTR(result, &r);
}

TEST(RunTests, test_asyncio_run_raises)
{
    RUNNER(r);
    FAILS(run(&r, fails, NULL, NULL), -ENOTDIR);
}

TEST(RunTests, test_asyncio_run_only_coro)
{
    RUNNER(r);
    size_t blocks = coil_allocated_blocks();
    FAILS(run(&r, NULL, NULL, NULL), -EINVAL);
    CHECK_EQ(coil_allocated_blocks(), blocks);
}

static void *reads_debug(void *debug)
{
    *(bool *)debug = coil_get_debug(coil_get_running_loop());
    return NULL;
}

static bool debug_in(struct runner *runner, int option)
{
    bool debug = false;
    runner->options.debug = option;
    PASS(run(runner, reads_debug, &debug, NULL));
    return debug;
}

TEST(RunTests, test_asyncio_run_debug)
{
    RUNNER(r);
    PASS(setenv("COIL_DEBUG", "", 1));
    CHECK(!debug_in(&r, 0));
    CHECK(debug_in(&r, 1) || check_walking());
    CHECK(!debug_in(&r, -1));
    PASS(setenv("COIL_DEBUG", "1", 1));
    CHECK(debug_in(&r, 0) || check_walking());
    CHECK(!debug_in(&r, -1));
    PASS(unsetenv("COIL_DEBUG"));
    CHECK(!debug_in(&r, 0));
}

static void *runs_inside(void *options)
{
    FAILS(coil_run_with(fails, NULL, NULL, options), -EBUSY);
    FAILS(coil_run(fails, NULL, NULL), -EBUSY);
    return NULL;
}

TEST(RunTests, test_asyncio_run_from_running_loop)
{
    RUNNER(r);
    PASS(run(&r, runs_inside, &r.options, NULL));
}

/* ---- what main leaves ------------------------------------------------------------------------ */

static void *hangs(void *log)
{
    FAILS(coil_sleep(COIL_SEC(3600)), -ECANCELED);
    PASS(coil_yield_now()); /* it is awaited */
    record(log, "cancelled");
    return COIL_ERR(-ECANCELED);
}

static void *hangs_and_fails(void *log)
{
    (void)hangs(log);
    return COIL_ERR(-EIO);
}

static void *leaves_one(void *log)
{
    PASS(coil_go(hangs, log));
    PASS(coil_yield_now());
    record(log, "main");
    return log;
}

TEST(RunTests, test_asyncio_run_cancels_hanging_tasks)
{
    RUNNER(r);
    struct record log = {""};
    PASS(run(&r, leaves_one, &log, NULL));
    CHECK_STR(log.text, "main cancelled");
}

struct ear {
    struct record log;
    coil_exception_context last;
    int rc; /* the main task's end */
};

static void hear(coil_loop *loop, const coil_exception_context *context, void *userdata)
{
    struct ear *ear = userdata;
    (void)loop;
    record(&ear->log, "%s: %d", context->message, context->code);
    ear->last = *context;
}

static void *leaves_one_that_fails(void *arg)
{
    struct ear *ear = arg;
    PASS(coil_set_exception_handler(coil_get_running_loop(), hear, ear));
    PASS(coil_go(hangs_and_fails, &ear->log));
    PASS(coil_yield_now());
    return ear;
}

TEST(RunTests, test_asyncio_run_reports_hanging_tasks_errors)
{
    RUNNER(r);
    struct ear ear = {.rc = 0};
    void *result = NULL;
    PASS(run(&r, leaves_one_that_fails, &ear, &result));
    CHECK_PTR(result, &ear);
    CHECK_STR(ear.log.text, "cancelled a task failed while the loop ended: -5");
    CHECK(ear.last.future != NULL || check_walking());
}

static void *counts(void *log)
{
    int rc = 0;
    for (intptr_t i = 1; rc == 0; i++)
        rc = coil_yield((void *)i, NULL);
    record(log, rc == -COIL_EGENEXIT ? "closed" : "%d", rc);
    return COIL_ERR(rc);
}

static void *uses_a_generator(void *log)
{
    coil_gen *gen = coil_gen_new(counts, log);
    void *value = NULL;
    PASS(coil_gen_next(gen, &value));
    int rc = coil_sleep(COIL_SEC(3600));
    coil_gen_free(gen);
    return COIL_ERR(rc == -ECANCELED ? -EIO : rc);
}

static void *leaves_a_generator(void *arg)
{
    struct ear *ear = arg;
    PASS(coil_set_exception_handler(coil_get_running_loop(), hear, ear));
    PASS(coil_go(uses_a_generator, &ear->log));
    PASS(coil_yield_now());
    return COIL_ERR(-ENOSPC);
}

TEST(RunTests, test_asyncio_run_closes_gens_after_hanging_tasks_errors)
{
    RUNNER(r);
    struct ear ear = {.rc = 0};
    FAILS(run(&r, leaves_a_generator, &ear, NULL), -ENOSPC);
    CHECK_STR(ear.log.text, "closed a task failed while the loop ended: -5");
}

static void *is_on_that_loop(void *unused)
{
    CHECK(coil_get_debug(coil_get_running_loop()));
    PASS(coil_sleep(COIL_MS(1)));
    return unused;
}

TEST(RunTests, test_asyncio_run_loop_factory)
{
    RUNNER(r);
    coil_time before = r.sim ? coil_sim_time(r.sim) : 0;
    r.options.debug = 1;
    PASS(run(&r, is_on_that_loop, NULL, NULL));
    if (r.sim) /* its clock, and no other */
        CHECK_EQ(coil_sim_time(r.sim) - before, COIL_MS(1));
}

/* ---- a loop for several runs ----------------------------------------------------------------- */

TEST(RunnerTests, test_non_debug)
{
    RUNNER(r);
    CHECK(!debug_in(&r, -1));
}

TEST(RunnerTests, test_debug)
{
    RUNNER(r);
    CHECK(debug_in(&r, 1) || check_walking());
}

static void *gives_its_loop(void *unused)
{
    (void)unused;
    return coil_get_running_loop();
}

static int run_on(coil_loop *loop, coil_fn fn, void *arg, void **result)
{
    COIL_AUTO coil_task *task = coil_create_task_with(loop, fn, arg, NULL);
    return coil_run_until_complete(loop, task, result);
}

TEST(RunnerTests, test_custom_factory)
{
    WORLD(w);
    void *loop = NULL;
    PASS(run_on(w.loop, gives_its_loop, NULL, &loop));
    CHECK_PTR(loop, w.loop);
}

TEST(RunnerTests, test_run)
{
    WORLD(w);
    void *result = NULL;
    PASS(run_on(w.loop, echo, &w, &result));
    CHECK_PTR(result, &w);
    PASS(run_on(w.loop, echo, w.loop, &result));
    CHECK_PTR(result, w.loop);
    PASS(coil_close(w.loop));
    CHECK(coil_is_closed(w.loop));
    FAILS(run_on(w.loop, echo, NULL, NULL), -COIL_ECLOSED);
}

TEST(RunnerTests, test_run_non_coro)
{
    WORLD(w);
    FAILS(run_on(w.loop, NULL, NULL, NULL), -EINVAL);
    PASS(run_on(w.loop, echo, NULL, NULL));
}

TEST(RunnerTests, test_explicit_close)
{
    WORLD(w);
    CHECK(!coil_is_closed(w.loop));
    PASS(coil_close(w.loop));
    CHECK(coil_is_closed(w.loop));
    FAILS(coil_run_forever(w.loop), -COIL_ECLOSED);
}

TEST(RunnerTests, test_double_close)
{
    WORLD(w);
    CHECK_EQ(coil_close(w.loop), 0);
    CHECK_EQ(coil_close(w.loop), 0);
}

TEST(RunnerTests, test_second_with_block_raises)
{
    WORLD(w);
    PASS(run_on(w.loop, echo, NULL, NULL));
    PASS(coil_close(w.loop));
    FAILS(run_on(w.loop, echo, NULL, NULL), -COIL_ECLOSED);
}

static const coil_local place = {.name = "place"};

static void *sets_the_place(void *value)
{
    PASS(coil_local_set(&place, value, NULL));
    return NULL;
}

static void *reads_the_place(void *unused)
{
    (void)unused;
    return coil_local_get(&place);
}

TEST(RunnerTests, test_run_keeps_context)
{
    WORLD(w);
    void *result = NULL;
    coil_context *context = coil_copy_context();
    const coil_task_options options = {.size = sizeof(options), .context = context};
    COIL_AUTO coil_task *one = coil_create_task_with(w.loop, sets_the_place, &w, &options);
    PASS(coil_run_until_complete(w.loop, one, NULL));
    COIL_AUTO coil_task *two = coil_create_task_with(w.loop, reads_the_place, NULL, &options);
    PASS(coil_run_until_complete(w.loop, two, &result));
    CHECK_PTR(result, check_walking() ? result : &w);
    coil_context_unref(context);
}

static void *runs_its_loop(void *log)
{
    coil_loop *loop = coil_get_running_loop();
    COIL_AUTO coil_task *inner = coil_create_task(leaves_one, log);
    FAILS(coil_run_until_complete(loop, inner, NULL), -EBUSY);
    (void)coil_cancel(inner);
    return NULL;
}

TEST(RunnerTests, test_recursive_run)
{
    struct record log = {""};
    WORLD(w);
    PASS(run_on(w.loop, runs_its_loop, &log, NULL));
    PASS(world_turn(&w));
    CHECK_STR(log.text, "");
}

/* ---- SIGINT ---------------------------------------------------------------------------------- */

static int raise_sigint(void *unused)
{
    (void)unused;
    raise(SIGINT);
    return 0;
}

static void interrupt_soon(void)
{
    PASS(coil_handle_error(coil_call_soon(coil_get_running_loop(), raise_sigint, NULL)));
}

static void *is_busy(void *unused)
{
    (void)unused;
    interrupt_soon();
    for (;;) {
        int rc = coil_yield_now();
        if (rc < 0 || check_walking())
            return COIL_ERR(rc);
    }
}

TEST(RunnerTests, test_interrupt_call_soon)
{
    DISPOSITION(former, SIGINT, SIG_DFL);
    RUNNER(r);
    FAILS(run(&r, is_busy, NULL, NULL), check_walking() ? 0 : -COIL_EINTERRUPTED);
}

static void *waits_on_a_future(void *unused)
{
    (void)unused;
    COIL_AUTO coil_future *future = coil_create_future(NULL);
    interrupt_soon();
    if (check_walking())
        return NULL;
    int rc = coil_await(future, NULL);
    CHECK(coil_cancelled(future));
    return COIL_ERR(rc);
}

TEST(RunnerTests, test_interrupt_wait)
{
    DISPOSITION(former, SIGINT, SIG_DFL);
    RUNNER(r);
    FAILS(run(&r, waits_on_a_future, NULL, NULL), check_walking() ? 0 : -COIL_EINTERRUPTED);
}

static void *is_cancelled_already(void *unused)
{
    (void)unused;
    CHECK(coil_cancel(coil_current_task()));
    raise(SIGINT);
    return COIL_ERR(coil_sleep(COIL_SEC(3600)));
}

TEST(RunnerTests, test_interrupt_cancelled_task)
{
    DISPOSITION(former, SIGINT, SIG_DFL);
    RUNNER(r);
    FAILS(run(&r, is_cancelled_already, NULL, NULL), check_walking() ? 0 : -ECANCELED);
}

static void on_sigint(int number)
{
    (void)number;
}

static void *runs_elsewhere(void *unused)
{
    RUNNER(r);
    PASS(run(&r, echo, NULL, NULL));
    return unused;
}

TEST(RunnerTests, test_signal_install_not_supported_ok)
{
    DISPOSITION(former, SIGINT, on_sigint);
    RUNNER(r);
    pthread_t thread;
    PASS(run(&r, echo, NULL, NULL));
    CHECK(disposition_is(SIGINT, on_sigint));
    if (CHECK(pthread_create(&thread, NULL, runs_elsewhere, NULL) == 0))
        pthread_join(thread, NULL);
}
