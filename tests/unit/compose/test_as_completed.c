// SPDX-License-Identifier: MIT
#include "faults.h"
#include "world.h"

#include <coil/coil.h>

#include <errno.h>

enum { N = 4 };

/* Sleepers with letters for names, and whoever takes them as they end. */
struct sleeper {
    coil_time delay;
    char letter;
};

struct scene {
    struct world *w;
    struct record log;
    struct sleeper sleepers[N];
    coil_future *futures[N];
    coil_as_completed iteration;
    coil_time timeout;
    size_t n;
};

#define SCENE(name, ...)                                                                           \
    struct scene name = {.timeout = COIL_NEVER, .n = N};                                           \
    const coil_time name##_delays[N] = {__VA_ARGS__};                                              \
    WORLD(name##_w);                                                                               \
    begin(&name, &name##_w, name##_delays)

static void *sleeps(void *arg)
{
    struct sleeper *sleeper = arg;
    int rc = coil_sleep(sleeper->delay);
    return rc < 0 ? COIL_ERR(rc) : sleeper;
}

static void begin(struct scene *scene, struct world *w, const coil_time *delays)
{
    scene->w = w;
    for (int i = 0; i < N; i++) {
        scene->sleepers[i] = (struct sleeper){delays[i], (char)('a' + i)};
        scene->futures[i] = coil_create_task_with(w->loop, sleeps, &scene->sleepers[i], NULL);
    }
}

static void end(struct scene *scene)
{
    for (int i = 0; i < N; i++)
        coil_unref(scene->futures[i]);
}

static char letter_of(coil_future *future)
{
    void *sleeper = NULL;

    if (coil_result(future, &sleeper) < 0)
        return '!';
    return sleeper ? ((struct sleeper *)sleeper)->letter : '?';
}

/* Takes one, and writes down which and when. */
static int take(struct scene *scene, const char *who)
{
    coil_future *done = NULL;
    int rc = coil_as_completed_next(&scene->iteration, &done);

    if (rc == 1)
        record(&scene->log, "%s%c%d", who, letter_of(done),
               (int)(world_time(scene->w) / COIL_SEC(1)));
    return rc;
}

static void *takes_all(void *arg)
{
    struct scene *scene = arg;
    int rc = coil_as_completed_init(&scene->iteration, scene->futures, scene->n, scene->timeout);

    PASS(rc);
    while (rc >= 0 && (rc = take(scene, "")) == 1) {
    }
    if (rc == 0)
        CHECK_EQ(take(scene, ""), 0);
    coil_as_completed_fini(&scene->iteration);
    return COIL_ERR(rc);
}

/* ---- AC: order ------------------------------------------------------------------------------ */

TEST(as_completed, hands_out_in_the_order_of_the_ends)
{
    SCENE(scene, COIL_SEC(3), COIL_SEC(1), COIL_SEC(4), COIL_SEC(2));

    PASS(world_run(scene.w, takes_all, &scene));
    CHECK_STR(scene.log.text, "b1 d2 a3 c4");
    end(&scene);
}

TEST(as_completed, equal_ends_come_in_the_order_of_the_array)
{
    SCENE(scene, COIL_SEC(2), COIL_SEC(1), COIL_SEC(1), COIL_SEC(2));

    PASS(world_run(scene.w, takes_all, &scene));
    CHECK_STR(scene.log.text, "b1 c1 a2 d2");
    end(&scene);
}

TEST(as_completed, what_stands_in_the_array_twice_comes_once)
{
    SCENE(scene, COIL_SEC(1), COIL_SEC(2), COIL_SEC(3), COIL_SEC(4));

    coil_unref(scene.futures[2]);
    scene.futures[2] = coil_ref(scene.futures[0]);
    PASS(world_run(scene.w, takes_all, &scene));
    CHECK_STR(scene.log.text, "a1 b2 d4");
    end(&scene);
}

static void *takes_what_is_done(void *arg)
{
    PASS(coil_sleep(COIL_SEC(5)));
    return takes_all(arg);
}

TEST(as_completed, what_is_done_comes_first_each_once)
{
    SCENE(scene, COIL_SEC(3), COIL_SEC(1), COIL_SEC(9), COIL_SEC(1));

    coil_unref(scene.futures[3]);
    scene.futures[3] = coil_ref(scene.futures[0]);
    PASS(world_run(scene.w, takes_what_is_done, &scene));
    CHECK_STR(scene.log.text, "a5 b5 c9");
    end(&scene);
}

static void *takes_from_nothing(void *arg)
{
    struct scene *scene = arg;

    scene->n = 0;
    return takes_all(arg);
}

TEST(as_completed, of_nothing_there_is_none)
{
    SCENE(scene, 0, 0, 0, 0);

    PASS(world_run(scene.w, takes_from_nothing, &scene));
    CHECK_STR(scene.log.text, "");
    end(&scene);
}

/* ---- AC: the timeout ------------------------------------------------------------------------ */

TEST(as_completed, at_the_timeout_no_more_come_and_the_rest_goes_on)
{
    SCENE(scene, COIL_SEC(3), COIL_SEC(1), COIL_SEC(9), COIL_SEC(2));

    scene.timeout = COIL_MS(2500);
    FAILS(world_run(scene.w, takes_all, &scene), -ETIMEDOUT);
    CHECK_STR(scene.log.text, "b1 d2");
    CHECK_EQ(world_time(scene.w), COIL_MS(2500));
    CHECK(!coil_done(scene.futures[0]));
    PASS(coil_run_until_complete(scene.w->loop, scene.futures[2], NULL));
    end(&scene);
}

static void *comes_late(void *arg)
{
    struct scene *scene = arg;

    PASS(coil_as_completed_init(&scene->iteration, scene->futures, N, COIL_MS(2500)));
    PASS(coil_sleep(COIL_SEC(5)));
    CHECK_EQ(take(scene, ""), 1);
    CHECK_EQ(take(scene, ""), 1);
    FAILS(take(scene, ""), -ETIMEDOUT);
    FAILS(take(scene, ""), -ETIMEDOUT);
    coil_as_completed_fini(&scene->iteration);
    return NULL;
}

TEST(as_completed, what_ended_in_time_can_be_taken_late)
{
    SCENE(scene, COIL_SEC(3), COIL_SEC(1), COIL_SEC(9), COIL_SEC(2));

    PASS(world_run(scene.w, comes_late, &scene));
    CHECK_STR(scene.log.text, "b5 d5");
    end(&scene);
}

TEST(as_completed, its_timer_goes_with_the_last_one)
{
    SCENE(scene, COIL_SEC(3), COIL_SEC(1), COIL_SEC(4), COIL_SEC(2));

    scene.timeout = COIL_SEC(100);
    PASS(world_run(scene.w, takes_all, &scene));
    FAILS(coil_run_forever(scene.w->loop), -COIL_EDEADLOCK);
    CHECK_EQ(world_time(scene.w), COIL_SEC(4));
    end(&scene);
}

/* ---- AC: several tasks ---------------------------------------------------------------------- */

struct taker {
    struct scene *scene;
    const char *name;
    int rc;
};

static void *takes_one(void *arg)
{
    struct taker *taker = arg;

    taker->rc = take(taker->scene, taker->name);
    return NULL;
}

enum { TAKERS = 6 };

TEST(as_completed, each_goes_to_one_task_in_the_order_in_which_they_came)
{
    static const char *const names[TAKERS] = {"0", "1", "2", "3", "4", "5"};
    struct taker takers[TAKERS];
    coil_task *tasks[TAKERS];
    SCENE(scene, COIL_SEC(3), COIL_SEC(1), COIL_SEC(4), COIL_SEC(1));

    PASS(coil_as_completed_init(&scene.iteration, scene.futures, N, COIL_NEVER));
    for (int i = 0; i < TAKERS; i++) {
        takers[i] = (struct taker){&scene, names[i], -1};
        tasks[i] = coil_create_task_with(scene.w->loop, takes_one, &takers[i], NULL);
    }
    FAILS(coil_run_forever(scene.w->loop), -COIL_EDEADLOCK);
    CHECK_STR(scene.log.text, "0b1 1d1 2a3 3c4");
    for (int i = 0; i < TAKERS; i++) {
        CHECK_EQ(takers[i].rc, i < N); /* for the rest there is none */
        coil_unref(tasks[i]);
    }
    coil_as_completed_fini(&scene.iteration);
    end(&scene);
}

/* The first is woken for b and cancelled before it goes on: b is the second's. */
static void *cancels_who_was_woken(void *arg)
{
    struct scene *scene = arg;
    struct taker first = {scene, "1", 99}, second = {scene, "2", 99};
    COIL_AUTO coil_future *b = coil_create_future(NULL);
    coil_future *const futures[] = {b};

    PASS(coil_as_completed_init(&scene->iteration, futures, 1, COIL_NEVER));
    COIL_AUTO coil_task *one = coil_create_task(takes_one, &first);
    COIL_AUTO coil_task *two = coil_create_task(takes_one, &second);
    PASS(coil_yield_now());
    PASS(coil_set_result(b, &scene->sleepers[1]));
    coil_call_soon(scene->w->loop, world_cancel, one); /* behind the end of b */
    PASS(coil_yield_now());
    PASS(coil_yield_now());
    PASS(coil_yield_now());
    CHECK_EQ(first.rc, -ECANCELED);
    CHECK_EQ(second.rc, 1);
    CHECK(coil_done(two));
    coil_as_completed_fini(&scene->iteration);
    return NULL;
}

TEST(as_completed, none_is_lost_with_a_task_that_is_cancelled)
{
    SCENE(scene, COIL_SEC(3), COIL_SEC(1), COIL_SEC(9), COIL_SEC(2));

    PASS(world_run(scene.w, cancels_who_was_woken, &scene));
    CHECK_STR(scene.log.text, "2b0");
    end(&scene);
}

/* Nobody takes what another one was woken for. */
static void *takes_in_between(void *arg)
{
    struct scene *scene = arg;
    struct taker first = {scene, "1", 99}, second = {scene, "2", 99};
    COIL_AUTO coil_future *a = coil_create_future(NULL);
    COIL_AUTO coil_future *b = coil_create_future(NULL);
    coil_future *const futures[] = {a, b};

    PASS(coil_as_completed_init(&scene->iteration, futures, 2, COIL_NEVER));
    COIL_AUTO coil_task *one = coil_create_task(takes_one, &first);
    PASS(coil_yield_now());
    PASS(coil_set_result(a, &scene->sleepers[0]));
    COIL_AUTO coil_task *two = coil_create_task(takes_one, &second); /* steps before `one` does */
    PASS(coil_yield_now());
    PASS(coil_set_result(b, &scene->sleepers[1]));
    PASS(coil_await(two, NULL));
    CHECK(coil_done(one));
    coil_as_completed_fini(&scene->iteration);
    return NULL;
}

TEST(as_completed, newcomers_wait_in_line)
{
    SCENE(scene, COIL_SEC(3), COIL_SEC(1), COIL_SEC(9), COIL_SEC(2));

    PASS(world_run(scene.w, takes_in_between, &scene));
    CHECK_STR(scene.log.text, "1a0 2b0");
    end(&scene);
}

static void *gives_up(void *arg)
{
    struct scene *scene = arg;
    struct taker taker = {scene, "1", 99};

    PASS(coil_as_completed_init(&scene->iteration, scene->futures, N, COIL_SEC(5)));
    COIL_AUTO coil_task *task = coil_create_task(takes_one, &taker);
    PASS(coil_yield_now());
    coil_as_completed_fini(&scene->iteration);
    coil_as_completed_fini(&scene->iteration);
    PASS(coil_await(task, NULL));
    CHECK_EQ(taker.rc, -COIL_ECLOSED);
    CHECK_EQ(take(scene, ""), 0);
    return NULL;
}

TEST(as_completed, it_can_be_given_up_while_others_wait)
{
    SCENE(scene, COIL_SEC(3), COIL_SEC(1), COIL_SEC(9), COIL_SEC(2));

    PASS(world_run(scene.w, gives_up, &scene));
    CHECK_EQ(world_time(scene.w), 0);
    end(&scene);
}

TEST(as_completed, a_closing_loop_ends_the_wait)
{
    SCENE(scene, COIL_SEC(3), COIL_SEC(1), COIL_SEC(9), COIL_SEC(2));
    struct taker taker = {&scene, "1", 99};
    COIL_AUTO coil_task *task = coil_create_task_with(scene.w->loop, takes_one, &taker, NULL);

    PASS(coil_as_completed_init(&scene.iteration, scene.futures, N, COIL_SEC(5)));
    PASS(world_turn(scene.w));
    PASS(coil_close(scene.w->loop));
    CHECK(taker.rc == -ECANCELED || check_walking());
    coil_as_completed_fini(&scene.iteration);
    end(&scene);
}

/* ---- arguments ------------------------------------------------------------------------------ */

static void *asks_another_loops(void *arg)
{
    coil_future *done;

    FAILS(coil_as_completed_next(arg, &done), -EXDEV);
    return NULL;
}

TEST(as_completed, bad_arguments_are_refused)
{
    coil_as_completed iteration = {NULL};
    coil_future *done;
    WORLD(here);
    WORLD(there);
    COIL_AUTO coil_future *one = coil_create_future(here.loop);
    COIL_AUTO coil_future *other = coil_create_future(there.loop);
    coil_future *const both[] = {one, other}, *const holes[] = {one, NULL},
                       *const bad[] = {one, COIL_ERR(-EPERM)};

    if (coil_is_err(one) || coil_is_err(other))
        return;
    FAILS(coil_as_completed_init(NULL, &one, 1, 0), -EINVAL);
    FAILS(coil_as_completed_init(&iteration, NULL, 1, 0), -EINVAL);
    FAILS(coil_as_completed_init(&iteration, holes, 2, 0), -EINVAL);
    FAILS(coil_as_completed_init(&iteration, bad, 2, 0), -EPERM);
    FAILS(coil_as_completed_init(&iteration, both, 2, 0), -EXDEV);
    FAILS(coil_as_completed_init(&iteration, both, SIZE_MAX / 2, 0), -EXDEV);
    coil_as_completed_fini(&iteration);
    coil_as_completed_fini(NULL);
    if (coil_as_completed_init(&iteration, both, 1, COIL_NEVER) < 0)
        return;
    FAILS(coil_as_completed_next(NULL, &done), -EINVAL);
    FAILS(coil_as_completed_next(&iteration, NULL), -EINVAL);
    FAILS(coil_as_completed_next(&iteration, &done), -COIL_ENOLOOP);
    PASS(world_run(&there, asks_another_loops, &iteration));
    coil_as_completed_fini(&iteration);
    PASS(coil_close(here.loop));
    FAILS(coil_as_completed_init(&iteration, both, 1, 0), -COIL_ECLOSED);
}

TEST(as_completed, without_memory_it_does_not_begin)
{
    SCENE(scene, COIL_SEC(3), COIL_SEC(1), COIL_SEC(9), COIL_SEC(2));

    if (!check_walking()) /* it has faults of its own */
        for (size_t k = 1; k <= 2; k++) {
            faults_fail(k, "alloc");
            FAILS(coil_as_completed_init(&scene.iteration, scene.futures, N, COIL_SEC(1)), -ENOMEM);
            CHECK_EQ(faults_met(), k);
            faults_end();
            coil_as_completed_fini(&scene.iteration);
        }
    end(&scene);
}

static void *takes_or_says_why(void *arg)
{
    struct scene *scene = arg;
    int rc = take(scene, "");

    if (rc < 0)
        record(&scene->log, "%d", rc);
    return COIL_ERR(rc < 0 ? rc : 0);
}

TEST(as_completed, who_is_cancelled_while_it_waits_takes_nothing)
{
    SCENE(scene, COIL_SEC(3), COIL_SEC(1), COIL_SEC(9), COIL_SEC(2));
    struct world *w = scene.w;

    if (coil_as_completed_init(&scene.iteration, scene.futures, N, COIL_NEVER) == 0) {
        COIL_AUTO coil_task *first =
            coil_create_task_with(w->loop, takes_or_says_why, &scene, NULL);
        COIL_AUTO coil_task *second =
            coil_create_task_with(w->loop, takes_or_says_why, &scene, NULL);
        PASS(world_turn(w));
        (void)coil_cancel(first);
        FAILS(coil_run_until_complete(w->loop, first, NULL), -ECANCELED);
        CHECK_EQ(world_time(w), 0);
        PASS(coil_run_until_complete(w->loop, second, NULL));
        char expected[32];
        snprintf(expected, sizeof(expected), "%d b1", -ECANCELED);
        CHECK_STR(scene.log.text, expected);
    }
    coil_as_completed_fini(&scene.iteration);
    end(&scene);
}

static void *takes_to_the_last(void *arg)
{
    struct scene *scene = arg;

    FAILS(coil_sleep(COIL_SEC(9)), -ECANCELED);
    FAILS(take(scene, ""), -ECANCELED);
    record(&scene->log, "came to its end");
    return NULL;
}

TEST(as_completed, whose_loop_closes_does_not_begin_to_wait)
{
    SCENE(scene, COIL_SEC(3), COIL_SEC(1), COIL_SEC(9), COIL_SEC(2));
    struct world *w = scene.w;

    if (coil_as_completed_init(&scene.iteration, scene.futures, N, COIL_NEVER) == 0) {
        COIL_AUTO coil_task *task = coil_create_task_with(w->loop, takes_to_the_last, &scene, NULL);
        PASS(world_turn(w));
        CHECK_EQ(coil_close(w->loop), 0);
        CHECK_STR(scene.log.text, "came to its end");
        CHECK(coil_done(task));
    }
    coil_as_completed_fini(&scene.iteration);
    end(&scene);
}
