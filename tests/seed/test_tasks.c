// SPDX-License-Identifier: MIT
/* S1, S13 to S22, S30: tasks, what runs them, and how they end. */
#include "rules.h"
#include "signals.h"

#include <errno.h>

/* ---- S1: a hundred pages -------------------------------------------------------------------- */

enum { PAGES = 100 };

static void *page(void *unused)
{
    (void)unused;
    return COIL_ERR(coil_sleep(COIL_SEC(0.2)));
}

static void *pages_at_once(void *unused)
{
    coil_coro pages[PAGES];

    for (int i = 0; i < PAGES; i++)
        pages[i] = (coil_coro){page, NULL};
    COIL_AUTO coil_future *all = coil_gather(pages, PAGES, 0);
    PASS(coil_await(all, NULL));
    CHECK_EQ(world_now(), COIL_SEC(0.2));
    return unused;
}

static void *pages_in_turn(void *unused)
{
    for (int i = 0; i < PAGES; i++)
        PASS(coil_err(page(NULL)));
    CHECK_EQ(world_now(), COIL_SEC(20));
    return unused;
}

TEST(seed, s01_a_hundred_sleep_as_long_as_one)
{
    WORLD(w);

    PASS(world_run(&w, pages_at_once, NULL));
}

TEST(seed, s01_one_sleeps_a_hundred_times_as_long)
{
    WORLD(w);

    PASS(world_run(&w, pages_in_turn, NULL));
}

/* ---- S13 to S15: one task ------------------------------------------------------------------- */

TEST(seed, s13_s14_s30_2_a_coroutine_runs_in_a_task_of_a_loop_that_runs)
{
    struct question alone = {.answer = NULL}, other = {.answer = NULL};
    void *out = value(1);
    WORLD(w);
    const coil_coro coroutine = {asks, &alone};

    PASS(world_run(&w, asks, &other)); /* a loop that runs for somebody else */
    CHECK_EQ(alone.starts, 0);
    COIL_AUTO coil_task *task = new_task(w.loop, coroutine.fn, coroutine.arg);
    CHECK_EQ(alone.starts, 0);
    CHECK_EQ(coil_run_until_complete(w.loop, task, &out), 0);
    CHECK_PTR(out, NULL);
    PASS(world_turn(&w));
    CHECK_EQ(alone.starts, 1);
}

static void *awaits_one(void *arg)
{
    struct question *question = arg;
    COIL_AUTO coil_task *task = coil_create_task(asks, question);
    void *out = NULL;

    CHECK_EQ(question->starts, 0);
    PASS(coil_await(task, &out));
    CHECK_PTR(out, value(4));
    PASS(coil_yield_now());
    CHECK_EQ(question->starts, 1);
    return NULL;
}

TEST(seed, s30_2_or_in_a_task_that_another_awaits)
{
    struct question question = {.answer = value(4)};
    WORLD(w);

    PASS(world_run(&w, awaits_one, &question));
}

static void sees_finished(coil_future *future, void *calls)
{
    CHECK_EQ(coil_future_state(future), COIL_FINISHED);
    ++*(int *)calls;
}

TEST(seed, s15_s30_3_when_the_run_returns_callbacks_have_run_and_other_tasks_wait)
{
    double one = 1, two = 2;
    int calls = 0;
    WORLD(w);
    COIL_AUTO coil_task *task = new_task(w.loop, sleeps, &one);
    COIL_AUTO coil_task *other = new_task(w.loop, sleeps, &two);

    PASS(coil_add_done_callback(task, sees_finished, &calls));
    CHECK_EQ(coil_run_until_complete(w.loop, task, NULL), 0);
    CHECK_EQ(calls, 1);
    CHECK(!coil_is_running(w.loop));
    CHECK_EQ(coil_future_state(other), COIL_PENDING);
    CHECK_EQ(world_time(&w), COIL_SEC(1));
    CHECK_EQ(coil_run_until_complete(w.loop, other, NULL), 0);
    CHECK_EQ(world_time(&w), COIL_SEC(2));
}

/* ---- S18, S21, S22: several ----------------------------------------------------------------- */

struct answer {
    coil_time after;
    void *value;
};

static void *answers(void *arg)
{
    const struct answer *answer = arg;
    int rc = coil_sleep(answer->after);

    return rc < 0 ? COIL_ERR(rc) : answer->value;
}

TEST(seed, s18_results_come_in_the_order_of_the_arguments)
{
    struct answer slow = {COIL_SEC(3), value(3)}, fast = {COIL_SEC(1), value(1)};
    void *out = NULL;
    WORLD(w);
    COIL_AUTO coil_task *first = new_task(w.loop, answers, &slow);
    COIL_AUTO coil_task *second = new_task(w.loop, answers, &fast);
    coil_future *const both[] = {first, second};
    COIL_AUTO coil_future *gather = coil_gather_futures(both, 2, 0);

    if (PASS(coil_run_until_complete(w.loop, gather, &out)) && out) {
        CHECK_PTR(((void **)out)[0], value(3));
        CHECK_PTR(((void **)out)[1], value(1));
    }
    CHECK_EQ(world_time(&w), COIL_SEC(3));
}

TEST(seed, s21_three_that_finish_give_three_times_nothing)
{
    void *out = NULL;
    THREE(three);
    WORLD(w);
    three_begin(&three, w.loop);
    COIL_AUTO coil_future *gather = coil_gather_futures(three.tasks, 3, 0);

    if (PASS(coil_run_until_complete(w.loop, gather, &out)) && out)
        for (int i = 0; i < 3; i++)
            CHECK_PTR(((void **)out)[i], NULL);
    CHECK_EQ(world_time(&w), COIL_SEC(3));
}

static int presses_ctrl_c(void *unused)
{
    (void)unused;
    return raise(SIGINT) ? -EIO : 0;
}

/* Three tasks, gathered, and Ctrl-C at 1.5 s. */
static void run_interrupted(struct world *w, coil_future *gather)
{
    PASS(coil_handle_error(coil_call_later(w->loop, COIL_SEC(1.5), presses_ctrl_c, NULL)));
    FAILS(coil_run_until_complete(w->loop, gather, NULL), -COIL_EINTERRUPTED);
    CHECK_EQ(world_time(w), COIL_SEC(1.5));
}

TEST(seed, s21_an_interrupt_and_stop_cancel_nothing)
{
    DISPOSITION(former, SIGINT, SIG_DFL);
    THREE(three);
    WORLD(w);
    three_begin(&three, w.loop);
    COIL_AUTO coil_future *gather = coil_gather_futures(three.tasks, 3, 0);

    run_interrupted(&w, gather);
    check_states(three.tasks, 3, "FPP");
    coil_stop(w.loop);
    check_states(three.tasks, 3, "FPP");
    PASS(coil_close(w.loop)); /* this ends them */
    check_states(three.tasks, 3, "FCC");
}

TEST(seed, s22_cancelling_asks_and_the_next_run_ends_them)
{
    coil_task *pending[3] = {NULL};
    DISPOSITION(former, SIGINT, SIG_DFL);
    THREE(three);
    WORLD(w);
    three_begin(&three, w.loop);
    COIL_AUTO coil_future *gather = coil_gather_futures(three.tasks, 3, 0);

    run_interrupted(&w, gather);
    if (CHECK_EQ(coil_all_tasks(w.loop, pending, 3, COIL_TASKS_PENDING), 2)) {
        CHECK_PTR(pending[0], three.tasks[1]);
        CHECK_PTR(pending[1], three.tasks[2]);
    }
    CHECK_EQ(coil_all_tasks(w.loop, NULL, 0, COIL_TASKS_ALL), 3);
    CHECK(!coil_cancel(three.tasks[0]));
    for (int i = 1; i < 3; i++) {
        CHECK(coil_cancel(three.tasks[i]) || check_walking());
        CHECK(coil_cancel(three.tasks[i]) || check_walking()); /* asked twice: told twice */
    }
    check_states(three.tasks, 3, "FPP");
    (void)!coil_run_until_complete(w.loop, three.tasks[2], NULL);
    check_states(three.tasks, 3, "FCC");
    CHECK_EQ(world_time(&w), COIL_SEC(1.5));
    for (int i = 0; i < 3; i++)
        coil_unref(pending[i]);
}

/* ---- S30: tasks are futures ----------------------------------------------------------------- */

struct use {
    struct question question;
    int calls;
};

static void *uses_it_as_a_future(void *arg)
{
    struct use *use = arg;
    COIL_AUTO coil_task *task = coil_create_task(asks, &use->question);
    coil_future *futures[] = {task};
    COIL_AUTO coil_future *gather = coil_gather_futures(futures, 1, 0);
    void *out = NULL;

    PASS(coil_add_done_callback(task, sees_finished, &use->calls));
    CHECK(!coil_done(task) || check_walking());
    FAILS(coil_result(task, NULL), -COIL_EINVALSTATE);
    CHECK_EQ(coil_set_result(task, value(9)), -EINVAL);
    CHECK_EQ(coil_wait(futures, 1, COIL_NEVER, COIL_ALL_COMPLETED), 1);
    PASS(coil_await(gather, NULL));
    PASS(coil_await(task, &out));
    CHECK_PTR(out, value(6)); /* its own */
    CHECK(coil_done(task));
    CHECK_EQ(coil_result(task, &out), 0);
    CHECK_PTR(out, value(6));
    CHECK_EQ(use->calls, 1);
    return NULL;
}

TEST(seed, s30_1_a_task_goes_wherever_a_future_goes)
{
    struct use use = {.question = {.answer = value(6)}};
    WORLD(w);

    PASS(world_run(&w, uses_it_as_a_future, &use));
}

TEST(seed, s30_4_a_done_future_ends_the_run_after_what_was_queued_before)
{
    struct question question = {.answer = NULL};
    void *out = NULL;
    int calls = 0;
    WORLD(w);
    COIL_AUTO coil_future *future = coil_create_future(w.loop);
    coil_time before = coil_loop_time(w.loop);

    PASS(coil_set_result(future, value(8)));
    PASS(coil_add_done_callback(future, sees_finished, &calls));
    coil_unref(new_task(w.loop, asks, &question));
    CHECK_EQ(coil_run_until_complete(w.loop, future, &out), 0);
    CHECK_PTR(out, value(8));
    CHECK_EQ(coil_loop_time(w.loop), before);
    CHECK_EQ(calls, 1);
    CHECK_EQ(question.starts, 1);
}

static void *blocks(void *seconds)
{
    return COIL_ERR(coil_block_for(COIL_SEC(*(const double *)seconds)));
}

static void run_two(coil_fn fn, coil_time takes)
{
    double slow = 3, fast = 1;
    WORLD(w);
    PASS(coil_set_event_loop(w.loop));
    COIL_AUTO coil_future *both = coil_gather((const coil_coro[]){{fn, &slow}, {fn, &fast}}, 2, 0);

    PASS(coil_run_until_complete(w.loop, both, NULL));
    CHECK_EQ(world_time(&w), takes);
    PASS(coil_set_event_loop(NULL));
}

TEST(seed, s30_5_a_sleep_suspends_a_task_and_a_blocking_call_the_thread)
{
    run_two(sleeps, COIL_SEC(3));
    run_two(blocks, COIL_SEC(4));
}

TEST(seed, s30_6_only_a_pending_task_can_be_cancelled)
{
    double one = 1;
    struct question question = {.answer = NULL};
    WORLD(w);
    COIL_AUTO coil_task *sleeper = new_task(w.loop, sleeps, &one);
    COIL_AUTO coil_task *finished = new_task(w.loop, asks, &question);

    PASS(coil_run_until_complete(w.loop, finished, NULL));
    CHECK(coil_cancel(sleeper) || check_walking());
    CHECK_EQ(coil_future_state(sleeper), COIL_PENDING);
    CHECK(!coil_cancel(finished));
    CHECK_EQ(coil_future_state(finished), COIL_FINISHED);
    FAILS(coil_run_until_complete(w.loop, sleeper, NULL), -ECANCELED);
    CHECK_EQ(coil_future_state(sleeper), COIL_CANCELLED);
    CHECK(!coil_cancel(sleeper));
    CHECK_EQ(coil_future_state(sleeper), COIL_CANCELLED);
}

static void *stops_and_sleeps(void *unused)
{
    (void)unused;
    coil_stop(coil_get_running_loop());
    int rc = coil_sleep(COIL_SEC(1));
    return rc < 0 ? COIL_ERR(rc) : value(2);
}

TEST(seed, s30_7_a_run_that_is_stopped_before_its_task_is_done_says_so)
{
    void *out = NULL;
    WORLD(w);
    COIL_AUTO coil_task *task = new_task(w.loop, stops_and_sleeps, NULL);

    FAILS(coil_run_until_complete(w.loop, task, &out), -COIL_ESTOPPED);
    CHECK_EQ(coil_future_state(task), COIL_PENDING);
    CHECK_EQ(coil_run_until_complete(w.loop, task, &out), 0);
    CHECK_PTR(out, value(2));
    CHECK_EQ(coil_future_state(task), COIL_FINISHED);
}

static void *takes_three_steps(void *log)
{
    record(log, "0");
    PASS(coil_yield_now());
    record(log, "1");
    PASS(coil_yield_now());
    record(log, "2");
    return NULL;
}

TEST(seed, s30_8_a_stop_before_the_run_leaves_one_iteration)
{
    struct record log = {""};
    WORLD(w);
    COIL_AUTO coil_task *task = new_task(w.loop, takes_three_steps, &log);

    coil_stop(w.loop);
    CHECK_EQ(coil_run_forever(w.loop), 0);
    CHECK_STR(log.text, "0");
    CHECK_EQ(coil_future_state(task), COIL_PENDING);
    PASS(coil_run_until_complete(w.loop, task, NULL));
    CHECK_STR(log.text, "0 1 2");
    CHECK_EQ(coil_future_state(task), COIL_FINISHED);
}
