// SPDX-License-Identifier: MIT
/* CPython's test_tasks.py: gather, wait, as_completed, shield. */
#include "faults.h"
#include "world.h"

#include <coil/coil.h>

#include <errno.h>

#define LONG COIL_SEC(10) /* nobody waits that long */

struct nap {
    coil_time delay;
    int code;
    int runs;
};

static void *naps(void *arg)
{
    struct nap *nap = arg;

    nap->runs++;
    int rc = coil_sleep(nap->delay);
    if (rc < 0)
        return COIL_ERR(rc);
    return nap->code ? COIL_ERR(nap->code) : nap;
}

/* Two or more naps as tasks of a world; they are given back with the scope. They begin in their
 * order: where no delay is shorter than the one before it, they end in that order on every clock.
 */
enum { NAPS = 3 };
struct bed {
    struct nap naps[NAPS];
    coil_future *tasks[NAPS];
};

static void bed_free(struct bed *bed)
{
    for (int i = 0; i < NAPS; i++)
        coil_unref(bed->tasks[i]);
}

#define BED(name, ...)                                                                             \
    __attribute__((cleanup(bed_free))) struct bed name = {.naps = {__VA_ARGS__}};                  \
    bed_make(&name)

static void bed_make(struct bed *bed)
{
    for (int i = 0; i < NAPS; i++)
        bed->tasks[i] = coil_create_task(naps, &bed->naps[i]);
}

static void run(coil_fn fn)
{
    WORLD(w);

    PASS(world_run(&w, fn, &w));
}

/* The order of deadlines is the subject: on a real clock both may have passed when one looks. */
static void run_virtually(coil_fn fn)
{
    if (world_is_virtual())
        run(fn);
}

/* ---- wait ----------------------------------------------------------------------------------- */

static void *wait_for_two(void *arg)
{
    coil_time begin = world_time(arg);
    BED(bed, {.delay = COIL_MS(10)}, {.delay = COIL_MS(15)});

    CHECK_EQ(coil_wait(bed.tasks, 2, COIL_NEVER, COIL_ALL_COMPLETED), 2);
    CHECK_TIME(world_time(arg) - begin, COIL_MS(15));
    coil_time then = world_time(arg);
    CHECK_EQ(coil_wait(bed.tasks, 2, COIL_NEVER, COIL_ALL_COMPLETED), 2);
    if (world_is_virtual())
        CHECK_EQ(world_time(arg), then);
    return NULL;
}

TEST(BaseTaskTests, test_wait)
{
    run(wait_for_two);
}

static void *wait_for_one_twice(void *arg)
{
    BED(bed, {.delay = COIL_MS(1)});
    coil_future *twice[] = {bed.tasks[0], bed.tasks[0]};

    (void)arg;
    CHECK_EQ(coil_wait(twice, 2, COIL_NEVER, COIL_ALL_COMPLETED), 1);
    CHECK_PTR(twice[0], bed.tasks[0]);
    CHECK_EQ(bed.naps[0].runs, 1);
    return NULL;
}

TEST(BaseTaskTests, test_wait_duplicate_coroutines)
{
    run(wait_for_one_twice);
}

static void *wait_wrongly(void *arg)
{
    COIL_AUTO coil_future *future = coil_create_future(NULL);

    (void)arg;
    FAILS(coil_wait(&future, 0, COIL_NEVER, COIL_ALL_COMPLETED), -EINVAL);
    FAILS(coil_wait(&future, 1, COIL_NEVER, 99), -EINVAL);
    FAILS(coil_wait(&future, 1, COIL_NEVER, -1), -EINVAL);
    return NULL;
}

TEST(BaseTaskTests, test_wait_errors)
{
    if (!check_walking())
        run(wait_wrongly);
}

static void *wait_for_nothing(void *arg)
{
    (void)arg;
    FAILS(coil_wait(NULL, 0, COIL_NEVER, COIL_ALL_COMPLETED), -EINVAL);
    return NULL;
}

TEST(BaseTaskTests, test_wait_invalid_args)
{
    run(wait_for_nothing);
}

static void *wait_for_the_first(void *arg)
{
    BED(bed, {.delay = LONG}, {.delay = COIL_MS(5)});
    coil_future *tasks[] = {bed.tasks[0], bed.tasks[1]};

    (void)arg;
    CHECK_EQ(coil_wait(tasks, 2, COIL_NEVER, COIL_FIRST_COMPLETED), 1);
    CHECK_PTR(tasks[0], bed.tasks[1]);
    CHECK_PTR(tasks[1], bed.tasks[0]);
    CHECK(!coil_done(tasks[1]));
    return NULL;
}

TEST(BaseTaskTests, test_wait_first_completed)
{
    run(wait_for_the_first);
}

/* Both end in the turn that wakes the wait. */
static void *wait_really(void *arg)
{
    BED(bed, {.delay = 0}, {.delay = 0}, {.delay = LONG});
    coil_future *tasks[] = {bed.tasks[0], bed.tasks[1], bed.tasks[2]};

    (void)arg;
    CHECK_EQ(coil_wait(tasks, 3, COIL_NEVER, COIL_FIRST_COMPLETED), 2);
    CHECK(coil_done(bed.tasks[0]) && coil_done(bed.tasks[1]));
    return NULL;
}

TEST(BaseTaskTests, test_wait_really_done)
{
    run(wait_really);
}

static void *wait_for_an_error(void *arg)
{
    BED(bed, {.delay = LONG}, {.delay = 0, .code = -EIO});
    coil_future *tasks[] = {bed.tasks[0], bed.tasks[1]};

    (void)arg;
    PASS(coil_yield_now());
    PASS(coil_yield_now());
    CHECK(coil_done(bed.tasks[1]));
    CHECK_EQ(coil_wait(tasks, 2, COIL_NEVER, COIL_FIRST_ERROR), 1);
    CHECK_PTR(tasks[0], bed.tasks[1]);
    CHECK(!coil_done(tasks[1]));
    return NULL;
}

TEST(BaseTaskTests, test_wait_first_exception)
{
    run(wait_for_an_error);
}

static void *wait_for_a_later_error(void *arg)
{
    BED(bed, {.delay = LONG}, {.delay = COIL_MS(5), .code = -EIO});
    coil_future *tasks[] = {bed.tasks[0], bed.tasks[1]};

    (void)arg;
    CHECK_EQ(coil_wait(tasks, 2, COIL_NEVER, COIL_FIRST_ERROR), 1);
    CHECK_PTR(tasks[0], bed.tasks[1]);
    return NULL;
}

TEST(BaseTaskTests, test_wait_first_exception_in_wait)
{
    run(wait_for_a_later_error);
}

static void *wait_past_an_error(void *arg)
{
    BED(bed, {.delay = COIL_MS(5)}, {.delay = COIL_MS(1), .code = -EIO});
    coil_future *tasks[] = {bed.tasks[0], bed.tasks[1]};

    (void)arg;
    CHECK_EQ(coil_wait(tasks, 2, COIL_NEVER, COIL_ALL_COMPLETED), 2);
    CHECK_EQ(coil_result(bed.tasks[0], NULL), 0);
    FAILS(coil_result(bed.tasks[1], NULL), -EIO);
    return NULL;
}

TEST(BaseTaskTests, test_wait_with_exception)
{
    run(wait_past_an_error);
}

static void *wait_with_a_limit(void *arg)
{
    BED(bed, {.delay = LONG}, {.delay = COIL_MS(1)});
    coil_future *tasks[] = {bed.tasks[0], bed.tasks[1]};

    (void)arg;
    CHECK_EQ(coil_wait(tasks, 2, COIL_MS(15), COIL_ALL_COMPLETED), 1);
    CHECK_PTR(tasks[0], bed.tasks[1]);
    CHECK_EQ(coil_future_state(bed.tasks[0]), COIL_PENDING);
    CHECK_EQ(coil_cancelling(bed.tasks[0]), 0);
    return NULL;
}

TEST(BaseTaskTests, test_wait_with_timeout)
{
    run_virtually(wait_with_a_limit);
}

static void *wait_as_long_as_it_takes(void *arg)
{
    BED(bed, {.delay = COIL_MS(10)}, {.delay = LONG});
    coil_future *tasks[] = {bed.tasks[0], bed.tasks[1]};

    (void)arg;
    PASS(coil_yield_now()); /* the naps begin before the wait: their deadlines come first */
    CHECK_EQ(coil_wait(tasks, 2, COIL_MS(10), COIL_ALL_COMPLETED), 1);
    CHECK_PTR(tasks[0], bed.tasks[0]);
    CHECK_PTR(tasks[1], bed.tasks[1]);
    return NULL;
}

TEST(BaseTaskTests, test_wait_concurrent_complete)
{
    run(wait_as_long_as_it_takes);
}

struct waiter {
    coil_future *future;
    int rc;
};

static void *waits(void *arg)
{
    struct waiter *waiter = arg;
    coil_future *futures[] = {waiter->future};

    waiter->rc = coil_wait(futures, 1, COIL_NEVER, COIL_ALL_COMPLETED);
    return COIL_ERR(waiter->rc < 0 ? waiter->rc : 0);
}

static void *wait_is_cancelled(void *arg)
{
    BED(bed, {.delay = COIL_MS(5)});
    struct waiter waiter = {bed.tasks[0], 0};
    COIL_AUTO coil_task *task = coil_create_task(waits, &waiter);

    (void)arg;
    PASS(coil_yield_now());
    CHECK(coil_cancel(task));
    FAILS(coil_await(task, NULL), -ECANCELED);
    CHECK_EQ(coil_cancelling(bed.tasks[0]), 0);
    PASS(coil_await(bed.tasks[0], NULL));
    return NULL;
}

TEST(BaseTaskTests, test_yield_wait_does_not_shield_cancel)
{
    if (!check_walking()) /* the tasks lend each other their stacks */
        run(wait_is_cancelled);
}

/* ---- as_completed --------------------------------------------------------------------------- */

static void *take(void *arg)
{
    coil_future *done = NULL;
    int rc = coil_as_completed_next(arg, &done);

    return rc < 0 ? COIL_ERR(rc) : (void *)done;
}

static void *as_they_end(void *arg)
{
    BED(bed, {.delay = COIL_MS(5)}, {.delay = COIL_MS(5)}, {.delay = COIL_MS(25)});
    coil_future *const tasks[] = {bed.tasks[2], bed.tasks[0], bed.tasks[1]};
    coil_as_completed iteration;
    coil_future *done = NULL;

    (void)arg;
    PASS(coil_as_completed_init(&iteration, tasks, 3, COIL_NEVER));
    CHECK_EQ(coil_as_completed_next(&iteration, &done), 1);
    CHECK_PTR(done, bed.tasks[0]);
    CHECK_EQ(coil_as_completed_next(&iteration, &done), 1);
    CHECK_PTR(done, bed.tasks[1]);
    CHECK_EQ(coil_as_completed_next(&iteration, &done), 1);
    CHECK_PTR(done, bed.tasks[2]);
    CHECK_EQ(coil_as_completed_next(&iteration, &done), 0);
    coil_as_completed_fini(&iteration);
    return NULL;
}

TEST(BaseTaskTests, test_as_completed)
{
    run(as_they_end);
}

static void *as_they_end_in_time(void *arg)
{
    BED(bed, {.delay = COIL_MS(5)}, {.delay = LONG});
    coil_as_completed iteration;
    coil_future *done = NULL;
    coil_time begin = world_time(arg);

    PASS(coil_as_completed_init(&iteration, bed.tasks, 2, COIL_MS(80)));
    CHECK_EQ(coil_as_completed_next(&iteration, &done), 1);
    CHECK_PTR(done, bed.tasks[0]);
    FAILS(coil_as_completed_next(&iteration, &done), -ETIMEDOUT);
    CHECK_TIME(world_time(arg) - begin, COIL_MS(80));
    CHECK_EQ(coil_future_state(bed.tasks[1]), COIL_PENDING);
    coil_as_completed_fini(&iteration);
    return NULL;
}

TEST(BaseTaskTests, test_as_completed_with_timeout)
{
    run_virtually(as_they_end_in_time);
}

static void *as_they_end_far_in_time(void *arg)
{
    BED(bed, {.delay = COIL_MS(1)});
    coil_as_completed iteration;
    coil_future *done = NULL;

    (void)arg;
    PASS(coil_as_completed_init(&iteration, bed.tasks, 3, LONG));
    for (int i = 0; i < NAPS; i++)
        CHECK_EQ(coil_as_completed_next(&iteration, &done), 1);
    CHECK_EQ(coil_as_completed_next(&iteration, &done), 0);
    coil_as_completed_fini(&iteration);
    return NULL;
}

TEST(BaseTaskTests, test_as_completed_with_unused_timeout)
{
    WORLD(w);

    PASS(world_run(&w, as_they_end_far_in_time, NULL));
    if (world_is_virtual())
        FAILS(coil_run_forever(w.loop), -COIL_EDEADLOCK); /* no timer is left */
}

/* A slot is a task that takes one: it gets the next one that ends, whichever is awaited first. */
static void *as_they_end_by_slots(void *arg)
{
    BED(bed, {.delay = COIL_MS(5)}, {.delay = COIL_MS(15)});
    coil_future *const tasks[] = {bed.tasks[1], bed.tasks[0]};
    coil_as_completed iteration;
    void *first = NULL, *second = NULL;

    (void)arg;
    PASS(coil_as_completed_init(&iteration, tasks, 2, COIL_NEVER));
    COIL_AUTO coil_task *slot1 = coil_create_task(take, &iteration);
    COIL_AUTO coil_task *slot2 = coil_create_task(take, &iteration);
    PASS(coil_await(slot2, &second));
    PASS(coil_await(slot1, &first));
    CHECK_PTR(first, bed.tasks[0]);
    CHECK_PTR(second, bed.tasks[1]);
    coil_as_completed_fini(&iteration);
    return NULL;
}

TEST(BaseTaskTests, test_as_completed_reverse_wait)
{
    if (!check_walking()) /* the tasks lend each other their stacks */
        run(as_they_end_by_slots);
}

static void *as_they_end_to_many(void *arg)
{
    BED(bed, {.delay = COIL_MS(1)}, {.delay = COIL_MS(2)}, {.delay = COIL_MS(3)});
    coil_as_completed iteration;
    coil_task *takers[NAPS];
    int taken[NAPS] = {0};

    (void)arg;
    PASS(coil_as_completed_init(&iteration, bed.tasks, NAPS, COIL_NEVER));
    for (int i = 0; i < NAPS; i++)
        takers[i] = coil_create_task(take, &iteration);
    for (int i = 0; i < NAPS; i++) {
        void *done = NULL;
        PASS(coil_await(takers[i], &done));
        for (int j = 0; j < NAPS; j++)
            taken[j] += done == bed.tasks[j];
        coil_unref(takers[i]);
    }
    for (int j = 0; j < NAPS; j++)
        CHECK_EQ(taken[j], 1);
    coil_as_completed_fini(&iteration);
    return NULL;
}

TEST(BaseTaskTests, test_as_completed_concurrent)
{
    if (!check_walking()) /* the tasks lend each other their stacks */
        run(as_they_end_to_many);
}

static void *as_one_ends(void *arg)
{
    BED(bed, {.delay = COIL_MS(1)});
    coil_future *const twice[] = {bed.tasks[0], bed.tasks[1], bed.tasks[0]};
    coil_as_completed iteration;
    coil_future *done = NULL;
    int count = 0;

    (void)arg;
    PASS(coil_as_completed_init(&iteration, twice, 3, COIL_NEVER));
    while (coil_as_completed_next(&iteration, &done) == 1)
        count++;
    CHECK_EQ(count, 2);
    CHECK_EQ(bed.naps[0].runs, 1);
    coil_as_completed_fini(&iteration);
    return NULL;
}

TEST(BaseTaskTests, test_as_completed_duplicate_coroutines)
{
    run(as_one_ends);
}

/* A thread without a loop gets one; when it cannot be made, that is the error, and nothing runs. */
static coil_task *task_without_loop(void)
{
    coil_set_event_loop(NULL);
    faults_fail(1, "alloc");
    coil_task *task = coil_create_task(naps, NULL);
    faults_end();
    CHECK(coil_is_err(task));
    return task;
}

TEST(BaseTaskTests, test_as_completed_coroutine_without_loop)
{
    coil_as_completed iteration;

    if (check_walking()) /* it has faults of its own */
        return;
    coil_task *task = task_without_loop();
    FAILS(coil_as_completed_init(&iteration, &task, 1, COIL_NEVER), coil_err(task));
}

static void *as_new_ones_end(void *arg)
{
    BED(bed, {.delay = 0});
    coil_as_completed iteration;
    coil_future *done = NULL;

    (void)arg;
    PASS(coil_as_completed_init(&iteration, bed.tasks, 1, COIL_NEVER));
    CHECK_EQ(coil_as_completed_next(&iteration, &done), 1);
    CHECK_EQ(bed.naps[0].runs, 1);
    coil_as_completed_fini(&iteration);
    return NULL;
}

TEST(BaseTaskTests, test_as_completed_coroutine_use_running_loop)
{
    run(as_new_ones_end);
}

static void *as_the_same_end(void *arg)
{
    BED(bed, {.delay = COIL_MS(1)}, {.delay = COIL_MS(2)}, {.delay = COIL_MS(3)});
    coil_future *const tasks[] = {bed.tasks[2], bed.tasks[1], bed.tasks[0]};
    coil_as_completed iteration;
    coil_future *done = NULL;

    (void)arg;
    PASS(coil_as_completed_init(&iteration, tasks, 3, COIL_NEVER));
    for (int i = 0; i < NAPS; i++) {
        CHECK_EQ(coil_as_completed_next(&iteration, &done), 1);
        CHECK_PTR(done, bed.tasks[i]);
    }
    coil_as_completed_fini(&iteration);
    return NULL;
}

TEST(BaseTaskTests, test_as_completed_same_tasks_in_as_out)
{
    run(as_the_same_end);
}

static void *as_they_end_with_a_pause(void *arg)
{
    BED(bed, {.delay = COIL_MS(1)}, {.delay = COIL_MS(2)}, {.delay = COIL_MS(3)});
    coil_as_completed iteration;
    coil_future *done = NULL;

    (void)arg;
    PASS(coil_as_completed_init(&iteration, bed.tasks, 3, COIL_NEVER));
    CHECK_EQ(coil_as_completed_next(&iteration, &done), 1);
    CHECK_PTR(done, bed.tasks[0]);
    PASS(coil_sleep(COIL_MS(10)));
    for (int i = 1; i < NAPS; i++) {
        CHECK_EQ(coil_as_completed_next(&iteration, &done), 1);
        CHECK_PTR(done, bed.tasks[i]);
    }
    CHECK_EQ(coil_as_completed_next(&iteration, &done), 0);
    coil_as_completed_fini(&iteration);
    return NULL;
}

TEST(BaseTaskTests, test_as_completed_resume_iterator)
{
    run(as_they_end_with_a_pause);
}

/* ---- shield --------------------------------------------------------------------------------- */

TEST(BaseTaskTests, test_shield_result)
{
    void *result = NULL;
    WORLD(w);
    COIL_AUTO coil_future *inner = coil_create_future(w.loop);
    COIL_AUTO coil_future *outer = coil_shield(inner);

    PASS(coil_set_result(inner, &w));
    PASS(coil_run_until_complete(w.loop, outer, &result));
    CHECK_PTR(result, &w);
}

TEST(BaseTaskTests, test_shield_exception)
{
    WORLD(w);
    COIL_AUTO coil_future *inner = coil_create_future(w.loop);
    COIL_AUTO coil_future *outer = coil_shield(inner);

    PASS(coil_set_error(inner, -EIO));
    FAILS(coil_run_until_complete(w.loop, outer, NULL), -EIO);
}

TEST(BaseTaskTests, test_shield_cancel_inner)
{
    WORLD(w);
    COIL_AUTO coil_future *inner = coil_create_future(w.loop);
    COIL_AUTO coil_future *outer = coil_shield(inner);

    CHECK(coil_cancel(inner));
    FAILS(coil_run_until_complete(w.loop, outer, NULL), -ECANCELED);
    CHECK(coil_cancelled(outer));
}

TEST(BaseTaskTests, test_shield_cancel_outer)
{
    char text[256];
    WORLD(w);
    COIL_AUTO coil_future *inner = coil_create_future(w.loop);
    COIL_AUTO coil_future *outer = coil_shield(inner);

    CHECK(coil_cancel(outer));
    CHECK(coil_cancelled(outer));
    CHECK(!coil_done(inner));
    PASS(world_turn(&w));
    PASS(coil_describe(inner, text, sizeof(text)));
    CHECK(check_walking() || !strstr(text, "callbacks"));
    PASS(coil_set_result(inner, NULL));
    size_t blocks = coil_allocated_blocks();
    coil_unrefp(&outer);
    CHECK(coil_allocated_blocks() < blocks || check_walking()); /* nobody holds it any more */
}

TEST(BaseTaskTests, test_shield_shortcut)
{
    void *result = NULL;
    WORLD(w);
    COIL_AUTO coil_future *inner = coil_create_future(w.loop);

    PASS(coil_set_result(inner, &w));
    COIL_AUTO coil_future *outer = coil_shield(inner);
    PASS(coil_result(outer, &result));
    CHECK_PTR(result, &w);
}

static void *awaits_a_shield(void *task)
{
    COIL_AUTO coil_future *shield = coil_shield(task);
    return COIL_ERR(coil_await(shield, NULL));
}

static void *awaits(void *future)
{
    void *result = NULL;
    int rc = coil_await(future, &result);

    return rc < 0 ? COIL_ERR(rc) : result;
}

static void *shield_effect(void *arg)
{
    COIL_AUTO coil_future *future = coil_create_future(NULL);
    COIL_AUTO coil_task *inner = coil_create_task(awaits, future);
    COIL_AUTO coil_task *outer = coil_create_task(awaits_a_shield, inner);
    void *result = NULL;

    PASS(coil_yield_now());
    CHECK(coil_cancel(outer));
    FAILS(coil_await(outer, NULL), -ECANCELED);
    CHECK(!coil_done(inner));
    PASS(coil_set_result(future, arg));
    PASS(coil_await(inner, &result));
    CHECK_PTR(result, arg);
    return NULL;
}

TEST(BaseTaskTests, test_shield_effect)
{
    if (!check_walking()) /* the tasks lend each other their stacks */
        run(shield_effect);
}

TEST(BaseTaskTests, test_shield_gather)
{
    WORLD(w);
    COIL_AUTO coil_future *child1 = coil_create_future(w.loop);
    COIL_AUTO coil_future *child2 = coil_create_future(w.loop);
    coil_future *const children[] = {child1, child2};
    COIL_AUTO coil_future *parent = coil_gather_futures(children, 2, 0);
    COIL_AUTO coil_future *outer = coil_shield(parent);
    size_t n = 0;

    CHECK(coil_cancel(outer) || check_walking());
    PASS(world_turn(&w));
    PASS(coil_set_result(child1, &child1));
    PASS(coil_set_result(child2, &child2));
    PASS(coil_run_until_complete(w.loop, parent, NULL));
    void *const *results = coil_gather_results(parent, &n);
    CHECK_EQ(n, 2);
    if (n == 2)
        CHECK(results[0] == &child1 && results[1] == &child2);
}

TEST(BaseTaskTests, test_gather_shield)
{
    WORLD(w);
    COIL_AUTO coil_future *child1 = coil_create_future(w.loop);
    COIL_AUTO coil_future *child2 = coil_create_future(w.loop);
    COIL_AUTO coil_future *inner1 = coil_shield(child1);
    COIL_AUTO coil_future *inner2 = coil_shield(child2);
    coil_future *const shields[] = {inner1, inner2};
    COIL_AUTO coil_future *parent = coil_gather_futures(shields, 2, 0);

    CHECK(coil_cancel(parent) || check_walking());
    FAILS(coil_run_until_complete(w.loop, parent, NULL), -ECANCELED);
    CHECK(coil_cancelled(inner1) && coil_cancelled(inner2));
    CHECK(!coil_done(child1) && !coil_done(child2));
    PASS(coil_set_result(child1, NULL));
    PASS(coil_set_result(child2, NULL));
    PASS(world_turn(&w));
}

TEST(BaseTaskTests, test_shield_coroutine_without_loop)
{
    if (check_walking()) /* it has faults of its own */
        return;
    coil_task *task = task_without_loop();
    FAILS(coil_err(coil_shield(task)), coil_err(task));
}

static void *shield_a_new_one(void *arg)
{
    struct nap nap = {.delay = 0};
    COIL_AUTO coil_task *task = coil_create_task(naps, &nap);
    COIL_AUTO coil_future *shield = coil_shield(task);
    void *result = NULL;

    (void)arg;
    PASS(coil_await(shield, &result));
    CHECK_PTR(result, &nap);
    return NULL;
}

TEST(BaseTaskTests, test_shield_coroutine_use_running_loop)
{
    run(shield_a_new_one);
}

TEST(BaseTaskTests, test_shield_coroutine_use_global_loop)
{
    struct nap nap = {.delay = 0};
    void *result = NULL;
    WORLD(w);

    PASS(coil_set_event_loop(w.loop));
    COIL_AUTO coil_task *task = coil_create_task(naps, &nap);
    COIL_AUTO coil_future *shield = coil_shield(task);
    PASS(coil_run_until_complete(w.loop, shield, &result));
    CHECK_PTR(result, &nap);
}

/* ---- gather: ending ------------------------------------------------------------------------- */

/* Futures and their gather, and how often the gather has ended. */
enum { CHILDREN = 4 };
struct family {
    coil_future *children[CHILDREN];
    coil_future *gather;
    int ends;
};

static void family_free(struct family *family)
{
    for (int i = 0; i < CHILDREN; i++)
        coil_unref(family->children[i]);
    coil_unref(family->gather);
}

static void count_end(coil_future *gather, void *family)
{
    (void)gather;
    ((struct family *)family)->ends++;
}

static void family_make(struct family *family, coil_loop *loop, unsigned flags)
{
    for (int i = 0; i < CHILDREN; i++)
        family->children[i] = coil_create_future(loop);
    family->gather = coil_gather_futures(family->children, CHILDREN, flags);
    PASS(coil_add_done_callback(family->gather, count_end, family));
}

#define FAMILY(name, flags)                                                                        \
    WORLD(w);                                                                                      \
    __attribute__((cleanup(family_free))) struct family name = {.ends = 0};                        \
    family_make(&name, w.loop, flags)

static void turns(struct world *w)
{
    for (int i = 0; i < 4; i++)
        PASS(world_turn(w));
}

static void check_results(struct family *family, void *const *expected)
{
    size_t n = 0;
    void *const *results = coil_gather_results(family->gather, &n);

    CHECK_EQ(family->ends, 1);
    CHECK_EQ(n, CHILDREN);
    for (size_t i = 0; i < n; i++)
        CHECK_PTR(results[i], expected[i]);
}

/* They end in the order 2, 0, 3, 1. */
static void succeed(struct world *w, struct family *family)
{
    static const int order[CHILDREN] = {2, 0, 3, 1};

    for (int i = 0; i < CHILDREN; i++) {
        CHECK(!coil_done(family->gather));
        PASS(coil_set_result(family->children[order[i]], &family->children[order[i]]));
        turns(w);
    }
    check_results(family, (void *const[]){&family->children[0], &family->children[1],
                                          &family->children[2], &family->children[3]});
}

TEST(GatherTestsBase, test_success)
{
    FAMILY(family, 0);

    succeed(&w, &family);
}

TEST(GatherTestsBase, test_result_exception_success)
{
    FAMILY(family, COIL_RETURN_ERRORS);

    succeed(&w, &family);
}

TEST(GatherTestsBase, test_one_exception)
{
    FAMILY(family, 0);

    PASS(coil_set_result(family.children[0], NULL));
    turns(&w);
    PASS(coil_set_error(family.children[1], -EIO));
    turns(&w);
    CHECK_EQ(family.ends, !coil_is_err(family.gather));
    FAILS(coil_result(family.gather, NULL), -EIO);
    PASS(coil_set_error(family.children[2], -EPERM));
    CHECK(coil_cancel(family.children[3]));
    turns(&w);
    FAILS(coil_result(family.gather, NULL), -EIO);
    CHECK_EQ(family.ends, 1);
}

TEST(GatherTestsBase, test_return_exceptions)
{
    FAMILY(family, COIL_RETURN_ERRORS);

    PASS(coil_set_result(family.children[1], &w));
    PASS(coil_set_error(family.children[0], -EIO));
    PASS(coil_set_error(family.children[3], -EPERM));
    turns(&w);
    CHECK(!coil_done(family.gather));
    PASS(coil_set_result(family.children[2], NULL));
    turns(&w);
    check_results(&family, (void *const[]){COIL_ERR(-EIO), &w, NULL, COIL_ERR(-EPERM)});
}

TEST(FutureGatherTests, test_one_cancellation)
{
    FAMILY(family, 0);

    PASS(coil_set_result(family.children[0], NULL));
    CHECK(coil_cancel(family.children[1]));
    turns(&w);
    CHECK(coil_done(family.gather));
    CHECK(!coil_cancelled(family.gather));
    FAILS(coil_result(family.gather, NULL), -ECANCELED);
    PASS(coil_set_error(family.children[2], -EIO));
    CHECK(coil_cancel(family.children[3]));
    turns(&w);
    CHECK_EQ(family.ends, 1);
}

TEST(FutureGatherTests, test_result_exception_one_cancellation)
{
    FAMILY(family, COIL_RETURN_ERRORS);

    PASS(coil_set_result(family.children[0], &w));
    CHECK(coil_cancel(family.children[1]));
    PASS(coil_set_error(family.children[2], -EIO));
    turns(&w);
    CHECK(!coil_done(family.gather));
    CHECK(coil_cancel(family.children[3]));
    turns(&w);
    check_results(&family,
                  (void *const[]){&w, COIL_ERR(-ECANCELED), COIL_ERR(-EIO), COIL_ERR(-ECANCELED)});
}

/* ---- gather: making ------------------------------------------------------------------------- */

/* A gather of nothing, or of coroutines, where no loop can be made. */
static void check_gather_without_loop(size_t n)
{
    struct nap nap = {.delay = 0};
    const coil_coro coroutine = {naps, &nap};

    if (check_walking()) /* it has faults of its own */
        return;
    coil_task *task = task_without_loop();
    faults_fail(1, "alloc");
    FAILS(coil_err(coil_gather(&coroutine, n, 0)), coil_err(task));
    faults_end();
    CHECK_EQ(nap.runs, 0);
}

TEST(FutureGatherTests, test_constructor_empty_sequence_without_loop)
{
    check_gather_without_loop(0);
}

TEST(CoroutineGatherTests, test_constructor_without_loop)
{
    check_gather_without_loop(1);
}

static void *gather_nothing(void *arg)
{
    COIL_AUTO coil_future *gather = coil_gather_futures(NULL, 0, 0);
    size_t n = 9;

    (void)arg;
    PASS(coil_await(gather, NULL));
    PASS(coil_err(coil_gather_results(gather, &n)));
    CHECK_EQ(n, 0);
    return NULL;
}

TEST(FutureGatherTests, test_constructor_empty_sequence_use_running_loop)
{
    if (!check_walking())
        run(gather_nothing);
}

TEST(FutureGatherTests, test_constructor_empty_sequence_use_global_loop)
{
    size_t n = 9;
    WORLD(w);

    PASS(coil_set_event_loop(w.loop));
    COIL_AUTO coil_future *gather = coil_gather_futures(NULL, 0, 0);
    PASS(coil_run_until_complete(w.loop, gather, NULL));
    PASS(coil_err(coil_gather_results(gather, &n)));
    CHECK(n == 0 || check_walking());
}

TEST(FutureGatherTests, test_constructor_heterogenous_futures)
{
    WORLD(here);
    WORLD(there);
    COIL_AUTO coil_future *one = coil_create_future(here.loop);
    COIL_AUTO coil_future *other = coil_create_future(there.loop);
    coil_future *const both[] = {one, other};

    if (!coil_is_err(one) && !coil_is_err(other))
        FAILS(coil_err(coil_gather_futures(both, 2, 0)), -EXDEV);
}

TEST(FutureGatherTests, test_constructor_homogenous_futures)
{
    WORLD(w);
    WORLD(another);
    COIL_AUTO coil_future *one = coil_create_future(w.loop);
    COIL_AUTO coil_future *two = coil_create_future(w.loop);
    coil_future *const both[] = {one, two};

    PASS(coil_set_event_loop(another.loop));
    COIL_AUTO coil_future *gather = coil_gather_futures(both, 2, 0);
    COIL_AUTO coil_future *again = coil_gather_futures(both, 2, 0);
    PASS(coil_set_result(one, NULL));
    PASS(coil_set_result(two, NULL));
    PASS(coil_run_until_complete(w.loop, gather, NULL)); /* w's: another's would refuse */
    PASS(coil_run_until_complete(w.loop, again, NULL));
}

static void *gather_here(void *arg)
{
    struct nap nap1 = {.delay = 0}, nap2 = {.delay = 0};
    const coil_coro coroutines[] = {{naps, &nap1}, {naps, &nap2}};
    COIL_AUTO coil_future *gather = coil_gather(coroutines, 2, 0);

    (void)arg;
    CHECK_EQ(nap1.runs, 0);
    PASS(coil_await(gather, NULL));
    CHECK(nap1.runs == 1 && nap2.runs == 1);
    return NULL;
}

TEST(CoroutineGatherTests, test_constructor_use_running_loop)
{
    run(gather_here);
}

TEST(CoroutineGatherTests, test_constructor_use_global_loop)
{
    struct nap nap1 = {.delay = 0}, nap2 = {.delay = 0};
    const coil_coro coroutines[] = {{naps, &nap1}, {naps, &nap2}};
    WORLD(w);

    PASS(coil_set_event_loop(w.loop));
    COIL_AUTO coil_future *gather = coil_gather(coroutines, 2, 0);
    PASS(coil_run_until_complete(w.loop, gather, NULL));
    CHECK((nap1.runs == 1 && nap2.runs == 1) || check_walking());
}

static void *gather_one_twice(void *arg)
{
    BED(bed, {.delay = 0}, {.delay = 0});
    coil_future *const futures[] = {bed.tasks[0], bed.tasks[1], bed.tasks[0], bed.tasks[0]};
    COIL_AUTO coil_future *gather = coil_gather_futures(futures, 4, 0);
    size_t n = 0;

    (void)arg;
    PASS(coil_await(gather, NULL));
    void *const *results = coil_gather_results(gather, &n);
    CHECK_EQ(n, 4);
    for (size_t i = 0; i < n; i++)
        CHECK_PTR(results[i], &bed.naps[i == 1]);
    CHECK_EQ(bed.naps[0].runs, 1);
    return NULL;
}

TEST(CoroutineGatherTests, test_duplicate_coroutines)
{
    run(gather_one_twice);
}

/* The gather's error is the first child's; the second child's is nobody's, and nobody hears of it.
 */
TEST(CoroutineGatherTests, test_exception_marking)
{
    struct record warnings = {""};
    struct nap nap1 = {.code = -EIO}, nap2 = {.code = -EPERM};
    const coil_coro coroutines[] = {{naps, &nap1}, {naps, &nap2}};

    coil_set_warning_sink(record_warning, &warnings);
    {
        WORLD(w);
        PASS(coil_set_event_loop(w.loop));
        COIL_AUTO coil_future *gather = coil_gather(coroutines, 2, 0);
        FAILS(coil_run_until_complete(w.loop, gather, NULL), -EIO);
        PASS(world_turn(&w));
    }
    coil_set_warning_sink(NULL, NULL);
    CHECK(nap2.runs == 1 || check_walking());
    CHECK(!*warnings.text || check_walking());
}

/* One NULL among them: the others never begin, and nobody hears of them. */
TEST(CoroutineGatherTests, test_issue46672)
{
    struct record warnings = {""};
    struct nap nap = {.delay = 0};
    const coil_coro coroutines[] = {{naps, &nap}, {NULL, NULL}};
    WORLD(w);

    coil_set_warning_sink(record_warning, &warnings);
    PASS(coil_set_event_loop(w.loop));
    FAILS(coil_err(coil_gather(coroutines, 2, 0)), -EINVAL);
    PASS(world_turn(&w));
    coil_set_warning_sink(NULL, NULL);
    CHECK_EQ(nap.runs, 0);
    CHECK_STR(warnings.text, "");
}

/* ---- gather: cancelling --------------------------------------------------------------------- */

struct outer {
    coil_future *gather;
    unsigned flags;
    coil_future *children[2];
};

static void *gathers(void *arg)
{
    struct outer *outer = arg;

    outer->gather = coil_gather_futures(outer->children, 2, outer->flags);
    return COIL_ERR(coil_await(outer->gather, NULL));
}

static void check_broadcast(unsigned flags)
{
    struct outer outer = {.flags = flags};
    WORLD(w);
    COIL_AUTO coil_future *child1 = coil_create_future(w.loop);
    COIL_AUTO coil_future *child2 = coil_create_future(w.loop);
    outer.children[0] = child1;
    outer.children[1] = child2;
    COIL_AUTO coil_task *task = coil_create_task_with(w.loop, gathers, &outer, NULL);

    PASS(world_turn(&w));
    CHECK(coil_cancel(task) || check_walking());
    FAILS(coil_run_until_complete(w.loop, task, NULL), -ECANCELED);
    CHECK(coil_cancelled(child1) && coil_cancelled(child2));
    CHECK(coil_done(outer.gather) && !coil_cancel(outer.gather));
    coil_unref(outer.gather);
}

TEST(CoroutineGatherTests, test_cancellation_broadcast)
{
    check_broadcast(0);
}

TEST(BaseTaskTests, test_cancel_gather_2)
{
    check_broadcast(COIL_RETURN_ERRORS);
}

/* The child's end is on its way to the gather, which nobody can stop any more. */
TEST(BaseTaskTests, test_cancel_gather_1)
{
    size_t n = 0;
    WORLD(w);
    COIL_AUTO coil_future *child = coil_create_future(w.loop);
    COIL_AUTO coil_future *gather = coil_gather_futures(&child, 1, 0);

    PASS(coil_set_result(child, &w));
    CHECK(!coil_done(gather) && !coil_cancel(gather));
    PASS(coil_run_until_complete(w.loop, gather, NULL));
    void *const *results = coil_gather_results(gather, &n);
    CHECK(n == 1 && results[0] == &w);
}
