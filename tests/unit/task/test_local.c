// SPDX-License-Identifier: MIT
#include "task/local.h"

#include "faults.h"
#include "world.h"

#include <errno.h>

static char a[] = "a", b[] = "b", c[] = "c", none[] = "none";

static coil_local user = {"user", none};
static coil_local place = {"place", NULL};

static void is(const char *value)
{
    const char *actual = coil_local_get(&user);
    CHECK(check_walking() || strcmp(actual, value) == 0);
}

static void set(char *value)
{
    PASS(coil_local_set(&user, value, NULL));
}

static void *sets_and_sets_back(void *arg)
{
    void *previous = NULL;

    is("none");
    CHECK_PTR(coil_local_get(&place), NULL);
    PASS(coil_local_set(&user, a, &previous));
    CHECK(previous == none || check_walking());
    PASS(coil_local_set(&place, arg, NULL));
    is("a");
    CHECK(coil_local_get(&place) == arg || check_walking());
    PASS(coil_local_set(&user, b, &previous));
    CHECK(previous == a || check_walking());
    is("b");
    PASS(coil_local_set(&user, previous, NULL));
    is("a");
    return NULL;
}

TEST(local, is_set_and_set_back)
{
    WORLD(w);

    PASS(world_run(&w, sets_and_sets_back, &w));
    is("none");                                  /* outside it is what it was */
    PASS(world_run(&w, sets_and_sets_back, &w)); /* and for the next task */
}

/* ---- tasks ---------------------------------------------------------------------------------- */

static void *child(void *arg)
{
    (void)arg;
    is("a");
    set(b);
    PASS(coil_sleep(COIL_SEC(1)));
    is("b");
    return NULL;
}

static void *parent(void *arg)
{
    (void)arg;
    set(a);
    COIL_AUTO coil_task *one = coil_create_task(child, NULL);
    COIL_AUTO coil_task *two = coil_create_task(child, NULL);
    set(c); /* too late for them */
    PASS(coil_await(one, NULL));
    is("c");
    PASS(coil_await(two, NULL));
    is("c");
    return NULL;
}

TEST(local, a_child_starts_with_what_was_set_and_keeps_its_own)
{
    WORLD(w);

    PASS(world_run(&w, parent, NULL));
}

/* ---- callbacks ------------------------------------------------------------------------------ */

static int call_is_a(void *arg)
{
    (void)arg;
    is("a");
    set(b);
    is("b");
    return 0;
}

static int call_has_none(void *arg)
{
    (void)arg;
    is("none");
    set(b);
    return 0;
}

static void done_is_a(coil_future *future, void *arg)
{
    (void)future, (void)arg;
    is("a");
    set(c);
}

static void *asks_for_callbacks(void *arg)
{
    coil_loop *loop = coil_get_running_loop();
    COIL_AUTO coil_future *future = coil_create_future(NULL);
    COIL_AUTO coil_future *never = coil_create_future(NULL);

    (void)arg;
    set(a);
    PASS(coil_handle_error(coil_call_soon(loop, call_is_a, NULL)));
    PASS(coil_handle_error(coil_call_later(loop, COIL_SEC(1), call_is_a, NULL)));
    CHECK(check_walking() ||
          coil_handle_cancel(loop, coil_call_later(loop, COIL_SEC(9), call_is_a, NULL)));
    CHECK(check_walking() || coil_handle_cancel(loop, coil_call_soon(loop, call_is_a, NULL)));
    PASS(coil_add_done_callback(future, done_is_a, NULL));
    PASS(coil_add_done_callback(never, done_is_a, NULL)); /* freed with its future */
    PASS(coil_add_done_callback(never, done_is_a, NULL));
    (void)coil_remove_done_callback(never, done_is_a, NULL);
    set(c);
    PASS(coil_set_result(future, NULL));
    PASS(coil_add_done_callback(never, done_is_a, NULL));
    PASS(coil_sleep(COIL_SEC(2)));
    is("c");
    return NULL;
}

TEST(local, a_callback_has_what_was_set_where_it_was_asked_for)
{
    WORLD(w);

    PASS(coil_handle_error(coil_call_soon(w.loop, call_has_none, NULL)));
    PASS(coil_handle_error(coil_call_soon(w.loop, call_has_none, NULL))); /* nothing leaks out */
    PASS(world_run(&w, asks_for_callbacks, NULL));
    PASS(coil_handle_error(coil_call_soon(w.loop, call_has_none, NULL)));
    PASS(world_turn(&w));
}

static int starts_a_child(void *arg)
{
    set(a);
    *(coil_task **)arg = coil_create_task(child, NULL);
    return 0;
}

TEST(local, a_task_that_a_callback_makes_has_the_callbacks)
{
    coil_task *task = NULL;
    WORLD(w);

    PASS(coil_handle_error(coil_call_soon(w.loop, starts_a_child, &task)));
    PASS(world_turn(&w));
    PASS(coil_run_until_complete(w.loop, task, NULL));
    coil_unref(task);
}

/* ---- contexts ------------------------------------------------------------------------------- */

static void *sets_b(void *arg)
{
    (void)arg;
    is("a");
    set(b);
    return NULL;
}

static void *sees_b(void *arg)
{
    (void)arg;
    is("b");
    return NULL;
}

static void *shares(void *arg)
{
    set(a);
    coil_context *context = coil_copy_context();
    const coil_task_options options = {.size = sizeof(options), .context = context};
    COIL_AUTO coil_task *one = coil_create_task_with(NULL, sets_b, arg, &options);
    COIL_AUTO coil_task *two = coil_create_task_with(NULL, sees_b, arg, &options);

    set(c);
    PASS(coil_await(one, NULL));
    PASS(coil_await(two, NULL));
    is("c");
    CHECK(check_walking() || coil_context_get(context, &user) == b);
    coil_context *same = coil_task_context(two);
    CHECK(check_walking() || same == context);
    coil_context_unref(same);
    coil_context_unref(context);
    return NULL;
}

TEST(local, tasks_may_share_a_context)
{
    WORLD(w);

    PASS(world_run(&w, shares, NULL));
}

TEST(local, the_context_of_a_task_shows_what_it_sets)
{
    WORLD(w);
    COIL_AUTO coil_task *task = coil_create_task_with(w.loop, sets_and_sets_back, &w, NULL);
    coil_context *context = coil_task_context(task);

    CHECK(check_walking() || coil_context_get(context, &user) == none);
    PASS(coil_run_until_complete(w.loop, task, NULL));
    CHECK(check_walking() || coil_context_get(context, &user) == a);
    CHECK(check_walking() || coil_context_get(context, &place) == &w);
    coil_unrefp(&task);
    CHECK(check_walking() || coil_context_get(context, &user) == a); /* it outlives the task */
    coil_context_unref(context);
}

/* ---- what is refused ------------------------------------------------------------------------ */

TEST(local, bad_input_is_refused)
{
    WORLD(w);
    COIL_AUTO coil_future *future = coil_create_future(w.loop);
    const coil_task_options options = {.size = sizeof(options), .context = COIL_ERR(-ENOMEM)};

    FAILS(coil_local_set(&user, a, NULL), -COIL_ENOLOOP);
    FAILS(coil_local_set(NULL, a, NULL), -EINVAL);
    FAILS(coil_err(coil_local_get(NULL)), -EINVAL);
    FAILS(coil_err(coil_task_context(future)), coil_err(future) ? coil_err(future) : -EINVAL);
    FAILS(coil_err(coil_task_context(NULL)), -EINVAL);
    FAILS(coil_err(coil_context_get(NULL, &user)), -EINVAL);
    FAILS(coil_err(coil_context_get(COIL_ERR(-EIO), &user)), -EIO);
    FAILS(coil_err(coil_create_task_with(w.loop, child, NULL, &options)), -EINVAL);
    coil_context_unref(NULL);
    coil_context_unref(COIL_ERR(-EIO));
}

static void *has_no_memory(void *arg)
{
    (void)arg;
    set(a);
    faults_fail(1, NULL);
    FAILS(coil_local_set(&place, a, NULL), -ENOMEM);
    faults_end();
    CHECK_PTR(coil_local_get(&place), NULL);
    faults_fail(1, NULL);
    PASS(coil_local_set(&user, b, NULL)); /* its own set has room */
    faults_end();
    return NULL;
}

TEST(local, without_memory_the_old_value_stays)
{
    WORLD(w);

    if (!check_walking())
        PASS(world_run(&w, has_no_memory, NULL));
}

static void *sets_nothing(void *arg)
{
    COIL_AUTO coil_task *task = coil_create_task(child, arg);

    CHECK(coil_is_err(task) || !task->locals);
    (void)coil_cancel(task);
    return NULL;
}

TEST(local, where_none_was_set_nothing_is_inherited)
{
    WORLD(w);

    PASS(world_run(&w, sets_nothing, NULL));
}
