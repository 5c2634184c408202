// SPDX-License-Identifier: MIT
/* S20: wait, which tells who is done, so that the others can be cancelled. */
#include "rules.h"

#include <errno.h>

struct scene {
    struct three three;
    coil_time timeout;
    int return_when;
    int rc;
    coil_time ended;
};

static void scene_end(struct scene *scene)
{
    three_unref(&scene->three);
}

#define SCENE(name, ...) __attribute__((cleanup(scene_end))) struct scene name = {__VA_ARGS__}

/* Waits for the three in an array of its own, which coil_wait reorders. */
static int wait_for_three(struct scene *scene, int return_when)
{
    coil_future *futures[3];

    memcpy(futures, scene->three.tasks, sizeof(futures));
    return coil_wait(futures, 3, scene->timeout, return_when);
}

static void *waits(void *arg)
{
    struct scene *scene = arg;

    scene->rc = wait_for_three(scene, scene->return_when);
    scene->ended = world_now();
    return NULL;
}

static void *waits_and_cancels(void *arg)
{
    struct scene *scene = arg;
    coil_task *const *tasks = scene->three.tasks;

    CHECK_EQ(wait_for_three(scene, COIL_FIRST_COMPLETED), 1);
    CHECK_EQ(world_now(), COIL_SEC(1));
    check_states(tasks, 3, "FPP");

    CHECK(!coil_cancel(tasks[0]));
    CHECK(coil_cancel(tasks[1]) || check_walking());
    CHECK(coil_cancel(tasks[2]) || check_walking());
    check_states(tasks, 3, "FPP");

    CHECK_EQ(wait_for_three(scene, COIL_ALL_COMPLETED), 3);
    CHECK_EQ(world_now(), COIL_SEC(1));
    check_states(tasks, 3, "FCC");
    return NULL;
}

TEST(seed, s20_1_to_3_the_first_is_done_and_the_others_are_cancelled)
{
    SCENE(scene, .timeout = COIL_NEVER);
    WORLD(w);

    three_begin(&scene.three, w.loop);
    PASS(world_run(&w, waits_and_cancels, &scene));
}

static void *waits_briefly(void *arg)
{
    struct scene *scene = arg;
    coil_task *const *tasks = scene->three.tasks;

    (void)waits(scene);
    CHECK_EQ(scene->rc, 0);
    CHECK_EQ(scene->ended, COIL_SEC(0.5));
    check_states(tasks, 3, "PPP");
    for (int i = 0; i < 3; i++) {
        PASS(coil_await(tasks[i], NULL));
        CHECK_EQ(world_now(), COIL_SEC(i + 1));
    }
    return NULL;
}

TEST(seed, s20_4_a_timeout_is_no_error_and_cancels_nothing)
{
    SCENE(scene, .timeout = COIL_SEC(0.5), .return_when = COIL_ALL_COMPLETED);
    WORLD(w);

    three_begin(&scene.three, w.loop);
    PASS(world_run(&w, waits_briefly, &scene));
}

TEST(seed, s20_5_who_waits_is_cancelled_and_whom_it_waits_for_is_not)
{
    SCENE(scene, .timeout = COIL_NEVER, .return_when = COIL_ALL_COMPLETED);
    WORLD(w);
    three_begin(&scene.three, w.loop);
    COIL_AUTO coil_task *waiter = new_task(w.loop, waits, &scene);

    PASS(world_turn(&w));
    CHECK(coil_cancel(waiter) || check_walking());
    PASS(coil_run_until_complete(w.loop, waiter, NULL));
    FAILS(scene.rc, -ECANCELED);
    check_states(scene.three.tasks, 3, "PPP");
    PASS(coil_run_until_complete(w.loop, scene.three.tasks[2], NULL));
    check_states(scene.three.tasks, 3, "FFF");
    CHECK_EQ(world_time(&w), COIL_SEC(3));
}

static void *waits_for_nothing(void *unused)
{
    coil_future *none = NULL;

    FAILS(coil_wait(&none, 0, COIL_NEVER, COIL_ALL_COMPLETED), -EINVAL);
    FAILS(coil_wait(NULL, 0, COIL_NEVER, COIL_ALL_COMPLETED), -EINVAL);
    return unused;
}

TEST(seed, s20_6_to_wait_for_nothing_is_an_error)
{
    WORLD(w);

    PASS(world_run(&w, waits_for_nothing, NULL));
}

/* ---- the order of starts -------------------------------------------------------------------- */

struct starter {
    struct record *log;
    const char *name;
};

static void *starts(void *arg)
{
    const struct starter *starter = arg;

    record(starter->log, "%s", starter->name);
    return NULL;
}

static void *waits_backwards(void *arg)
{
    struct starter *starters = arg;
    COIL_AUTO coil_task *first = coil_create_task(starts, &starters[0]);
    COIL_AUTO coil_task *second = coil_create_task(starts, &starters[1]);
    coil_future *futures[] = {second, first};

    CHECK_EQ(coil_wait(futures, 2, COIL_NEVER, COIL_ALL_COMPLETED), 2);
    return NULL;
}

static void *gathers_backwards(void *arg)
{
    struct starter *starters = arg;
    const coil_coro coroutines[] = {{starts, &starters[1]}, {starts, &starters[0]}};
    COIL_AUTO coil_future *gather = coil_gather(coroutines, 2, 0);

    PASS(coil_await(gather, NULL));
    return NULL;
}

TEST(seed, s20_7_tasks_start_as_they_were_created_and_coroutines_as_they_stand)
{
    struct record created = {""}, gathered = {""};
    struct starter first[] = {{&created, "one"}, {&created, "two"}};
    struct starter second[] = {{&gathered, "one"}, {&gathered, "two"}};
    WORLD(w);

    PASS(world_run(&w, waits_backwards, first));
    CHECK_STR(created.text, "one two");
    PASS(world_run(&w, gathers_backwards, second));
    CHECK_STR(gathered.text, "two one");
}
