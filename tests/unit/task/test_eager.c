// SPDX-License-Identifier: MIT
/* Eager tasks: they run inside the call that makes them until they wait first. */
#include "faults.h"
#include "world.h"

#include <errno.h>

static struct record *journal;

static const coil_task_options eagerly = {.size = sizeof(eagerly), .eager = true};

static void *says(void *word)
{
    record(journal, "%s", (const char *)word);
    return word;
}

static void *says_and_blocks(void *word)
{
    record(journal, "%s1", (const char *)word);
    PASS(coil_yield_now());
    record(journal, "%s2", (const char *)word);
    return word;
}

static char nb[] = "nb", bl[] = "bl";

static void *mixes(void *arg)
{
    COIL_AUTO coil_task *one = coil_create_task(says, nb);
    COIL_AUTO coil_task *two = coil_create_task(says_and_blocks, bl);

    CHECK_EQ(coil_future_state(one), coil_err(one) ? coil_err(one) : COIL_FINISHED);
    CHECK_EQ(coil_future_state(two), coil_err(two) ? coil_err(two) : COIL_PENDING);
    record(journal, "main");
    PASS(coil_await(two, NULL));
    return arg;
}

TEST(eager, the_order_is_asyncios)
{
    struct record log = {""};
    WORLD(w);

    journal = &log;
    CHECK(!coil_get_eager_tasks(w.loop));
    PASS(coil_set_eager_tasks(w.loop, true));
    CHECK(coil_get_eager_tasks(w.loop) || check_walking());
    PASS(world_run(&w, mixes, NULL));
    CHECK_STR(log.text, "nb bl1 main bl2");
    FAILS(coil_set_eager_tasks(NULL, true), -EINVAL);
    FAILS(coil_set_eager_tasks(COIL_ERR(-EIO), true), -EIO);
    CHECK(!coil_get_eager_tasks(NULL));
}

TEST(eager, before_the_loop_runs_a_task_waits_for_its_turn)
{
    struct record log = {""};
    WORLD(w);
    COIL_AUTO coil_task *task = coil_create_task_with(w.loop, says, nb, &eagerly);

    journal = &log;
    CHECK_STR(log.text, "");
    PASS(coil_run_until_complete(w.loop, task, NULL));
    CHECK_STR(log.text, "nb");
}

/* ---- who runs ------------------------------------------------------------------------------- */

static void *knows_its_creator(void *creator)
{
    CHECK(coil_current_task() != creator && coil_current_task() != NULL);
    COIL_AUTO coil_task *same = coil_create_task_with(NULL, says, bl, &eagerly);
    CHECK(coil_current_task() != same);
    return coil_ref(coil_current_task());
}

static void *creates_one(void *arg)
{
    void *who = NULL;
    coil_task *self = coil_current_task();
    COIL_AUTO coil_task *task = coil_create_task_with(NULL, knows_its_creator, self, &eagerly);

    CHECK_PTR(coil_current_task(), self);
    PASS(coil_result(task, &who));
    CHECK_PTR(who, check_walking() ? who : task);
    coil_unref(who);
    return arg;
}

TEST(eager, the_current_task_is_the_new_one_and_then_the_creator_again)
{
    struct record log = {""};
    WORLD(w);

    journal = &log;
    PASS(world_run(&w, creates_one, NULL));
}

static int creates_in_a_callback(void *arg)
{
    coil_task **tasks = arg;

    tasks[0] = coil_create_task_with(NULL, says_and_blocks, bl, &eagerly);
    CHECK_PTR(coil_current_task(), NULL);
    tasks[1] = coil_create_task_with(NULL, says, nb, &eagerly);
    record(journal, "callback");
    return 0;
}

TEST(eager, from_a_callback)
{
    struct record log = {""};
    coil_task *tasks[2] = {NULL, NULL};
    WORLD(w);

    journal = &log;
    PASS(coil_handle_error(coil_call_soon(w.loop, creates_in_a_callback, tasks)));
    PASS(world_turn(&w));
    CHECK_STR(log.text, "bl1 nb callback");
    PASS(world_turn(&w));
    CHECK_STR(log.text, "bl1 nb callback bl2");
    coil_unref(tasks[0]);
    coil_unref(tasks[1]);
}

/* ---- nests ---------------------------------------------------------------------------------- */

static void *nests(void *arg)
{
    intptr_t depth = (intptr_t)arg;

    record(journal, "+%d", (int)depth);
    if (depth) {
        COIL_AUTO coil_task *inner = coil_create_task(nests, (void *)(depth - 1));
        record(journal, "-%d", (int)depth);
        PASS(coil_yield_now());
        record(journal, "=%d", (int)depth);
        PASS(coil_await(inner, NULL));
    }
    return NULL;
}

TEST(eager, one_starts_another)
{
    struct record log = {""};
    WORLD(w);

    journal = &log;
    PASS(coil_set_eager_tasks(w.loop, true));
    PASS(world_run(&w, nests, (void *)3));
    CHECK_STR(log.text, "+3 +2 +1 +0 -1 -2 -3 =1 =2 =3");
}

/* A batch that was under way goes on where it stood. */
static void *creates_between_others(void *arg)
{
    for (int i = 0; i < 3; i++) {
        coil_unref(coil_create_task_with(NULL, says_and_blocks, arg, &eagerly));
        PASS(coil_yield_now());
    }
    PASS(coil_sleep(COIL_SEC(1)));
    return NULL;
}

TEST(eager, the_others_of_the_batch_run_as_ever)
{
    static char x[] = "x", y[] = "y", z[] = "z";
    struct record log = {""};
    WORLD(w);
    COIL_AUTO coil_task *one = coil_create_task_with(w.loop, creates_between_others, x, NULL);
    COIL_AUTO coil_task *two = coil_create_task_with(w.loop, says_and_blocks, y, NULL);
    COIL_AUTO coil_task *three = coil_create_task_with(w.loop, says, z, NULL);

    journal = &log;
    PASS(coil_run_until_complete(w.loop, one, NULL));
    CHECK_STR(log.text, "x1 y1 z x2 x1 y2 x2 x1 x2");
    CHECK(two != three);
}

/* ---- with the others ------------------------------------------------------------------------ */

static void *gathers(void *arg)
{
    const coil_coro both[] = {{says, nb}, {says, bl}};
    COIL_AUTO coil_future *all = coil_gather(both, 2, 0);

    CHECK(coil_done(all));
    return arg;
}

TEST(eager, a_gather_of_those_that_end_at_once_is_done_on_return)
{
    struct record log = {""};
    WORLD(w);

    journal = &log;
    PASS(coil_set_eager_tasks(w.loop, true));
    PASS(world_run(&w, gathers, NULL));
    CHECK_STR(log.text, "nb bl");
}

static void *cancels_its_creator(void *creator)
{
    CHECK(coil_cancel(creator));
    return NULL;
}

static void *is_cancelled_by_its_child(void *arg)
{
    coil_task *self = coil_current_task();
    COIL_AUTO coil_task *task = coil_create_task_with(NULL, cancels_its_creator, self, &eagerly);

    CHECK(coil_done(task));
    FAILS(coil_sleep(COIL_SEC(1)), check_walking() ? coil_err(task) : -ECANCELED);
    return arg;
}

TEST(eager, it_may_cancel_its_creator)
{
    WORLD(w);

    if (!check_walking())
        PASS(world_run(&w, is_cancelled_by_its_child, NULL));
}

static void *blocks_for_long(void *arg)
{
    FAILS(coil_sleep(COIL_SEC(9)), -ECANCELED);
    return arg;
}

static void *leaves_one_behind(void *arg)
{
    coil_unref(coil_create_task_with(NULL, blocks_for_long, arg, &eagerly));
    return NULL;
}

TEST(eager, one_that_waits_is_ended_by_the_close)
{
    WORLD(w);

    if (!check_walking())
        PASS(world_run(&w, leaves_one_behind, NULL));
    CHECK_EQ(coil_close(w.loop), 0);
}

static void *has_no_stack(void *arg)
{
    coil_task *tasks[2];

    faults_fail(1, "os_reserve");
    for (int i = 0; i < 40; i++) { /* until the slab of stacks is used up */
        coil_task *task = coil_create_task_with(NULL, says_and_blocks, arg, &eagerly);
        if (coil_is_err(task)) {
            FAILS(coil_err(task), -ENOMEM);
            CHECK_EQ(coil_all_tasks(NULL, tasks, 0, COIL_TASKS_ALL), i + 1);
            break;
        }
        coil_unref(task);
        CHECK(i < 39);
    }
    faults_end();
    return NULL;
}

TEST(eager, without_memory_for_a_stack_none_is_made)
{
    struct record log = {""};
    WORLD(w);

    journal = &log;
    if (!check_walking())
        PASS(world_run(&w, has_no_stack, bl));
}
