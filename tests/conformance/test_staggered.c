// SPDX-License-Identifier: MIT
/* CPython's test_staggered.py. */
#include "world.h"

#include <coil/coil.h>

#include <errno.h>

struct starter {
    coil_time delay;
    int code;
    bool started;
};

struct scene {
    struct starter starters[2];
    size_t n;
    coil_time delay;
    int rc;
    void *result;
    size_t winner;
    int errors[2];
};

static void *starts(void *arg)
{
    struct starter *starter = arg;

    starter->started = true;
    int rc = coil_sleep(starter->delay);
    if (rc < 0)
        return COIL_ERR(rc);
    return starter->code ? COIL_ERR(starter->code) : starter;
}

static void *races(void *arg)
{
    struct scene *scene = arg;
    const coil_coro coroutines[] = {{starts, &scene->starters[0]}, {starts, &scene->starters[1]}};

    scene->rc = coil_staggered_race(coroutines, scene->n, scene->delay, &scene->result,
                                    &scene->winner, scene->errors, NULL);
    return NULL;
}

static void race(struct scene *scene)
{
    WORLD(w);

    PASS(world_run(&w, races, scene));
}

TEST(StaggeredTests, test_empty)
{
    struct scene scene = {.n = 0, .winner = 99};

    race(&scene);
    CHECK_EQ(scene.rc, 0);
    CHECK_EQ(scene.winner, 0); /* n: no index */
    CHECK_PTR(scene.result, NULL);
}

TEST(StaggeredTests, test_one_successful)
{
    struct scene scene = {.n = 2, .delay = COIL_SEC(10)};

    race(&scene);
    CHECK_EQ(scene.rc, 1);
    CHECK_EQ(scene.winner, 0);
    CHECK_PTR(scene.result, &scene.starters[0]);
    CHECK_EQ(scene.errors[0], 0);
    CHECK(!scene.starters[1].started);
}

TEST(StaggeredTests, test_first_error_second_successful)
{
    struct scene scene = {.starters = {{.code = -EIO}}, .n = 2, .delay = COIL_SEC(10)};

    race(&scene);
    CHECK_EQ(scene.rc, 1);
    CHECK_EQ(scene.winner, 1);
    CHECK_PTR(scene.result, &scene.starters[1]);
    CHECK_EQ(scene.errors[0], -EIO);
    CHECK_EQ(scene.errors[1], 0);
}

TEST(StaggeredTests, test_first_timeout_second_successful)
{
    struct scene scene = {.starters = {{.delay = COIL_SEC(10)}}, .n = 2, .delay = COIL_MS(5)};

    race(&scene);
    CHECK_EQ(scene.rc, 1);
    CHECK_EQ(scene.winner, 1);
    CHECK_EQ(scene.errors[0], -ECANCELED);
    CHECK_EQ(scene.errors[1], 0);
}

TEST(StaggeredTests, test_none_successful)
{
    struct scene scene = {
        .starters = {{.code = -EIO}, {.code = -EPERM}}, .n = 2, .delay = COIL_SEC(10)};

    race(&scene);
    CHECK_EQ(scene.rc, 0);
    CHECK_EQ(scene.winner, 2);
    CHECK_PTR(scene.result, NULL);
    CHECK_EQ(scene.errors[0], -EIO);
    CHECK_EQ(scene.errors[1], -EPERM);
}
