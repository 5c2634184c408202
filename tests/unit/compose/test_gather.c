// SPDX-License-Identifier: MIT
#include "faults.h"
#include "loop/loop.h"
#include "world.h"

#include <coil/coil.h>

struct scene;

/* A child: sleeps, says so, and ends so. */
struct part {
    struct scene *scene;
    const char *name;
    coil_time delay;
    void *end;
    coil_time cleaning; /* how long it cleans up when it is cancelled */
};

struct scene {
    struct record log;
    struct world *w;
    coil_future *future;
    coil_task *task;
    unsigned flags;
    int disposals[3];
    struct part parts[3]; /* of tasks that may outlive who started them */
};

static void *plays(void *arg)
{
    const struct part *part = arg;
    struct record *log = &part->scene->log;

    record(log, "%s", part->name);
    int rc = coil_sleep(part->delay);
    if (rc == -ECANCELED && part->cleaning)
        PASS(coil_sleep(part->cleaning));
    record(log, "%s%s", rc < 0 ? "!" : "/", part->name);
    return rc < 0 ? COIL_ERR(rc) : part->end;
}

static coil_task *start(struct scene *scene, struct part *part)
{
    return coil_create_task_with(scene->w->loop, plays, part, NULL);
}

static void check_results(coil_future *gather, void *const *expected, size_t n)
{
    size_t count = 99;
    void *const *results = coil_gather_results(gather, &count);

    PASS(coil_err(results));
    if (coil_is_err(results))
        return;
    CHECK_EQ(count, n);
    for (size_t i = 0; i < n && i < count; i++)
        CHECK_PTR(results[i], expected[i]);
}

/* ---- G1: order ------------------------------------------------------------------------------ */

static void *gathers_three(void *arg)
{
    struct scene *scene = arg;
    struct part *parts = scene->parts;
    void *const expected[] = {&parts[0], &parts[1], &parts[2]};
    const coil_coro coroutines[] = {{plays, &parts[0]}, {plays, &parts[1]}, {plays, &parts[2]}};

    parts[0] = (struct part){scene, "a", COIL_SEC(3), &parts[0], 0};
    parts[1] = (struct part){scene, "b", COIL_SEC(1), &parts[1], 0};
    parts[2] = (struct part){scene, "c", COIL_SEC(2), &parts[2], 0};
    COIL_AUTO coil_future *gather = coil_gather(coroutines, 3, 0);

    record(&scene->log, "made");
    PASS(coil_await(gather, NULL));
    check_results(gather, expected, 3);
    return NULL;
}

TEST(gather, starts_and_gives_results_in_the_order_of_the_array)
{
    struct scene scene = {.w = NULL};
    WORLD(w);

    scene.w = &w;
    PASS(world_run(&w, gathers_three, &scene));
    CHECK_STR(scene.log.text, "made a b c /b /c /a");
    CHECK_EQ(world_time(&w), COIL_SEC(3));
}

TEST(gather, its_result_is_the_array)
{
    struct scene scene = {.w = NULL};
    struct part a = {&scene, "a", 2, &a, 0}, b = {&scene, "b", 1, &b, 0};
    WORLD(w);
    scene.w = &w;
    coil_future *tasks[] = {start(&scene, &a), start(&scene, &b)};
    COIL_AUTO coil_future *gather = coil_gather_futures(tasks, 2, 0);
    void *result = NULL;

    coil_unref(tasks[0]); /* the gather has its own references */
    coil_unref(tasks[1]);
    CHECK_EQ(coil_run_until_complete(w.loop, gather, &result), 0);
    if (result) {
        CHECK_PTR(((void **)result)[0], &a);
        CHECK_PTR(((void **)result)[1], &b);
    }
}

TEST(gather, a_future_may_appear_more_than_once)
{
    struct scene scene = {.w = NULL};
    struct part a = {&scene, "a", 2, &a, 0}, b = {&scene, "b", 1, &b, 0};
    WORLD(w);
    scene.w = &w;
    COIL_AUTO coil_task *one = start(&scene, &a);
    COIL_AUTO coil_task *two = start(&scene, &b);
    coil_future *const futures[] = {one, two, one};
    void *const expected[] = {&a, &b, &a};
    COIL_AUTO coil_future *gather = coil_gather_futures(futures, 3, 0);

    PASS(coil_run_until_complete(w.loop, gather, NULL));
    check_results(gather, expected, 3);
    CHECK_STR(scene.log.text, "a b /b /a");
}

static void *gathers_nothing(void *arg)
{
    size_t n = 99;
    COIL_AUTO coil_future *none = coil_gather(NULL, 0, 0);
    COIL_AUTO coil_future *no_futures = coil_gather_futures(NULL, 0, COIL_RETURN_ERRORS);

    (void)arg;
    CHECK_EQ(coil_future_state(none), COIL_FINISHED);
    PASS(coil_err(coil_gather_results(none, &n)));
    CHECK_EQ(n, 0);
    CHECK_EQ(coil_await(no_futures, NULL), 0);
    return NULL;
}

TEST(gather, of_nothing_is_done)
{
    WORLD(w);

    PASS(world_run(&w, gathers_nothing, NULL));
}

TEST(gather, of_what_is_done_is_done)
{
    WORLD(w);
    COIL_AUTO coil_future *one = coil_create_future(w.loop);
    COIL_AUTO coil_future *two = coil_create_future(w.loop);
    coil_future *const futures[] = {one, two};
    void *const expected[] = {&one, &two};

    PASS(coil_set_result(one, &one));
    PASS(coil_set_result(two, &two));
    COIL_AUTO coil_future *gather = coil_gather_futures(futures, 2, 0);
    CHECK_EQ(coil_future_state(gather), COIL_FINISHED);
    check_results(gather, expected, 2);
}

/* ---- G2, G3: errors ------------------------------------------------------------------------- */

TEST(gather, the_first_error_is_its_own_and_the_others_run_on)
{
    struct scene scene = {.w = NULL};
    size_t n;
    struct part good = {&scene, "good", COIL_SEC(2), &good, 0},
                bad = {&scene, "bad", COIL_SEC(1), COIL_ERR(-EIO), 0},
                worse = {&scene, "worse", COIL_SEC(3), COIL_ERR(-EPERM), 0};
    WORLD(w);
    scene.w = &w;
    coil_future *tasks[] = {start(&scene, &good), start(&scene, &bad), start(&scene, &worse)};
    COIL_AUTO coil_future *gather = coil_gather_futures(tasks, 3, 0);

    FAILS(coil_run_until_complete(w.loop, gather, NULL), -EIO);
    CHECK_EQ(world_time(&w), COIL_SEC(1));
    CHECK_EQ(coil_future_state(gather), COIL_FINISHED);
    FAILS(coil_err(coil_gather_results(gather, &n)), -EIO);
    CHECK(!coil_done(tasks[0]));
    FAILS(coil_run_until_complete(w.loop, tasks[2], NULL), -EPERM);
    CHECK_STR(scene.log.text, "good bad worse /bad /good /worse");
    FAILS(coil_result(gather, NULL), -EIO);
    for (int i = 0; i < 3; i++)
        coil_unref(tasks[i]);
}

TEST(gather, an_error_among_the_done_ends_it_at_once)
{
    WORLD(w);
    COIL_AUTO coil_future *pending = coil_create_future(w.loop);
    COIL_AUTO coil_future *failed = coil_create_future(w.loop);
    coil_future *const futures[] = {pending, failed};

    PASS(coil_set_error(failed, -EIO));
    COIL_AUTO coil_future *gather = coil_gather_futures(futures, 2, 0);
    FAILS(coil_result(gather, NULL), -EIO);
    PASS(coil_set_result(pending, NULL)); /* which it must not miss, and not stumble over */
    FAILS(coil_run_forever(w.loop), -COIL_EDEADLOCK);
}

TEST(gather, errors_and_cancellations_become_results_when_asked)
{
    struct scene scene = {.w = NULL};
    struct part good = {&scene, "good", 2, &good, 0}, bad = {&scene, "bad", 1, COIL_ERR(-EIO), 0};
    WORLD(w);
    scene.w = &w;
    COIL_AUTO coil_future *cancelled = coil_create_future(w.loop);
    coil_future *futures[] = {start(&scene, &bad), cancelled, start(&scene, &good)};
    void *const expected[] = {COIL_ERR(-EIO), COIL_ERR(-ECANCELED), &good};
    COIL_AUTO coil_future *gather = coil_gather_futures(futures, 3, COIL_RETURN_ERRORS);

    CHECK(coil_cancel(cancelled));
    CHECK_EQ(coil_run_until_complete(w.loop, gather, NULL), 0);
    check_results(gather, expected, 3);
    coil_unref(futures[0]);
    coil_unref(futures[2]);
}

/* ---- G4: cancelling the whole --------------------------------------------------------------- */

static int cancels(void *future)
{
    CHECK(coil_cancel(future));
    return 0;
}

static void *gathers_and_is_cancelled(void *arg)
{
    struct scene *scene = arg;
    struct part *parts = scene->parts;
    const coil_coro coroutines[] = {{plays, &parts[0]}, {plays, &parts[1]}, {plays, &parts[2]}};

    parts[0] = (struct part){scene, "quick", COIL_SEC(9), NULL, 0};
    parts[1] = (struct part){scene, "slow", COIL_SEC(9), NULL, COIL_MS(30)};
    parts[2] = (struct part){scene, "done", COIL_MS(1), NULL, 0};
    COIL_AUTO coil_future *gather = coil_gather(coroutines, 3, scene->flags);

    scene->future = coil_ref(gather);
    FAILS(coil_await(gather, NULL), -ECANCELED);
    CHECK(coil_cancelled(gather));
    record(&scene->log, "gathered");
    coil_unrefp(&scene->future);
    return NULL;
}

static int cancels_the_future(void *arg)
{
    struct scene *scene = arg;

    CHECK(coil_cancel(scene->future));
    CHECK(!coil_done(scene->future));
    return 0;
}

/* It is done when the last child is, which takes its time. */
static void cancelled_gather(struct scene *scene, coil_callback how)
{
    COIL_AUTO coil_task *task = scene->task =
        coil_create_task_with(scene->w->loop, gathers_and_is_cancelled, scene, NULL);

    PASS(coil_handle_error(coil_call_later(scene->w->loop, COIL_MS(10), how,
                                           how == cancels ? (void *)task : (void *)scene)));
    PASS(coil_run_until_complete(scene->w->loop, task, NULL));
    CHECK_STR(scene->log.text, "quick slow done /done !quick !slow gathered");
    CHECK_EQ(world_time(scene->w), COIL_MS(40));
}

TEST(gather, cancelling_it_cancels_its_children_and_waits_for_all)
{
    struct scene scene = {.w = NULL};
    WORLD(w);

    scene.w = &w;
    cancelled_gather(&scene, cancels_the_future);
}

TEST(gather, cancelling_it_is_no_result_when_errors_are)
{
    struct scene scene = {.flags = COIL_RETURN_ERRORS};
    WORLD(w);

    scene.w = &w;
    cancelled_gather(&scene, cancels_the_future);
}

TEST(gather, cancelling_who_awaits_it_cancels_its_children)
{
    struct scene scene = {.w = NULL};
    WORLD(w);

    scene.w = &w;
    cancelled_gather(&scene, cancels);
}

TEST(gather, one_that_is_done_cannot_be_cancelled)
{
    WORLD(w);
    COIL_AUTO coil_future *future = coil_create_future(w.loop);
    COIL_AUTO coil_future *gather = coil_gather_futures(&future, 1, 0);

    PASS(coil_set_result(future, NULL));
    CHECK(!coil_cancel(gather)); /* no child took it, though the end is not there yet */
    PASS(coil_run_until_complete(w.loop, gather, NULL));
    CHECK(!coil_cancel(gather));
}

/* The inner one is not done before its slow child is, and so neither is the outer one. */
TEST(gather, a_cancelled_gather_of_gathers_waits_for_every_grandchild)
{
    struct scene scene = {.w = NULL};
    struct part quick = {&scene, "quick", COIL_SEC(9), NULL, 0},
                slow = {&scene, "slow", COIL_SEC(9), NULL, COIL_MS(30)};
    WORLD(w);
    scene.w = &w;
    COIL_AUTO coil_task *a = start(&scene, &quick);
    COIL_AUTO coil_task *b = start(&scene, &slow);
    COIL_AUTO coil_future *inner_quick = coil_gather_futures(&a, 1, 0);
    COIL_AUTO coil_future *inner_slow = coil_gather_futures(&b, 1, 0);
    coil_future *const inner[] = {inner_quick, inner_slow};
    COIL_AUTO coil_future *outer = coil_gather_futures(inner, 2, 0);

    PASS(coil_handle_error(coil_call_later(w.loop, COIL_MS(10), cancels, outer)));
    FAILS(coil_run_until_complete(w.loop, outer, NULL), -ECANCELED);
    CHECK_STR(scene.log.text, "quick slow !quick !slow");
    CHECK(coil_cancelled(outer));
}

static void *refuses(void *arg)
{
    FAILS(coil_sleep(COIL_SEC(9)), -ECANCELED);
    return arg;
}

TEST(gather, it_is_cancelled_even_when_every_child_refuses)
{
    WORLD(w);
    COIL_AUTO coil_task *task = coil_create_task_with(w.loop, refuses, &w, NULL);
    COIL_AUTO coil_future *gather = coil_gather_futures(&task, 1, 0);

    PASS(coil_handle_error(coil_call_later(w.loop, 1, cancels, gather)));
    FAILS(coil_run_until_complete(w.loop, gather, NULL), -ECANCELED);
    CHECK_EQ(coil_future_state(task), COIL_FINISHED);
}

/* ---- G5: a child that is cancelled by itself ------------------------------------------------ */

TEST(gather, a_cancelled_child_is_an_error_like_others)
{
    struct scene scene = {.w = NULL};
    struct part part = {&scene, "part", COIL_SEC(1), &part, 0};
    WORLD(w);
    scene.w = &w;
    COIL_AUTO coil_future *child = coil_create_future(w.loop);
    COIL_AUTO coil_task *sibling = start(&scene, &part);
    coil_future *const futures[] = {sibling, child};
    COIL_AUTO coil_future *gather = coil_gather_futures(futures, 2, 0);

    CHECK(coil_cancel(child));
    FAILS(coil_run_until_complete(w.loop, gather, NULL), -ECANCELED);
    CHECK(!coil_cancelled(gather));
    CHECK(!coil_done(sibling));
    PASS(coil_run_until_complete(w.loop, sibling, NULL));
    CHECK_STR(scene.log.text, "part /part");
}

/* ---- dropping ------------------------------------------------------------------------------- */

static void *drops_a_gather(void *arg)
{
    struct scene *scene = arg;
    struct part *parts = scene->parts;
    const coil_coro coroutines[] = {{plays, &parts[0]}, {plays, &parts[1]}};

    parts[0] = (struct part){scene, "a", COIL_SEC(1), NULL, 0};
    parts[1] = (struct part){scene, "b", COIL_SEC(2), NULL, 0};
    coil_future *gather = coil_gather(coroutines, 2, 0);

    PASS(coil_sleep(COIL_MS(500)));
    coil_unref(gather);
    PASS(coil_sleep(COIL_SEC(5)));
    return NULL;
}

TEST(gather, its_children_run_on_when_it_is_dropped)
{
    struct scene scene = {.w = NULL};
    WORLD(w);

    scene.w = &w;
    PASS(world_run(&w, drops_a_gather, &scene));
    CHECK_STR(scene.log.text, "a b /a /b");
}

TEST(gather, it_lives_until_a_child_that_has_ended_was_counted)
{
    WORLD(w);
    COIL_AUTO coil_future *child = coil_create_future(w.loop);
    coil_future *gather = coil_gather_futures(&child, 1, 0);

    PASS(coil_set_result(child, NULL));
    coil_unref(gather);
    FAILS(coil_run_forever(w.loop), -COIL_EDEADLOCK);
}

/* ---- making fails --------------------------------------------------------------------------- */

enum { MANY = 100 }; /* more than a first chunk of heads holds */

static void *must_not_run(void *arg)
{
    (void)arg;
    check_true(false, "nobody calls it", __FILE__, __LINE__);
    return NULL;
}

static void *makes_too_many(void *arg)
{
    struct scene *scene = arg;
    coil_coro coroutines[MANY];

    for (int i = 0; i < MANY; i++)
        coroutines[i] = (coil_coro){must_not_run, scene};
    faults_fail(2, "alloc"); /* the first is the array of tasks */
    FAILS(coil_err(coil_gather(coroutines, MANY, 0)), -ENOMEM);
    CHECK_EQ(faults_met(), 2);
    faults_end();
    CHECK(scene->w->loop->sched->task_count > 10); /* some were made, and are to end */
    PASS(coil_yield_now());
    CHECK_EQ(scene->w->loop->sched->task_count, 1);
    return NULL;
}

TEST(gather, when_one_task_cannot_be_made_those_before_it_never_begin)
{
    struct scene scene = {.w = NULL};
    WORLD(w);

    scene.w = &w;
    if (check_walking()) /* it has faults of its own */
        return;
    PASS(world_run(&w, makes_too_many, &scene));
}

static void *cannot_gather(void *arg)
{
    struct scene *scene = arg;
    const coil_coro coroutines[] = {{must_not_run, scene}, {must_not_run, scene}};

    faults_fail(2, "alloc");
    FAILS(coil_err(coil_gather(coroutines, 2, 0)), -ENOMEM);
    CHECK_EQ(faults_met(), 2);
    faults_fail(1, "alloc");
    FAILS(coil_err(coil_gather(coroutines, 2, 0)), -ENOMEM);
    faults_end();
    PASS(coil_yield_now());
    CHECK_EQ(scene->w->loop->sched->task_count, 1);
    return NULL;
}

TEST(gather, without_memory_for_itself_its_tasks_never_begin)
{
    struct scene scene = {.w = NULL};
    WORLD(w);

    scene.w = &w;
    if (check_walking())
        return;
    PASS(world_run(&w, cannot_gather, &scene));
}

static void *gathers_wrongly(void *arg)
{
    struct scene *scene = arg;
    const coil_coro coroutines[] = {{must_not_run, scene}, {NULL, scene}};
    coil_future *const missing[] = {scene->future, NULL};
    coil_future *const broken[] = {scene->future, COIL_ERR(-ENOSPC)};

    FAILS(coil_err(coil_gather(coroutines, 2, 0)), -EINVAL);
    FAILS(coil_err(coil_gather(NULL, 1, 0)), -EINVAL);
    FAILS(coil_err(coil_gather(coroutines, 1, 2)), -EINVAL);
    FAILS(coil_err(coil_gather(NULL, 0, 2)), -EINVAL);
    FAILS(coil_err(coil_gather(coroutines, SIZE_MAX / 2, 8)), -EINVAL);
    FAILS(coil_err(coil_gather_futures(NULL, 1, 0)), -EINVAL);
    FAILS(coil_err(coil_gather_futures(missing, 1, 2)), -EINVAL);
    FAILS(coil_err(coil_gather_futures(missing, 2, 0)), -EINVAL);
    FAILS(coil_err(coil_gather_futures(broken, 2, 0)), -ENOSPC);
    PASS(coil_yield_now());
    return NULL;
}

TEST(gather, bad_arguments_are_refused_and_nothing_starts)
{
    struct scene scene = {.w = NULL};
    WORLD(w);
    scene.w = &w;
    COIL_AUTO coil_future *future = coil_create_future(w.loop);

    scene.future = future;
    PASS(world_run(&w, gathers_wrongly, &scene));
}

TEST(gather, futures_of_two_loops_do_not_go_together)
{
    WORLD(here);
    WORLD(there);
    COIL_AUTO coil_future *one = coil_create_future(here.loop);
    COIL_AUTO coil_future *two = coil_create_future(there.loop);
    coil_future *const futures[] = {one, two};

    FAILS(coil_err(coil_gather_futures(futures, 2, 0)), -EXDEV);
}

TEST(gather, a_closed_loop_makes_none)
{
    WORLD(w);
    COIL_AUTO coil_future *future = coil_create_future(w.loop);

    PASS(coil_close(w.loop));
    FAILS(coil_err(coil_gather_futures(&future, 1, 0)), -COIL_ECLOSED);
}

/* ---- reading the results -------------------------------------------------------------------- */

TEST(gather, results_are_read_from_a_done_gather_only)
{
    size_t n = 99;
    WORLD(w);
    COIL_AUTO coil_future *future = coil_create_future(w.loop);
    COIL_AUTO coil_future *gather = coil_gather_futures(&future, 1, 0);

    FAILS(coil_err(coil_gather_results(gather, &n)), -COIL_EINVALSTATE);
    FAILS(coil_err(coil_gather_results(gather, NULL)), -EINVAL);
    FAILS(coil_err(coil_gather_results(future, &n)), -EINVAL);
    PASS(coil_set_result(future, NULL));
    FAILS(coil_err(coil_gather_results(future, &n)), -EINVAL);
    CHECK_EQ(n, 99);
}

static void count_disposal(void *result)
{
    ++*(int *)result;
}

/* Three futures whose results count their disposals; the gather is done. */
static coil_future *gather_of_disposables(struct scene *scene)
{
    coil_future *futures[3];

    for (int i = 0; i < 3; i++) {
        futures[i] = coil_create_future(scene->w->loop);
        PASS(coil_set_dispose(futures[i], count_disposal));
        PASS(coil_set_result(futures[i], &scene->disposals[i]));
    }
    coil_future *gather = coil_gather_futures(futures, 3, 0);
    for (int i = 0; i < 3; i++)
        coil_unref(futures[i]);
    return gather;
}

static void check_disposals(const struct scene *scene, int each)
{
    for (int i = 0; i < 3; i++)
        CHECK_EQ(scene->disposals[i], each);
}

TEST(gather, who_reads_the_results_takes_each_of_them)
{
    struct scene scene = {.w = NULL};
    size_t n;
    WORLD(w);
    scene.w = &w;
    coil_future *gather = gather_of_disposables(&scene);

    PASS(coil_err(coil_gather_results(gather, &n)));
    coil_unref(gather);
    check_disposals(&scene, 0);
}

TEST(gather, who_takes_the_array_takes_each_of_them)
{
    struct scene scene = {.w = NULL};
    WORLD(w);
    scene.w = &w;
    coil_future *gather = gather_of_disposables(&scene);
    void *result;

    PASS(coil_result(gather, &result));
    coil_unref(gather);
    check_disposals(&scene, 0);
}

TEST(gather, results_that_nobody_took_are_disposed_of_once_each)
{
    struct scene scene = {.w = NULL};
    WORLD(w);
    scene.w = &w;
    coil_future *gather = gather_of_disposables(&scene);

    PASS(coil_result(gather, NULL));
    check_disposals(&scene, 0);
    coil_unref(gather);
    check_disposals(&scene, 1);
}

/* A first error ends the gather; what the others give nobody can take from it. */
TEST(gather, results_after_a_first_error_are_disposed_of)
{
    int disposals = 0;
    WORLD(w);
    COIL_AUTO coil_future *failed = coil_create_future(w.loop);
    coil_future *late = coil_create_future(w.loop);
    coil_future *const futures[] = {failed, late};
    COIL_AUTO coil_future *gather = coil_gather_futures(futures, 2, 0);

    PASS(coil_set_dispose(late, count_disposal));
    PASS(coil_set_error(failed, -EIO));
    FAILS(coil_run_until_complete(w.loop, gather, NULL), -EIO);
    PASS(coil_set_result(late, &disposals));
    coil_unref(late);
    FAILS(coil_run_forever(w.loop), -COIL_EDEADLOCK);
    coil_unrefp(&gather);
    CHECK_EQ(disposals, 1);
}

/* ---- rings: a program's mistake, which must not become ours --------------------------------- */

static void *gathers_the_other(void *arg)
{
    struct scene *scene = arg;
    COIL_AUTO coil_future *gather = coil_gather_futures(&scene->task, 1, 0);
    int rc = coil_await(gather, NULL);

    return rc < 0 ? COIL_ERR(rc) : NULL;
}

static void *awaits_the_other(void *arg)
{
    const struct scene *scene = arg;
    int rc = coil_await(scene->future, NULL);

    return rc < 0 ? COIL_ERR(rc) : NULL;
}

TEST(gather, of_a_ring_through_a_gather_one_leaves_its_wait)
{
    struct scene scene = {.w = NULL};
    WORLD(w);
    scene.w = &w;
    COIL_AUTO coil_task *one = coil_create_task_with(w.loop, gathers_the_other, &scene, NULL);
    COIL_AUTO coil_task *two = coil_create_task_with(w.loop, awaits_the_other, &scene, NULL);

    scene.task = two;
    scene.future = one;
    FAILS(coil_run_forever(w.loop), -COIL_EDEADLOCK);
    CHECK(coil_cancel(one));
    FAILS(coil_run_forever(w.loop), -COIL_EDEADLOCK);
    CHECK(coil_cancelled(one));
    CHECK(coil_cancelled(two));
}

TEST(gather, a_ring_through_a_gather_can_be_closed)
{
    struct scene scene = {.w = NULL};
    WORLD(w);
    scene.w = &w;
    COIL_AUTO coil_task *one = coil_create_task_with(w.loop, gathers_the_other, &scene, NULL);
    COIL_AUTO coil_task *two = coil_create_task_with(w.loop, awaits_the_other, &scene, NULL);

    scene.task = two;
    scene.future = one;
    FAILS(coil_run_forever(w.loop), -COIL_EDEADLOCK);
    CHECK_EQ(coil_close(w.loop), 0);
    CHECK(coil_done(one));
    CHECK(coil_done(two));
}

/* ---- gathers of gathers, deeper than a stack --------------------------------------------------
 */

/* A gather of a gather of ... of `leaf`. */
static coil_future *nest(coil_future *leaf, int levels)
{
    coil_future *gather = coil_ref(leaf);

    for (int i = 0; i < levels; i++) {
        coil_future *outer = coil_gather_futures(&gather, 1, 0);
        coil_unref(gather);
        gather = outer;
    }
    return gather;
}

static int many_levels(void)
{
    return check_walking() ? 20 : 100000;
}

static void *cancels_a_deep_nest(void *arg)
{
    COIL_AUTO coil_future *leaf = coil_create_future(NULL);
    COIL_AUTO coil_future *gather = nest(leaf, many_levels());

    (void)arg;
    if (coil_is_err(gather))
        return NULL;
    CHECK(coil_cancel(gather));
    CHECK(coil_cancelled(leaf));
    FAILS(coil_await(gather, NULL), -ECANCELED);
    CHECK(coil_cancelled(gather));
    return NULL;
}

TEST(gather, one_of_any_depth_can_be_cancelled)
{
    WORLD(w);

    PASS(world_run(&w, cancels_a_deep_nest, NULL));
}

static void *takes_a_deep_nest(void *arg)
{
    int disposals = 0;
    coil_future *leaf = coil_create_future(NULL);
    coil_future *gather = nest(leaf, many_levels());
    void *result;

    (void)arg;
    PASS(coil_set_dispose(leaf, count_disposal));
    PASS(coil_set_result(leaf, &disposals));
    PASS(coil_await(gather, &result));
    coil_unref(leaf);
    coil_unref(gather);
    CHECK_EQ(disposals, 0); /* who takes the outermost array takes what is in the innermost */
    return NULL;
}

TEST(gather, one_of_any_depth_can_be_taken)
{
    WORLD(w);

    PASS(world_run(&w, takes_a_deep_nest, NULL));
}

static void *drops_a_deep_nest(void *arg)
{
    int disposals = 0;
    coil_future *leaf = coil_create_future(NULL);
    coil_future *gather = nest(leaf, many_levels());

    (void)arg;
    PASS(coil_set_dispose(leaf, count_disposal));
    PASS(coil_set_result(leaf, &disposals));
    coil_unref(leaf);
    coil_unref(gather);
    if (!check_walking())
        PASS(coil_yield_now()); /* the innermost waits to count its child */
    CHECK_EQ(disposals, 1);
    return NULL;
}

TEST(gather, one_of_any_depth_can_be_dropped)
{
    WORLD(w);

    PASS(world_run(&w, drops_a_deep_nest, NULL));
}

/* Each gathers the one before it; the first sleeps. */
struct link {
    coil_task *next;
    int rc;
};

static void *gathers_the_next(void *arg)
{
    struct link *link = arg;

    if (!link->next)
        return COIL_ERR(link->rc = coil_sleep(COIL_SEC(9)));
    COIL_AUTO coil_future *gather = coil_gather_futures(&link->next, 1, 0);
    return COIL_ERR(link->rc = coil_await(gather, NULL));
}

enum { LINKS = 2000 };

TEST(gather, a_chain_of_tasks_and_gathers_of_any_length_can_be_cancelled)
{
    static struct link links[LINKS];
    static coil_task *tasks[LINKS];
    int n = check_walking() ? 5 : LINKS;
    WORLD(w);

    for (int i = 0; i < n; i++) {
        links[i] = (struct link){i ? tasks[i - 1] : NULL, 1};
        tasks[i] = coil_create_task_with(w.loop, gathers_the_next, &links[i], NULL);
    }
    PASS(world_turn(&w));
    CHECK(coil_cancel(tasks[n - 1]) || check_walking());
    FAILS(coil_run_until_complete(w.loop, tasks[n - 1], NULL), -ECANCELED);
    for (int i = 0; i < n; i++) {
        CHECK_EQ(links[i].rc, -ECANCELED);
        coil_unref(tasks[i]);
    }
    CHECK_EQ(world_time(&w), 0);
}

static coil_future *finished_by_dispose;

static void finish_the_other(void *result)
{
    PASS(coil_set_result(finished_by_dispose, result));
}

/* A gather that goes watches nobody any more before the first child's dispose runs. */
TEST(gather, a_childs_dispose_may_finish_another_child_while_it_goes)
{
    int result;
    WORLD(w);
    coil_future *first = coil_create_future(w.loop);
    COIL_AUTO coil_future *second = coil_create_future(w.loop);
    finished_by_dispose = second;
    coil_set_dispose(first, finish_the_other);
    PASS(coil_set_result(first, &result));
    coil_future *const both[] = {first, second};
    coil_future *gather = coil_gather_futures(both, 2, 0);
    coil_unref(first);
    coil_unref(gather);
    PASS(world_turn(&w));
}

TEST(gather, its_array_is_nobody_elses_to_dispose_of)
{
    WORLD(w);
    COIL_AUTO coil_future *future = coil_create_future(w.loop);
    COIL_AUTO coil_future *gather = coil_gather_futures(&future, 1, 0);
    if (!coil_is_err(gather))
        FAILS(coil_set_dispose(gather, finish_the_other), -EINVAL);
}

/* ---- a cancellation between the last child's end and its awaiter's next step ------------------
 */

static void *awaits_it(void *gather)
{
    return COIL_ERR(coil_await(gather, NULL));
}

TEST(gather, who_is_cancelled_when_every_child_has_ended_is_cancelled)
{
    WORLD(w);
    COIL_AUTO coil_future *child = coil_create_future(w.loop);
    COIL_AUTO coil_future *gather = coil_gather_futures(&child, 1, 0);
    COIL_AUTO coil_task *task = coil_create_task_with(w.loop, awaits_it, gather, NULL);

    PASS(world_turn(&w));
    PASS(coil_set_result(child, NULL)); /* the gather hears of it in the next turn */
    CHECK(coil_cancel(task));
    FAILS(coil_run_until_complete(w.loop, task, NULL), -ECANCELED);
    CHECK(coil_cancelled(task));
    if (!check_walking())
        CHECK_EQ(coil_future_state(gather), COIL_FINISHED);
}
