// SPDX-License-Identifier: MIT
/* A task parks where it stands, which may be in a generator: its leaf. */
#include "world.h"

#include "fiber/stacks.h"
#include "gen/gen.h"

#include <stdlib.h>

/* A generator that is freed at the end of its scope: declared before the world, it is freed after
 * the loop has closed. */
#define GEN __attribute__((cleanup(gen_freep))) coil_gen

static void gen_freep(coil_gen **gen)
{
    (void)coil_gen_free(*gen);
    thread_stacks_trim(); /* so that the failure walk finds the next test without stacks at hand */
}

struct scene {
    struct record out;
    struct world *w;
    coil_gen *gen, *inner;
    coil_future *future;
    coil_task *task;
    int rc;
};

/* Sleeps a second before each value; says when it must end. */
static void *ticks(void *arg)
{
    struct scene *s = arg;

    for (;;) {
        int rc = coil_sleep(COIL_SEC(1));
        if (rc == 0)
            rc = coil_yield(s, NULL);
        if (rc < 0) {
            record(&s->out, "ticks:%d", rc);
            return COIL_ERR(rc);
        }
    }
}

/* Delegates to the inner one. */
static void *passes_on(void *arg)
{
    struct scene *s = arg;
    int rc = coil_yield_from(coil_iter_gen(s->inner), NULL);

    record(&s->out, "outer:%d", rc);
    return COIL_ERR(rc);
}

static void *takes_three(void *arg)
{
    struct scene *s = arg;

    for (int i = 1; i <= 3; i++) {
        int rc = coil_gen_next(s->gen, NULL);
        if (rc < 0)
            return COIL_ERR(rc);
        CHECK_EQ(world_now(), COIL_SEC(i));
    }
    return NULL;
}

static void *counts_turns(void *arg)
{
    struct scene *s = arg;

    while (s->rc < 3) {
        int rc = coil_sleep(COIL_SEC(1));
        if (rc < 0)
            return COIL_ERR(rc);
        s->rc++;
    }
    return NULL;
}

TEST(task_park, a_generator_that_waits_suspends_its_task_alone)
{
    struct scene s = {.rc = 0};
    GEN *gen = s.gen = coil_gen_new(ticks, &s);
    WORLD(w);
    coil_task *other = coil_create_task_with(w.loop, counts_turns, &s, NULL);

    PASS(world_run(&w, takes_three, &s));
    CHECK_EQ(world_time(&w), COIL_SEC(3));
    CHECK_EQ(coil_gen_state(gen), COIL_GEN_SUSPENDED);
    PASS(coil_run_until_complete(w.loop, other, NULL));
    CHECK_EQ(s.rc, 3);
    coil_unref(other);
}

TEST(task_park, so_does_one_that_another_delegates_to)
{
    struct scene s = {.rc = 0};
    GEN *inner = s.inner = coil_gen_new(ticks, &s);
    GEN *gen = s.gen = coil_gen_new(passes_on, &s);
    WORLD(w);

    PASS(world_run(&w, takes_three, &s));
    CHECK_PTR(coil_gen_yieldfrom(gen), inner);
}

TEST(task_park, a_generator_outside_a_task_cannot_wait)
{
    struct scene s = {.rc = 0};
    GEN *gen = coil_gen_new(ticks, &s);

    FAILS(coil_gen_next(gen, NULL), -COIL_ENOLOOP);
    CHECK_EQ(coil_gen_state(gen), COIL_GEN_CLOSED);
}

static int resume_in_a_callback(void *arg)
{
    struct scene *s = arg;

    s->rc = coil_gen_next(s->gen, NULL);
    coil_stop(s->w->loop);
    return 0;
}

TEST(task_park, nor_can_one_in_a_callback)
{
    struct scene s = {.rc = 0};
    GEN *gen = s.gen = coil_gen_new(ticks, &s);
    WORLD(w);

    s.w = &w;
    PASS(coil_handle_error(coil_call_soon(w.loop, resume_in_a_callback, &s)));
    PASS(world_turn(&w));
    FAILS(s.rc, -COIL_ENOLOOP);
    CHECK_EQ(coil_gen_state(gen), COIL_GEN_CLOSED);
}

/* ---- who resumes it ------------------------------------------------------------------------- */

static void *takes_one(void *arg)
{
    struct scene *s = arg;
    int rc = coil_gen_next(s->gen, NULL);
    return COIL_ERR(rc < 0 ? rc : 0);
}

TEST(task_park, a_generator_may_be_resumed_by_one_task_after_the_other)
{
    struct scene s = {.rc = 0};
    GEN *gen = s.gen = coil_gen_new(ticks, &s);
    WORLD(w);

    for (int i = 1; i <= 3; i++) {
        PASS(world_run(&w, takes_one, &s)); /* a new task, and the last one's stack */
        CHECK_EQ(world_time(&w), COIL_SEC(i));
    }
    CHECK_EQ(coil_gen_state(gen), COIL_GEN_SUSPENDED);
}

static void *meddles(void *arg)
{
    struct scene *s = arg;

    CHECK_EQ(coil_gen_state(s->gen), COIL_GEN_RUNNING);
    FAILS(coil_gen_next(s->gen, NULL), -EBUSY);
    FAILS(coil_gen_throw(s->gen, -EDOM, NULL), -EBUSY);
    FAILS(coil_gen_close(s->gen, NULL), -EBUSY);
    FAILS(coil_gen_free(s->gen), -EBUSY);
    if (s->inner) {
        CHECK_EQ(coil_gen_state(s->inner), COIL_GEN_RUNNING);
        FAILS(coil_gen_next(s->inner, NULL), -EBUSY);
        FAILS(coil_gen_free(s->inner), -EBUSY);
    }
    return NULL;
}

TEST(task_park, a_generator_that_waits_runs_for_every_other_task)
{
    struct scene s = {.rc = 0};
    GEN *inner = s.inner = coil_gen_new(ticks, &s);
    GEN *gen = s.gen = coil_gen_new(passes_on, &s);
    WORLD(w);
    coil_task *task = coil_create_task_with(w.loop, takes_one, &s, NULL);

    if (!err_is(task) && !err_is(gen) && !err_is(inner) && world_turn(&w) == 0 &&
        coil_gen_state(gen) == COIL_GEN_RUNNING)
        PASS(world_run(&w, meddles, &s));
    PASS(coil_run_until_complete(w.loop, task, NULL));
    coil_unref(task);
}

/* ---- cancellation --------------------------------------------------------------------------- */

TEST(task_park, a_cancellation_reaches_the_innermost_call_and_goes_outwards)
{
    struct scene s = {.rc = 0};
    GEN *inner = s.inner = coil_gen_new(ticks, &s);
    GEN *gen = s.gen = coil_gen_new(passes_on, &s);
    WORLD(w);
    coil_task *task = coil_create_task_with(w.loop, takes_one, &s, NULL);

    PASS(coil_handle_error(coil_call_later(w.loop, COIL_MS(500), world_cancel, task)));
    FAILS(coil_run_until_complete(w.loop, task, NULL), -ECANCELED);
    CHECK_EQ(world_time(&w), COIL_MS(500));
    char expected[40];
    snprintf(expected, sizeof(expected), "ticks:%d outer:%d", -ECANCELED, -ECANCELED);
    CHECK_STR(s.out.text, expected);
    CHECK_EQ(coil_gen_state(inner), COIL_GEN_CLOSED);
    CHECK_EQ(coil_gen_state(gen), COIL_GEN_CLOSED);
    coil_unref(task);
}

static void *awaits_future(void *arg)
{
    struct scene *s = arg;
    void *result = NULL;
    int rc = coil_await(s->future, &result);
    if (rc == 0)
        rc = coil_yield(result, NULL);
    return COIL_ERR(rc);
}

TEST(task_park, a_cancellation_goes_down_to_what_a_generator_awaits)
{
    struct scene s = {.rc = 0};
    GEN *gen = s.gen = coil_gen_new(awaits_future, &s);
    WORLD(w);
    s.future = coil_create_future(w.loop);
    coil_task *task = coil_create_task_with(w.loop, takes_one, &s, NULL);

    PASS(world_turn(&w));
    if (!err_is(task) && !err_is(s.future))
        CHECK(coil_cancel(task));
    else
        coil_cancel(s.future);
    if (!err_is(task))
        FAILS(coil_run_until_complete(w.loop, task, NULL), -ECANCELED);
    CHECK(err_is(s.future) || coil_cancelled(s.future));
    CHECK_EQ(coil_gen_state(gen), COIL_GEN_CLOSED);
    coil_unref(task);
    coil_unref(s.future);
}

/* ---- closing -------------------------------------------------------------------------------- */

TEST(task_park, closing_the_loop_ends_the_wait_of_a_generator)
{
    struct scene s = {.rc = 0};
    GEN *inner = s.inner = coil_gen_new(ticks, &s);
    GEN *gen = s.gen = coil_gen_new(passes_on, &s);
    WORLD(w);
    coil_task *task = coil_create_task_with(w.loop, takes_one, &s, NULL);

    PASS(world_turn(&w));
    CHECK_EQ(coil_close(w.loop), 0);
    CHECK_EQ(coil_gen_state(inner), COIL_GEN_CLOSED);
    CHECK_EQ(coil_gen_state(gen), COIL_GEN_CLOSED);
    coil_unref(task);
}

/* Waits whatever happens, as long as it can: in the walk there may be no task to run it. */
static void *waits_for_ever(void *arg)
{
    int rc;

    do
        rc = coil_sleep(COIL_SEC(1));
    while (rc != -COIL_ENOLOOP);
    return arg;
}

static void *resumes_inner(void *arg)
{
    struct scene *s = arg;
    int rc = coil_gen_next(s->inner, NULL);
    return COIL_ERR(rc < 0 ? rc : 0);
}

/* Closes a loop with a task that does not end. */
static void close_and_abandon(struct world *w, struct scene *s)
{
    coil_task *task = coil_create_task_with(w->loop, takes_one, s, NULL);

    coil_set_warning_sink(record_warning, &s->out);
    PASS(world_turn(w));
    CHECK_EQ(coil_close(w->loop), 1);
    CHECK_STR(s->out.text, "task was destroyed but it is pending: task-1 "
                           "a task went on to wait 100 times and was abandoned: task-1");
    coil_set_warning_sink(NULL, NULL);
    coil_unref(task);
}

TEST(task_park, a_task_that_is_abandoned_in_a_generator_takes_its_stack_along)
{
    struct scene s = {.rc = 0};
    GEN *gen = s.gen = coil_gen_new(waits_for_ever, &s);
    WORLD(w);

    close_and_abandon(&w, &s);
    CHECK_EQ(coil_gen_state(gen), COIL_GEN_CLOSED);
    CHECK_EQ(coil_gen_next(gen, NULL), COIL_STOP);
}

TEST(task_park, a_task_that_is_abandoned_takes_along_each_generator_that_it_is_in)
{
    struct scene s = {.rc = 0};
    GEN *inner = s.inner = coil_gen_new(waits_for_ever, &s);
    GEN *gen = s.gen = coil_gen_new(resumes_inner, &s);
    WORLD(w);

    close_and_abandon(&w, &s);
    CHECK_EQ(coil_gen_next(gen, NULL), COIL_STOP);
    CHECK_EQ(coil_gen_next(inner, NULL), COIL_STOP);
}

TEST(task_park, those_that_delegate_to_an_abandoned_one_find_that_it_has_ended)
{
    struct scene s = {.rc = 0};
    GEN *inner = s.inner = coil_gen_new(waits_for_ever, &s);
    GEN *gen = s.gen = coil_gen_new(passes_on, &s);
    WORLD(w);

    close_and_abandon(&w, &s);
    CHECK_EQ(coil_gen_state(gen), COIL_GEN_SUSPENDED);
    CHECK_EQ(coil_gen_state(inner), COIL_GEN_CLOSED);
    s.out.text[0] = '\0';
    CHECK_EQ(coil_gen_next(gen, NULL), COIL_STOP);
    CHECK_STR(s.out.text, "outer:0");
}

TEST(task_park, those_that_delegate_to_an_abandoned_one_can_be_freed_in_any_order)
{
    struct scene s = {.rc = 0};
    GEN *inner = s.inner = coil_gen_new(waits_for_ever, &s);
    GEN *gen = s.gen = coil_gen_new(passes_on, &s);
    WORLD(w);

    close_and_abandon(&w, &s);
    PASS(coil_gen_free(inner));
    inner = NULL;
    PASS(coil_gen_free(gen));
    gen = NULL;
}
