// SPDX-License-Identifier: MIT
/* S23 to S27: a loop that runs until it is stopped, and plain functions on it. */
#include "rules.h"

/* ---- S23, S24: run_forever ------------------------------------------------------------------ */

struct scene {
    struct record log;
    struct world *w;
};

static void *stops(void *arg)
{
    struct scene *scene = arg;

    PASS(coil_sleep(COIL_SEC(1)));
    coil_stop(scene->w->loop);
    record(&scene->log, "after stop");
    return NULL;
}

TEST(seed, s23_a_task_that_stops_its_loop_ends_its_step)
{
    struct scene scene = {.w = NULL};
    WORLD(w);
    scene.w = &w;

    for (int i = 0; i < 2; i++) { /* it may run again before it is closed */
        COIL_AUTO coil_task *task = new_task(w.loop, stops, &scene);
        if (coil_is_err(task))
            coil_stop(w.loop); /* nobody else would */
        CHECK_EQ(coil_run_forever(w.loop), 0);
        CHECK_EQ(coil_future_state(task), COIL_FINISHED);
    }
    CHECK_STR(scene.log.text, "after stop after stop");
    CHECK_EQ(coil_close(w.loop), 0);
}

static void stops_the_loop(coil_future *future, void *arg)
{
    struct scene *scene = arg;

    CHECK(coil_done(future));
    coil_stop(scene->w->loop);
}

TEST(seed, s24_gathered_tasks_take_a_done_callback)
{
    THREE(three);
    struct scene scene = {.w = NULL};
    WORLD(w);
    scene.w = &w;
    three_begin(&three, w.loop);
    COIL_AUTO coil_future *gather = coil_gather_futures(three.tasks, 2, 0);

    if (coil_add_done_callback(gather, stops_the_loop, &scene) < 0)
        coil_stop(w.loop);
    CHECK_EQ(coil_run_forever(w.loop), 0);
    CHECK_EQ(world_time(&w), COIL_SEC(2));
    check_states(three.tasks, 3, "FFP");
}

/* ---- S26, S27: call_later and call_at ------------------------------------------------------- */

struct named {
    struct scene *scene;
    const char *name;
    coil_time time;
};

static void note(const struct named *named)
{
    record(&named->scene->log, "%s %g", named->name, (double)world_now() / 1e9);
}

static int hello(void *arg)
{
    note(arg);
    return 0;
}

static void *work(void *arg)
{
    const struct named *named = arg;

    note(named);
    PASS(coil_sleep(named->time));
    note(named);
    return NULL;
}

static void check_times(bool at)
{
    struct scene scene = {.w = NULL};
    struct named a = {&scene, "A", COIL_SEC(1)}, b = {&scene, "B", COIL_SEC(2)};
    struct named tom = {&scene, "Tom", COIL_SEC(1.2)}, jerry = {&scene, "Jerry", COIL_SEC(1)};
    struct named kitty = {&scene, "Kitty", 0};
    WORLD(w);
    scene.w = &w;
    coil_time start = coil_loop_time(w.loop);

    coil_unref(new_task(w.loop, work, &a));
    PASS(coil_handle_error(at ? coil_call_at(w.loop, start + tom.time, hello, &tom)
                              : coil_call_later(w.loop, tom.time, hello, &tom)));
    PASS(coil_handle_error(coil_call_soon(w.loop, hello, &kitty)));
    COIL_AUTO coil_task *task_b = new_task(w.loop, work, &b);
    PASS(coil_handle_error(at ? coil_call_at(w.loop, start + jerry.time, hello, &jerry)
                              : coil_call_later(w.loop, jerry.time, hello, &jerry)));
    PASS(coil_run_until_complete(w.loop, task_b, NULL));
    CHECK_STR(scene.log.text, "A 0 Kitty 0 B 0 Jerry 1 A 1 Tom 1.2 B 2");
}

TEST(seed, s26_what_is_called_later_is_called_on_time)
{
    check_times(false);
}

TEST(seed, s27_what_is_called_at_a_time_is_called_then)
{
    check_times(true);
}

static void *sleeps_first(void *arg)
{
    struct named *a = arg;
    struct named jerry = {a->scene, "Jerry", COIL_SEC(1)};
    COIL_AUTO coil_task *task = coil_create_task(work, a);

    PASS(coil_yield_now()); /* A's sleep is asked for */
    coil_handle handle = coil_call_later(coil_get_running_loop(), jerry.time, hello, &jerry);
    PASS(coil_handle_error(handle));
    PASS(coil_await(task, NULL));
    coil_handle_cancel(coil_get_running_loop(), handle); /* jerry goes with this frame */
    return NULL;
}

TEST(seed, s26_a_callback_comes_before_a_sleeper_of_the_same_time_whoever_asked_first)
{
    struct scene scene = {.w = NULL};
    struct named a = {&scene, "A", COIL_SEC(1)};
    WORLD(w);
    scene.w = &w;

    PASS(world_run(&w, sleeps_first, &a));
    CHECK_STR(scene.log.text, "A 0 Jerry 1 A 1");
}

TEST(seed, s26_a_delay_counts_from_the_call_and_not_from_the_start_of_the_loop)
{
    struct scene scene = {.w = NULL};
    struct named tom = {&scene, "Tom", COIL_SEC(0.3)}, a = {&scene, "A", COIL_SEC(1)};
    WORLD(w);
    scene.w = &w;
    PASS(coil_set_event_loop(w.loop));

    PASS(coil_handle_error(coil_call_later(w.loop, tom.time, hello, &tom)));
    PASS(coil_block_for(COIL_SEC(0.2)));
    PASS(world_run(&w, work, &a));
    CHECK_STR(scene.log.text, "A 0.2 Tom 0.3 A 1.2");
    PASS(coil_set_event_loop(NULL));
}
