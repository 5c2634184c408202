// SPDX-License-Identifier: MIT
#include "faults.h"
#include "world.h"

#include <coil/coil.h>

#include <errno.h>

enum { N = 4 };

/*
 * Futures that end at given times, and a task that waits for them. A time of 0: before the wait;
 * COIL_NEVER: not at all.
 */
struct scene {
    struct world *w;
    coil_time at[N];
    int codes[N]; /* 0: a result; -ECANCELED: it is cancelled */
    coil_future *futures[N];
    struct ending {
        struct scene *scene;
        int index;
    } endings[N];
    coil_task *waiter;
    size_t n;
    coil_time timeout;
    int return_when;
    int rc;
    coil_time time; /* when the wait was over */
    coil_future *order[N];
};

static int end_one(void *arg)
{
    const struct ending *ending = arg;
    const struct scene *scene = ending->scene;
    coil_future *future = scene->futures[ending->index];
    int code = scene->codes[ending->index];

    if (code == -ECANCELED)
        CHECK(coil_cancel(future));
    else if (code)
        PASS(coil_set_error(future, code));
    else
        PASS(coil_set_result(future, NULL));
    return 0;
}

static void *waits(void *arg)
{
    struct scene *scene = arg;

    memcpy(scene->order, scene->futures, sizeof(scene->order));
    scene->rc = coil_wait(scene->order, scene->n, scene->timeout, scene->return_when);
    scene->time = world_time(scene->w);
    return NULL;
}

static void begin(struct scene *scene, struct world *w)
{
    scene->w = w;
    if (!scene->n)
        scene->n = N;
    for (int i = 0; i < N; i++) {
        scene->futures[i] = coil_create_future(w->loop);
        scene->endings[i] = (struct ending){scene, i};
        if (!scene->at[i])
            (void)end_one(&scene->endings[i]);
        else if (scene->at[i] != COIL_NEVER)
            PASS(coil_handle_error(
                coil_call_later(w->loop, scene->at[i], end_one, &scene->endings[i])));
    }
}

static void end(struct scene *scene)
{
    for (int i = 0; i < N; i++)
        coil_unref(scene->futures[i]);
}

/* Runs the wait; the order of the array afterwards is told by letters. */
static void check_wait(struct scene *scene, int rc, coil_time time, const char *order)
{
    char letters[N + 1] = "";
    WORLD(w);

    begin(scene, &w);
    PASS(world_run(&w, waits, scene));
    for (size_t i = 0; i < scene->n; i++)
        for (int j = 0; j < N; j++)
            if (scene->order[i] == scene->futures[j])
                letters[i] = (char)('a' + j);
    CHECK_EQ(scene->rc, rc);
    CHECK_EQ(scene->time, time);
    CHECK_STR(letters, order);
    end(scene);
}

#define NEVER COIL_NEVER

/* ---- W1: when it is over -------------------------------------------------------------------- */

TEST(wait, for_all_of_them)
{
    struct scene scene = {.at = {COIL_SEC(3), COIL_SEC(1), COIL_SEC(2), COIL_SEC(1)},
                          .codes = {0, -EIO, -ECANCELED, 0},
                          .timeout = COIL_NEVER,
                          .return_when = COIL_ALL_COMPLETED};

    check_wait(&scene, 4, COIL_SEC(3), "abcd");
}

TEST(wait, for_the_first_that_is_done)
{
    struct scene scene = {.at = {COIL_SEC(3), COIL_SEC(2), COIL_SEC(1), COIL_NEVER},
                          .timeout = COIL_NEVER,
                          .return_when = COIL_FIRST_COMPLETED};

    check_wait(&scene, 1, COIL_SEC(1), "cabd");
}

TEST(wait, a_cancelled_one_is_done)
{
    struct scene scene = {.at = {COIL_SEC(3), COIL_SEC(2), COIL_SEC(1), COIL_NEVER},
                          .codes = {0, 0, -ECANCELED, 0},
                          .timeout = COIL_NEVER,
                          .return_when = COIL_FIRST_COMPLETED};

    check_wait(&scene, 1, COIL_SEC(1), "cabd");
}

TEST(wait, for_the_first_error_but_not_the_first_cancellation)
{
    struct scene scene = {.at = {COIL_SEC(1), COIL_SEC(2), COIL_SEC(3), COIL_SEC(4)},
                          .codes = {0, -ECANCELED, -EIO, 0},
                          .timeout = COIL_NEVER,
                          .return_when = COIL_FIRST_ERROR};

    check_wait(&scene, 3, COIL_SEC(3), "abcd");
}

TEST(wait, without_an_error_for_all_of_them)
{
    struct scene scene = {.at = {COIL_SEC(1), COIL_SEC(2), COIL_SEC(3), COIL_SEC(4)},
                          .codes = {0, -ECANCELED, 0, 0},
                          .timeout = COIL_NEVER,
                          .return_when = COIL_FIRST_ERROR};

    check_wait(&scene, 4, COIL_SEC(4), "abcd");
}

TEST(wait, for_what_is_done_already_takes_no_time)
{
    struct scene all = {.timeout = COIL_NEVER, .return_when = COIL_ALL_COMPLETED};
    struct scene first = {.at = {COIL_NEVER, 0, COIL_NEVER, 0},
                          .timeout = COIL_NEVER,
                          .return_when = COIL_FIRST_COMPLETED};
    struct scene error = {.at = {COIL_NEVER, 0, 0, 0},
                          .codes = {0, 0, -ECANCELED, -EIO},
                          .timeout = COIL_NEVER,
                          .return_when = COIL_FIRST_ERROR};

    check_wait(&all, 4, 0, "abcd");
    check_wait(&first, 2, 0, "bdac");
    check_wait(&error, 3, 0, "bcda");
}

TEST(wait, both_parts_keep_their_order)
{
    struct scene scene = {.at = {COIL_SEC(9), COIL_SEC(2), COIL_SEC(9), COIL_SEC(1)},
                          .timeout = COIL_SEC(5),
                          .return_when = COIL_ALL_COMPLETED};

    check_wait(&scene, 2, COIL_SEC(5), "bdac");
}

/* Two end in one turn: the wait is over with the first, and sees both. */
TEST(wait, what_ends_before_it_goes_on_counts)
{
    struct scene scene = {.at = {COIL_SEC(9), COIL_SEC(1), COIL_SEC(9), COIL_SEC(1)},
                          .timeout = COIL_NEVER,
                          .return_when = COIL_FIRST_COMPLETED};

    check_wait(&scene, 2, COIL_SEC(1), "bdac");
}

/* ---- W1: timeouts --------------------------------------------------------------------------- */

TEST(wait, the_timeout_ends_it_without_an_error)
{
    struct scene scene = {.at = {NEVER, NEVER, NEVER, NEVER}, .timeout = COIL_MS(250)};

    check_wait(&scene, 0, COIL_MS(250), "abcd");
    scene.return_when = COIL_FIRST_COMPLETED;
    check_wait(&scene, 0, COIL_MS(250), "abcd");
}

TEST(wait, no_time_is_one_look)
{
    struct scene none = {.at = {1, 1, 1, 1}, .timeout = 0};
    struct scene two = {.at = {NEVER, 0, 0, NEVER}, .timeout = 0};
    struct scene past = {.at = {1, 1, 1, 1}, .timeout = -COIL_SEC(1)};

    check_wait(&none, 0, 0, "abcd");
    check_wait(&two, 2, 0, "bcad");
    check_wait(&past, 0, 0, "abcd");
}

static void *waits_twice(void *arg)
{
    struct scene *scene = arg;

    (void)waits(arg);
    CHECK_EQ(scene->rc, 1);
    for (size_t i = 0; i < N; i++)
        CHECK(!coil_cancelled(scene->futures[i])); /* a timeout cancels nothing */
    CHECK_EQ(coil_wait(scene->order + 1, N - 1, COIL_NEVER, COIL_ALL_COMPLETED), 3);
    CHECK_EQ(world_time(scene->w), COIL_SEC(4));
    return NULL;
}

TEST(wait, the_rest_can_be_waited_for_again)
{
    struct scene scene = {.at = {COIL_SEC(4), COIL_SEC(1), COIL_SEC(2), COIL_SEC(3)},
                          .timeout = COIL_MS(1500),
                          .return_when = COIL_ALL_COMPLETED};
    WORLD(w);

    begin(&scene, &w);
    PASS(world_run(&w, waits_twice, &scene));
    end(&scene);
}

TEST(wait, its_timer_goes_with_it)
{
    struct scene scene = {.timeout = COIL_SEC(100)};
    WORLD(w);

    begin(&scene, &w);
    PASS(world_run(&w, waits, &scene));
    FAILS(coil_run_forever(w.loop), -COIL_EDEADLOCK);
    CHECK_EQ(world_time(&w), 0);
    end(&scene);
}

/* ---- cancelling ----------------------------------------------------------------------------- */

static int cancels(void *task)
{
    CHECK(coil_cancel(task));
    return 0;
}

TEST(wait, cancelling_it_leaves_the_futures_alone)
{
    struct scene scene = {
        .at = {NEVER, NEVER, COIL_SEC(1), NEVER}, .codes = {0, 0, -EIO, 0}, .timeout = COIL_SEC(9)};
    WORLD(w);

    begin(&scene, &w);
    COIL_AUTO coil_task *task = coil_create_task_with(w.loop, waits, &scene, NULL);
    PASS(coil_handle_error(coil_call_later(w.loop, COIL_SEC(2), cancels, task)));
    PASS(coil_run_until_complete(w.loop, task, NULL));
    CHECK_EQ(scene.rc, -ECANCELED);
    CHECK_EQ(scene.time, COIL_SEC(2));
    for (int i = 0; i < N; i++)
        CHECK_EQ(coil_done(scene.futures[i]), i == 2);
    CHECK_PTR(scene.order[0], scene.futures[0]); /* nor is the array reordered */
    CHECK_PTR(scene.order[2], scene.futures[2]);
    end(&scene);
}

/* T7: the last one has ended, the task has not gone on, and the cancellation comes. */
static void cancels_waiter(coil_future *future, void *task)
{
    (void)future;
    CHECK(coil_cancel(task));
}

static void *adds_a_callback_and_waits(void *arg)
{
    struct scene *scene = arg;

    PASS(coil_add_done_callback(scene->futures[0], cancels_waiter, coil_current_task()));
    return waits(arg);
}

TEST(wait, a_cancellation_before_it_hears_of_the_end_wins)
{
    struct scene scene = {.at = {COIL_SEC(1), 0, 0, 0}, .timeout = COIL_NEVER};
    WORLD(w);

    begin(&scene, &w);
    PASS(world_run(&w, adds_a_callback_and_waits, &scene));
    CHECK_EQ(scene.rc, -ECANCELED);
    end(&scene);
}

static void *adds_a_callback_later(void *arg)
{
    struct scene *scene = arg;

    PASS(coil_add_done_callback(scene->futures[0], cancels_waiter, scene->waiter));
    return NULL;
}

TEST(wait, a_cancellation_before_it_goes_on_wins)
{
    struct scene scene = {.at = {COIL_SEC(1), 0, 0, 0}, .timeout = COIL_NEVER};
    WORLD(w);

    begin(&scene, &w);
    COIL_AUTO coil_task *task = scene.waiter = coil_create_task_with(w.loop, waits, &scene, NULL);
    PASS(world_run(&w, adds_a_callback_later, &scene));
    PASS(coil_run_until_complete(w.loop, task, NULL));
    CHECK_EQ(scene.rc, -ECANCELED);
    end(&scene);
}

static void *waits_after_cancelling_itself(void *arg)
{
    struct scene *scene = arg;

    CHECK(coil_cancel(coil_current_task()));
    (void)waits(arg);
    CHECK_EQ(scene->rc, -ECANCELED);
    (void)waits(arg);
    CHECK_EQ(scene->rc, 0);
    return NULL;
}

TEST(wait, a_cancellation_before_it_is_heard_in_it)
{
    struct scene scene = {.at = {NEVER, NEVER, NEVER, NEVER}, .timeout = COIL_SEC(1)};
    WORLD(w);

    begin(&scene, &w);
    PASS(world_run(&w, waits_after_cancelling_itself, &scene));
    CHECK_EQ(scene.time, COIL_SEC(1));
    end(&scene);
}

TEST(wait, a_loop_that_closes_ends_it)
{
    struct scene scene = {.at = {NEVER, NEVER, 0, NEVER}, .timeout = COIL_SEC(1)};
    WORLD(w);

    begin(&scene, &w);
    COIL_AUTO coil_task *task = coil_create_task_with(w.loop, waits, &scene, NULL);
    coil_stop(w.loop);
    PASS(coil_run_forever(w.loop));
    CHECK_EQ(coil_close(w.loop), 0);
    CHECK_EQ(scene.rc, -ECANCELED);
    CHECK_EQ(coil_future_state(task), COIL_FINISHED);
    end(&scene);
}

static void *waits_to_the_last(void *arg)
{
    FAILS(coil_sleep(COIL_SEC(1)), -ECANCELED);
    return waits(arg);
}

TEST(wait, whose_loop_closes_does_not_begin_to_wait)
{
    struct scene scene = {.at = {NEVER, NEVER, NEVER, NEVER}, .timeout = COIL_NEVER};
    WORLD(w);

    begin(&scene, &w);
    COIL_AUTO coil_task *task = coil_create_task_with(w.loop, waits_to_the_last, &scene, NULL);
    PASS(world_turn(&w));
    CHECK_EQ(coil_close(w.loop), 0);
    CHECK_EQ(scene.rc, -ECANCELED);
    CHECK_EQ(coil_future_state(task), COIL_FINISHED);
    end(&scene);
}

/* ---- references ----------------------------------------------------------------------------- */

static void count_disposal(void *result)
{
    ++*(int *)result;
}

static void *waits_for_a_disposable(void *arg)
{
    coil_future *future = arg;

    CHECK_EQ(coil_wait(&future, 1, COIL_NEVER, COIL_ALL_COMPLETED), 1);
    return NULL;
}

TEST(wait, it_takes_nothing)
{
    int disposals = 0;
    WORLD(w);
    coil_future *future = coil_create_future(w.loop);

    PASS(coil_set_dispose(future, count_disposal));
    PASS(coil_set_result(future, &disposals));
    PASS(world_run(&w, waits_for_a_disposable, future));
    CHECK_EQ(disposals, 0);
    coil_unref(future);
    CHECK_EQ(disposals, 1);
}

static void *drops_what_ended_late(void *arg)
{
    struct scene *scene = arg;

    (void)waits(arg);
    CHECK_EQ(scene->rc, 2);
    end(scene); /* the call of the second is still in the queue */
    memset(scene->futures, 0, sizeof(scene->futures));
    PASS(coil_sleep(COIL_SEC(1)));
    return NULL;
}

TEST(wait, a_future_may_go_while_its_end_is_on_its_way)
{
    struct scene scene = {.at = {COIL_SEC(1), COIL_SEC(1), NEVER, NEVER},
                          .timeout = COIL_NEVER,
                          .return_when = COIL_FIRST_COMPLETED};
    WORLD(w);

    begin(&scene, &w);
    PASS(world_run(&w, drops_what_ended_late, &scene));
    end(&scene);
}

static void *waits_for_one_twice(void *arg)
{
    struct scene *scene = arg;
    coil_future *futures[] = {scene->futures[0], scene->futures[1], scene->futures[0]};

    CHECK_EQ(coil_wait(futures, 3, COIL_NEVER, COIL_FIRST_COMPLETED), 1);
    CHECK_PTR(futures[0], scene->futures[0]);
    CHECK_PTR(futures[1], scene->futures[1]);
    CHECK_PTR(futures[2], scene->futures[0]);
    if (check_walking()) /* the futures are gone if that has failed */
        return NULL;
    futures[1] = scene->futures[0];
    CHECK_EQ(coil_wait(futures, 3, COIL_NEVER, COIL_ALL_COMPLETED), 1);
    return NULL;
}

TEST(wait, a_future_that_appears_twice_counts_once)
{
    struct scene scene = {.at = {COIL_SEC(1), NEVER, NEVER, NEVER}};
    WORLD(w);

    begin(&scene, &w);
    PASS(world_run(&w, waits_for_one_twice, &scene));
    end(&scene);
}

/* ---- arguments ------------------------------------------------------------------------------ */

static void *waits_wrongly(void *arg)
{
    struct scene *scene = arg;
    coil_future *missing[] = {scene->futures[0], NULL};
    coil_future *broken[] = {scene->futures[0], COIL_ERR(-ENOSPC)};

    FAILS(coil_wait(scene->futures, 0, 0, COIL_ALL_COMPLETED), -EINVAL);
    FAILS(coil_wait(NULL, 1, 0, COIL_ALL_COMPLETED), -EINVAL);
    FAILS(coil_wait(scene->futures, SIZE_MAX, 0, COIL_ALL_COMPLETED), -EINVAL);
    FAILS(coil_wait(scene->futures, N, 0, COIL_ALL_COMPLETED - 1), -EINVAL);
    FAILS(coil_wait(scene->futures, N, 0, COIL_FIRST_ERROR + 1), -EINVAL);
    FAILS(coil_wait(missing, 2, 0, COIL_ALL_COMPLETED), -EINVAL);
    FAILS(coil_wait(broken, 2, 0, COIL_ALL_COMPLETED), -ENOSPC);
    return NULL;
}

TEST(wait, bad_arguments_are_refused)
{
    struct scene scene = {.timeout = 0};
    WORLD(w);

    begin(&scene, &w);
    PASS(world_run(&w, waits_wrongly, &scene));
    FAILS(coil_wait(scene.futures, N, 0, COIL_ALL_COMPLETED), -COIL_ENOLOOP);
    end(&scene);
}

TEST(wait, a_future_of_another_loop_is_refused)
{
    struct scene scene = {.timeout = 0};
    WORLD(here);
    WORLD(there);

    begin(&scene, &there);
    PASS(world_run(&here, waits, &scene));
    CHECK_EQ(scene.rc, -EXDEV);
    end(&scene);
}

static void *waits_without_memory(void *arg)
{
    struct scene *scene = arg;

    faults_fail(1, "alloc");
    (void)waits(arg);
    CHECK_EQ(faults_met(), 1);
    faults_end();
    CHECK_EQ(scene->rc, -ENOMEM);
    return NULL;
}

TEST(wait, without_memory_it_does_not_begin)
{
    struct scene scene = {.at = {NEVER, NEVER, NEVER, NEVER}, .timeout = COIL_NEVER};
    WORLD(w);

    if (check_walking()) /* it has faults of its own */
        return;
    begin(&scene, &w);
    PASS(world_run(&w, waits_without_memory, &scene));
    end(&scene);
}

struct shared_array {
    coil_future *futures[2];
};

static void *waits_for_the_first(void *argument)
{
    struct shared_array *array = argument;
    CHECK_EQ(coil_wait(array->futures, 2, COIL_NEVER, COIL_FIRST_COMPLETED), 1);
    return NULL;
}

static void *waits_for_all_of_them(void *argument)
{
    struct shared_array *array = argument;
    CHECK_EQ(coil_wait(array->futures, 2, COIL_SEC(5), COIL_ALL_COMPLETED), 1);
    return NULL;
}

static int finish_it(void *future)
{
    return coil_set_result(future, NULL);
}

/* Each waits for what the array held when it began, whoever has reordered it since. */
TEST(wait, two_tasks_may_wait_on_one_array)
{
    struct shared_array array;
    WORLD(w);
    COIL_AUTO coil_future *one = coil_create_future(w.loop);
    COIL_AUTO coil_future *two = coil_create_future(w.loop);
    array.futures[0] = one;
    array.futures[1] = two;
    COIL_AUTO coil_task *first = coil_create_task_with(w.loop, waits_for_the_first, &array, NULL);
    COIL_AUTO coil_task *all = coil_create_task_with(w.loop, waits_for_all_of_them, &array, NULL);
    coil_call_later(w.loop, COIL_SEC(1), finish_it, two);
    PASS(coil_run_until_complete(w.loop, all, NULL));
    CHECK(coil_done(first));
    CHECK_PTR(array.futures[0], two);
    CHECK_PTR(array.futures[1], one);
}
