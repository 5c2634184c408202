// SPDX-License-Identifier: MIT
/* CPython's test_tasks.py: what a task is, runs and tells. */
#include "ear.h"

#include <errno.h>

static void *returns_it(void *arg)
{
    return arg;
}

static void *sleeps_long(void *arg)
{
    int rc = coil_sleep(COIL_SEC(100));

    return rc < 0 ? COIL_ERR(rc) : arg;
}

/* Runs a coroutine as a task and checks its result. */
static void gives(struct world *w, coil_fn fn, void *arg, void *expected)
{
    void *result = &result;
    COIL_AUTO coil_task *task = coil_create_task_with(w->loop, fn, arg, NULL);

    PASS(coil_run_until_complete(w->loop, task, &result));
    CHECK(result == expected || check_walking());
}

/* ---- awaiting ------------------------------------------------------------------------------ */

static void *awaits_anothers(void *future)
{
    FAILS(coil_await(future, NULL), -EXDEV);
    return NULL;
}

TEST(BaseTaskTests, test_other_loop_future)
{
    WORLD(other);
    WORLD(w);
    COIL_AUTO coil_future *future = coil_create_future(other.loop);

    if (!coil_is_err(future))
        PASS(world_run(&w, awaits_anothers, future));
}

static void *awaits_itself(void *arg)
{
    FAILS(coil_await(coil_current_task(), NULL), -EDEADLK);
    return arg;
}

TEST(BaseTaskTests, test_task_awaits_on_itself)
{
    WORLD(w);

    PASS(world_run(&w, awaits_itself, NULL));
}

static void *knows_its_loop(void *loop)
{
    CHECK_PTR(coil_get_running_loop(), loop);
    return (char *)loop + 1;
}

TEST(BaseTaskTests, test_task_class)
{
    void *result = NULL;
    WORLD(w);
    COIL_AUTO coil_task *task = coil_create_task_with(w.loop, knows_its_loop, w.loop, NULL);

    PASS(coil_run_until_complete(w.loop, task, NULL));
    PASS(coil_result(task, &result));
    CHECK(check_walking() || result == (char *)w.loop + 1);
}

static void *makes_a_task(void *loop)
{
    COIL_AUTO coil_task *task = coil_create_task(knows_its_loop, loop);

    PASS(coil_await(task, NULL));
    return NULL;
}

TEST(BaseTaskTests, test_ensure_future_coroutine)
{
    WORLD(w);
    COIL_AUTO coil_task *given = coil_create_task_with(w.loop, knows_its_loop, w.loop, NULL);

    PASS(coil_run_until_complete(w.loop, given, NULL));
    PASS(world_run(&w, makes_a_task, w.loop)); /* the running one */
    PASS(coil_set_event_loop(w.loop));
    COIL_AUTO coil_task *threads = coil_create_task(knows_its_loop, w.loop);
    PASS(coil_run_until_complete(w.loop, threads, NULL));
    PASS(coil_set_event_loop(NULL));
    FAILS(coil_err(coil_create_task_with(COIL_ERR(-COIL_ENOLOOP), returns_it, NULL, NULL)),
          -COIL_ENOLOOP);
}

static void *waits_for(void *future)
{
    void *result = NULL;

    PASS(coil_wait_for(future, COIL_SEC(1), &result));
    return result;
}

static int marker;

/* There is no wrapper: the future itself goes where an awaitable is wanted. */
static void goes_as_it_is(coil_future *(*make)(coil_loop *))
{
    WORLD(other);
    WORLD(w);
    COIL_AUTO coil_future *future = make(w.loop);

    FAILS(coil_run_until_complete(other.loop, future, NULL),
          coil_err(future) ? coil_err(future) : -EXDEV);
    PASS(coil_run_until_complete(w.loop, future, NULL));
    COIL_AUTO coil_future *same = coil_shield(future);
    CHECK_PTR(same, future);
    gives(&w, waits_for, future, &marker);
}

static coil_future *make_future(coil_loop *loop)
{
    coil_future *future = coil_create_future(loop);

    PASS(coil_set_result(future, &marker));
    return future;
}

static coil_future *make_task(coil_loop *loop)
{
    return coil_create_task_with(loop, returns_it, &marker, NULL);
}

TEST(BaseTaskTests, test_ensure_future_future)
{
    goes_as_it_is(make_future);
}

TEST(BaseTaskTests, test_ensure_future_task)
{
    goes_as_it_is(make_task);
}

TEST(BaseTaskTests, test_ensure_future_error_msg)
{
    WORLD(other);
    WORLD(w);
    COIL_AUTO coil_future *future = coil_create_future(w.loop);

    if (coil_is_err(future) || coil_is_err(other.loop))
        return;
    FAILS(coil_run_until_complete(other.loop, future, NULL), -EXDEV);
    FAILS(coil_run_until_complete(other.loop, NULL, NULL), -EINVAL);
    CHECK(strcmp(coil_strerror(-EXDEV), coil_strerror(-EINVAL)) != 0);
}

/* ---- describing ---------------------------------------------------------------------------- */

/* The description has these words. */
static void tells(const coil_future *future, const char *word, const char *other)
{
    char text[256] = "";

    if (coil_is_err(future))
        return;
    CHECK(coil_describe(future, text, sizeof(text)) < (int)sizeof(text));
    CHECK(strstr(text, word) != NULL);
    CHECK(strstr(text, other) != NULL);
}

static __attribute__((noinline)) int deep_inside(void)
{
    return coil_sleep(COIL_MS(1));
}

static void *calls_deep(void *arg)
{
    char text[16];

    tells(coil_current_task(), "coro=calls_deep", "running");
    CHECK(coil_describe(coil_current_task(), text, sizeof(text)) > (int)sizeof(text));
    CHECK_EQ(strlen(text), sizeof(text) - 1);
    PASS(deep_inside());
    return arg;
}

TEST(BaseTaskTests, test_get_stack)
{
    WORLD(w);
    COIL_AUTO coil_task *task = coil_create_task_with(w.loop, calls_deep, NULL, NULL);

    PASS(world_turn(&w));
    if (!check_walking())
        tells(task, "coro=calls_deep", "wait=sleep");
    PASS(coil_run_until_complete(w.loop, task, NULL));
}

TEST(BaseTaskTests, test_task_repr)
{
    WORLD(w);
    const coil_task_options options = {.size = sizeof(options), .name = "TestTask"};
    COIL_AUTO coil_task *task = coil_create_task_with(w.loop, sleeps_long, NULL, &options);
    COIL_AUTO coil_task *other = coil_create_task_with(w.loop, returns_it, NULL, NULL);

    if (check_walking())
        return;
    PASS(world_turn(&w));
    tells(task, "'TestTask' pending", "coro=sleeps_long");
    CHECK(coil_cancel(task));
    tells(task, "pending cancelling=1", "coro=sleeps_long");
    FAILS(coil_run_until_complete(w.loop, task, NULL), -ECANCELED);
    tells(task, "'TestTask' cancelled", "coro=sleeps_long");
    PASS(coil_run_until_complete(w.loop, other, NULL));
    tells(other, " finished", "coro=returns_it");
}

TEST(BaseTaskTests, test_task_repr_autogenerated)
{
    char one[16] = "", two[16] = "";
    WORLD(w);
    COIL_AUTO coil_task *first = coil_create_task_with(w.loop, returns_it, NULL, NULL);
    COIL_AUTO coil_task *second = coil_create_task_with(w.loop, returns_it, NULL, NULL);

    PASS(coil_task_name(first, one, sizeof(one)));
    PASS(coil_task_name(second, two, sizeof(two)));
    CHECK(check_walking() || (strcmp(one, "task-1") == 0 && strcmp(two, "task-2") == 0));
}

static void *awaits(void *future)
{
    void *result = NULL;
    int rc = coil_await(future, &result);

    return rc < 0 ? COIL_ERR(rc) : result;
}

TEST(BaseTaskTests, test_task_repr_wait_for)
{
    WORLD(w);
    COIL_AUTO coil_future *future = coil_create_future(w.loop);
    COIL_AUTO coil_task *one = coil_create_task_with(w.loop, awaits, future, NULL);
    COIL_AUTO coil_task *two = coil_create_task_with(w.loop, awaits, one, NULL);

    PASS(world_turn(&w));
    if (check_walking())
        return;
    tells(one, "coro=awaits", "wait=future");
    tells(two, "coro=awaits", "wait=task 'task-1'");
    PASS(coil_set_result(future, NULL));
    PASS(coil_run_until_complete(w.loop, two, NULL));
}

/* ---- running ------------------------------------------------------------------------------- */

static intptr_t inner_value(intptr_t value)
{
    PASS(coil_yield_now());
    return value;
}

static void *adds(void *arg)
{
    intptr_t a = inner_value(100), b = inner_value(2);

    (void)arg;
    return (void *)(a + b);
}

TEST(BaseTaskTests, test_task_basics)
{
    WORLD(w);

    gives(&w, adds, NULL, (void *)102);
}

static void *stops_on_the_way(void *arg)
{
    int *x = arg;

    while (*x < 10) {
        int rc = coil_sleep(COIL_MS(1));
        if (rc < 0)
            return COIL_ERR(rc);
        if (++*x == 2)
            coil_stop(coil_get_running_loop());
    }
    return arg;
}

TEST(BaseTaskTests, test_stop_while_run_in_complete)
{
    int x = 0;
    WORLD(w);
    COIL_AUTO coil_task *task = coil_create_task_with(w.loop, stops_on_the_way, &x, NULL);
    COIL_AUTO coil_task *other = coil_create_task_with(w.loop, sleeps_long, &x, NULL);

    if (check_walking())
        return;
    FAILS(coil_run_until_complete(w.loop, task, NULL), -COIL_ESTOPPED);
    CHECK(!coil_done(task));
    CHECK_EQ(x, 2);
    PASS(coil_run_until_complete(w.loop, task, NULL)); /* it goes on */
    CHECK_EQ(x, 10);
    CHECK(coil_cancel(other));
    FAILS(coil_run_until_complete(w.loop, other, NULL), -ECANCELED);
}

TEST(BaseTaskTests, test_task_set_methods)
{
    WORLD(w);
    COIL_AUTO coil_task *task = coil_create_task_with(w.loop, returns_it, &w, NULL);
    void *result = NULL;

    if (coil_is_err(task))
        return;
    FAILS(coil_set_result(task, NULL), -EINVAL);
    FAILS(coil_set_error(task, -EIO), -EINVAL);
    PASS(coil_run_until_complete(w.loop, task, &result));
    CHECK_PTR(result, &w);
}

TEST(BaseTaskTests, test_step_result_future)
{
    void *result = NULL;
    char text[128];
    WORLD(w);
    COIL_AUTO coil_future *future = coil_create_future(w.loop);
    COIL_AUTO coil_task *task = coil_create_task_with(w.loop, awaits, future, NULL);

    PASS(world_turn(&w));
    if (check_walking())
        return;
    PASS(coil_describe(task, text, sizeof(text)));
    CHECK(strstr(text, "wait=future") != NULL);
    PASS(coil_set_result(future, (void *)20));
    PASS(coil_run_until_complete(w.loop, task, &result));
    CHECK_PTR(result, (void *)20);
}

TEST(BaseTaskTests, test_coroutine_non_gen_function_return_future)
{
    void *result = NULL;
    WORLD(w);
    COIL_AUTO coil_future *future = coil_create_future(w.loop);
    COIL_AUTO coil_task *task = coil_create_task_with(w.loop, returns_it, future, NULL);

    if (coil_is_err(future))
        return;
    PASS(coil_run_until_complete(w.loop, task, &result));
    CHECK(result == future || check_walking());
    CHECK(!coil_done(future));
}

/* ---- who runs ------------------------------------------------------------------------------ */

static void *is_current(void *arg)
{
    coil_task *const *self = arg;

    CHECK_PTR(coil_current_task(), *self);
    PASS(coil_yield_now());
    CHECK_PTR(coil_current_task(), *self);
    return NULL;
}

static void current_inside_and_none_outside(void)
{
    WORLD(w);
    coil_task *task = NULL;

    CHECK_PTR(coil_current_task(), NULL);
    task = coil_create_task_with(w.loop, is_current, &task, NULL);
    PASS(coil_run_until_complete(w.loop, task, NULL));
    CHECK_PTR(coil_current_task(), NULL);
    coil_unref(task);
}

TEST(BaseTaskTests, test_current_task)
{
    current_inside_and_none_outside();
}

struct pair {
    coil_task *one, *two;
    coil_future *to_one, *to_two;
};

static void *first_of_pair(void *arg)
{
    struct pair *pair = arg;

    CHECK_PTR(coil_current_task(), pair->one);
    PASS(coil_await(pair->to_one, NULL));
    CHECK_PTR(coil_current_task(), pair->one);
    PASS(coil_set_result(pair->to_two, NULL));
    CHECK_PTR(coil_current_task(), pair->one);
    return NULL;
}

static void *second_of_pair(void *arg)
{
    struct pair *pair = arg;

    CHECK_PTR(coil_current_task(), pair->two);
    PASS(coil_set_result(pair->to_one, NULL));
    CHECK_PTR(coil_current_task(), pair->two);
    PASS(coil_await(pair->to_two, NULL));
    CHECK_PTR(coil_current_task(), pair->two);
    return NULL;
}

TEST(BaseTaskTests, test_current_task_with_interleaving_tasks)
{
    struct pair pair = {NULL, NULL, NULL, NULL};
    WORLD(w);

    if (check_walking())
        return;
    pair.to_one = coil_create_future(w.loop);
    pair.to_two = coil_create_future(w.loop);
    pair.one = coil_create_task_with(w.loop, first_of_pair, &pair, NULL);
    pair.two = coil_create_task_with(w.loop, second_of_pair, &pair, NULL);
    PASS(coil_run_until_complete(w.loop, pair.two, NULL));
    PASS(coil_run_until_complete(w.loop, pair.one, NULL));
    CHECK_PTR(coil_current_task(), NULL);
    coil_unref(pair.one);
    coil_unref(pair.two);
    coil_unref(pair.to_one);
    coil_unref(pair.to_two);
}

/* There is one form: of the thread's running loop. NULL says that nothing runs. */
TEST(BaseCurrentLoopTests, test_current_task_no_running_loop)
{
    WORLD(w);

    CHECK_PTR(coil_current_task(), NULL);
    CHECK(!coil_is_running(w.loop));
}

TEST(BaseCurrentLoopTests, test_current_task_no_running_loop_implicit)
{
    CHECK_PTR(coil_current_task(), NULL);
    FAILS(coil_err(coil_get_running_loop()), -COIL_ENOLOOP);
    FAILS(coil_yield_now(), -COIL_ENOLOOP); /* where a task is due, it is said so */
}

TEST(BaseCurrentLoopTests, test_current_task_with_implicit_loop)
{
    current_inside_and_none_outside();
}

static void *awaits_gathers_and_waits(void *task)
{
    coil_future *futures[] = {task};
    COIL_AUTO coil_future *all = coil_gather_futures(futures, 1, 0);

    PASS(coil_await(all, NULL));
    CHECK_EQ(coil_wait(futures, 1, COIL_NEVER, COIL_ALL_COMPLETED), coil_is_err(task) ? -EIO : 1);
    PASS(coil_result(task, NULL));
    CHECK(coil_done(task));
    return NULL;
}

TEST(GenericTaskTests, test_future_subclass)
{
    WORLD(w);
    COIL_AUTO coil_task *task = coil_create_task_with(w.loop, returns_it, &w, NULL);

    if (!coil_is_err(task))
        PASS(world_run(&w, awaits_gathers_and_waits, task));
}

/* ---- making -------------------------------------------------------------------------------- */

static void *counts_a_run(void *arg)
{
    ++*(int *)arg;
    return arg;
}

TEST(BaseTaskTests, test_error_in_call_soon)
{
    int runs = 0;
    size_t blocks;
    WORLD(w);

    PASS(coil_close(w.loop));
    blocks = coil_allocated_blocks();
    FAILS(coil_err(coil_create_task_with(w.loop, counts_a_run, &runs, NULL)), -COIL_ECLOSED);
    CHECK_EQ(coil_allocated_blocks(), blocks);
    CHECK_EQ(coil_all_tasks(w.loop, NULL, 0, COIL_TASKS_ALL),
             coil_err(w.loop) ? coil_err(w.loop) : 0);
    CHECK_EQ(runs, 0);
}

TEST(BaseTaskTests, test_create_task_with_noncoroutine)
{
    WORLD(w);

    FAILS(coil_err(coil_create_task_with(w.loop, NULL, NULL, NULL)), -EINVAL);
    CHECK_EQ(coil_all_tasks(w.loop, NULL, 0, COIL_TASKS_ALL),
             coil_err(w.loop) ? coil_err(w.loop) : 0);
}

TEST(BaseTaskTests, test_create_task_with_async_function)
{
    int runs = 0;
    WORLD(w);

    for (int i = 1; i <= 3; i++) {
        gives(&w, counts_a_run, &runs, &runs);
        CHECK(runs == i || check_walking());
    }
}

static void *makes_bare_tasks(void *arg)
{
    char name[16] = "";
    void *result = NULL;
    const coil_task_options options = {.size = sizeof(options), .name = "named"};
    COIL_AUTO coil_task *bare = coil_create_task(returns_it, arg);
    COIL_AUTO coil_task *named = coil_create_task_with(NULL, returns_it, arg, &options);

    PASS(coil_await(bare, &result));
    CHECK_PTR(result, check_walking() ? result : arg);
    PASS(coil_task_name(named, name, sizeof(name)));
    CHECK(check_walking() || strcmp(name, "named") == 0);
    PASS(coil_await(named, NULL));
    return NULL;
}

TEST(BaseTaskTests, test_bare_create_task)
{
    WORLD(w);

    PASS(world_run(&w, makes_bare_tasks, &w));
}

TEST(BaseTaskTests, test_bare_create_named_task)
{
    WORLD(w);

    PASS(world_run(&w, makes_bare_tasks, &w));
}

TEST(BaseTaskTests, test_get_coro)
{
    coil_coro coroutine = {NULL, NULL};
    WORLD(w);
    COIL_AUTO coil_task *task = coil_create_task_with(w.loop, returns_it, &w, NULL);

    for (int done = 0; done < 2 && !coil_is_err(task); done++) {
        PASS(coil_task_coroutine(task, &coroutine));
        CHECK(coroutine.fn == returns_it && coroutine.arg == &w);
        PASS(coil_run_until_complete(w.loop, task, NULL));
    }
}

/* ---- listing ------------------------------------------------------------------------------- */

static void listed(struct world *w, int pending, int all)
{
    if (check_walking())
        return;
    CHECK_EQ(coil_all_tasks(w->loop, NULL, 0, COIL_TASKS_PENDING), pending);
    CHECK_EQ(coil_all_tasks(w->loop, NULL, 0, COIL_TASKS_ALL), all);
}

TEST(BaseTaskIntrospectionTests, test__register_task_1)
{
    WORLD(w);

    listed(&w, 0, 0);
    COIL_AUTO coil_task *task = coil_create_task_with(w.loop, returns_it, NULL, NULL);
    listed(&w, 1, 1);
    PASS(coil_run_until_complete(w.loop, task, NULL));
}

TEST(BaseTaskIntrospectionTests, test__register_task_3)
{
    WORLD(w);
    COIL_AUTO coil_task *task = coil_create_task_with(w.loop, returns_it, NULL, NULL);

    PASS(coil_run_until_complete(w.loop, task, NULL));
    listed(&w, 0, 1);
}

TEST(BaseTaskIntrospectionTests, test__unregister_task)
{
    WORLD(w);
    coil_task *task = coil_create_task_with(w.loop, returns_it, NULL, NULL);

    PASS(coil_run_until_complete(w.loop, task, NULL));
    coil_unref(task);
    listed(&w, 0, 0);
}

static void *runs_another_inside(void *arg)
{
    struct world *w = arg;
    coil_task *self = coil_current_task();
    COIL_AUTO coil_task *other = coil_create_task(returns_it, NULL);

    FAILS(coil_run_until_complete(w->loop, other, NULL),
          coil_err(other) ? coil_err(other) : -EBUSY);
    CHECK_PTR(coil_current_task(), self);
    CHECK(!coil_done(other) || coil_is_err(other));
    return NULL;
}

TEST(BaseTaskIntrospectionTests, test__enter_task_failure)
{
    WORLD(w);

    PASS(world_run(&w, runs_another_inside, &w));
}

TEST(BaseTaskTests, test_log_destroyed_pending_task)
{
    WORLD(w);
    EAR(ear, w);
    COIL_AUTO coil_task *task = coil_create_task_with(w.loop, sleeps_long, NULL, NULL);

    PASS(world_turn(&w));
    PASS(coil_close(w.loop));
    if (check_walking())
        return;
    CHECK_STR(ear.log.text, "[task was destroyed but it is pending 0]");
    CHECK_PTR(ear.last.future, task);
    listed(&w, 0, 1);
}

/* ---- sleeping ------------------------------------------------------------------------------ */

static void *sleeps_twice(void *arg)
{
    PASS(coil_sleep(COIL_MS(50)));
    PASS(coil_sleep(COIL_MS(50)));
    return arg;
}

TEST(BaseTaskTests, test_sleep)
{
    WORLD(w);

    gives(&w, sleeps_twice, &w, &w);
    if (!check_walking())
        CHECK_TIME(world_time(&w), COIL_MS(100));
}

static void *sleeps_senselessly(void *arg)
{
    FAILS(coil_sleep(INT64_MIN), -EINVAL);
    return arg;
}

TEST(BaseTaskTests, test_sleep_when_delay_is_nan)
{
    WORLD(w);

    PASS(world_run(&w, sleeps_senselessly, NULL));
    if (world_is_virtual())
        CHECK_EQ(world_time(&w), 0);
}

struct order {
    struct record log;
};

static int says_callback(void *arg)
{
    record(&((struct order *)arg)->log, "callback");
    return 0;
}

static void *sleeps_zero(void *arg)
{
    struct order *order = arg;

    PASS(coil_handle_error(coil_call_soon(coil_get_running_loop(), says_callback, order)));
    PASS(coil_sleep(0));
    record(&order->log, "slept");
    return arg;
}

TEST(SleepTests, test_sleep_zero)
{
    struct order order = {{""}};
    WORLD(w);

    gives(&w, sleeps_zero, &order, &order);
    CHECK(check_walking() || strcmp(order.log.text, "callback slept") == 0);
}
