// SPDX-License-Identifier: MIT
#include "loop/loop.h"
#include "world.h"

/* ---- tasks (contract 10) -------------------------------------------------------------------- */

static void *wait_in_every_way(void *log)
{
    COIL_AUTO coil_future *never = coil_create_future(NULL);
    record(log, "%d", coil_sleep(COIL_SEC(9)));
    record(log, "%d", coil_sleep(COIL_SEC(9)));
    record(log, "%d", coil_yield_now());
    record(log, "%d", coil_await(never, NULL));
    record(log, "%d", world_op(OP_RECV, 3, NULL, 0));
    return NULL;
}

TEST(close, refuses_every_wait_of_a_task)
{
    struct record log = {""};
    WORLD(w);
    COIL_AUTO coil_task *task = coil_create_task_with(w.loop, wait_in_every_way, &log, NULL);
    PASS(world_turn(&w));
    CHECK_EQ(coil_close(w.loop), 0);
    CHECK_STR(log.text, "-125 -125 -125 -125 -125");
    CHECK_EQ(coil_future_state(task), COIL_FINISHED); /* it chose to end well */
    CHECK_EQ(world_time(&w), 0);
}

struct waiting {
    coil_fn how;
    coil_future *on;
    int rc;
};

static void *in_await(void *arg)
{
    struct waiting *waiting = arg;
    waiting->rc = coil_await(waiting->on, NULL);
    return COIL_ERR(waiting->rc);
}

static void *in_yield(void *arg)
{
    struct waiting *waiting = arg;
    waiting->rc = coil_yield_now();
    return COIL_ERR(waiting->rc);
}

static void *in_operation(void *arg)
{
    struct waiting *waiting = arg;
    waiting->rc = world_op(OP_RECV, 3, NULL, 0);
    return COIL_ERR(waiting->rc);
}

static void *in_sleep(void *arg)
{
    struct waiting *waiting = arg;
    waiting->rc = coil_sleep(COIL_SEC(9));
    return COIL_ERR(waiting->rc);
}

TEST(close, ends_a_task_wherever_it_waits)
{
    struct waiting waits[] = {{.how = in_await},
                              {.how = in_yield},
                              {.how = in_operation},
                              {.how = in_sleep},
                              {.how = in_await}};
    coil_task *tasks[5];
    WORLD(w);
    coil_future *never = waits[0].on = coil_create_future(w.loop);
    for (int i = 0; i < 5; i++) {
        if (i == 4)
            waits[4].on = tasks[3]; /* a task that waits for another one */
        tasks[i] = coil_create_task_with(w.loop, waits[i].how, &waits[i], NULL);
    }
    PASS(world_turn(&w));
    CHECK_EQ(coil_close(w.loop), 0);
    for (int i = 0; i < 5; i++) {
        FAILS(waits[i].rc, -ECANCELED);
        CHECK(coil_cancelled(tasks[i]));
        coil_unref(tasks[i]);
    }
    CHECK_EQ(coil_future_state(never), COIL_PENDING); /* nobody ended the future itself */
    coil_unref(never);
}

static void *clean_up(void *log)
{
    if (coil_sleep(COIL_SEC(9)) == -ECANCELED)
        record(log, "cleaned");
    return log;
}

TEST(close, takes_the_result_of_a_task_that_ends_well)
{
    struct record log = {""};
    void *result = NULL;
    WORLD(w);
    COIL_AUTO coil_task *task = coil_create_task_with(w.loop, clean_up, &log, NULL);
    PASS(world_turn(&w));
    CHECK_EQ(coil_close(w.loop), 0);
    CHECK_STR(log.text, "cleaned");
    PASS(coil_result(task, &result));
    CHECK_PTR(result, &log);
}

static void *never_called(void *log)
{
    record(log, "called");
    return NULL;
}

TEST(close, does_not_begin_a_task)
{
    struct record log = {""};
    WORLD(w);
    COIL_AUTO coil_task *task = coil_create_task_with(w.loop, never_called, &log, NULL);
    CHECK_EQ(coil_close(w.loop), 0);
    CHECK_STR(log.text, "");
    CHECK(coil_cancelled(task) || check_walking());
}

static void *stubborn(void *refusals)
{
    for (;;)
        if (coil_sleep(COIL_SEC(1)) == -ECANCELED)
            ++*(int *)refusals;
    return NULL;
}

TEST(close, abandons_a_task_that_does_not_end_and_names_it)
{
    struct record warnings = {""};
    const coil_task_options options = {.size = sizeof(options), .name = "mule"};
    int refusals = 0, unnamed_refusals = 0;
    WORLD(w);
    COIL_AUTO coil_task *task = coil_create_task_with(w.loop, stubborn, &refusals, &options);
    COIL_AUTO coil_task *unnamed = coil_create_task_with(w.loop, stubborn, &unnamed_refusals, NULL);
    PASS(world_turn(&w));
    coil_set_warning_sink(record_warning, &warnings);
    CHECK_EQ(coil_close(w.loop), 2);
    coil_set_warning_sink(NULL, NULL);
    CHECK_STR(warnings.text, "task was destroyed but it is pending: mule "
                             "task was destroyed but it is pending: task-2 "
                             "a task went on to wait 100 times and was abandoned: mule "
                             "a task went on to wait 100 times and was abandoned: task-2");
    CHECK_EQ(refusals, 1 + 100); /* the wait that it was in, and the further ones */
    CHECK_EQ(unnamed_refusals, 1 + 100);
    CHECK(coil_cancelled(task) && coil_cancelled(unnamed));
}

static void *await_it(void *future)
{
    while (coil_await(future, NULL) == -ECANCELED && !coil_done(future))
        ;
    return NULL;
}

TEST(close, abandons_each_of_two_that_wait_for_each_other)
{
    int refusals = 0;
    struct record warnings = {""};
    WORLD(w);
    COIL_AUTO coil_task *mule = coil_create_task_with(w.loop, stubborn, &refusals, NULL);
    COIL_AUTO coil_task *friend = coil_create_task_with(w.loop, await_it, mule, NULL);
    PASS(world_turn(&w));
    coil_set_warning_sink(record_warning, &warnings);
    CHECK_EQ(coil_close(w.loop), 2);
    coil_set_warning_sink(NULL, NULL);
    CHECK(coil_done(friend));
}

/* ---- callbacks ------------------------------------------------------------------------------ */

static int call(void *log)
{
    record(log, "called");
    return 0;
}

static void call_done(coil_future *future, void *log)
{
    (void)future;
    record(log, "done");
}

TEST(close, drops_callbacks)
{
    struct record log = {""};
    WORLD(w);
    COIL_AUTO coil_future *future = coil_create_future(w.loop);
    PASS(coil_handle_error(coil_call_soon(w.loop, call, &log)));
    PASS(coil_handle_error(coil_call_later(w.loop, COIL_MS(1), call, &log)));
    PASS(coil_handle_error(coil_call_soon_threadsafe(w.loop, call, &log)));
    PASS(coil_add_done_callback(future, call_done, &log));
    PASS(coil_set_result(future, NULL));
    CHECK_EQ(coil_close(w.loop), 0);
    CHECK_STR(log.text, "");
}

/* ---- operations ----------------------------------------------------------------------------- */

struct read_late {
    int rc;
    coil_time at;
    char data[8];
};

static void *read_late(void *arg)
{
    struct read_late *read = arg;
    char buffer[8] = "";
    read->rc = world_op(OP_RECV, 3, buffer, sizeof(buffer));
    read->at = world_now();
    memcpy(read->data, buffer, sizeof(buffer));
    return NULL;
}

TEST(close, drains_an_operation_however_slow_it_is)
{
    struct read_late read = {0};
    WORLD(w);
    world_script(w.sim, (coil_sim_answer){.opcode = OP_RECV,
                                          .fd = 3,
                                          .result = 5,
                                          .delay = COIL_SEC(3600),
                                          .data = "late",
                                          .cancel = COIL_SIM_CANCEL_IGNORED});
    COIL_AUTO coil_task *task = coil_create_task_with(w.loop, read_late, &read, NULL);
    PASS(world_turn(&w));
    CHECK_EQ(coil_close(w.loop), 0);
    CHECK_EQ(read.rc, 5);
    CHECK_EQ(read.at, COIL_SEC(3600));
    CHECK_STR(read.data, "late");
    CHECK_EQ(world_counts(&w).in_flight, 0);
    CHECK(coil_done(task));
}

static void *read_late_and_wait(void *arg)
{
    (void)read_late(arg);
    FAILS(coil_yield_now(), -ECANCELED);
    return arg;
}

TEST(close, takes_the_result_of_a_task_that_has_heard_of_the_end)
{
    struct read_late read = {0};
    void *result = NULL;
    WORLD(w);
    world_script(w.sim, (coil_sim_answer){.opcode = OP_RECV,
                                          .fd = 3,
                                          .result = 5,
                                          .delay = COIL_MS(50),
                                          .cancel = COIL_SIM_CANCEL_IGNORED});
    COIL_AUTO coil_task *task = coil_create_task_with(w.loop, read_late_and_wait, &read, NULL);
    PASS(world_turn(&w));
    CHECK_EQ(coil_close(w.loop), 0);
    CHECK_EQ(read.rc, 5);
    PASS(coil_result(task, &result));
    CHECK_PTR(result, &read);
}

TEST(close, cancels_the_operations_that_can_be_cancelled)
{
    struct read_late read = {0};
    WORLD(w);
    world_answer(&w, OP_RECV, 5, COIL_SEC(3600));
    COIL_AUTO coil_task *task = coil_create_task_with(w.loop, read_late, &read, NULL);
    PASS(world_turn(&w));
    CHECK_EQ(coil_close(w.loop), 0);
    FAILS(read.rc, -ECANCELED);
    CHECK_EQ(read.at, 0);
    CHECK(coil_done(task));
}

/* ---- what is left --------------------------------------------------------------------------- */

TEST(close, frees_the_stacks)
{
    struct waiting waiting = {.how = in_sleep};
    WORLD(w);
    COIL_AUTO coil_task *task = coil_create_task_with(w.loop, in_sleep, &waiting, NULL);
    PASS(world_turn(&w));
    if (coil_is_err(w.loop))
        return;
    const struct stack_pool *pool = &w.loop->sched->stacks.pools[w.loop->sched->stack_class];
    CHECK(pool->slabs != NULL);
    CHECK_EQ(coil_close(w.loop), 0);
    for (int i = 0; i < STACK_CLASSES; i++)
        CHECK_PTR(w.loop->sched->stacks.pools[i].slabs, NULL);
    CHECK(coil_done(task));
}

static void *give_back(void *arg)
{
    return arg;
}

TEST(close, leaves_futures_readable_also_after_the_loop_is_gone)
{
    const coil_task_options options = {.size = sizeof(options), .name = "orphan"};
    char name[16] = "";
    void *result = NULL;
    int seven = 7;
    WORLD(w);
    coil_task *done = coil_create_task_with(w.loop, give_back, &seven, &options);
    coil_task *not_begun = coil_create_task_with(w.loop, NULL, NULL, NULL);
    coil_future *pending = coil_create_future(w.loop);
    FAILS(coil_err(not_begun), -EINVAL);
    PASS(world_turn(&w));
    not_begun = coil_create_task_with(w.loop, give_back, NULL, NULL);
    PASS(coil_loop_free(w.loop));
    w.loop = NULL;
    PASS(coil_result(done, &result));
    CHECK_PTR(result, &seven);
    PASS(coil_task_name(done, name, sizeof(name)));
    CHECK_STR(name, "orphan");
    CHECK(!coil_cancel(done));
    FAILS(coil_result(not_begun, NULL), -ECANCELED);
    FAILS(coil_result(pending, NULL), -COIL_EINVALSTATE);
    PASS(coil_set_result(pending, &seven));
    PASS(coil_result(pending, NULL));
    coil_unref(done);
    coil_unref(not_begun);
    coil_unref(pending);
}

TEST(close, refuses_what_comes_after_it)
{
    struct record log = {""};
    WORLD(w);
    COIL_AUTO coil_future *future = coil_create_future(w.loop);
    CHECK(!coil_is_closed(w.loop) || check_walking());
    CHECK_EQ(coil_close(w.loop), 0);
    CHECK(coil_is_closed(w.loop));
    FAILS(coil_err(coil_create_task_with(w.loop, never_called, &log, NULL)), -COIL_ECLOSED);
    FAILS(coil_err(coil_create_future(w.loop)), -COIL_ECLOSED);
    FAILS(coil_handle_error(coil_call_soon(w.loop, call, &log)), -COIL_ECLOSED);
    FAILS(coil_handle_error(coil_call_later(w.loop, 1, call, &log)), -COIL_ECLOSED);
    FAILS(coil_handle_error(coil_call_soon_threadsafe(w.loop, call, &log)), -COIL_ECLOSED);
    FAILS(coil_run_forever(w.loop), -COIL_ECLOSED);
    FAILS(coil_run_until_complete(w.loop, future, NULL), -COIL_ECLOSED);
    CHECK_STR(log.text, "");
}

static void *start_more(void *log)
{
    FAILS(coil_sleep(COIL_SEC(9)), -ECANCELED);
    FAILS(coil_go(never_called, log), -COIL_ECLOSED);
    return NULL;
}

TEST(close, lets_its_tasks_start_no_more)
{
    struct record log = {""};
    WORLD(w);
    COIL_AUTO coil_task *task = coil_create_task_with(w.loop, start_more, &log, NULL);
    PASS(world_turn(&w));
    CHECK_EQ(coil_close(w.loop), 0);
    CHECK_STR(log.text, "");
    CHECK(coil_done(task));
}

/* ---- calling it ------------------------------------------------------------------------------ */

TEST(close, does_nothing_the_second_time)
{
    int refusals = 0;
    struct record warnings = {""};
    WORLD(w);
    COIL_AUTO coil_task *task = coil_create_task_with(w.loop, stubborn, &refusals, NULL);
    PASS(world_turn(&w));
    coil_set_warning_sink(record_warning, &warnings);
    CHECK_EQ(coil_close(w.loop), 1);
    coil_set_warning_sink(NULL, NULL);
    CHECK_EQ(coil_close(w.loop), 0);
    CHECK(coil_done(task));
}

static void *close_from_within(void *loop)
{
    FAILS(coil_close(loop), -EBUSY);
    FAILS(coil_loop_free(loop), -EBUSY);
    return NULL;
}

static int close_from_a_callback(void *loop)
{
    FAILS(coil_close(loop), -EBUSY);
    FAILS(coil_loop_free(loop), -EBUSY);
    return 0;
}

TEST(close, is_refused_while_the_loop_runs)
{
    WORLD(w);
    PASS(coil_handle_error(coil_call_soon(w.loop, close_from_a_callback, w.loop)));
    PASS(world_run(&w, close_from_within, w.loop));
    CHECK(!coil_is_closed(w.loop) || check_walking());
}

static void *close_while_closing(void *loop)
{
    FAILS(coil_sleep(COIL_SEC(9)), -ECANCELED);
    FAILS(coil_close(loop), -EBUSY);
    return NULL;
}

TEST(close, is_refused_to_a_task_that_it_ends)
{
    WORLD(w);
    COIL_AUTO coil_task *task = coil_create_task_with(w.loop, close_while_closing, w.loop, NULL);
    PASS(world_turn(&w));
    CHECK_EQ(coil_close(w.loop), 0);
    CHECK(coil_done(task));
}

TEST(close, takes_an_error_for_a_loop)
{
    FAILS(coil_close(NULL), -EINVAL);
    FAILS(coil_close(COIL_ERR(-ENOMEM)), -ENOMEM);
    CHECK_EQ(coil_loop_free(NULL), 0);
    CHECK_EQ(coil_loop_free(COIL_ERR(-ENOMEM)), 0);
    CHECK(coil_is_closed(NULL));
}

TEST(close, stops_the_clock_where_it_stands)
{
    WORLD(w);
    PASS(coil_sim_advance(w.sim, COIL_MS(7)));
    PASS(world_turn(&w));
    CHECK_EQ(coil_close(w.loop), 0);
    CHECK_EQ(coil_loop_time(w.loop), COIL_SEC(1) + COIL_MS(7));
}

static void *cancel_self_while_closing(void *arg)
{
    FAILS(coil_sleep(COIL_SEC(9)), -ECANCELED);
    CHECK(coil_cancel(coil_current_task()));
    FAILS(coil_yield_now(), -ECANCELED); /* the refusal delivers the cancellation */
    return arg;
}

TEST(close, takes_the_result_of_a_task_that_heard_of_its_cancellation_by_a_refusal)
{
    int seven = 7;
    void *result = NULL;
    WORLD(w);
    COIL_AUTO coil_task *task =
        coil_create_task_with(w.loop, cancel_self_while_closing, &seven, NULL);
    PASS(world_turn(&w));
    CHECK_EQ(coil_close(w.loop), 0);
    PASS(coil_result(task, &result));
    CHECK_PTR(result, &seven);
}

static void close_again(const char *line, void *loop)
{
    (void)line;
    FAILS(coil_close(loop), -EBUSY);
    FAILS(coil_loop_free(loop), -EBUSY);
}

static void *never_ends(void *argument)
{
    for (;;)
        (void)!coil_yield_now();
    return argument;
}

TEST(close, is_refused_to_a_sink_of_warnings_while_it_runs)
{
    WORLD(w);
    COIL_AUTO coil_task *task = coil_create_task_with(w.loop, never_ends, NULL, NULL);
    if (coil_is_err(task) || coil_is_err(w.loop))
        return;
    PASS(world_turn(&w));
    coil_set_warning_sink(close_again, w.loop);
    CHECK(coil_close(w.loop) >= 0);
    coil_set_warning_sink(NULL, NULL);
}
