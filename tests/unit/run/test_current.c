// SPDX-License-Identifier: MIT
#include "base/fault.h"
#include "loop/loop.h"
#include "world.h"

#include <coil/coil.h>

#include <errno.h>
#include <pthread.h>

static void *returns_its_argument(void *arg)
{
    return arg;
}

/* ---- where no loop can be made --------------------------------------------------------------- */

static bool refuse_ring(const char *point)
{
    return strcmp(point, "ring_setup") == 0;
}

/* The kernel has no memory for a ring, or has again. The walk has other things refused. */
static void kernel_refuses(bool refuses, struct record *warnings)
{
    if (check_walking())
        return;
    coil__fault_hook = refuses ? refuse_ring : NULL;
    PASS(coil_set_warning_sink(refuses ? record_warning : NULL, warnings));
}

/* Whether this thread has no loop: one would have to be made. */
static bool has_none(void)
{
    struct record warnings = {""};

    if (check_walking())
        return true;
    kernel_refuses(true, &warnings);
    int rc = coil_err(coil_get_event_loop());
    kernel_refuses(false, NULL);
    return rc == -ENOMEM && strstr(warnings.text, "ulimit -l");
}

TEST(current, calls_that_need_a_loop_say_that_there_is_none)
{
    const coil_coro coroutine = {returns_its_argument, NULL};
    struct record warnings = {""};

    if (check_walking())
        return;
    kernel_refuses(true, &warnings);
    FAILS(coil_err(coil_get_event_loop()), -ENOMEM);
    FAILS(coil_err(coil_create_task(returns_its_argument, NULL)), -ENOMEM);
    FAILS(coil_err(coil_create_task_with(NULL, returns_its_argument, NULL, NULL)), -ENOMEM);
    FAILS(coil_go(returns_its_argument, NULL), -ENOMEM);
    FAILS(coil_err(coil_create_future(NULL)), -ENOMEM);
    FAILS(coil_err(coil_gather(&coroutine, 1, 0)), -ENOMEM);
    FAILS(coil_err(coil_gather_futures(NULL, 0, 0)), -ENOMEM);
    kernel_refuses(false, NULL);
    FAILS(coil_err(coil_get_running_loop()), -COIL_ENOLOOP);
    CHECK_PTR(coil_current_task(), NULL);
}

TEST(current, errors_instead_of_a_loop_are_passed_on)
{
    coil_loop *broken = COIL_ERR(-ENOSPC);

    FAILS(coil_set_event_loop(broken), -ENOSPC);
    FAILS(coil_err(coil_create_task_with(broken, returns_its_argument, NULL, NULL)), -ENOSPC);
    FAILS(coil_err(coil_create_future(broken)), -ENOSPC);
    CHECK(has_none());
}

/* ---- this thread's -------------------------------------------------------------------------- */

TEST(current, one_is_made_when_it_is_first_asked_for)
{
    coil_loop *loop = coil_get_event_loop();

    PASS(coil_err(loop));
    CHECK(check_walking() || coil_get_event_loop() == loop);
    COIL_AUTO coil_task *task = coil_create_task(returns_its_argument, NULL);
    PASS(coil_is_err(loop) ? 0 : coil_run_until_complete(loop, task, NULL));
    PASS(coil_set_event_loop(NULL)); /* which frees it */
    CHECK(has_none());
}

static void *asks_for_its_own(void *arg)
{
    (void)arg;
    PASS(coil_err(coil_get_event_loop()));
    return NULL;
}

TEST(current, the_one_that_was_made_goes_with_its_thread)
{
    pthread_t thread;

    if (CHECK_EQ(pthread_create(&thread, NULL, asks_for_its_own, NULL), 0))
        CHECK_EQ(pthread_join(thread, NULL), 0);
}

TEST(current, the_loop_that_was_set_is_got_until_it_is_taken_away)
{
    WORLD(w);

    PASS(coil_set_event_loop(w.loop));
    CHECK_PTR(coil_get_event_loop(), w.loop);
    CHECK_PTR(coil_get_event_loop(), w.loop);
    PASS(coil_set_event_loop(w.loop));
    CHECK_PTR(coil_get_event_loop(), w.loop);
    FAILS(coil_err(coil_get_running_loop()), -COIL_ENOLOOP); /* it does not run for that */
    PASS(coil_set_event_loop(NULL));
    CHECK(has_none());
    CHECK(!coil_is_closed(w.loop));
}

static void *says(void *arg)
{
    record(arg, "runs");
    return arg;
}

TEST(current, calls_without_a_loop_mean_it)
{
    struct record log = {""};
    WORLD(w);
    const coil_coro coroutine = {says, &log};

    PASS(coil_set_event_loop(w.loop));
    COIL_AUTO coil_task *task = coil_create_task(says, &log);
    COIL_AUTO coil_task *other = coil_create_task_with(NULL, says, &log, NULL);
    COIL_AUTO coil_future *future = coil_create_future(NULL);
    COIL_AUTO coil_future *gather = coil_gather(&coroutine, 1, 0);
    COIL_AUTO coil_future *none = coil_gather_futures(NULL, 0, 0);
    PASS(coil_go(says, &log));
    PASS(coil_set_result(future, NULL));
    PASS(coil_run_until_complete(w.loop, task, NULL));
    PASS(coil_run_until_complete(w.loop, other, NULL));
    PASS(coil_run_until_complete(w.loop, future, NULL));
    PASS(coil_run_until_complete(w.loop, gather, NULL));
    PASS(coil_run_until_complete(w.loop, none, NULL));
    CHECK_STR(log.text, "runs runs runs runs");
    PASS(coil_set_event_loop(NULL));
}

TEST(current, the_loop_that_was_set_is_got_also_when_it_is_closed)
{
    WORLD(w);

    if (coil_is_err(w.loop))
        return;
    PASS(coil_set_event_loop(w.loop));
    PASS(coil_close(w.loop));
    CHECK_PTR(coil_get_event_loop(), w.loop);
    FAILS(coil_err(coil_create_task(returns_its_argument, NULL)), -COIL_ECLOSED);
    PASS(coil_set_event_loop(NULL));
}

TEST(current, instead_of_one_that_was_made_and_closed_another_is_made)
{
    coil_loop *loop = coil_get_event_loop();

    PASS(coil_is_err(loop) ? 0 : coil_close(loop));
    CHECK(has_none());
    COIL_AUTO coil_task *task = coil_create_task(returns_its_argument, NULL);
    PASS(coil_err(task));
    PASS(coil_is_err(task) ? 0 : coil_run_until_complete(coil_get_event_loop(), task, NULL));
    PASS(coil_set_event_loop(NULL));
}

TEST(current, a_freed_loop_is_forgotten)
{
    struct world w = world_new(NULL);

    PASS(coil_set_event_loop(w.loop));
    world_free(&w);
    CHECK(has_none());
    PASS(coil_set_event_loop(NULL));
}

TEST(current, another_loop_takes_its_place)
{
    WORLD(second);
    struct world first = world_new(NULL);

    PASS(coil_set_event_loop(first.loop));
    PASS(coil_set_event_loop(second.loop));
    CHECK_PTR(coil_get_event_loop(), second.loop);
    CHECK(!coil_is_closed(first.loop)); /* it is still whose it was */
    world_free(&first);
    CHECK_PTR(coil_get_event_loop(), second.loop);
    PASS(coil_set_event_loop(NULL));
}

/* ---- the running one ------------------------------------------------------------------------ */

struct scene {
    struct record log;
    struct world *w;
    struct world *other;
};

static void *looks_around(void *arg)
{
    struct scene *scene = arg;

    CHECK_PTR(coil_get_running_loop(), scene->w->loop);
    CHECK_PTR(coil_get_event_loop(), scene->w->loop);
    CHECK(coil_is_running(scene->w->loop));
    CHECK(!coil_is_running(scene->other->loop));
    FAILS(coil_set_event_loop(scene->w->loop), -EBUSY);
    FAILS(coil_set_event_loop(NULL), -EBUSY);
    COIL_AUTO coil_task *task = coil_create_task(says, &scene->log);
    PASS(coil_await(task, NULL)); /* which a task of the other loop would refuse */
    return NULL;
}

TEST(current, the_running_loop_comes_before_the_threads)
{
    struct scene scene = {.w = NULL};
    WORLD(w);
    WORLD(other);

    scene.w = &w;
    scene.other = &other;
    PASS(coil_set_event_loop(other.loop));
    PASS(world_run(&w, looks_around, &scene));
    CHECK_STR(scene.log.text, "runs");
    CHECK_PTR(coil_get_event_loop(), other.loop);
    FAILS(coil_err(coil_get_running_loop()), -COIL_ENOLOOP);
    PASS(coil_set_event_loop(NULL));
}

/* ---- threads -------------------------------------------------------------------------------- */

static void *has_its_own(void *arg)
{
    coil_loop *another = arg;
    WORLD(w);

    CHECK(has_none());
    PASS(coil_set_event_loop(w.loop));
    CHECK_PTR(coil_get_event_loop(), w.loop);
    CHECK(coil_get_event_loop() != another);
    PASS(coil_set_event_loop(NULL));
    return NULL;
}

TEST(current, each_thread_has_its_own)
{
    pthread_t thread;
    WORLD(w);

    PASS(coil_set_event_loop(w.loop));
    if (CHECK_EQ(pthread_create(&thread, NULL, has_its_own, w.loop), 0))
        CHECK_EQ(pthread_join(thread, NULL), 0);
    CHECK_PTR(coil_get_event_loop(), w.loop);
    PASS(coil_set_event_loop(NULL));
}

static void takes_it(void *loop)
{
    (void)coil_set_event_loop(loop);
}

static void *sets_it(void *loop)
{
    PASS(coil_set_event_loop(loop));
    return NULL;
}

/* Whoever sets it is the thread that it belongs to: no other thread is left with what was freed. */
TEST(current, the_thread_that_sets_a_loop_owns_it)
{
    struct world w = world_new(NULL);
    pthread_t thread;

    if (check_walking() || !CHECK_EQ(pthread_create(&thread, NULL, sets_it, w.loop), 0)) {
        world_free(&w);
        return;
    }
    CHECK_EQ(pthread_join(thread, NULL), 0);
    /* That thread is gone, and with it who could free the loop: a bug of such a program. */
    DIES(takes_it, w.loop);
    w.loop->sched->thread = 0;
    world_free(&w);
}

static void *runs_its_own(void *arg)
{
    struct record *log = arg;
    WORLD(w);

    PASS(coil_set_event_loop(w.loop));
    COIL_AUTO coil_task *task = coil_create_task(says, log);
    PASS(coil_run_until_complete(w.loop, task, NULL));
    return NULL;
}

TEST(current, loops_run_on_several_threads)
{
    struct record logs[3] = {{""}, {""}, {""}};
    pthread_t threads[3];
    bool made[3];

    for (int i = 0; i < 3; i++)
        made[i] = CHECK_EQ(pthread_create(&threads[i], NULL, runs_its_own, &logs[i]), 0);
    for (int i = 0; i < 3; i++) {
        if (made[i])
            CHECK_EQ(pthread_join(threads[i], NULL), 0);
        CHECK_STR(logs[i].text, "runs");
    }
}
