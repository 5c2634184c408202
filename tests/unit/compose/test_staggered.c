// SPDX-License-Identifier: MIT
#include "world.h"

#include <coil/coil.h>

#include <errno.h>

enum { N = 3 };

struct starter {
    struct record *log;
    const char *name;
    coil_time delay;
    int code;           /* 0: it succeeds, and gives itself */
    bool stubborn;      /* it succeeds although it is cancelled */
    coil_time cleaning; /* how long it cleans up when it is cancelled */
};

struct scene {
    struct record log;
    struct starter starters[N];
    size_t n;
    coil_time delay;
    int rc;
    void *result;
    size_t winner;
    int errors[N];
    bool nobody_takes;
};

static struct record *disposals;

static void dispose(void *result)
{
    record(disposals, "~%s", ((struct starter *)result)->name);
}

static void *starts(void *arg)
{
    struct starter *starter = arg;

    record(starter->log, "%s", starter->name);
    int rc = coil_sleep(starter->delay);
    if (rc < 0 && starter->cleaning)
        PASS(coil_sleep(starter->cleaning));
    record(starter->log, "%s%s", rc < 0 ? "!" : "/", starter->name);
    if (rc < 0 && !starter->stubborn)
        return COIL_ERR(rc);
    return starter->code ? COIL_ERR(starter->code) : (void *)starter;
}

static void *races(void *arg)
{
    struct scene *scene = arg;
    coil_coro coroutines[N];

    for (int i = 0; i < N; i++) {
        scene->starters[i].log = &scene->log;
        coroutines[i] = (coil_coro){starts, &scene->starters[i]};
        scene->errors[i] = 99;
    }
    scene->winner = 99;
    disposals = &scene->log;
    scene->rc = coil_staggered_race(coroutines, scene->n, scene->delay,
                                    scene->nobody_takes ? NULL : &scene->result, &scene->winner,
                                    scene->errors, dispose);
    return NULL;
}

static coil_time race(struct scene *scene)
{
    WORLD(w);

    PASS(world_run(&w, races, scene));
    return world_time(&w);
}

/* ---- SR ------------------------------------------------------------------------------------- */

TEST(staggered, the_next_begins_after_the_delay_and_the_first_success_wins)
{
    struct scene scene = {.starters = {{.name = "a", .delay = COIL_SEC(9)},
                                       {.name = "b", .delay = COIL_SEC(1)},
                                       {.name = "c"}},
                          .n = 3,
                          .delay = COIL_SEC(2)};

    CHECK_EQ(race(&scene), COIL_SEC(3));
    CHECK_EQ(scene.rc, 1);
    CHECK_EQ(scene.winner, 1);
    CHECK_PTR(scene.result, &scene.starters[1]);
    CHECK_STR(scene.log.text, "a b /b !a");
    CHECK_EQ(scene.errors[0], -ECANCELED);
    CHECK_EQ(scene.errors[1], 0);
    CHECK_EQ(scene.errors[2], 0);
}

TEST(staggered, the_next_begins_at_once_when_one_fails)
{
    struct scene scene = {.starters = {{.name = "a", .delay = COIL_SEC(1), .code = -EIO},
                                       {.name = "b", .delay = COIL_SEC(1)},
                                       {.name = "c"}},
                          .n = 3,
                          .delay = COIL_SEC(9)};

    CHECK_EQ(race(&scene), COIL_SEC(2));
    CHECK_EQ(scene.rc, 1);
    CHECK_EQ(scene.winner, 1);
    CHECK_STR(scene.log.text, "a /a b /b");
    CHECK_EQ(scene.errors[0], -EIO);
}

TEST(staggered, without_a_winner_the_errors_say_why)
{
    struct scene scene = {.starters = {{.name = "a", .delay = COIL_SEC(5), .code = -EIO},
                                       {.name = "b", .delay = COIL_SEC(1), .code = -EPERM},
                                       {.name = "c", .delay = COIL_SEC(1), .code = -ENOENT}},
                          .n = 3,
                          .delay = COIL_SEC(1)};

    CHECK_EQ(race(&scene), COIL_SEC(5));
    CHECK_EQ(scene.rc, 0);
    CHECK_EQ(scene.winner, 3);
    CHECK_PTR(scene.result, NULL);
    CHECK_EQ(scene.errors[0], -EIO);
    CHECK_EQ(scene.errors[1], -EPERM);
    CHECK_EQ(scene.errors[2], -ENOENT);
}

TEST(staggered, of_nobody_there_is_no_winner)
{
    struct scene scene = {.n = 0};

    race(&scene);
    CHECK_EQ(scene.rc, 0);
    CHECK_EQ(scene.winner, 0);
}

TEST(staggered, losers_are_awaited_and_what_they_bring_is_disposed_of)
{
    struct scene scene = {
        .starters = {{.name = "a", .delay = COIL_SEC(9), .stubborn = true, .cleaning = COIL_SEC(2)},
                     {.name = "b", .delay = COIL_SEC(1)},
                     {.name = "c"}},
        .n = 2};

    CHECK_EQ(race(&scene), COIL_SEC(3));
    CHECK_EQ(scene.winner, 1);
    CHECK_STR(scene.log.text, "a b /b !a ~a");
    CHECK_EQ(scene.errors[0], -ECANCELED);
}

TEST(staggered, a_result_that_nobody_wants_is_disposed_of)
{
    struct scene scene = {.starters = {{.name = "a"}}, .n = 1, .nobody_takes = true};

    race(&scene);
    CHECK_EQ(scene.rc, 1);
    CHECK_STR(scene.log.text, "a /a ~a");
}

TEST(staggered, cancelled_it_cancels_and_awaits_all_of_them)
{
    struct scene scene = {.starters = {{.name = "a", .delay = COIL_SEC(9), .cleaning = COIL_SEC(2)},
                                       {.name = "b", .delay = COIL_SEC(9)},
                                       {.name = "c"}},
                          .n = 3,
                          .delay = COIL_SEC(1)};
    WORLD(w);
    COIL_AUTO coil_task *task = coil_create_task_with(w.loop, races, &scene, NULL);

    coil_call_later(w.loop, COIL_MS(1500), world_cancel, task);
    PASS(coil_run_until_complete(w.loop, task, NULL));
    CHECK_EQ(scene.rc, -ECANCELED);
    CHECK_EQ(scene.winner, 3);
    CHECK_STR(scene.log.text, "a b !b !a");
    CHECK_EQ(world_time(&w), COIL_MS(3500));
}

static void *asks_for_the_impossible(void *arg)
{
    coil_coro none = {NULL, NULL}, one = {starts, NULL};
    size_t winner = 9;
    int error;

    (void)arg;
    FAILS(coil_staggered_race(NULL, 1, 0, NULL, &winner, &error, NULL), -EINVAL);
    FAILS(coil_staggered_race(&none, 1, 0, NULL, &winner, &error, NULL), -EINVAL);
    FAILS(coil_staggered_race(&one, 1, 0, NULL, NULL, &error, NULL), -EINVAL);
    FAILS(coil_staggered_race(&one, 1, 0, NULL, &winner, NULL, NULL), -EINVAL);
    CHECK_EQ(winner, 9);
    return NULL;
}

TEST(staggered, bad_arguments_are_refused)
{
    coil_coro one = {starts, NULL};
    size_t winner;
    int error;
    WORLD(w);

    FAILS(coil_staggered_race(&one, 1, 0, NULL, &winner, &error, NULL), -COIL_ENOLOOP);
    PASS(world_run(&w, asks_for_the_impossible, NULL));
}
