// SPDX-License-Identifier: MIT
/* CPython 3.13's test_eager_task_factory.py. */
#include "world.h"

#include <errno.h>

/* A world whose tasks start at once. */
#define EAGER(name)                                                                                \
    WORLD(name);                                                                                   \
    PASS(coil_set_eager_tasks((name).loop, true))

static void *returns_it(void *arg)
{
    return arg;
}

static void *yields_and_returns(void *arg)
{
    int rc = coil_yield_now();

    return rc < 0 ? COIL_ERR(rc) : arg;
}

static void *sleeps(void *arg)
{
    int rc = coil_sleep(COIL_SEC(10));

    return rc < 0 ? COIL_ERR(rc) : arg;
}

/* Runs a body in a world of eager tasks. */
static void eagerly(coil_fn body)
{
    EAGER(w);

    PASS(world_run(&w, body, &w));
}

static void *awaits_an_eager_one(void *arg)
{
    void *result = NULL;
    COIL_AUTO coil_task *task = coil_create_task(returns_it, arg);

    CHECK(coil_get_eager_tasks(coil_get_running_loop()));
    PASS(coil_await(task, &result));
    CHECK(result == arg || check_walking());
    return NULL;
}

TEST(EagerTaskFactoryLoopTests, test_eager_task_factory_set)
{
    WORLD(w);

    CHECK(!coil_get_eager_tasks(w.loop));
    PASS(coil_set_eager_tasks(w.loop, true));
    PASS(world_run(&w, awaits_an_eager_one, &w));
    PASS(coil_set_eager_tasks(w.loop, false));
    CHECK(!coil_get_eager_tasks(w.loop));
}

static void *sets_it(void *future)
{
    PASS(coil_set_result(future, future));
    return NULL;
}

static int notes_a_turn(void *arg)
{
    *(bool *)arg = true;
    return 0;
}

static void *has_a_future_set(void *arg)
{
    bool turned = false;
    COIL_AUTO coil_future *future = coil_create_future(NULL);
    COIL_AUTO coil_task *task = coil_create_task(sets_it, future);

    CHECK(coil_done(task));
    PASS(coil_handle_error(coil_call_soon(coil_get_running_loop(), notes_a_turn, &turned)));
    PASS(coil_await(future, NULL));
    PASS(coil_await(task, NULL));
    CHECK(!turned);
    PASS(coil_yield_now());
    return arg;
}

TEST(EagerTaskFactoryLoopTests, test_await_future_during_eager_step)
{
    if (!check_walking())
        eagerly(has_a_future_set);
}

static void *is_done_at_once(void *arg)
{
    void *result = NULL;
    COIL_AUTO coil_task *task = coil_create_task(returns_it, arg);

    CHECK(coil_done(task));
    PASS(coil_result(task, &result));
    CHECK(result == arg || check_walking());
    return NULL;
}

TEST(EagerTaskFactoryLoopTests, test_eager_completion)
{
    eagerly(is_done_at_once);
}

static void *goes_on_later(void *arg)
{
    void *result = NULL;
    COIL_AUTO coil_task *task = coil_create_task(yields_and_returns, arg);

    CHECK(!coil_done(task) || check_walking());
    PASS(coil_await(task, &result));
    CHECK(result == arg || check_walking());
    return NULL;
}

TEST(EagerTaskFactoryLoopTests, test_block_after_eager_step)
{
    eagerly(goes_on_later);
}

static void *cancels_a_done_one(void *arg)
{
    void *result = NULL;
    COIL_AUTO coil_task *task = coil_create_task(returns_it, arg);

    CHECK(!coil_cancel(task));
    PASS(coil_await(task, &result));
    CHECK(result == arg || check_walking());
    CHECK(!coil_cancelled(task));
    return NULL;
}

TEST(EagerTaskFactoryLoopTests, test_cancellation_after_eager_completion)
{
    eagerly(cancels_a_done_one);
}

static void *cancels_a_blocked_one(void *arg)
{
    COIL_AUTO coil_task *task = coil_create_task(sleeps, arg);

    CHECK(coil_cancel_with(task, "enough"));
    CHECK_EQ(coil_cancelling(task), 1);
    FAILS(coil_await(task, NULL), -ECANCELED);
    CHECK_STR(coil_cancel_message(task), "enough");
    return NULL;
}

TEST(EagerTaskFactoryLoopTests, test_cancellation_after_eager_step_blocks)
{
    if (!check_walking())
        eagerly(cancels_a_blocked_one);
}

static void *is_current(void *creator)
{
    CHECK(coil_current_task() != creator && coil_current_task() != NULL);
    return NULL;
}

static void *looks_who_runs(void *arg)
{
    coil_task *self = coil_current_task();

    coil_unref(coil_create_task(is_current, self));
    CHECK_PTR(coil_current_task(), self);
    return arg;
}

TEST(EagerTaskFactoryLoopTests, test_current_task)
{
    eagerly(looks_who_runs);
}

static int pending(void)
{
    return coil_all_tasks(NULL, NULL, 0, COIL_TASKS_PENDING);
}

static void *is_listed(void *arg)
{
    CHECK_EQ(pending(), 2); /* and its creator */
    return arg;
}

static void *lists_it_afterwards(void *arg)
{
    coil_unref(coil_create_task(is_listed, arg));
    CHECK_EQ(pending(), 1);
    return NULL;
}

TEST(EagerTaskFactoryLoopTests, test_all_tasks_with_eager_completion)
{
    eagerly(lists_it_afterwards);
}

static void *is_listed_until_it_ends(void *arg)
{
    COIL_AUTO coil_task *task = coil_create_task(yields_and_returns, arg);

    CHECK(pending() == 2 || check_walking());
    PASS(coil_await(task, NULL));
    CHECK_EQ(pending(), 1);
    return NULL;
}

TEST(EagerTaskFactoryLoopTests, test_all_tasks_with_blocking)
{
    eagerly(is_listed_until_it_ends);
}

static coil_local variable = {"variable", NULL};

static void is(intptr_t value)
{
    CHECK(check_walking() || (intptr_t)coil_local_get(&variable) == value);
}

static void *sets_two(void *arg)
{
    is(1);
    PASS(coil_local_set(&variable, (void *)2, NULL));
    PASS(coil_yield_now());
    is(2);
    return arg;
}

static void *sets_one_and_keeps_it(void *arg)
{
    PASS(coil_local_set(&variable, (void *)1, NULL));
    COIL_AUTO coil_task *task = coil_create_task(sets_two, arg);
    is(1);
    PASS(coil_await(task, NULL));
    is(1);
    return NULL;
}

TEST(EagerTaskFactoryLoopTests, test_context_vars)
{
    eagerly(sets_one_and_keeps_it);
}

/* Here something is left: the function and its argument are in the head. */
static void *asks_a_finished_one(void *arg)
{
    coil_coro coroutine = {NULL, NULL};
    COIL_AUTO coil_task *task = coil_create_task(returns_it, arg);

    PASS(coil_task_coroutine(task, &coroutine));
    CHECK(check_walking() || (coroutine.fn == returns_it && coroutine.arg == arg));
    return NULL;
}

TEST(CEagerTaskFactoryLoopTests, test_issue122332)
{
    eagerly(asks_a_finished_one);
}

/* ---- counting ------------------------------------------------------------------------------ */

/* How many tasks were made is what the number of the next one tells. */
static int made(coil_loop *loop)
{
    char name[32] = "";
    int number = 0;
    COIL_AUTO coil_task *next = coil_create_task_with(loop, returns_it, NULL, NULL);

    PASS(coil_task_name(next, name, sizeof(name)));
    (void)sscanf(name, "task-%d", &number);
    (void)coil_cancel(next);
    return number - 1;
}

static int chain(int depth)
{
    return depth ? 1 + chain(depth - 1) : 0;
}

static void *calls_a_chain(void *arg)
{
    CHECK_EQ(chain(100), 100);
    return arg;
}

TEST(BaseTaskCountingTests, test_awaitables_chain)
{
    for (int eager = 0; eager < 2; eager++) {
        WORLD(w);
        PASS(coil_set_eager_tasks(w.loop, eager));
        PASS(world_run(&w, calls_a_chain, NULL));
        CHECK(made(w.loop) == 1 || check_walking());
    }
}

enum { WIDTH = 5, DEPTH = 4, TASKS = 1 + 5 + 25 + 125 + 625 };

struct level {
    int depth;
    int *done_on_return;
};

static void *gathers_recursively(void *arg)
{
    const struct level *level = arg;
    struct level below = {level->depth - 1, level->done_on_return};
    coil_coro coroutines[WIDTH];

    if (!level->depth)
        return NULL;
    for (int i = 0; i < WIDTH; i++)
        coroutines[i] = (coil_coro){gathers_recursively, &below};
    COIL_AUTO coil_future *all = coil_gather(coroutines, WIDTH, 0);
    *level->done_on_return += coil_done(all);
    return COIL_ERR(coil_await(all, NULL));
}

static void *groups_recursively(void *arg)
{
    const struct level *level = arg;
    struct level below = {level->depth - 1, level->done_on_return};
    coil_group group = COIL_GROUP_INIT;

    if (!level->depth)
        return NULL;
    int rc = coil_group_enter(&group);
    for (int i = 0; rc == 0 && i < WIDTH; i++) {
        coil_task *task = coil_group_create_task(&group, groups_recursively, &below);
        rc = coil_err(task);
        *level->done_on_return += rc == 0 && coil_done(task);
    }
    rc = coil_group_exit(&group, rc);
    coil_group_fini(&group);
    return COIL_ERR(rc);
}

/* Eager tasks are done when they were made, and none was queued; the others all are. */
static void counts(coil_fn fn, int done_on_return)
{
    for (int eager = 0; eager < 2; eager++) {
        int done = 0;
        struct level top = {DEPTH, &done};
        WORLD(w);
        if (check_walking())
            return;
        PASS(coil_set_eager_tasks(w.loop, eager));
        PASS(world_run(&w, fn, &top));
        CHECK_EQ(made(w.loop), TASKS);
        CHECK_EQ(done, eager ? done_on_return : 0);
    }
}

TEST(BaseTaskCountingTests, test_recursive_gather)
{
    counts(gathers_recursively, 1 + 5 + 25 + 125);
}

TEST(BaseTaskCountingTests, test_recursive_taskgroups)
{
    counts(groups_recursively, 625); /* a group's exit waits for calls; the innermost have none */
}
