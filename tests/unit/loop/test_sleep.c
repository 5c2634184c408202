// SPDX-License-Identifier: MIT
#include "loop/loop.h"
#include "world.h"

/* A sleeper writes NAME=CODE@MS down when its sleep is over. */
struct sleeper {
    struct record *log;
    const char *name;
    coil_time delay;
    coil_sim *sim;
};

static void note(const struct sleeper *sleeper, int rc)
{
    record(sleeper->log, "%s=%d@%d", sleeper->name, rc, (int)(world_now() / COIL_MS(1)));
}

static void *sleep_once(void *arg)
{
    struct sleeper *sleeper = arg;
    note(sleeper, coil_sleep(sleeper->delay));
    return NULL;
}

static void *sleep_and_then_yield(void *arg)
{
    (void)sleep_once(arg);
    note(arg, coil_yield_now());
    return NULL;
}

static coil_task *start(struct world *w, struct sleeper *sleeper)
{
    return coil_create_task_with(w->loop, sleep_once, sleeper, NULL);
}

static int note_call(void *sleeper)
{
    note(sleeper, 0);
    return 0;
}

#define SLEEPER(sleeper_name, ms)                                                                  \
    {                                                                                              \
        .log = &log, .name = sleeper_name, .delay = COIL_MS(ms)                                    \
    }

TEST(sleep, takes_as_long_as_it_says)
{
    struct record log = {""};
    struct sleeper a = SLEEPER("a", 30);
    WORLD(w);
    PASS(world_run(&w, sleep_once, &a));
    CHECK_STR(log.text, "a=0@30");
    CHECK_EQ(world_time(&w), COIL_MS(30));
}

TEST(sleep, ends_in_the_order_of_time)
{
    struct record log = {""};
    struct sleeper sleepers[] = {SLEEPER("a", 30), SLEEPER("b", 10), SLEEPER("c", 20)};
    coil_task *tasks[3];
    WORLD(w);
    for (int i = 0; i < 3; i++)
        tasks[i] = start(&w, &sleepers[i]);
    PASS(coil_run_until_complete(w.loop, tasks[0], NULL));
    CHECK_STR(log.text, "b=0@10 c=0@20 a=0@30");
    for (int i = 0; i < 3; i++)
        coil_unref(tasks[i]);
}

/* Contract 7. */
TEST(sleep, ends_at_equal_times_in_the_order_of_the_calls)
{
    struct record log = {""};
    struct sleeper sleepers[] = {SLEEPER("a", 20), SLEEPER("b", 10), SLEEPER("c", 20),
                                 SLEEPER("d", 10), SLEEPER("e", 20), SLEEPER("f", 20)};
    coil_task *tasks[6];
    WORLD(w);
    for (int i = 0; i < 6; i++)
        tasks[i] = start(&w, &sleepers[i]);
    PASS(coil_run_until_complete(w.loop, tasks[5], NULL));
    CHECK_STR(log.text, "b=0@10 d=0@10 a=0@20 c=0@20 e=0@20 f=0@20");
    for (int i = 0; i < 6; i++)
        coil_unref(tasks[i]);
}

/* asyncio: to resume a sleeper costs one step more than to call a timer's callback. */
TEST(sleep, ends_after_a_callback_that_is_due_at_the_same_time)
{
    struct record log = {""};
    struct sleeper a = SLEEPER("sleeper", 10), call = SLEEPER("call", 0);
    WORLD(w);
    COIL_AUTO coil_task *task = start(&w, &a);
    PASS(world_turn(&w)); /* it sleeps: its timer is the older one */
    PASS(coil_handle_error(coil_call_later(w.loop, COIL_MS(10), note_call, &call)));
    PASS(coil_run_until_complete(w.loop, task, NULL));
    CHECK_STR(log.text, "call=0@10 sleeper=0@10");
}

/* The seed's programs with call_later: A sleeps 1 s, Tom is due at 1.2 s, Jerry at 1 s. */
TEST(sleep, interleaves_with_callbacks_as_in_asyncio)
{
    struct record log = {""};
    struct sleeper a = SLEEPER("A", 1000), b = SLEEPER("B", 2000), tom = SLEEPER("Tom", 0),
                   kitty = SLEEPER("Kitty", 0), jerry = SLEEPER("Jerry", 0);
    WORLD(w);
    COIL_AUTO coil_task *first = start(&w, &a);
    PASS(coil_handle_error(coil_call_later(w.loop, COIL_MS(1200), note_call, &tom)));
    PASS(coil_handle_error(coil_call_soon(w.loop, note_call, &kitty)));
    COIL_AUTO coil_task *second = start(&w, &b);
    PASS(coil_handle_error(coil_call_later(w.loop, COIL_MS(1000), note_call, &jerry)));
    PASS(coil_run_until_complete(w.loop, second, NULL));
    CHECK_STR(log.text, "Kitty=0@0 Jerry=0@1000 A=0@1000 Tom=0@1200 B=0@2000");
    CHECK(coil_done(first));
}

static void *work_and_sleep(void *arg)
{
    struct sleeper *sleeper = arg;
    PASS(coil_sim_advance(sleeper->sim, COIL_MS(20))); /* it works for so long */
    return sleep_once(arg);
}

TEST(sleep, begins_with_the_call_and_not_with_the_turn)
{
    struct record log = {""};
    struct sleeper a = SLEEPER("a", 10);
    WORLD(w);
    a.sim = w.sim;
    PASS(world_run(&w, work_and_sleep, &a));
    CHECK_STR(log.text, "a=0@30");
}

/* ---- no delay ------------------------------------------------------------------------------- */

static void *yield_three_times(void *arg)
{
    struct sleeper *sleeper = arg;
    for (int i = 0; i < 3; i++)
        note(sleeper, coil_sleep(sleeper->delay));
    return NULL;
}

TEST(sleep, of_nothing_lets_every_ready_item_run_once)
{
    struct record log = {""};
    struct sleeper a = SLEEPER("a", 0), b = SLEEPER("b", -5);
    WORLD(w);
    COIL_AUTO coil_task *first = coil_create_task_with(w.loop, yield_three_times, &a, NULL);
    COIL_AUTO coil_task *second = coil_create_task_with(w.loop, yield_three_times, &b, NULL);
    PASS(coil_run_until_complete(w.loop, second, NULL));
    CHECK_STR(log.text, "a=0@0 b=0@0 a=0@0 b=0@0 a=0@0 b=0@0");
    CHECK(coil_done(first));
    CHECK_EQ(world_counts(&w).enters, 0);
}

TEST(sleep, of_nothing_takes_one_turn)
{
    struct record log = {""};
    struct sleeper a = SLEEPER("a", 0);
    WORLD(w);
    COIL_AUTO coil_task *task = start(&w, &a);
    PASS(world_turn(&w));
    CHECK_STR(log.text, "");
    PASS(world_turn(&w));
    CHECK_STR(log.text, "a=0@0");
    CHECK(coil_done(task));
}

/* ---- cancellation --------------------------------------------------------------------------- */

TEST(sleep, is_ended_by_a_cancellation_and_leaves_no_timer)
{
    struct record log = {""};
    struct sleeper a = SLEEPER("a", 9000);
    WORLD(w);
    COIL_AUTO coil_task *task = coil_create_task_with(w.loop, sleep_and_then_yield, &a, NULL);
    PASS(coil_handle_error(coil_call_later(w.loop, COIL_MS(10), world_cancel, task)));
    PASS(coil_run_until_complete(w.loop, task, NULL));
    CHECK_STR(log.text, "a=-125@10 a=0@10");
    CHECK(coil_is_err(w.loop) || w.loop->timers.live == 0);
}

/* The callback's timer is older: it is called while the sleep's own call is queued behind it. */
TEST(sleep, is_ended_by_a_cancellation_after_its_timer_has_fired)
{
    struct record log = {""};
    struct sleeper a = SLEEPER("a", 10);
    WORLD(w);
    COIL_AUTO coil_task *task = coil_create_task_with(w.loop, sleep_and_then_yield, &a, NULL);
    PASS(coil_handle_error(coil_call_later(w.loop, COIL_MS(10), world_cancel, task)));
    PASS(coil_run_until_complete(w.loop, task, NULL));
    CHECK_STR(log.text, "a=-125@10 a=0@10");
}

/* The sleep's timer is older: when the callback comes the task is woken but has not run yet. */
TEST(sleep, is_ended_by_a_cancellation_after_it_was_woken)
{
    struct record log = {""};
    struct sleeper a = SLEEPER("a", 10);
    WORLD(w);
    COIL_AUTO coil_task *task = coil_create_task_with(w.loop, sleep_and_then_yield, &a, NULL);
    PASS(world_turn(&w));
    PASS(coil_handle_error(coil_call_later(w.loop, COIL_MS(10), world_cancel, task)));
    PASS(coil_run_until_complete(w.loop, task, NULL));
    CHECK_STR(log.text, "a=-125@10 a=0@10");
}

static int cancel_twice(void *task)
{
    CHECK(coil_cancel(task));
    CHECK(coil_cancel(task));
    return 0;
}

TEST(sleep, hears_of_two_cancellations_once)
{
    struct record log = {""};
    struct sleeper a = SLEEPER("a", 9000);
    WORLD(w);
    COIL_AUTO coil_task *task = coil_create_task_with(w.loop, sleep_and_then_yield, &a, NULL);
    PASS(coil_handle_error(coil_call_later(w.loop, COIL_MS(10), cancel_twice, task)));
    PASS(coil_run_until_complete(w.loop, task, NULL));
    CHECK_STR(log.text, "a=-125@10 a=0@10");
}

static void *cancel_self_and_sleep(void *arg)
{
    CHECK(coil_cancel(coil_current_task()));
    return sleep_and_then_yield(arg);
}

TEST(sleep, takes_no_time_when_a_cancellation_is_pending)
{
    struct record log = {""};
    struct sleeper a = SLEEPER("a", 9000);
    WORLD(w);
    PASS(world_run(&w, cancel_self_and_sleep, &a));
    CHECK_STR(log.text, "a=-125@0 a=0@0");
}

/* ---- the edges ------------------------------------------------------------------------------ */

TEST(sleep, may_be_for_ever)
{
    struct record log = {""};
    struct sleeper a = {.log = &log, .name = "a", .delay = COIL_NEVER};
    WORLD(w);
    COIL_AUTO coil_task *task = start(&w, &a);
    PASS(coil_handle_error(coil_call_later(w.loop, COIL_SEC(3600), world_cancel, task)));
    PASS(coil_run_until_complete(w.loop, task, NULL));
    CHECK_STR(log.text, "a=-125@3600000");
}

static int sleep_in_a_callback(void *rc)
{
    *(int *)rc = coil_sleep(COIL_MS(1));
    return 0;
}

TEST(sleep, is_for_tasks_only)
{
    int rc = 0;
    WORLD(w);
    FAILS(coil_sleep(COIL_MS(1)), -COIL_ENOLOOP);
    FAILS(coil_sleep(0), -COIL_ENOLOOP);
    PASS(coil_handle_error(coil_call_soon(w.loop, sleep_in_a_callback, &rc)));
    PASS(world_turn(&w));
    FAILS(rc, -COIL_ENOLOOP);
}

static void *sleeps_for_ever(void *argument)
{
    return COIL_ERR(coil_sleep(COIL_NEVER)) ? NULL : argument;
}

TEST(sleep, never_is_never)
{
    WORLD(w);
    coil_time before = coil_sim_time(w.sim);
    if (check_walking())
        return; /* without memory the sleep would end */
    FAILS(world_run(&w, sleeps_for_ever, NULL), -COIL_EDEADLOCK);
    CHECK_EQ(coil_sim_time(w.sim), before);
}
