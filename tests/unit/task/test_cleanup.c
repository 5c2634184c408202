// SPDX-License-Identifier: MIT
#include "task/cleanup.h"

#include "world.h"

#include <errno.h>

static struct record *journal;

static void note_it(void *arg)
{
    record(journal, "%s", (const char *)arg);
}

static char one[] = "one", two[] = "two", three[] = "three";

static void *pops(void *arg)
{
    coil_cleanup first, second, third;

    coil_cleanup_push(&first, note_it, one);
    coil_cleanup_push(&second, note_it, two);
    coil_cleanup_push(&third, note_it, three);
    coil_cleanup_pop(&third, true);
    coil_cleanup_pop(&second, false);
    coil_cleanup_run(&first);
    return arg;
}

TEST(cleanup, a_handler_is_popped_and_run_or_not)
{
    struct record log = {""};
    WORLD(w);

    journal = &log;
    PASS(world_run(&w, pops, NULL));
    CHECK_STR(log.text, "three one");
    (void)pops(NULL); /* outside a task, too */
    CHECK_STR(log.text, "three one three one");
}

static void *pops_in_another_order(void *arg)
{
    coil_cleanup first, second, third;

    coil_cleanup_push(&first, note_it, one);
    coil_cleanup_push(&second, note_it, two);
    coil_cleanup_push(&third, note_it, three);
    coil_cleanup_pop(&first, true);
    coil_cleanup_pop(&second, false);
    if (arg)
        coil_exit(arg);
    coil_cleanup_pop(&third, true);
    return NULL;
}

TEST(cleanup, in_any_order)
{
    struct record log = {""};
    WORLD(w);

    journal = &log;
    PASS(world_run(&w, pops_in_another_order, NULL));
    CHECK_STR(log.text, "one three");
    PASS(world_run(&w, pops_in_another_order, &w));
    CHECK_STR(log.text, "one three one three");
}

static int defers(bool early)
{
    COIL_DEFER(note_it, one);
    if (early)
        return 1;
    COIL_DEFER(note_it, two);
    {
        COIL_DEFER(note_it, three);
    }
    return 2;
}

TEST(cleanup, deferred_calls_run_at_the_end_of_their_scope)
{
    struct record log = {""};

    journal = &log;
    CHECK_EQ(defers(true), 1);
    CHECK_STR(log.text, "one");
    CHECK_EQ(defers(false), 2);
    CHECK_STR(log.text, "one three two one");
}

/* ---- coil_exit ------------------------------------------------------------------------------ */

static void waits_and_notes(void *arg)
{
    PASS(coil_sleep(COIL_SEC(1)));
    note_it(arg);
}

static void ends_here(void *result)
{
    coil_cleanup cleanup;

    coil_cleanup_push(&cleanup, note_it, two);
    coil_exit(result);
}

static void ends_deep_inside(void (*inner)(void *), void *result)
{
    coil_cleanup cleanup;

    coil_cleanup_push(&cleanup, note_it, three);
    inner(result);
    coil_cleanup_pop(&cleanup, false);
}

static void *exits(void *arg)
{
    COIL_DEFER(waits_and_notes, one);
    ends_deep_inside(ends_here, arg);
    CHECK(false);
    return NULL;
}

TEST(cleanup, exit_ends_the_task_from_any_depth_and_runs_the_handlers)
{
    struct record log = {""};
    void *result = NULL;
    WORLD(w);
    COIL_AUTO coil_task *task = coil_create_task_with(w.loop, exits, &w, NULL);

    journal = &log;
    PASS(coil_run_until_complete(w.loop, task, &result));
    CHECK_PTR(result, &w);
    CHECK_STR(log.text, "two three one");
    CHECK_EQ(world_time(&w), COIL_SEC(1)); /* a handler may wait */
    FAILS(world_run(&w, exits, COIL_ERR(-EIO)), -EIO);
    FAILS(world_run(&w, exits, COIL_ERR(-ECANCELED)), -ECANCELED);
}

static void *awaits_one_that_exits(void *arg)
{
    COIL_AUTO coil_task *task = coil_create_task(exits, arg);
    void *result = NULL;

    PASS(coil_await(task, &result));
    CHECK_PTR(result, arg);
    return NULL;
}

TEST(cleanup, others_go_on_after_an_exit)
{
    struct record log = {""};
    WORLD(w);

    journal = &log;
    for (int i = 0; i < 3; i++)
        PASS(world_run(&w, awaits_one_that_exits, &w));
    CHECK(world_time(&w) == COIL_SEC(3) || check_walking());
}

static void exits_nowhere(void *arg)
{
    coil_exit(arg);
}

static void *forgets_to_pop(void *arg)
{
    coil_cleanup cleanup;

    coil_cleanup_push(&cleanup, note_it, arg);
    return NULL;
}

static void forgets(void *arg)
{
    WORLD(w);
    (void)world_run(&w, forgets_to_pop, arg);
}

static void pops_twice(void *arg)
{
    coil_cleanup cleanup = {.fn = note_it, .arg = arg};
    WORLD(w);
    COIL_AUTO coil_task *task = coil_create_task_with(w.loop, exits, NULL, NULL);

    if (world_turn(&w) < 0)
        return;
    cleanup.task = task;
    coil_cleanup_pop(&cleanup, false);
}

TEST(cleanup, what_breaks_the_contract_ends_the_program)
{
    struct record log = {""};

    journal = &log;
    if (check_walking())
        return;
    DIES(exits_nowhere, NULL);
    DIES(forgets, one);
    DIES(pops_twice, one);
}

/* ---- closing -------------------------------------------------------------------------------- */

static void tries_to_wait(void *arg)
{
    FAILS(coil_sleep(COIL_SEC(1)), -COIL_ENOLOOP);
    note_it(arg);
}

static void *never_ends(void *arg)
{
    char frame[] = "frame"; /* it still stands when the handler runs */
    coil_cleanup first, second;

    coil_cleanup_push(&first, tries_to_wait, frame);
    coil_cleanup_push(&second, note_it, arg);
    for (;;)
        (void)!coil_sleep(COIL_SEC(1));
    return NULL;
}

TEST(cleanup, a_task_that_is_abandoned_has_its_handlers_run)
{
    struct record log = {""};
    WORLD(w);
    COIL_AUTO coil_task *task = coil_create_task_with(w.loop, never_ends, two, NULL);

    journal = &log;
    PASS(world_turn(&w));
    CHECK_EQ(coil_close(w.loop), coil_err(task) ? 0 : 1);
    CHECK(check_walking() || strcmp(log.text, "two frame") == 0);
}

/* ---- in a generator ------------------------------------------------------------------------- */

static void gen_freep(coil_gen **gen)
{
    (void)coil_gen_free(*gen);
}

#define GEN __attribute__((cleanup(gen_freep))) coil_gen

static void *exits_in_a_body(void *arg)
{
    COIL_DEFER(note_it, two);
    coil_exit(arg);
}

static void *drives(void *gen)
{
    COIL_DEFER(note_it, one);
    return COIL_ERR(coil_gen_next(gen, NULL));
}

TEST(cleanup, exit_in_a_generator_ends_the_task_and_the_generators_that_it_is_in)
{
    struct record log = {""};
    void *result = NULL;
    WORLD(w);
    GEN *inner = coil_gen_new(exits_in_a_body, &w);
    GEN *outer = coil_gen_new(drives, inner);
    COIL_AUTO coil_task *task = coil_create_task_with(w.loop, drives, outer, NULL);

    journal = &log;
    if (!PASS(coil_run_until_complete(w.loop, task, &result)))
        return;
    CHECK_PTR(result, &w);
    CHECK_STR(log.text, "two one one");
    CHECK_EQ(coil_gen_next(outer, NULL), COIL_STOP);
    CHECK_EQ(coil_gen_next(inner, NULL), COIL_STOP);
}
