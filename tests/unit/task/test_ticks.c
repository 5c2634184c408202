// SPDX-License-Identifier: MIT
/*
 * How many turns lie between a cause and its effect. These numbers decide in which order programs
 * print; they are asyncio's.
 *
 * A callback that asks for itself again counts the turns. It is queued before the task that
 * measures, so it runs first in each turn, and two readings of the counter differ by the turns
 * between them.
 */
#include "world.h"

#include <coil/coil.h>

#include <errno.h>

struct turns {
    struct world *w;
    int count;
    int rest; /* it ends by itself, so that a test which fails does not run for ever */
    int at, other;
    int rc;
    coil_future *future;
};

static int turn(void *arg)
{
    struct turns *turns = arg;

    turns->count++;
    if (turns->rest-- > 0)
        PASS(coil_handle_error(coil_call_soon(turns->w->loop, turn, turns)));
    return 0;
}

static void measure(coil_fn fn, struct turns *turns)
{
    PASS(coil_handle_error(coil_call_soon(turns->w->loop, turn, turns)));
    PASS(world_run(turns->w, fn, turns));
}

/* A counter and the world in which it counts. */
#define TURNS(name)                                                                                \
    struct turns name = {.rest = 50, .at = -1, .other = -1};                                       \
    WORLD(name##_world);                                                                           \
    name.w = &name##_world

static void *notes_its_turn(void *arg)
{
    struct turns *turns = arg;

    turns->at = turns->count;
    return NULL;
}

static void *awaits_and_notes(void *arg)
{
    struct turns *turns = arg;

    PASS(coil_await(turns->future, NULL));
    turns->at = turns->count;
    return NULL;
}

static void done_notes(coil_future *future, void *arg)
{
    (void)future;
    (void)notes_its_turn(arg);
}

static int call_notes(void *arg)
{
    struct turns *turns = arg;

    turns->other = turns->count;
    return 0;
}

/* Lets what was started get as far as it can. */
static void pass_turns(int n)
{
    for (int i = 0; i < n; i++)
        PASS(coil_yield_now());
}

static void *sees_a_first_step(void *arg)
{
    struct turns *turns = arg;
    int before = turns->count;
    coil_unref(coil_create_task(notes_its_turn, turns));

    pass_turns(5);
    CHECK_EQ(turns->at - before, 1);
    return NULL;
}

TEST(ticks, create_task_to_first_step_is_1)
{
    TURNS(turns);

    measure(sees_a_first_step, &turns);
}

static void *sleeps_for_nothing(void *arg)
{
    struct turns *turns = arg;
    int before = turns->count;

    PASS(coil_sleep(0));
    CHECK_EQ(turns->count - before, 1);
    PASS(coil_sleep(-1));
    CHECK_EQ(turns->count - before, 2);
    PASS(coil_yield_now());
    CHECK_EQ(turns->count - before, 3);
    return NULL;
}

TEST(ticks, sleep_0_is_1)
{
    TURNS(turns);

    measure(sleeps_for_nothing, &turns);
}

static void *awaits_what_is_done(void *arg)
{
    struct turns *turns = arg;
    COIL_AUTO coil_future *future = coil_create_future(NULL);
    int before = turns->count;

    PASS(coil_set_result(future, NULL));
    PASS(coil_await(future, NULL));
    PASS(coil_wait_for(future, COIL_SEC(1), NULL));
    PASS(coil_wait_for(future, COIL_NEVER, NULL));
    PASS(coil_wait_for(future, 0, NULL));
    CHECK_EQ(turns->count - before, 0);
    return NULL;
}

TEST(ticks, await_of_a_done_future_is_0)
{
    TURNS(turns);

    measure(awaits_what_is_done, &turns);
}

static void *sets_a_result(void *arg)
{
    struct turns *turns = arg;
    COIL_AUTO coil_future *future = turns->future = coil_create_future(NULL);
    coil_unref(coil_create_task(awaits_and_notes, turns));

    pass_turns(3);
    int before = turns->count;
    PASS(coil_set_result(future, NULL));
    pass_turns(5);
    CHECK_EQ(turns->at - before, 1);
    return NULL;
}

TEST(ticks, set_result_to_awaiter_is_1)
{
    TURNS(turns);

    measure(sets_a_result, &turns);
}

static void *sets_a_result_with_a_callback(void *arg)
{
    struct turns *turns = arg;
    COIL_AUTO coil_future *future = coil_create_future(NULL);

    PASS(coil_add_done_callback(future, done_notes, turns));
    int before = turns->count;
    PASS(coil_set_result(future, NULL));
    pass_turns(5);
    CHECK_EQ(turns->at - before, 1);
    return NULL;
}

TEST(ticks, set_result_to_done_callback_is_1)
{
    TURNS(turns);

    measure(sets_a_result_with_a_callback, &turns);
}

static void *adds_a_callback_too_late(void *arg)
{
    struct turns *turns = arg;
    COIL_AUTO coil_future *future = coil_create_future(NULL);

    PASS(coil_set_result(future, NULL));
    int before = turns->count;
    PASS(coil_add_done_callback(future, done_notes, turns));
    pass_turns(5);
    CHECK_EQ(turns->at - before, 1);
    return NULL;
}

TEST(ticks, callback_of_a_done_future_is_1)
{
    TURNS(turns);

    measure(adds_a_callback_too_late, &turns);
}

static void *ends(void *arg)
{
    struct turns *turns = arg;

    pass_turns(3);
    turns->other = turns->count;
    return NULL;
}

static void *awaits_one_that_ends(void *arg)
{
    struct turns *turns = arg;
    COIL_AUTO coil_task *task = coil_create_task(ends, turns);

    PASS(coil_await(task, NULL));
    CHECK_EQ(turns->count - turns->other, 1);
    return NULL;
}

TEST(ticks, end_of_a_task_to_its_awaiter_is_1)
{
    TURNS(turns);

    measure(awaits_one_that_ends, &turns);
}

static void *gathers(void *arg)
{
    struct turns *turns = arg;
    const coil_coro coroutines[] = {{notes_its_turn, turns}, {ends, turns}};
    COIL_AUTO coil_future *gather = coil_gather(coroutines, 2, 0);

    PASS(coil_await(gather, NULL));
    CHECK_EQ(turns->count - turns->other, 2);
    return NULL;
}

TEST(ticks, last_child_of_a_gather_to_its_awaiter_is_2)
{
    TURNS(turns);

    measure(gathers, &turns);
}

static void *waits(void *arg)
{
    struct turns *turns = arg;
    coil_future *tasks[] = {coil_create_task(notes_its_turn, turns), coil_create_task(ends, turns)};

    PASS(coil_wait(tasks, 2, COIL_NEVER, COIL_ALL_COMPLETED));
    CHECK_EQ(turns->count - turns->other, 2);
    coil_unref(tasks[0]);
    coil_unref(tasks[1]);
    return NULL;
}

TEST(ticks, last_future_of_a_wait_to_who_waits_is_2)
{
    TURNS(turns);

    measure(waits, &turns);
}

static void *waits_for(void *arg)
{
    struct turns *turns = arg;
    COIL_AUTO coil_task *task = coil_create_task(ends, turns);

    PASS(coil_wait_for(task, COIL_SEC(1), NULL));
    CHECK_EQ(turns->count - turns->other, 1);
    return NULL;
}

TEST(ticks, future_of_a_wait_for_to_who_waits_is_1)
{
    TURNS(turns);

    measure(waits_for, &turns);
}

static void *shields(void *arg)
{
    struct turns *turns = arg;
    COIL_AUTO coil_task *task = coil_create_task(ends, turns);
    COIL_AUTO coil_future *shield = coil_shield(task);

    PASS(coil_await(shield, NULL));
    CHECK_EQ(turns->count - turns->other, 2);
    return NULL;
}

TEST(ticks, future_of_a_shield_to_its_awaiter_is_2)
{
    TURNS(turns);

    measure(shields, &turns);
}

static void *takes_as_completed(void *arg)
{
    struct turns *turns = arg;
    COIL_AUTO coil_task *task = coil_create_task(ends, turns);
    coil_as_completed iteration;
    coil_future *done = NULL;

    PASS(coil_as_completed_init(&iteration, &task, 1, COIL_NEVER));
    CHECK_EQ(coil_as_completed_next(&iteration, &done), 1);
    CHECK_EQ(turns->count - turns->other, 2);
    coil_as_completed_fini(&iteration);
    return NULL;
}

TEST(ticks, future_of_as_completed_to_who_waits_is_2)
{
    TURNS(turns);

    measure(takes_as_completed, &turns);
}

static int finishes_the_future(void *arg)
{
    struct turns *turns = arg;

    turns->other = turns->count;
    return coil_set_result(turns->future, NULL);
}

static void *leaves_a_group(void *arg)
{
    struct turns *turns = arg;
    COIL_AUTO coil_future *future = coil_create_future(NULL);
    coil_group group = COIL_GROUP_INIT;

    turns->future = future;
    PASS(coil_group_enter(&group));
    coil_task *task = coil_group_create_task(&group, awaits_and_notes, turns);
    pass_turns(3);
    if (coil_err(task) == 0) /* else the future is gone before its turn comes */
        PASS(coil_handle_error(coil_call_soon(turns->w->loop, finishes_the_future, turns)));
    CHECK_EQ(coil_group_exit(&group, coil_err(task)), 0);
    CHECK_EQ(turns->count - turns->other, 3);
    coil_group_fini(&group);
    return NULL;
}

TEST(ticks, a_child_wakes_and_its_group_is_left_in_3)
{
    TURNS(turns);

    measure(leaves_a_group, &turns);
}

static void *sleeps_and_notes(void *arg)
{
    struct turns *turns = arg;

    turns->rc = coil_sleep(COIL_SEC(1));
    turns->at = turns->count;
    return NULL;
}

static void *cancels_a_sleeper(void *arg)
{
    struct turns *turns = arg;
    COIL_AUTO coil_task *task = coil_create_task(sleeps_and_notes, turns);

    pass_turns(3);
    int before = turns->count;
    CHECK(coil_cancel(task));
    pass_turns(5);
    CHECK_EQ(turns->rc, -ECANCELED);
    CHECK_EQ(turns->at - before, 1);
    return NULL;
}

TEST(ticks, cancel_to_the_sleeper_is_1)
{
    TURNS(turns);

    measure(cancels_a_sleeper, &turns);
}

/* The sleep was asked for first; both are due in the same turn. */
static void *lets_a_deadline_pass(void *arg)
{
    struct turns *turns = arg;
    coil_unref(coil_create_task(sleeps_and_notes, turns));

    pass_turns(3);
    PASS(coil_handle_error(coil_call_later(turns->w->loop, COIL_SEC(1), call_notes, turns)));
    int before = turns->count;
    PASS(coil_sim_advance(turns->w->sim, COIL_SEC(2)));
    pass_turns(5);
    CHECK_EQ(turns->other - before, 1); /* the turn that sees the time runs the callback */
    CHECK_EQ(turns->at - turns->other, 1);
    return NULL;
}

TEST(ticks, deadline_to_callback_is_0_and_to_the_sleeper_1)
{
    TURNS(turns);

    measure(lets_a_deadline_pass, &turns);
}

static void *asks_for_a_call(void *arg)
{
    struct turns *turns = arg;
    int before = turns->count;

    PASS(coil_handle_error(coil_call_soon(turns->w->loop, call_notes, turns)));
    pass_turns(5);
    CHECK_EQ(turns->other - before, 1);
    return NULL;
}

TEST(ticks, call_soon_is_1)
{
    TURNS(turns);

    measure(asks_for_a_call, &turns);
}
