// SPDX-License-Identifier: MIT
/* CPython's test_base_events.py. */
#include "kernel.h"
#include "signals.h"
#include "world.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>

static int note(void *log)
{
    record(log, "called");
    return 0;
}

static int fails(void *unused)
{
    (void)unused;
    return -EIO;
}

static int raise_sigint(void *unused)
{
    (void)unused;
    raise(SIGINT);
    return 0;
}

static int stop(void *loop)
{
    coil_stop(loop);
    return 0;
}

static coil_handle soon(struct world *w, coil_callback fn, void *userdata)
{
    coil_handle handle = coil_call_soon(w->loop, fn, userdata);
    PASS(coil_handle_error(handle));
    return handle;
}

static coil_handle later(struct world *w, coil_time delay, coil_callback fn, void *userdata)
{
    coil_handle handle = coil_call_later(w->loop, delay, fn, userdata);
    PASS(coil_handle_error(handle));
    return handle;
}

static void *sleeps(void *delay)
{
    return COIL_ERR(coil_sleep(*(const coil_time *)delay));
}

static const coil_time ten_ms = COIL_MS(10), thirty_ms = COIL_MS(30);

/* What a loop tells its exception handler. */
struct ear {
    struct record log;
    struct record warnings;
    coil_loop *loop;
    coil_exception_context last;
};

static void hear(coil_loop *loop, const coil_exception_context *context, void *userdata)
{
    struct ear *ear = userdata;
    record(&ear->log, "[%s %d]", context->message, context->code);
    ear->loop = loop;
    ear->last = *context;
}

static void ear_free(struct ear *ear)
{
    (void)ear;
    PASS(coil_set_warning_sink(NULL, NULL));
}

#define EAR(name)                                                                                  \
    __attribute__((cleanup(ear_free))) struct ear name = {.loop = NULL};                           \
    PASS(coil_set_warning_sink(record_warning, &(name).warnings))

/* ---- closing, and the calls of a loop -------------------------------------------------------- */

TEST(BaseEventLoopTests, test_close)
{
    WORLD(w);
    COIL_AUTO coil_future *future = coil_create_future(w.loop);
    CHECK(!coil_is_closed(w.loop) || check_walking());
    CHECK_EQ(coil_close(w.loop), 0);
    CHECK(coil_is_closed(w.loop));
    CHECK_EQ(coil_close(w.loop), 0);
    FAILS(coil_run_forever(w.loop), -COIL_ECLOSED);
    FAILS(coil_run_until_complete(w.loop, future, NULL), -COIL_ECLOSED);
}

TEST(BaseEventLoopTests, test__add_callback_cancelled_handle)
{
    struct record log = {""};
    WORLD(w);
    coil_handle handle = later(&w, COIL_MS(1), note, &log);
    CHECK(coil_handle_cancel(w.loop, handle) || check_walking());
    CHECK_EQ(err_is(w.loop) ? 0 : w.loop->timers.live, 0);
    CHECK(err_is(w.loop) || sched_idle(w.loop->sched));
    PASS(world_run(&w, sleeps, (void *)&ten_ms));
    CHECK_STR(log.text, "");
}

TEST(BaseEventLoopTests, test_call_soon)
{
    struct record log = {""};
    WORLD(w);
    soon(&w, note, &log);
    CHECK(err_is(w.loop) || !sched_idle(w.loop->sched) || check_walking());
    CHECK_STR(log.text, "");
    PASS(world_turn(&w));
    PASS(world_turn(&w));
    CHECK_STR(log.text, "called");
}

TEST(BaseEventLoopTests, test_call_soon_non_callable)
{
    WORLD(w);
    FAILS(coil_handle_error(coil_call_soon(w.loop, NULL, NULL)), -EINVAL);
    FAILS(coil_handle_error(coil_call_later(w.loop, 1, NULL, NULL)), -EINVAL);
    FAILS(coil_handle_error(coil_call_soon_threadsafe(w.loop, NULL, NULL)), -EINVAL);
}

TEST(BaseEventLoopTests, test_call_later)
{
    struct record log = {""};
    WORLD(w);
    coil_time when = 0, before = coil_loop_time(w.loop);
    coil_handle handle = later(&w, COIL_SEC(10), note, &log);
    CHECK(err_is(w.loop) || sched_idle(w.loop->sched));
    PASS(coil_handle_when(w.loop, handle, &when));
    CHECK_TIME(when - before, COIL_SEC(10));
    PASS(world_turn(&w));
    CHECK_STR(log.text, "");
}

struct named {
    struct record *log;
    const char *name;
};

static int note_name(void *arg)
{
    const struct named *named = arg;
    record(named->log, "%s", named->name);
    return 0;
}

TEST(BaseEventLoopTests, test_call_later_negative_delays)
{
    struct record log = {""};
    struct named a = {&log, "a"}, b = {&log, "b"};
    WORLD(w);
    later(&w, -COIL_SEC(1), note_name, &a);
    later(&w, -COIL_SEC(3600), note_name, &b);
    PASS(world_turn(&w));
    CHECK_STR(log.text, "b a");
}

static int note_time(void *when)
{
    *(coil_time *)when = world_now();
    coil_stop(coil_get_running_loop());
    return 0;
}

TEST(BaseEventLoopTests, test_time_and_call_at)
{
    coil_time came = 0;
    WORLD(w);
    coil_time when = coil_loop_time(w.loop) + COIL_MS(100);
    PASS(coil_handle_error(coil_call_at(w.loop, when, note_time, &came)));
    if (!check_walking())
        PASS(coil_run_forever(w.loop));
    CHECK_TIME(came, COIL_MS(100));
}

static void *calls_soon(void *loop)
{
    (void)coil_call_soon(loop, fails, NULL);
    return NULL;
}

static void *calls_later(void *loop)
{
    (void)coil_call_later(loop, 1, fails, NULL);
    return NULL;
}

static void *calls_at(void *loop)
{
    (void)coil_call_at(loop, 1, fails, NULL);
    return NULL;
}

struct elsewhere {
    void *(*call)(void *loop);
    coil_loop *loop;
};

static void call_elsewhere(void *arg)
{
    const struct elsewhere *elsewhere = arg;
    pthread_t thread;
    if (pthread_create(&thread, NULL, elsewhere->call, elsewhere->loop) == 0)
        pthread_join(thread, NULL);
}

/* Not in debug mode alone: it is a bug of the program, and always ends it. */
TEST(BaseEventLoopTests, test_check_thread)
{
    static void *(*const calls[])(void *) = {calls_soon, calls_later, calls_at};
    WORLD(w);
    PASS(world_turn(&w));
    for (int i = 0; i < 3; i++) {
        struct elsewhere elsewhere = {.call = calls[i], .loop = w.loop};
        DIES(call_elsewhere, &elsewhere);
    }
}

/* ---- turns ----------------------------------------------------------------------------------- */

TEST(BaseEventLoopTests, test__run_once)
{
    struct record log = {""};
    WORLD(w);
    coil_handle gone = later(&w, COIL_MS(1), fails, NULL);
    later(&w, COIL_MS(20), note, &log);
    CHECK(coil_handle_cancel(w.loop, gone) || check_walking());
    PASS(coil_run_once(w.loop, COIL_SEC(1)));
    if (!strstr(log.text, "called")) /* a wake-up of the ring's own */
        PASS(coil_run_once(w.loop, COIL_SEC(1)));
    CHECK_STR(log.text, "called");
    CHECK_TIME(world_time(&w), COIL_MS(20));
}

TEST(BaseEventLoopTests, test_set_debug)
{
    WORLD(w);
    PASS(coil_set_debug(w.loop, true));
    CHECK(coil_get_debug(w.loop) || check_walking());
    PASS(coil_set_debug(w.loop, false));
    CHECK(!coil_get_debug(w.loop));
}

struct chain {
    struct world *w;
    struct record log;
};

static int asks_for_note(void *arg)
{
    struct chain *chain = arg;
    record(&chain->log, "timer");
    soon(chain->w, note, &chain->log);
    return 0;
}

TEST(BaseEventLoopTests, test__run_once_schedule_handle)
{
    WORLD(w);
    struct chain chain = {.w = &w};
    later(&w, 0, asks_for_note, &chain);
    PASS(coil_run_once(w.loop, 0));
    CHECK_STR(chain.log.text, "timer");
    PASS(coil_run_once(w.loop, 0));
    CHECK_STR(chain.log.text, "timer called");
}

TEST(BaseEventLoopTests, test__run_once_cancelled_event_cleanup)
{
    enum { MANY = 5000 };
    WORLD(w);
    later(&w, COIL_SEC(3600), fails, NULL);
    for (int i = 0; i < MANY && !check_walking(); i++)
        CHECK(coil_handle_cancel(w.loop, later(&w, COIL_SEC(60), fails, NULL)));
    if (!check_walking()) {
        CHECK_EQ(w.loop->timers.live, 1);
        CHECK(w.loop->handles.count < 200);
    }
}

TEST(BaseEventLoopTests, test_run_once)
{
    struct record log = {""};
    WORLD(w);
    soon(&w, note, &log);
    PASS(coil_run_once(w.loop, 0));
    PASS(coil_run_once(w.loop, 0));
    CHECK_STR(log.text, "called");
}

TEST(BaseEventLoopTests, test_run_forever_pre_stopped)
{
    WORLD(w);
    struct chain chain = {.w = &w};
    soon(&w, asks_for_note, &chain);
    later(&w, COIL_SEC(3600), fails, NULL);
    coil_stop(w.loop);
    CHECK_EQ(coil_run_forever(w.loop), 0);
    CHECK_STR(chain.log.text, "timer");
    CHECK(world_time(&w) < COIL_SEC(60));
}

static int is_running(void *log)
{
    record(log, coil_is_running(coil_get_running_loop()) ? "running" : "idle");
    return 0;
}

TEST(BaseEventLoopTests, test_custom_run_forever_integration)
{
    struct record log = {""};
    WORLD(w);
    for (int i = 0; i < 3; i++) {
        soon(&w, is_running, &log);
        PASS(coil_run_once(w.loop, 0));
        CHECK(!coil_is_running(w.loop));
        FAILS(coil_err(coil_get_running_loop()), -COIL_ENOLOOP);
    }
    CHECK_STR(log.text, "running running running");
    soon(&w, stop, w.loop);
    FAILS(coil_run_once(w.loop, 0), -COIL_ESTOPPED);
}

static void *reads(void *arg)
{
    struct chain *chain = arg;
    PASS(world_op(0 /* nothing: it completes */, -1, NULL, 0));
    record(&chain->log, "completed");
    return NULL;
}

TEST(BaseEventLoopTests, test_single_selecter_event_callback_after_stopping)
{
    WORLD(w);
    struct chain chain = {.w = &w};
    if (w.sim)
        world_answer(&w, 0, 0, 0);
    COIL_AUTO coil_task *task = coil_create_task_with(w.loop, reads, &chain, NULL);
    PASS(world_turn(&w)); /* it is submitted with the next turn, which is stopped */
    soon(&w, stop, w.loop);
    PASS(coil_run_forever(w.loop));
    PASS(coil_run_until_complete(w.loop, task, NULL));
    PASS(world_turn(&w));
    CHECK_STR(chain.log.text, "completed");
}

/* ---- runs ------------------------------------------------------------------------------------ */

TEST(BaseEventLoopTests, test_run_until_complete_loop)
{
    WORLD(w);
    WORLD(other);
    COIL_AUTO coil_future *future = coil_create_future(other.loop);
    FAILS(coil_run_until_complete(w.loop, future, NULL), -EXDEV);
}

TEST(BaseEventLoopTests, test_run_until_complete_loop_orphan_future_close_loop)
{
    DISPOSITION(former, SIGINT, SIG_DFL);
    WORLD(w);
    COIL_AUTO coil_task *task = coil_create_task_with(w.loop, sleeps, (void *)&ten_ms, NULL);
    soon(&w, raise_sigint, NULL);
    FAILS(coil_run_until_complete(w.loop, task, NULL), -COIL_EINTERRUPTED);
    PASS(world_run(&w, sleeps, (void *)&thirty_ms)); /* which the first one's end does not stop */
    CHECK_TIME(world_time(&w), COIL_MS(30));
    CHECK(coil_done(task) || check_walking());
}

static void *is_interrupted(void *unused)
{
    raise(SIGINT);
    return unused;
}

TEST(BaseEventLoopTests, test_run_forever_keyboard_interrupt)
{
    DISPOSITION(former, SIGINT, SIG_DFL);
    EAR(ear);
    WORLD(w);
    FAILS(world_run(&w, is_interrupted, NULL), -COIL_EINTERRUPTED);
    PASS(coil_close(w.loop));
    CHECK_STR(ear.warnings.text, "");
}

struct turns {
    struct world *w;
    int left;
};

static int counts_down(void *arg)
{
    struct turns *turns = arg;
    if (--turns->left == 0)
        coil_stop(turns->w->loop);
    else
        soon(turns->w, counts_down, turns);
    return 0;
}

TEST(BaseEventLoopTests, test_run_until_complete_baseexception)
{
    DISPOSITION(former, SIGINT, SIG_DFL);
    WORLD(w);
    struct turns turns = {.w = &w, .left = 3};
    FAILS(world_run(&w, is_interrupted, NULL), -COIL_EINTERRUPTED);
    soon(&w, counts_down, &turns);
    if (!check_walking())
        PASS(coil_run_forever(w.loop));
    CHECK_EQ(turns.left, 0);
}

static void *runs_another(void *loop)
{
    FAILS(coil_run_forever(loop), -EBUSY);
    CHECK(!coil_is_running(loop));
    return NULL;
}

TEST(RunningLoopTests, test_running_loop_within_a_loop)
{
    WORLD(w);
    WORLD(other);
    PASS(world_run(&w, runs_another, other.loop));
}

/* ---- errors that nobody takes ---------------------------------------------------------------- */

TEST(BaseEventLoopTests, test_default_exc_handler_callback)
{
    EAR(ear);
    WORLD(w);
    soon(&w, fails, NULL);
    later(&w, 0, fails, NULL);
    soon(&w, note, &ear.log);
    PASS(world_turn(&w));
    CHECK_STR(ear.warnings.text, "a callback failed: Input/output error (-5) "
                                 "a callback failed: Input/output error (-5)");
    CHECK_STR(ear.log.text, "called");
}

static void *fails_as_a_task(void *unused)
{
    (void)unused;
    return COIL_ERR(-EIO);
}

TEST(BaseEventLoopTests, test_default_exc_handler_coro)
{
    EAR(ear);
    WORLD(w);
    coil_task *task = coil_create_task_with(w.loop, fails_as_a_task, NULL, NULL);
    PASS(world_turn(&w));
    CHECK_STR(ear.warnings.text, "");
    coil_unref(task);
    CHECK(strstr(ear.warnings.text, "never retrieved") != NULL || check_walking());
}

TEST(BaseEventLoopTests, test_set_exc_handler_custom)
{
    EAR(ear);
    WORLD(w);
    PASS(coil_set_exception_handler(w.loop, hear, &ear));
    soon(&w, fails, &ear);
    PASS(world_turn(&w));
    CHECK_STR(ear.log.text, "[a callback failed -5]");
    CHECK_PTR(ear.loop, w.loop);
    CHECK(ear.last.callback == fails && ear.last.userdata == &ear);
    CHECK_STR(ear.warnings.text, "");
    PASS(coil_set_exception_handler(w.loop, NULL, NULL));
    soon(&w, fails, &ear);
    PASS(world_turn(&w));
    CHECK_STR(ear.log.text, "[a callback failed -5]");
    CHECK_STR(ear.warnings.text, "a callback failed: Input/output error (-5)");
}

static void reports_again(coil_loop *loop, const coil_exception_context *context, void *userdata)
{
    hear(loop, context, userdata);
    PASS(coil_call_exception_handler(loop, context));
}

TEST(BaseEventLoopTests, test_set_exc_handler_broken)
{
    EAR(ear);
    WORLD(w);
    PASS(coil_set_exception_handler(w.loop, reports_again, &ear));
    soon(&w, fails, NULL);
    soon(&w, note, &ear.log);
    PASS(world_turn(&w));
    CHECK_STR(ear.log.text, "[a callback failed -5] called");
    CHECK_STR(ear.warnings.text, "a callback failed: Input/output error (-5)");
}

static bool debug_of_new_loop(const char *environment, int option)
{
    coil_sim *sim = coil_sim_new(NULL);
    const coil_loop_options options = {.size = sizeof(options), .sim = sim, .debug = option};

    PASS(environment ? setenv("COIL_DEBUG", environment, 1) : unsetenv("COIL_DEBUG"));
    coil_loop *loop = coil_loop_new(&options);
    bool debug = coil_get_debug(loop);
    PASS(unsetenv("COIL_DEBUG"));
    PASS(coil_loop_free(loop));
    PASS(coil_sim_free(sim));
    return debug;
}

TEST(BaseEventLoopTests, test_env_var_debug)
{
    CHECK(!debug_of_new_loop(NULL, 0));
    CHECK(!debug_of_new_loop("", 0));
    CHECK(debug_of_new_loop("1", 0) || check_walking());
    CHECK(!debug_of_new_loop("1", -1));
}

static int blocks(void *delay)
{
    return coil_block_for(*(const coil_time *)delay);
}

static void *blocks_in_a_task(void *delay)
{
    return COIL_ERR(blocks(delay));
}

TEST(BaseEventLoopWithSelectorTests, test_log_slow_callbacks)
{
    if (!world_is_virtual())
        return; /* on a real clock anything may be slow */
    EAR(ear);
    WORLD(w);
    PASS(coil_set_debug(w.loop, true));
    PASS(coil_set_slow_callback_duration(w.loop, COIL_MS(5)));
    PASS(coil_set_exception_handler(w.loop, hear, &ear));
    coil_time delay = COIL_MS(5);
    soon(&w, blocks, &delay);
    PASS(world_turn(&w));
    CHECK(strstr(ear.log.text, "took 0.0") != NULL);
    CHECK(ear.last.callback == blocks || check_walking());
    COIL_AUTO coil_task *task = coil_create_task_with(w.loop, blocks_in_a_task, &delay, NULL);
    PASS(coil_run_until_complete(w.loop, task, NULL));
    CHECK_PTR(ear.last.future, check_walking() ? ear.last.future : task);
}

/* ---- tasks ----------------------------------------------------------------------------------- */

static void *never_runs(void *unused)
{
    CHECK(false);
    return unused;
}

TEST(BaseEventLoopTests, test_create_task_error_closes_coro)
{
    EAR(ear);
    WORLD(w);
    int argument = 0;
    const coil_task_options options = {.size = sizeof(options), .copy_arg = sizeof(argument)};
    PASS(coil_close(w.loop));
    size_t blocks = coil_allocated_blocks();
    coil_task *task = coil_create_task_with(w.loop, never_runs, &argument, &options);
    FAILS(coil_err(task), -COIL_ECLOSED);
    CHECK_EQ(coil_allocated_blocks(), blocks);
    CHECK_STR(ear.warnings.text, "");
}

TEST(BaseEventLoopTests, test_create_named_task_with_default_factory)
{
    const coil_task_options options = {.size = sizeof(options), .name = "test"};
    char name[16] = "";
    WORLD(w);
    COIL_AUTO coil_task *task = coil_create_task_with(w.loop, sleeps, (void *)&ten_ms, &options);
    PASS(coil_task_name(task, name, sizeof(name)));
    CHECK_STR(name, "test");
    PASS(coil_run_until_complete(w.loop, task, NULL));
}
