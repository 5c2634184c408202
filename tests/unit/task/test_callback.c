// SPDX-License-Identifier: MIT
#include "faults.h"
#include "world.h"

#include <errno.h>

/* What a callback gets: where it writes, and its word. */
struct word {
    struct record *log;
    const char *text;
};

static void say(coil_future *future, void *userdata)
{
    const struct word *word = userdata;

    CHECK(coil_done(future));
    record(word->log, "%s", word->text);
}

static void *yields(void *arg)
{
    (void)arg;
    PASS(coil_yield_now());
    return NULL;
}

/* Has every item that is ready run, and what those queue, too. */
static void settle(struct world *w)
{
    PASS(world_run(w, yields, NULL));
    PASS(world_run(w, yields, NULL));
}

TEST(callback, they_run_in_the_order_in_which_they_were_added)
{
    struct record log = {""};
    struct word a = {&log, "a"}, b = {&log, "b"}, c = {&log, "c"};
    WORLD(w);
    COIL_AUTO coil_future *future = coil_create_future(w.loop);

    PASS(coil_add_done_callback(future, say, &a));
    PASS(coil_add_done_callback(future, say, &b));
    PASS(coil_add_done_callback(future, say, &c));
    PASS(coil_set_result(future, NULL));
    settle(&w);
    CHECK_STR(log.text, "a b c");
}

TEST(callback, it_gets_the_future_and_its_userdata_once)
{
    struct record log = {""};
    struct word word = {&log, "called"};
    WORLD(w);
    COIL_AUTO coil_future *future = coil_create_future(w.loop);

    PASS(coil_add_done_callback(future, say, &word));
    PASS(coil_set_error(future, -EIO));
    settle(&w);
    settle(&w);
    CHECK_STR(log.text, "called");
}

TEST(callback, it_never_runs_inside_the_call_that_finishes_the_future)
{
    struct record log = {""};
    struct word word = {&log, "called"};
    WORLD(w);
    COIL_AUTO coil_future *finished = coil_create_future(w.loop);
    COIL_AUTO coil_future *cancelled = coil_create_future(w.loop);

    PASS(coil_add_done_callback(finished, say, &word));
    PASS(coil_set_result(finished, NULL));
    PASS(coil_add_done_callback(cancelled, say, &word));
    CHECK(coil_cancel(cancelled));
    record(&log, "returned");
    settle(&w);
    CHECK_STR(log.text, "returned called called");
}

TEST(callback, one_that_is_added_to_a_done_future_runs_on_the_next_turn)
{
    struct record log = {""};
    struct word word = {&log, "called"};
    WORLD(w);
    COIL_AUTO coil_future *future = coil_create_future(w.loop);

    PASS(coil_set_result(future, NULL));
    PASS(coil_add_done_callback(future, say, &word));
    record(&log, "added");
    settle(&w);
    CHECK_STR(log.text, "added called");
}

static void add_another(coil_future *future, void *userdata)
{
    const struct word *words = userdata;

    record(words->log, "first");
    PASS(coil_add_done_callback(future, say, (void *)(uintptr_t)words));
    record(words->log, "added");
}

TEST(callback, one_may_add_another)
{
    struct record log = {""};
    struct word word = {&log, "second"};
    WORLD(w);
    COIL_AUTO coil_future *future = coil_create_future(w.loop);

    PASS(coil_add_done_callback(future, add_another, &word));
    PASS(coil_set_result(future, NULL));
    settle(&w);
    CHECK_STR(log.text, "first added second");
}

struct sleeper {
    struct record *log;
    coil_future *future;
    const char *text;
};

static void *awaits(void *arg)
{
    const struct sleeper *sleeper = arg;

    PASS(coil_await(sleeper->future, NULL));
    record(sleeper->log, "%s", sleeper->text);
    return NULL;
}

TEST(callback, they_and_the_awaiters_come_in_one_order)
{
    struct record log = {""};
    struct word word = {&log, "callback"};
    struct sleeper first = {&log, NULL, "first"}, last = {&log, NULL, "last"};
    WORLD(w);
    COIL_AUTO coil_future *future = coil_create_future(w.loop);

    first.future = last.future = future;
    coil_unref(coil_create_task_with(w.loop, awaits, &first, NULL));
    settle(&w);
    PASS(coil_add_done_callback(future, say, &word));
    coil_unref(coil_create_task_with(w.loop, awaits, &last, NULL));
    settle(&w);
    PASS(coil_set_result(future, NULL));
    settle(&w);
    CHECK_STR(log.text, "first callback last");
}

TEST(callback, every_equal_pair_is_taken_back_and_counted)
{
    struct record log = {""};
    struct word a = {&log, "a"}, b = {&log, "b"};
    WORLD(w);
    COIL_AUTO coil_future *future = coil_create_future(w.loop);

    PASS(coil_add_done_callback(future, say, &a));
    PASS(coil_add_done_callback(future, say, &b));
    PASS(coil_add_done_callback(future, say, &a));
    PASS(coil_add_done_callback(future, add_another, &a));
    CHECK_EQ(coil_remove_done_callback(future, say, &a), 2);
    CHECK_EQ(coil_remove_done_callback(future, say, &a), 0);
    CHECK_EQ(coil_remove_done_callback(future, add_another, &a), 1);
    PASS(coil_set_result(future, NULL));
    settle(&w);
    CHECK_STR(log.text, "b");
}

/* The awaiter stands between two that go. */
TEST(callback, taking_them_back_leaves_awaiters)
{
    struct record log = {""};
    struct word word = {&log, "callback"};
    struct sleeper sleeper = {&log, NULL, "awaited"};
    WORLD(w);
    COIL_AUTO coil_future *future = coil_create_future(w.loop);

    sleeper.future = future;
    PASS(coil_add_done_callback(future, say, &word));
    coil_unref(coil_create_task_with(w.loop, awaits, &sleeper, NULL));
    settle(&w);
    PASS(coil_add_done_callback(future, say, &word));
    CHECK_EQ(coil_remove_done_callback(future, say, &word), 2);
    PASS(coil_set_result(future, NULL));
    settle(&w);
    CHECK_STR(log.text, "awaited");
}

TEST(callback, one_that_is_queued_is_not_taken_back)
{
    struct record log = {""};
    struct word word = {&log, "called"};
    WORLD(w);
    COIL_AUTO coil_future *future = coil_create_future(w.loop);

    PASS(coil_add_done_callback(future, say, &word));
    PASS(coil_set_result(future, NULL));
    CHECK_EQ(coil_remove_done_callback(future, say, &word), 0);
    settle(&w);
    CHECK_STR(log.text, "called");
}

static void must_not_run(coil_future *future, void *userdata)
{
    (void)userdata;
    (void)future;
    check_true(false, "nobody calls it", __FILE__, __LINE__);
}

/* That they are freed is seen by the check of every test for memory that is left. */
TEST(callback, those_of_a_dropped_pending_future_are_freed_and_never_run)
{
    WORLD(w);
    coil_future *future = coil_create_future(w.loop);

    PASS(coil_add_done_callback(future, must_not_run, NULL));
    PASS(coil_add_done_callback(future, must_not_run, &w));
    coil_unref(future);
    settle(&w);
}

TEST(callback, those_that_are_queued_when_the_loop_closes_never_run)
{
    WORLD(w);
    COIL_AUTO coil_future *future = coil_create_future(w.loop);

    PASS(coil_add_done_callback(future, must_not_run, NULL));
    PASS(coil_set_result(future, NULL));
    PASS(coil_close(w.loop));
}

TEST(callback, the_future_lives_while_one_runs)
{
    struct record log = {""};
    struct word word = {&log, "called"};
    WORLD(w);
    coil_future *future = coil_create_future(w.loop);

    PASS(coil_add_done_callback(future, say, &word));
    PASS(coil_set_result(future, NULL));
    coil_unref(future);
    settle(&w);
    CHECK_STR(log.text, "called");
}

TEST(callback, a_missing_function_is_refused)
{
    WORLD(w);
    COIL_AUTO coil_future *future = coil_create_future(w.loop);

    FAILS(coil_add_done_callback(future, NULL, &w), -EINVAL);
    FAILS(coil_remove_done_callback(future, NULL, &w), -EINVAL);
}

TEST(callback, without_memory_none_is_added)
{
    WORLD(w);
    COIL_AUTO coil_future *future = coil_create_future(w.loop);

    if (check_walking()) /* it has faults of its own */
        return;
    faults_fail(1, "alloc");
    FAILS(coil_add_done_callback(future, must_not_run, NULL), -ENOMEM);
    faults_end();
    PASS(coil_set_result(future, NULL));
    settle(&w);
}

TEST(callback, a_closed_loop_takes_none)
{
    WORLD(w);
    COIL_AUTO coil_future *pending = coil_create_future(w.loop);
    COIL_AUTO coil_future *finished = coil_create_future(w.loop);

    PASS(coil_set_result(finished, NULL));
    PASS(coil_close(w.loop));
    FAILS(coil_add_done_callback(pending, must_not_run, NULL), -COIL_ECLOSED);
    FAILS(coil_add_done_callback(finished, must_not_run, NULL), -COIL_ECLOSED);
}
